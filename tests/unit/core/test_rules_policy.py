"""Rules: changes of the policy, people and keys, acknowledged violations."""

import pytest

from govkit.core.judged import Status
from govkit.core.rules import Evidence
from tests.unit.core.simulator import (
    MODEL,
    Json,
    Step,
    World,
    digest,
    edited,
    good,
    in_force,
    key,
    policy_file,
    policy_value,
    refused,
)

OTHER = edited(policy_value(), "description", to="another policy")
KINDER = edited(policy_value(), "gates", "auc", "min", to=0.5)


def asked(value: Json = OTHER, approvers: tuple[str, ...] = ("dan", "erin")) -> World:
    """Return a world in which Alice asked for a policy and others approved it."""
    world = World()
    good(world.request_policy(value))
    for who in approvers:
        good(world.decide(who, "admin"))
    return world


# -- good -------------------------------------------------------------------------------------------------------------


def test_policy_is_adopted_on_an_approved_request() -> None:
    """With the quorum of the policy in force, the next one is in force from that event on, and the request done."""
    world = asked()
    judged = good(world.adopt(OTHER))
    assert in_force(OTHER) == world.policy
    assert [start for start, _ in world.state.policies] == [0, 4]
    assert world.request_of("policy#1").state == "done"
    assert in_force(policy_value()) == world.state.policy_at(judged.index)
    assert in_force(OTHER) == world.state.policy_at(judged.index + 1)


def test_another_administrator_may_adopt() -> None:
    """Who asked need not be who adopts."""
    good(asked().adopt(OTHER, actor="erin"))


# -- refused ----------------------------------------------------------------------------------------------------------

ADOPTIONS: dict[str, tuple[Step, str]] = {
    "without a request": (
        lambda w: w.adopt(OTHER, body={"request": None}),
        "there is no such request for this subject",
    ),
    "on no request": (
        lambda w: w.adopt(OTHER, body={"request": digest("x")}),
        "there is no such request for this subject",
    ),
    "of another policy than approved": (lambda w: w.adopt(KINDER), "the request was for another policy"),
    "by no administrator": (lambda w: w.adopt(OTHER, actor="bob"), "bob holds none of the roles admin"),
    "about a model": (lambda w: w.adopt(OTHER, subject=MODEL), "its subject must be '*'"),
    "with a nonce": (
        lambda w: w.adopt(OTHER, body={"genesis": {"nonce": "0" * 32, "remote": "elsewhere"}}),
        "only event 0 opens a log",
    ),
    "without the policy": (lambda w: w.adopt(OTHER, files={}), "it names no evidence 'policy.json'"),
    "taking out a key that stays": (
        lambda w: w.adopt(OTHER, body={"removed": [{"key": key("bob")}]}),
        "a key that it takes out still stands under 'bob'",
    ),
    "taking out a key in another spelling": (
        lambda w: w.adopt(OTHER, body={"removed": [{"key": key("bob") + " bob@laptop", "compromised_from": 0}]}),
        "a key that it takes out is not written as 'TYPE BASE64'",
    ),
    "taking out no key": (
        lambda w: w.adopt(OTHER, body={"removed": [{"key": "bob"}]}),
        "a key that it takes out is not written as 'TYPE BASE64'",
    ),
}


@pytest.mark.parametrize(("step", "reason"), ADOPTIONS.values(), ids=ADOPTIONS.keys())
def test_adoption_is_refused(step: Step, reason: str) -> None:
    """An approved request lets an administrator adopt exactly that policy, and nothing else."""
    refused(step(asked()), reason)


@pytest.mark.parametrize(
    ("approvers", "missing"), [((), "admin, admin"), (("dan",), "admin"), (("dan", "dan"), "admin")]
)
def test_adoption_without_the_quorum_is_refused(approvers: tuple[str, ...], missing: str) -> None:
    """Each approver counts once, and all must be there."""
    refused(asked(approvers=approvers).adopt(OTHER), f"approvals are missing: {missing}")


def test_adoption_is_refused_twice() -> None:
    """A request is used once."""
    world = asked()
    good(world.adopt(OTHER))
    refused(world.adopt(OTHER), "policy#1 is done")


