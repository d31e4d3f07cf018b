"""Rules: who decides, what a decision binds, and how rejects hold."""

import pytest

from govkit.core import digests
from govkit.core.judged import Judged, Status
from tests.unit.core.simulator import (
    MODEL,
    Step,
    World,
    card_file,
    digest,
    edited,
    good,
    key,
    policy_value,
    refused,
)

NAME = f"{MODEL}@1.0.0#production"


def counted(world: World, name: str = NAME) -> list[str]:
    """Return whose approvals count."""
    return sorted(world.state.tally(world.request_of(name)).counted)


def held(world: World, name: str = NAME) -> list[str]:
    """Return whose rejects hold."""
    return world.state.tally(world.request_of(name)).held


# -- who decides ------------------------------------------------------------------------------------------------------


def test_approvals_count(approved: World) -> None:
    """With a risk owner and a validator the quorum is met."""
    tally = approved.state.tally(approved.request_of(NAME))
    assert sorted(tally.counted) == ["bob", "carol"]
    assert (tally.shortfall, tally.held, tally.ignored, tally.approved) == ([], [], [], True)


DECISIONS: dict[str, tuple[Step, str]] = {
    "without the role": (
        lambda w: w.decide("carol", "risk-owner"),
        "carol does not hold the role 'risk-owner'",
    ),
    "in a role that nobody asks for": (
        lambda w: w.decide("erin", "release"),
        "nobody in the role 'release' is asked here",
    ),
    "in a role that there is not": (
        lambda w: w.decide("bob", "king"),
        "bob does not hold the role 'king'",
    ),
    "by a service": (
        lambda w: w.decide("robot", "risk-owner"),
        "robot is a service, and a service never decides",
    ),
    "a service's reject": (
        lambda w: w.decide("robot", "risk-owner", "reject"),
        "robot is a service, and a service never decides",
    ),
    "approving in a role that lifts": (
        lambda w: w.decide("frank", "head"),
        "nobody in the role 'head' is asked here",
    ),
    "on no request": (
        lambda w: w.decide("bob", "risk-owner", body={"request": digest("x")}),
        "there is no such request for this subject",
    ),
    "about another model": (
        lambda w: w.decide("bob", "risk-owner", subject="fraud"),
        "there is no such request for this subject",
    ),
    "about no model": (
        lambda w: w.decide("bob", "risk-owner", subject="*"),
        "there is no such request for this subject",
    ),
    "on another card": (
        lambda w: w.decide("bob", "risk-owner", files={"card.json": card_file("2.0.0")}),
        "it was made on another card.json",
    ),
    "on no card": (lambda w: w.decide("bob", "risk-owner", files={}), "it was made on another card.json"),
    "without an end": (
        lambda w: w.decide("bob", "risk-owner", body={"expires": None}),
        "an approval must end within 30d",
    ),
    "with an end too far": (
        lambda w: w.decide("bob", "risk-owner", body={"expires": "2026-02-04T09:03:01Z"}),
        "an approval must end within 30d",
    ),
    "at the end of time": (
        lambda w: w.decide(
            "bob", "risk-owner", event={"time": "9999-12-31T23:59:59Z"}, body={"expires": "9999-12-31T23:59:59Z"}
        ),
        "its end cannot be told: 30 days, 0:00:00 after 9999-12-31T23:59:59Z is beyond the year 9999",
    ),
    "without a meaning": (
        lambda w: w.decide("bob", "risk-owner", body={"meaning": " "}),
        "Expected `str` matching regex '\\\\S' - at `$.meaning`",
    ),
    "with another word": (
        lambda w: w.decide("bob", "risk-owner", "maybe"),
        "Invalid enum value 'maybe' - at `$.decision`",
    ),
}


@pytest.mark.parametrize(("step", "reason"), DECISIONS.values(), ids=DECISIONS.keys())
def test_decision_is_refused(requested: World, step: Step, reason: str) -> None:
    """A person decides in a role that they hold and that is asked for, on the card that they saw."""
    refused(step(requested), reason)
    assert [] == counted(requested) == held(requested)


def test_end_at_the_limit_is_allowed(requested: World) -> None:
    """An approval may end exactly as long after its signing as the policy says."""
    good(requested.decide("bob", "risk-owner", body={"expires": "2026-02-04T09:03:00Z"}))


def test_reject_needs_no_end(requested: World) -> None:
    """Only approvals end."""
    good(requested.decide("bob", "risk-owner", "reject", body={"expires": None}))


def test_requester_does_not_approve(world: World) -> None:
    """Requester and approver are different people, also where the requester holds the role."""
    world.edit("roles", "risk-owner", "people", to=["alice", "bob"])
    good(world.register("1.0.0"))
    good(world.request("1.0.0"))
    reason = "alice asked for this, and nobody approves their own request"
    refused(world.decide("alice", "risk-owner"), reason)
    good(world.decide("alice", "risk-owner", "reject"))


def test_requester_does_not_approve_with_a_second_key(world: World) -> None:
    """Another key is not another person."""
    value = edited(world.value, "roles", "risk-owner", "people", to=["alice", "bob"])
    world.change(edited(value, "people", "alice", "keys", to=[key("alice"), key("alice's second")]))
    good(world.register("1.0.0"))
    good(world.request("1.0.0"))
    refused(
        world.decide("alice", "risk-owner", signer=key("alice's second")),
        "alice asked for this, and nobody approves their own request",
    )


def test_person_counts_once_with_two_keys(world: World) -> None:
    """Two approvals by two keys of one person are one approval."""
    value = edited(world.value, "people", "bob", "keys", to=[key("bob"), key("bob's second")])
    world.change(edited(value, "stages", "staging", "approvals", "quorum", to={"role": "risk-owner", "count": 2}))
    good(world.register("1.0.0"))
    good(world.request("1.0.0", "staging"))
    good(world.decide("bob", "risk-owner"))
    good(world.decide("bob", "risk-owner", signer=key("bob's second")))
    refused(world.promote("1.0.0", "staging"), "approvals are missing: risk-owner")
    good(world.decide("dan", "risk-owner"))
    good(world.promote("1.0.0", "staging"))


def test_person_counts_for_one_role(world: World) -> None:
    """Who holds both roles fills only one of the two places."""
    world.edit("roles", "validator", "people", to=["bob", "carol"])
    good(world.register("1.0.0"))
    good(world.request("1.0.0"))
    good(world.decide("bob", "risk-owner"))
    good(world.decide("bob", "validator"))
    assert world.state.tally(world.request_of(NAME)).shortfall == ["risk-owner"]
    refused(world.promote("1.0.0"), "approvals are missing: risk-owner")


def test_role_for_other_models_or_tiers_does_not_decide(world: World) -> None:
    """A role that is held for other models or tiers is not held here."""
    for limits in ({"models": ["fraud*"]}, {"tiers": ["low"]}):
        other = World(edited(policy_value(), "roles", "risk-owner", to={"people": ["bob"], **limits}))
        good(other.register("1.0.0"))
        good(other.request("1.0.0"))
        refused(other.decide("bob", "risk-owner"), "bob does not hold the role 'risk-owner'")


def test_role_for_this_model_and_tier_decides() -> None:
    """A role that is held for this model and tier is held here."""
    limits = {"models": ["credit-*"], "tiers": ["medium", "high"]}
    world = World(edited(policy_value(), "roles", "risk-owner", to={"people": ["bob"], **limits}))
    good(world.register("1.0.0"))
    good(world.request("1.0.0"))
    good(world.decide("bob", "risk-owner"))
    assert counted(world) == ["bob"]