def test_request_against_an_older_policy_is_void() -> None:
    """Of two approved changes of one policy, the second must be asked for anew."""
    world = asked()
    second = good(world.request_policy(KINDER))
    for who in ("dan", "erin"):
        good(world.decide(who, "admin"))
    good(world.adopt(OTHER, body={"request": world.request_of("policy#1").id}))
    refused(world.adopt(KINDER, body={"request": second.id}), "the request was made against an older policy")


def test_request_for_something_else_is_no_request_for_a_policy(world: World) -> None:
    """An approved acknowledgement does not let a policy in."""
    fork = world.fork()
    request = good(world.request_acknowledgement(fork.index))
    for who in ("dan", "erin"):
        good(world.decide(who, "admin"))
    refused(world.adopt(OTHER, body={"request": request.id}), "the request was for acknowledge")


REQUESTS: dict[str, tuple[Step, str]] = {
    "by no administrator": (lambda w: w.request_policy(OTHER, actor="carol"), "carol holds none of the roles admin"),
    "about a model": (lambda w: w.request_policy(OTHER, subject=MODEL), "its subject must be '*'"),
    "without the policy": (lambda w: w.request_policy(OTHER, files={}), "it names no evidence 'policy.json'"),
    "naming another policy": (
        lambda w: w.request_policy(OTHER, body={"policy": policy_file(KINDER).sha256}),
        "it names another policy than its evidence",
    ),
    "naming no policy": (
        lambda w: w.request_policy(OTHER, body={"policy": None}),
        "it names another policy than its evidence",
    ),
    "against an older policy": (
        lambda w: w.request_policy(OTHER, body={"base": 7}),
        "it is made against an older policy",
    ),
    "against no policy": (
        lambda w: w.request_policy(OTHER, body={"base": None}),
        "it is made against an older policy",
    ),
    "with a stage": (
        lambda w: w.request_policy(OTHER, body={"stage": "production"}),
        "a request for policy has no stage",
    ),
    "with everything of a model's": (
        lambda w: w.request_policy(
            OTHER,
            body={
                "stage": "x",
                "digests": dict.fromkeys(("card", "weights", "data", "requirements"), digest("x")) | {"champion": None},
            },
        ),
        "a request for policy has no digests and no stage",
    ),
    "with a version": (
        lambda w: w.request_policy(OTHER, body={"version": "1.0.0", "index": 0}),
        "a request for policy has no index and no version",
    ),
}


@pytest.mark.parametrize(("step", "reason"), REQUESTS.values(), ids=REQUESTS.keys())
def test_request_for_a_policy_is_refused(world: World, step: Step, reason: str) -> None:
    """A request for a policy is an administrator's, and holds that policy, its base and nothing else."""
    refused(step(world), reason)


@pytest.mark.parametrize(
    "value",
    [
        edited(policy_value(), "stages", "production", "gates", to=["auk"]),
        edited(policy_value(), "admin", "roles", to=[]),
        edited(policy_value(), "roles", "admin", "people", to=[]),
        edited(policy_value(), "people", to={}),
        edited(policy_value(), "people", "bob", "keys", to=[key("carol")]),
    ],
    ids=["unknown gate", "no admin roles", "no admins", "nobody", "one key, two people"],
)
def test_unfit_policy_is_refused_when_it_is_asked_for(world: World, value: Json) -> None:
    """A policy that could not do its work is not even discussed."""
    judged = world.request_policy(value)
    assert judged.status == Status.INERT
    assert judged.reason.startswith("its policy must not be adopted: ")


NO_POLICY = {
    b"": (Status.INERT, "its policy cannot be read: not JSON"),
    b"[]": (Status.INERT, "its policy cannot be read: "),
    b'{"schema":"govkit.policy/v1"}': (Status.INERT, "its policy cannot be read: "),
    b'{"rules":1,"schema":"govkit.policy/v1"}': (Status.INERT, "its policy cannot be read: "),
    b'{"rules":"1","schema":"govkit.policy/v1"}': (Status.INERT, "its policy cannot be read: "),
    b'{"rules":1}': (Status.UNDECIDED, "it adopts rules 1 of None, which this govkit does not know"),
    b'{"rules":1,"schema":"govkit.policy/v2"}': (Status.UNDECIDED, "it adopts rules 1 of govkit.policy/v2"),
}


@pytest.mark.parametrize(("text", "expected"), NO_POLICY.items())
def test_evidence_that_is_no_policy_is_refused(world: World, text: bytes, expected: tuple[Status, str]) -> None:
    """Bytes that are no policy are malformed; a policy of another schema is for another govkit."""
    judged = world.request_policy(OTHER, files={"policy.json": Evidence(digest("found"), text)})
    assert expected == (judged.status, judged.reason[: len(expected[1])])


# -- decisions on policies --------------------------------------------------------------------------------------------


def test_requester_does_not_approve_a_policy() -> None:
    """Who proposes a policy is not among those who agree to it."""
    world = asked(approvers=())
    refused(world.decide("alice", "admin"), "alice asked for this, and nobody approves their own request")


def test_decision_on_a_policy_is_made_on_that_policy() -> None:
    """An approval names the proposed policy.json, as its signer saw it."""
    world = asked(approvers=())
    files = {"policy.json": policy_file(KINDER)}
    refused(world.decide("dan", "admin", files=files), "it was made on another policy.json")
    refused(world.decide("dan", "admin", files={}), "it was made on another policy.json")


def test_role_for_some_models_is_none_for_the_policy() -> None:
    """A role that is limited to some models or tiers does not change the policy."""
    world = World(edited(policy_value(), "roles", "admins-of-x", to={"people": ["bob"], "models": ["x*"]}))
    world.edit("admin", "roles", to=["admin", "admins-of-x"])
    refused(world.request_policy(OTHER, actor="bob"), "bob holds none of the roles admin, admins-of-x")
    tiers = edited(world.value, "roles", "admins-of-x", to={"people": ["bob"], "tiers": ["low"]})
    world.change(tiers)
    refused(world.request_policy(OTHER, actor="bob"), "bob holds none of the roles admin, admins-of-x")


def test_reject_of_a_policy_holds_over_new_requests() -> None:
    """Asking again for a policy that somebody rejected does not help; another policy is another question."""
    world = asked()
    good(world.decide("erin", "admin", "reject"))
    refused(world.adopt(OTHER), "a reject by erin holds")
    request = good(world.request_policy(OTHER))
    good(world.decide("dan", "admin"))
    refused(world.adopt(OTHER), "a reject by erin holds")
    good(world.decide("erin", "admin", request=request.id))
    good(world.adopt(OTHER))


# -- one administrator ------------------------------------------------------------------------------------------------


def sole() -> Json:
    """Return the policy of a repository's first hour: Alice administers it alone."""
    value = edited(policy_value(), "roles", "admin", "people", to=["alice"])
    return edited(value, "admin", to={"roles": ["admin"], "approvals": {"quorum": {"role": "admin"}}, "sole": True})


def test_sole_administrator_adopts_alone() -> None:
    """While there is one administrator, she needs no request."""
    world = World(sole())
    good(world.adopt(policy_value(), body={"request": None}))
    assert in_force(policy_value()) == world.policy


def test_sole_rule_ends_with_the_policy_that_has_it() -> None:
    """Once the policy in force has several administrators, nobody adopts alone any more."""
    world = World(sole())
    good(world.adopt(policy_value(), body={"request": None}))
    refused(world.adopt(OTHER, body={"request": None}), "there is no such request for this subject")


def test_sole_administrator_is_the_administrator() -> None:
    """The rule is for her, not for anybody with a key."""
    refused(
        World(sole()).adopt(policy_value(), actor="bob", body={"request": None}), "bob holds none of the roles admin"
    )


def test_sole_needs_exactly_one_administrator(world: World) -> None:
    """A policy that says 'sole' and has three administrators is not adopted."""
    judged = world.request_policy(edited(policy_value(), "admin", "sole", to=True))
    assert "'sole' is for one administrator, and there are 3" in judged.reason


def test_sole_administrator_keeps_to_people_and_keys() -> None:
    """Alone or not: ids and keys are never used twice."""
    world = World(sole())
    good(world.adopt(edited(without(sole(), "frank"), "roles", "head", "people", to=["bob"]), body={"request": None}))
    refused(world.adopt(sole(), body={"request": None}), "the id 'frank' was used before, and ids are never used twice")


# -- people and keys --------------------------------------------------------------------------------------------------


def without(value: Json, who: str) -> Json:
    """Return a policy without a person, and without the roles' mention of them."""
    value = edited(value, "people", who, to=KeyError)
    for role, rules in value["roles"].items():
        value = edited(value, "roles", role, "people", to=[one for one in rules["people"] if one != who])
    return value