def test_meaning_is_one_of_the_policys() -> None:
    """Where the policy lists what a signature may mean, other words do not count."""
    world = World(edited(policy_value(), "meanings", to=["I have read the card", "I have tested it"]))
    good(world.register("1.0.0"))
    good(world.request("1.0.0"))
    refused(world.decide("bob", "risk-owner", body={"meaning": "ok"}), "the policy has no meaning 'ok'")
    good(world.decide("bob", "risk-owner", body={"meaning": "I have tested it"}))


def test_approval_for_another_request_does_not_count(requested: World) -> None:
    """An approval binds one request: another stage, another version or a newer request need their own."""
    good(requested.register("1.1.0"))
    production = requested.request_of(NAME).id
    good(requested.request("1.0.0", "staging"))
    good(requested.request("1.1.0"))
    good(requested.decide("bob", "risk-owner", request=production))
    assert counted(requested) == ["bob"]
    assert [] == counted(requested, f"{MODEL}@1.0.0#staging") == counted(requested, f"{MODEL}@1.1.0#production")
    refused(requested.promote("1.0.0", "staging"), "approvals are missing: risk-owner")


def test_request_for_a_stage_that_is_gone_takes_no_decisions(requested: World) -> None:
    """Where the policy in force no longer knows the stage, nobody knows who is asked."""
    value = edited(requested.value, "stages", "production", to=KeyError)
    requested.change(edited(value, "gates", to={"auc": value["gates"]["auc"]}))
    name = requested.request_of(NAME).id
    refused(requested.decide("bob", "risk-owner", request=name), "the policy in force does not know what is asked for")
    tally = requested.state.tally(requested.request_of(name))
    assert (tally.approved, tally.shortfall) == (False, ["the policy in force does not know this stage"])


# -- the last word ----------------------------------------------------------------------------------------------------


def test_last_word_counts(approved: World) -> None:
    """Who approved and then rejects has rejected."""
    good(approved.decide("bob", "risk-owner", "reject"))
    assert (counted(approved), held(approved)) == (["carol"], ["bob"])
    refused(approved.promote("1.0.0"), "a reject by bob holds")


def test_old_approval_carried_in_after_a_newer_reject_does_not_count(requested: World) -> None:
    """Words are ordered by the head and time that was signed, not by who carries them in when."""
    old = requested.decision("bob", "risk-owner")
    requested.fill(1)
    good(requested.decide("bob", "risk-owner", "reject"))
    good(requested.append(old))
    assert (counted(requested), held(requested)) == ([], ["bob"])


def test_old_reject_carried_in_after_a_newer_approval_does_not_hold(requested: World) -> None:
    """The newer word is the word, whichever it is."""
    old = requested.decision("bob", "risk-owner", "reject")
    requested.fill(1)
    good(requested.decide("bob", "risk-owner"))
    good(requested.append(old))
    assert (counted(requested), held(requested)) == (["bob"], [])


def test_of_two_words_at_one_head_the_later_counts(requested: World) -> None:
    """At the same head the time decides, in whichever order they are carried in."""
    first = requested.decision("bob", "risk-owner", "reject", event={"time": "2026-01-05T10:00:00Z"})
    second = requested.decision("bob", "risk-owner", event={"time": "2026-01-05T11:00:00Z"})
    for order in ([first, second], [second, first]):
        world = World()
        for entry in [*requested.entries[1:], *order]:
            good(world.append(entry))
        assert (counted(world), held(world)) == (["bob"], [])


def test_of_two_words_at_one_time_the_reject_counts(requested: World) -> None:
    """Where nothing tells the order, the reject is the later word."""
    approve, reject = requested.decision("bob", "risk-owner"), requested.decision("bob", "risk-owner", "reject")
    for order in ([approve, reject], [reject, approve]):
        world = World()
        for entry in [*requested.entries[1:], *order]:
            good(world.append(entry))
        assert (counted(world), held(world)) == ([], ["bob"])


# -- rejects hold -----------------------------------------------------------------------------------------------------