def test_removed_person_writes_nothing_more(registered: World) -> None:
    """From the event that takes a person out, their key belongs to nobody."""
    registered.change(without(registered.value, "carol"))
    good(registered.request("1.0.0"))
    refused(registered.decide("carol", "validator"), "signed by a key that belongs to nobody in the policy in force")


def test_removed_person_cannot_conflict(registered: World) -> None:
    """A key that was taken out can no longer stop the log, either."""
    registered.change(without(registered.value, "carol"))
    assert registered.fork("carol").status == Status.INERT


def test_id_is_never_used_twice(world: World) -> None:
    """An id that somebody had is not given to another person, nor to the same person with another key."""
    world.change(without(world.value, "frank"))
    for name in ("frank", "frank's new key"):
        value = edited(world.value, "people", "frank", to={"name": "Frank", "keys": [key(name)]})
        refused(world.request_policy(value), "the id 'frank' was used before, and ids are never used twice")


def test_key_is_never_given_to_another_person(world: World) -> None:
    """A key that was taken out does not come back under another id."""
    world.edit("people", "bob", "keys", to=[key("bob's second")])
    value = edited(world.value, "people", "carol", "keys", to=[key("carol"), key("bob")])
    refused(world.request_policy(value), "a key of 'carol' belonged to 'bob'")


def test_key_of_a_removed_person_is_never_given_to_another(world: World) -> None:
    """Nor does the key of somebody who left."""
    world.change(without(world.value, "frank"))
    value = edited(world.value, "people", "grace", to={"name": "Grace", "keys": [key("frank")]})
    refused(world.request_policy(value), "a key of 'grace' belonged to 'frank'")


def test_key_may_come_back_to_its_owner(world: World) -> None:
    """A key that was only put aside may be used again by the same person."""
    world.edit("people", "bob", "keys", to=[key("bob's second")])
    world.edit("people", "bob", "keys", to=[key("bob")])
    assert world.policy.owner(key("bob")) == "bob"


def test_people_are_checked_again_when_the_policy_is_adopted() -> None:
    """Between request and adoption somebody may have used the id or the key."""
    world = World(sole())
    value = edited(sole(), "people", "grace", to={"name": "Grace", "keys": [key("grace")]})
    good(world.adopt(value, body={"request": None}))
    good(world.adopt(sole(), body={"request": None}))
    refused(world.adopt(value, body={"request": None}), "the id 'grace' was used before, and ids are never used twice")


def test_compromised_key_does_not_come_back(world: World) -> None:
    """A key that is reported as compromised is nobody's for ever."""
    value = edited(world.value, "people", "bob", "keys", to=[key("bob's second")])
    judged = world.change(value, removed=[{"key": key("bob"), "compromised_from": 3}])
    assert {key("bob"): 3} == world.state.compromised
    assert judged.status == Status.GOOD
    back = edited(world.value, "people", "bob", "keys", to=[key("bob")])
    refused(world.request_policy(back), "a key of 'bob' is reported as compromised")


def test_key_taken_out_without_a_report_is_not_compromised(approved: World) -> None:
    """What a key signed while it was in force stays good when it is taken out."""
    value = edited(approved.value, "people", "bob", "keys", to=[key("bob's second")])
    approved.change(value, removed=[{"key": key("bob")}])
    good(approved.promote("1.0.0"))


def test_approval_by_a_compromised_key_does_not_count(approved: World) -> None:
    """An approval from the time in which the key was compromised is void."""
    value = edited(approved.value, "people", "bob", "keys", to=[key("bob's second")])
    approved.change(value, removed=[{"key": key("bob"), "compromised_from": 0}])
    refused(approved.promote("1.0.0"), "approvals are missing: risk-owner")
    tally = approved.state.tally(approved.request_of(f"{MODEL}@1.0.0#production"))
    assert [reason for _, reason in tally.ignored] == ["was signed with a key that is reported as compromised"]


def test_approval_from_before_the_compromise_counts(approved: World) -> None:
    """What a key signed before it was compromised stays good."""
    value = edited(approved.value, "people", "bob", "keys", to=[key("bob's second")])
    approved.change(value, removed=[{"key": key("bob"), "compromised_from": 4}])
    good(approved.promote("1.0.0"))