@pytest.fixture
def rejected(requested: World) -> World:
    """A log in which Dan rejected 1.0.0 for production, which Bob and Carol approved."""
    requested.approve_all()
    good(requested.decide("dan", "risk-owner", "reject"))
    return requested


def test_reject_holds_over_new_requests(rejected: World) -> None:
    """Asking again until someone says yes does not help."""
    for _ in range(2):
        good(rejected.request("1.0.0"))
        rejected.approve_all()
        assert (counted(rejected), held(rejected)) == (["bob", "carol"], ["dan"])
        refused(rejected.promote("1.0.0"), "a reject by dan holds")


def test_reject_holds_after_the_request_was_withdrawn(rejected: World) -> None:
    """Nor does taking the request back."""
    good(rejected.withdraw(NAME))
    good(rejected.request("1.0.0"))
    rejected.approve_all()
    refused(rejected.promote("1.0.0"), "a reject by dan holds")


def test_reject_holds_for_the_card_under_another_version(rejected: World) -> None:
    """The same card under another version number is the same thing that was rejected."""
    card = digest("card of 1.0.0")
    good(_register_same_card(rejected))
    good(rejected.request("1.0.1", digests={"card": card}, files={"card.json": card_file("1.0.0")}))
    assert held(rejected, f"{MODEL}@1.0.1#production") == ["dan"]


def _register_same_card(world: World) -> Judged:
    card = card_file("1.0.0").sha256
    facts = {"commit": digests.git_object_id("commit", b"commit of 1.0.1"), "weights": digest("weights of 1.0.1")}
    ref = f"{MODEL}@v1.0.1"
    said = {"ref": ref, "kind": "register", "version": "1.0.1", "actor": "alice", "card": card, **facts}
    file = world.tag_file(said, {})
    tag = {"name": ref, "id": digests.git_object_id("tag", file.content or b"")}
    return world.register(
        "1.0.1", body={"card": card, "tag": tag}, files={"card.json": card_file("1.0.0"), "tag": file}
    )


def test_reject_does_not_hold_elsewhere(rejected: World) -> None:
    """A reject holds for that stage and card: not for another stage, not for another card."""
    good(rejected.register("1.1.0"))
    good(rejected.request("1.1.0"))
    good(rejected.request("1.0.0", "staging"))
    assert [] == held(rejected, f"{MODEL}@1.1.0#production") == held(rejected, f"{MODEL}@1.0.0#staging")


def test_author_lifts_their_reject_by_approving(rejected: World) -> None:
    """Who rejected may change their mind, also on a newer request."""
    good(rejected.request("1.0.0"))
    rejected.approve_all()
    good(rejected.decide("dan", "risk-owner"))
    assert held(rejected) == []
    good(rejected.promote("1.0.0"))


def test_author_lifts_their_reject(rejected: World) -> None:
    """Who rejected may lift it without approving."""
    good(rejected.decide("dan", "risk-owner", "lift"))
    assert (counted(rejected), held(rejected)) == (["bob", "carol"], [])


def test_other_peoples_approval_does_not_lift_a_reject(rejected: World) -> None:
    """Only the author's word ends a reject, however many others approve or lift it without the role."""
    good(rejected.decide("bob", "risk-owner", "lift"))
    good(rejected.decide("carol", "validator"))
    assert held(rejected) == ["dan"]


def test_reject_is_lifted_by_the_role(rejected: World) -> None:
    """A role that the policy names lifts every reject, and approves nothing by it."""
    good(rejected.decide("carol", "validator", "reject"))
    assert held(rejected) == ["carol", "dan"]
    good(rejected.decide("frank", "head", "lift"))
    assert (counted(rejected), held(rejected)) == (["bob"], [])


@pytest.mark.parametrize("who", ["bob", "erin", "frank"])
def test_reject_is_not_lifted_without_the_role(rejected: World, who: str) -> None:
    """Who does not hold the role does not lift, and a role of another stage is none here."""
    rejected.edit("roles", "head", "people", to=["carol"])
    refused(rejected.decide(who, "head", "lift"), f"{who} does not hold the role 'head'")