def test_request_by_a_compromised_key_is_void(approved: World) -> None:
    """What a stolen key asked for is not promoted, however many agreed."""
    value = edited(approved.value, "people", "alice", "keys", to=[key("alice's second")])
    approved.change(value, removed=[{"key": key("alice"), "compromised_from": 1}])
    refused(approved.promote("1.0.0"), "the request was signed with a compromised key")


# -- acknowledging ----------------------------------------------------------------------------------------------------


def forked(approvers: tuple[str, ...] = ("dan", "erin")) -> World:
    """Return a world with a conflict at 1 that Alice asked to acknowledge, and that others agreed to."""
    world = World()
    assert world.fork().status == Status.CONFLICT
    good(world.request_acknowledgement(1))
    for who in approvers:
        good(world.decide(who, "admin"))
    return world


def test_conflict_is_acknowledged_by_a_quorum() -> None:
    """With the administrators' quorum the conflict no longer stands in the way; its verdict stays in the log."""
    world = forked()
    good(world.acknowledge(1))
    assert world.state.conflicts == {}
    assert world.state.judged[1].status == Status.CONFLICT
    assert world.request_of("acknowledge#2").state == "done"


ACKNOWLEDGEMENTS: dict[str, tuple[Step, str]] = {
    "by no administrator": (lambda w: w.acknowledge(1, actor="bob"), "bob holds none of the roles admin"),
    "of another violation": (lambda w: w.acknowledge(0), "there is no such violation"),
    "on no request": (
        lambda w: w.acknowledge(1, body={"request": digest("x")}),
        "there is no such request for this subject",
    ),
    "about a model": (lambda w: w.acknowledge(1, subject=MODEL), "there is no such request for this subject"),
}


@pytest.mark.parametrize(("step", "reason"), ACKNOWLEDGEMENTS.values(), ids=ACKNOWLEDGEMENTS.keys())
def test_acknowledgement_is_refused(step: Step, reason: str) -> None:
    """Only an administrator acknowledges, and only what was approved."""
    world = forked()
    refused(step(world), reason)
    assert {1} == set(world.state.conflicts)


@pytest.mark.parametrize(("approvers", "missing"), [((), "admin, admin"), (("dan",), "admin")])
def test_acknowledgement_without_the_quorum_is_refused(approvers: tuple[str, ...], missing: str) -> None:
    """One administrator alone does not make a violation go away."""
    refused(forked(approvers).acknowledge(1), f"approvals are missing: {missing}")


def test_rejected_acknowledgement_is_refused() -> None:
    """A reject of an acknowledgement holds, also over a new request with other words in it."""
    world = forked()
    good(world.decide("dan", "admin", "reject"))
    refused(world.acknowledge(1), "a reject by dan holds")
    good(world.request_acknowledgement(1, body={"reason": "please"}))
    good(world.decide("erin", "admin"))
    refused(world.acknowledge(1), "a reject by dan holds")


def test_policy_request_is_no_acknowledgement() -> None:
    """An approved change of the policy does not acknowledge a violation."""
    world = forked()
    request = good(world.request_policy(OTHER))
    for who in ("dan", "erin"):
        good(world.decide(who, "admin"))
    refused(world.acknowledge(1, body={"request": request.id}), "the request was for policy")


def test_second_conflict_is_not_acknowledged_by_the_first_request() -> None:
    """A request is for one violation."""
    world = forked()
    second = world.fork()
    refused(world.acknowledge(second.index), "there is no such violation")
    good(world.acknowledge(1))
    assert {second.index} == set(world.state.conflicts)


@pytest.mark.parametrize(
    ("index", "body", "reason"),
    [
        (0, {}, "there is no such violation"),
        (1, {"policy": digest("x")}, "a request for acknowledge has no policy"),
        (1, {"stage": "production", "base": 0}, "a request for acknowledge has no base and no stage"),
    ],
)
def test_request_to_acknowledge_is_refused(index: int, body: Json, reason: str) -> None:
    """What is no violation cannot be acknowledged, and the request holds nothing but its index."""
    world = World()
    world.fork()
    refused(world.request_acknowledgement(index, body=body), reason)


def test_only_administrators_ask_to_acknowledge() -> None:
    """Who may not change the policy may not ask to overlook a violation."""
    world = World()
    world.fork()
    refused(world.request_acknowledgement(1, actor="bob"), "bob holds none of the roles admin")