def test_lift_must_be_asked_for_by_the_stage(requested: World) -> None:
    """Where a stage names no role that lifts, nobody but the author does."""
    good(requested.request("1.0.0", "staging"))
    good(requested.decide("dan", "risk-owner", "reject"))
    refused(requested.decide("frank", "head", "lift"), "nobody in the role 'head' is asked here")


def test_newer_reject_holds_after_a_lift(rejected: World) -> None:
    """A lift ends what was said, not what will be said."""
    good(rejected.decide("frank", "head", "lift"))
    good(rejected.decide("dan", "risk-owner", "reject"))
    assert held(rejected) == ["dan"]


def test_old_lift_carried_in_does_not_end_a_newer_reject(requested: World) -> None:
    """A lift ends the rejects that its signer saw in the log."""
    lift = requested.decision("frank", "head", "lift")
    good(requested.decide("dan", "risk-owner", "reject"))
    good(requested.append(lift))
    assert held(requested) == ["dan"]


def test_old_approval_does_not_end_a_newer_reject_on_another_request(requested: World) -> None:
    """Words are ordered over all requests for the same stage and card."""
    old = requested.request_of(NAME).id
    entry = requested.decision("dan", "risk-owner", request=old)
    good(requested.append(entry))
    good(requested.request("1.0.0"))
    good(requested.decide("dan", "risk-owner", "reject"))
    refused(requested.append(entry), "a replay: this decision was counted before")
    assert held(requested) == ["dan"]


def test_reject_that_a_compromised_key_lifted_holds_again(rejected: World) -> None:
    """What a stolen key said ends no reject: neither its author's key nor the lifting role's."""
    good(rejected.decide("frank", "head", "lift"))
    assert held(rejected) == []
    index = len(rejected.state.tree) - 1
    value = edited(rejected.value, "people", "frank", "keys", to=[key("frank's second")])
    rejected.change(value, removed=[{"key": key("frank"), "compromised_from": index}])
    assert held(rejected) == ["dan"]
    refused(rejected.promote("1.0.0"), "a reject by dan holds")


def test_reject_that_a_good_key_lifted_stays_lifted(rejected: World) -> None:
    """A key that was compromised later said what it said."""
    good(rejected.decide("frank", "head", "lift"))
    value = edited(rejected.value, "people", "frank", "keys", to=[key("frank's second")])
    rejected.change(value, removed=[{"key": key("frank"), "compromised_from": len(rejected.state.tree)}])
    assert held(rejected) == []


def test_reject_of_a_person_who_left_holds(rejected: World) -> None:
    """A reject outlives its author's roles; who may lift can lift it."""
    rejected.edit("roles", "risk-owner", "people", to=["bob"])
    assert held(rejected) == ["dan"]
    refused(rejected.decide("dan", "risk-owner"), "dan does not hold the role 'risk-owner'")
    good(rejected.decide("frank", "head", "lift"))
    assert held(rejected) == []


def test_inert_reject_does_not_hold(approved: World) -> None:
    """A reject by somebody who is not asked does not stop anything."""
    judged = approved.decide("erin", "release", "reject")
    assert judged.status == Status.INERT
    good(approved.promote("1.0.0"))


def test_requester_does_not_lift_what_others_rejected(world: World) -> None:
    """A requester who holds the role that lifts ends their own reject, and nobody else's."""
    value = edited(world.value, "roles", "risk-owner", "people", to=["alice", "bob"])
    world.change(edited(value, "stages", "production", "approvals", "lift", to=["risk-owner"]))
    good(world.register("1.0.0"))
    good(world.request("1.0.0"))
    good(world.decide("bob", "risk-owner", "reject"))
    good(world.decide("alice", "risk-owner", "lift"))
    request = world.state.find_request(f"{MODEL}@1.0.0#production")
    assert request is not None
    assert ["bob"] == world.state.tally(request).held
