"""Rules: promotions, rollbacks and clearings; what voids an approval."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from govkit.core.entities import Clearing
from govkit.core.events import TagRef
from tests.unit.core.simulator import (
    MODEL,
    Json,
    Step,
    World,
    commit,
    digest,
    edited,
    good,
    key,
    refused,
)

NAME = f"{MODEL}@1.0.0#production"
Edit = Callable[[Json], Json]


# -- promoting --------------------------------------------------------------------------------------------------------


def test_approved_version_is_promoted(approved: World) -> None:
    """The version serves, its request is done, its tag is recorded, and it is no override."""
    judged = good(approved.promote("1.0.0"))
    champion = approved.champion()
    assert (MODEL, judged, False) == (champion.model, champion.at, champion.override)
    assert approved.request_of(NAME).state == "done"
    assert champion.body.tag.id == f"git-sha1:{approved.state.tags[f'{MODEL}#production#1']}"
    assert approved.state.last(MODEL, "production") is champion
    assert approved.state.last(MODEL, "staging") is None


PROMOTIONS: dict[str, tuple[Step, str]] = {
    "unregistered": (lambda w: w.promote("9.0.0"), f"{MODEL}@9.0.0 is not registered"),
    "unknown stage": (
        lambda w: w.promote("1.0.0", "canary"),
        "the policy in force knows no stage 'canary'",
    ),
    "by nobody of the stage": (lambda w: w.promote("1.0.0", actor="alice"), "alice holds none of the roles release"),
    "another commit": (
        lambda w: w.promote("1.0.0", body={"commit": commit("x")}),
        "it names other bytes than were registered",
    ),
    "another card": (
        lambda w: w.promote("1.0.0", body={"card": digest("x")}),
        "it names other bytes than were registered",
    ),
    "other weights": (
        lambda w: w.promote("1.0.0", body={"weights": digest("x")}),
        "it names other bytes than were registered",
    ),
    "another policy": (
        lambda w: w.promote("1.0.0", body={"policy": digest("x")}, tag={"policy": w.policy.digest}),
        "it names another policy than the one in force",
    ),
    "other requirements": (
        lambda w: w.promote("1.0.0", body={"requirements": digest("x")}),
        "it names other requirements than were approved",
    ),
    "break-glass": (
        lambda w: w.promote("1.0.0", body={"kind": "break-glass"}),
        "the policy in force has no break-glass",
    ),
    "no request": (
        lambda w: w.promote("1.0.0", body={"request": None}),
        "there is no such request for this subject",
    ),
    "a made-up request": (
        lambda w: w.promote("1.0.0", body={"request": digest("x")}),
        "there is no such request for this subject",
    ),
    "no decisions": (
        lambda w: w.promote("1.0.0", body={"decisions": []}),
        "the decisions it names are not enough",
    ),
    "a made-up decision": (
        lambda w: w.promote("1.0.0", body={"decisions": [digest("x")]}),
        "it rests on a decision that does not count",
    ),
    "a tag that rests on something else": (
        lambda w: w.promote("1.0.0", tag={"decisions": []}),
        "its tag says something else",
    ),
    "a tag for another request": (
        lambda w: w.promote("1.0.0", tag={"request": digest("x")}),
        "its tag says something else",
    ),
    "a tag for other weights": (
        lambda w: w.promote("1.0.0", tag={"weights": digest("x")}),
        "its tag says something else",
    ),
    "a tag for other requirements": (
        lambda w: w.promote("1.0.0", tag={"requirements": None}),
        "its tag says something else",
    ),
    "a tag of another kind": (
        lambda w: w.promote("1.0.0", tag={"kind": "break-glass"}),
        "its tag says something else",
    ),
    "of no model": (lambda w: w.promote("1.0.0", subject="*"), "its subject must be a model"),
}


@pytest.mark.parametrize(("step", "reason"), PROMOTIONS.values(), ids=PROMOTIONS.keys())
def test_promotion_is_refused(approved: World, step: Step, reason: str) -> None:
    """A promotion is what was registered, asked for and approved, by a role of the stage, with a tag that says so."""
    refused(step(approved), reason)
    assert approved.state.champion(MODEL, "production") is None


def test_promotion_names_all_that_count_once(approved: World) -> None:
    """A decision named twice, or one too few, is refused; one more than needed is not."""
    good(approved.decide("dan", "risk-owner"))
    counted = approved.state.tally(approved.request_of(NAME)).counted
    bob, carol, dan = (counted[who].at.id for who in ("bob", "carol", "dan"))
    for decisions in ([bob, bob, carol], [bob, carol, carol]):
        refused(approved.promote("1.0.0", body={"decisions": decisions}), "it rests on a decision that does not count")
    for decisions in ([bob, dan], [carol]):
        refused(approved.promote("1.0.0", body={"decisions": decisions}), "the decisions it names are not enough")
    good(approved.promote("1.0.0", body={"decisions": [carol, dan]}))


def test_request_for_another_stage_or_version_is_refused(approved: World) -> None:
    """An approved request lets in what it was for, nowhere else."""
    request = approved.request_of(NAME).id
    decisions = [d.at.id for d in approved.request_of(NAME).decisions]
    rests = {"request": request, "decisions": decisions}
    refused(approved.promote("1.0.0", "staging", body=rests), "the request was for something else")
    good(approved.register("1.1.0"))
    refused(approved.promote("1.1.0", body=rests), "the request was for something else")


def test_request_is_used_once(serving: World) -> None:
    """A promotion is not repeated on the same request."""
    refused(serving.promote("1.0.0"), f"{NAME} is done")


@pytest.mark.parametrize(
    ("who", "missing"),
    [([], "risk-owner, validator"), ([("bob", "risk-owner")], "validator"), ([("carol", "validator")], "risk-owner")],
)
def test_promotion_without_the_quorum_is_refused(requested: World, who: list[tuple[str, str]], missing: str) -> None:
    """Who is missing is said."""
    for person, role in who:
        good(requested.decide(person, role))
    refused(requested.promote("1.0.0"), f"approvals are missing: {missing}")


def test_release_engineer_does_not_need_to_be_the_requester(approved: World) -> None:
    """A service that holds the role may promote what people approved."""
    good(approved.promote("1.0.0", actor="robot"))


# -- what ends and what is void ---------------------------------------------------------------------------------------


def test_expired_approval_does_not_count(approved: World) -> None:
    """After its end an approval can no longer be used."""
    approved.sleep("31d")
    refused(approved.promote("1.0.0"), "approvals are missing: risk-owner, validator")
    good(approved.write("checkpoint.recorded", "alice", {}))
    ignored = approved.state.tally(approved.request_of(NAME)).ignored
    assert [why for _, why in ignored] == ["expired at 2026-02-04T09:03:00Z", "expired at 2026-02-04T09:04:00Z"]


def test_approval_counts_until_its_last_second(approved: World) -> None:
    """An end is the last instant at which an approval may be used."""
    good(approved.promote("1.0.0", event={"time": "2026-02-04T09:03:00Z"}))


def test_promotion_dated_back_does_not_revive_an_approval(approved: World) -> None:
    """The log's effective time counts where it is later than the event's own."""
    approved.sleep("31d")
    good(approved.write("checkpoint.recorded", "alice", {}))
    refused(
        approved.promote("1.0.0", event={"time": "2026-01-06T00:00:00Z"}),
        "approvals are missing: risk-owner, validator",
    )


def test_promotion_does_not_rest_on_an_approval_that_just_ended(approved: World) -> None:
    """What counts is judged at the promotion's own time, also for the decisions that it names."""
    approved.sleep("20d")
    good(approved.decide("dan", "risk-owner"))
    good(approved.decide("carol", "validator"))
    bob = approved.request_of(NAME).decisions[0].at.id
    carol = approved.request_of(NAME).decisions[-1].at.id
    approved.sleep("15d")
    refused(approved.promote("1.0.0", body={"decisions": [bob, carol]}), "it rests on a decision that does not count")
    good(approved.promote("1.0.0"))


def test_expired_request_is_void(registered: World) -> None:
    """A request may have an end of its own."""
    good(registered.request("1.0.0", body={"expires": "2026-01-06T00:00:00Z"}))
    registered.approve_all()
    registered.sleep("1d")
    refused(registered.promote("1.0.0"), "the request has expired")


def test_changed_champion_voids_the_request(approved: World) -> None:
    """Approvals were given against the version that served then."""
    first = approved.request_of(NAME).id
    good(approved.register("1.1.0"))
    good(approved.request("1.1.0"))
    approved.approve_all()
    good(approved.promote("1.1.0"))
    refused(approved.promote("1.0.0"), "another version serves there since it was opened")
    good(approved.request("1.0.0"))
    approved.approve_all()
    good(approved.promote("1.0.0"))
    assert approved.request_of(first).state == "superseded"


@pytest.mark.parametrize("step", [lambda w: w.clear(), lambda w: w.revoke("1.0.0")], ids=["cleared", "revoked"])
def test_champion_that_is_gone_voids_the_request(serving: World, step: Step) -> None:
    """A stage that was emptied since is another situation than the one that was approved."""
    good(serving.register("1.1.0"))
    good(serving.request("1.1.0"))
    serving.approve_all()
    good(step(serving))
    refused(serving.promote("1.1.0"), "another version serves there since it was opened")


def test_rollback_voids_requests_against_the_old_champion(serving: World) -> None:
    """A rollback to the same version is another promotion, and another champion."""
    good(serving.register("1.1.0"))
    good(serving.request("1.1.0"))
    serving.approve_all()
    good(serving.promote("1.0.0", kind="rollback"))
    refused(serving.promote("1.1.0"), "another version serves there since it was opened")


BINDING: dict[str, Edit] = {
    "a bound": lambda v: edited(v, "gates", "auc", "min", to=0.8),
    "a gate more": lambda v: edited(v, "stages", "production", "gates", to=["auc", "origin", "statements"]),
    "a gate less": lambda v: edited(v, "stages", "production", "gates", to=["auc"]),
    "the quorum": lambda v: edited(v, "stages", "production", "approvals", "quorum", to={"role": "risk-owner"}),
    "the validity": lambda v: edited(v, "stages", "production", "approvals", "valid_for", to="60d"),
    "who may not approve": lambda v: edited(v, "stages", "production", "approvals", "forbid", to=["registrar"]),
    "who lifts": lambda v: edited(v, "stages", "production", "approvals", "lift", to=[]),
}


@pytest.mark.parametrize("edit", BINDING.values(), ids=BINDING.keys())
def test_changed_requirements_void_the_approvals(approved: World, edit: Edit) -> None:
    """An approval binds what was required; any change of that voids it, a kinder one too."""
    approved.change(edit(approved.value))
    refused(approved.promote("1.0.0"), "the requirements changed since it was opened")


FREE: dict[str, Edit] = {
    "another stage": lambda v: edited(v, "stages", "staging", "approvals", "quorum", to={"role": "validator"}),
    "another gate": lambda v: edited(v, "gates", "statements", "sections", to=["owner"]),
    "a person more": lambda v: edited(
        edited(v, "people", "grace", to={"name": "Grace", "keys": [key("grace")]}),
        "roles",
        "risk-owner",
        "people",
        to=["bob", "grace"],
    ),
    "a person's name": lambda v: edited(v, "people", "bob", "name", to="Robert"),
    "who promotes": lambda v: edited(v, "stages", "production", "promote", to=["release", "head"]),
    "a description": lambda v: edited(v, "description", to="a policy"),
    "the branches": lambda v: edited(v, "branches", to=["main", "release/*"]),
    "who administers": lambda v: edited(v, "admin", "approvals", "quorum", "count", to=1),
}


@pytest.mark.parametrize("edit", FREE.values(), ids=FREE.keys())
def test_unrelated_change_of_the_policy_voids_nothing(approved: World, edit: Edit) -> None:
    """A change that leaves the requirements of this stage as they are leaves the approvals, too."""
    approved.change(edit(approved.value))
    good(approved.promote("1.0.0"))


def test_changed_stage_that_is_gone_voids(approved: World) -> None:
    """A stage that the policy in force no longer has cannot be promoted into."""
    value = edited(approved.value, "stages", "production", to=KeyError)
    approved.change(edited(value, "gates", to={"auc": value["gates"]["auc"]}))
    refused(approved.promote("1.0.0"), "the policy in force knows no stage 'production'")
    refused(approved.clear(), "the policy in force knows no stage 'production'")


def test_role_taken_away_before_promoting(approved: World) -> None:
    """Roles are judged again when promoting: who no longer holds the role no longer approves."""
    approved.edit("roles", "risk-owner", "people", to=["dan"])
    refused(approved.promote("1.0.0"), "approvals are missing: risk-owner")
    ignored = approved.state.tally(approved.request_of(NAME)).ignored
    assert [(d.person, why) for d, why in ignored] == [("bob", "no longer holds the role 'risk-owner'")]


def test_person_removed_before_promoting(approved: World) -> None:
    """Nor does who was removed altogether."""
    value = edited(approved.value, "people", "carol", to=KeyError)
    value = edited(value, "roles", "validator", "people", to=["frank"])
    approved.change(value)
    refused(approved.promote("1.0.0"), "approvals are missing: validator")


def test_approver_who_became_a_service(approved: World) -> None:
    """A service's approval never counts, not even one from when it was a person."""
    approved.edit("people", "bob", "kind", to="service")
    refused(approved.promote("1.0.0"), "approvals are missing: risk-owner")
    ignored = approved.state.tally(approved.request_of(NAME)).ignored
    assert [why for _, why in ignored] == ["is a service, and a service never decides"]


def test_registrar_does_not_approve_where_that_is_forbidden() -> None:
    """Where the policy forbids it, who registered the version does not count among its approvers."""
    world = World()
    value = edited(world.value, "stages", "production", "approvals", "forbid", to=["registrar"])
    world.change(edited(value, "roles", "engineer", "people", to=["alice", "bob"]))
    good(world.register("1.0.0", actor="bob"))
    good(world.request("1.0.0"))
    world.approve_all()
    refused(world.promote("1.0.0"), "approvals are missing: risk-owner")
    assert [why for _, why in world.state.tally(world.request_of(NAME)).ignored] == ["registered this version"]
    good(world.decide("dan", "risk-owner"))
    good(world.promote("1.0.0"))


# -- rolling back -----------------------------------------------------------------------------------------------------


@pytest.fixture
def twice(serving: World) -> World:
    """A log in which 1.1.0 serves in production after 1.0.0."""
    serving.serve("1.1.0")
    return serving


def test_rollback_goes_back(twice: World) -> None:
    """A rollback is a new promotion of what served before; it needs no request, and history only grows."""
    good(twice.promote("1.0.0", kind="rollback"))
    champion = twice.champion()
    assert (champion.body.version, champion.body.kind, champion.override) == ("1.0.0", "rollback", False)
    assert [
        entry.body.version for entry in twice.state.stages[MODEL, "production"] if not isinstance(entry, Clearing)
    ] == ["1.0.0", "1.1.0", "1.0.0"]


def test_rollback_inherits_what_it_goes_back_to(twice: World) -> None:
    """Whether the promotion it restores was an override goes along, so that nothing is laundered."""
    entries = twice.state.stages[MODEL, "production"]
    first = entries[0]
    assert not isinstance(first, Clearing)
    entries[0] = replace(first, override=True)
    good(twice.promote("1.0.0", kind="rollback"))
    assert twice.champion().override
    good(twice.promote("1.1.0", kind="rollback"))
    assert not twice.champion().override
    good(twice.promote("1.0.0", kind="rollback"))
    assert twice.champion().override


ROLLBACKS: dict[str, tuple[Step, str]] = {
    "to nothing": (
        lambda w: w.promote("1.0.0", kind="rollback", body={"restores": None}),
        "it does not go back to a promotion into this stage",
    ),
    "to a made-up promotion": (
        lambda w: w.promote("1.0.0", kind="rollback", body={"restores": digest("x")}),
        "it does not go back to a promotion into this stage",
    ),
    "to another version's promotion": (
        lambda w: w.promote("1.0.0", kind="rollback", body={"restores": w.champion().at.id}),
        "it says something else than what it goes back to",
    ),
    "with other requirements": (
        lambda w: w.promote("1.0.0", kind="rollback", body={"requirements": digest("x")}),
        "it says something else than what it goes back to",
    ),
    "with a request": (
        lambda w: w.promote("1.0.0", kind="rollback", body={"request": w.request_of(NAME).id}),
        "it rests on a request, and the policy in force wants nobody's yes for a rollback",
    ),
    "with decisions": (
        lambda w: w.promote("1.0.0", kind="rollback", body={"decisions": [digest("x")]}),
        "it rests on a request, and the policy in force wants nobody's yes for a rollback",
    ),
    "into another stage": (
        lambda w: w.promote(
            "1.0.0", "staging", kind="rollback", body={"restores": w.state.stages[MODEL, "production"][0].at.id}
        ),
        "it does not go back to a promotion into this stage",
    ),
    "by nobody of the stage": (
        lambda w: w.promote("1.0.0", kind="rollback", actor="bob"),
        "bob holds none of the roles release",
    ),
}


@pytest.mark.parametrize(("step", "reason"), ROLLBACKS.values(), ids=ROLLBACKS.keys())
def test_rollback_is_refused(twice: World, step: Step, reason: str) -> None:
    """A rollback goes to a promotion into that very stage, and says the same as that."""
    refused(step(twice), reason)
    assert twice.champion().body.version == "1.1.0"


def test_rollback_to_what_never_served_is_refused(twice: World) -> None:
    """A registered version that was never promoted is no place to go back to."""
    good(twice.register("0.9.0"))
    refused(twice.promote("0.9.0", kind="rollback"), "it does not go back to a promotion into this stage")


def test_rollback_to_a_revoked_version_is_refused(twice: World) -> None:
    """Revoked is revoked."""
    good(twice.revoke("1.0.0"))
    refused(twice.promote("1.0.0", kind="rollback"), f"{MODEL}@1.0.0 is revoked")


def test_rollback_to_a_clearing_is_refused(twice: World) -> None:
    """Only a promotion can be gone back to."""
    clearing = good(twice.clear())
    refused(
        twice.promote("1.0.0", kind="rollback", body={"restores": clearing.id}),
        "it does not go back to a promotion into this stage",
    )


def test_rollback_to_a_promotion_by_a_compromised_key_is_refused(twice: World) -> None:
    """What a stolen key let in is not brought back by an honest one."""
    value = edited(twice.value, "people", "erin", "keys", to=[key("erin's second")])
    twice.change(value, removed=[{"key": key("erin"), "compromised_from": 0}])
    refused(
        twice.promote("1.0.0", kind="rollback", signer=key("erin's second"), tag_signer=key("erin's second")),
        "the promotion it goes back to was signed with a compromised key",
    )


def test_rollback_survives_a_change_of_the_requirements(twice: World) -> None:
    """To go back must be possible when it is needed: under the requirements of then, judged by the roles of now."""
    twice.edit("gates", "auc", "min", to=0.99)
    good(twice.promote("1.0.0", kind="rollback"))


# -- clearing ---------------------------------------------------------------------------------------------------------


def test_stage_is_cleared(serving: World) -> None:
    """After a clearing nobody serves, and the clearing is what was recorded last."""
    judged = good(serving.clear())
    last = serving.state.last(MODEL, "production")
    assert isinstance(last, Clearing)
    assert (judged, MODEL) == (last.at, last.model)
    assert serving.state.champion(MODEL, "production") is None
    assert {f"{MODEL}#production!#2"} <= set(serving.state.tags)


def test_cleared_version_can_be_asked_for_again(serving: World) -> None:
    """A clearing forbids nothing: the way back is a request, or a rollback by who may."""
    good(serving.clear())
    serving.serve("1.0.0")
    assert serving.champion().body.version == "1.0.0"


CLEARINGS: dict[str, tuple[Step, str]] = {
    "an empty stage": (lambda w: w.clear("staging"), "nothing serves in 'staging'"),
    "an unknown stage": (lambda w: w.clear("canary"), "the policy in force knows no stage 'canary'"),
    "by nobody of the stage": (lambda w: w.clear(actor="bob"), "bob holds none of the roles release"),
    "of no model": (lambda w: w.clear(subject="*"), "its subject must be a model"),
    "with a tag at another commit": (lambda w: w.clear(tag={"commit": commit("x")}), "its tag says something else"),
    "with a tag of another version": (lambda w: w.clear(tag={"version": "1.1.0"}), "its tag says something else"),
    "without a reason": (
        lambda w: w.clear(body={"reason": "\n"}),
        "Expected `str` matching regex '\\\\S' - at `$.reason`",
    ),
    "with a tag for another stage": (
        lambda w: w.clear(tag={"ref": f"{MODEL}#staging!#2", "stage": "staging"}),
        "its tag speaks of something else",
    ),
}


@pytest.mark.parametrize(("step", "reason"), CLEARINGS.values(), ids=CLEARINGS.keys())
def test_clearing_is_refused(serving: World, step: Step, reason: str) -> None:
    """A stage that holds something is cleared by a role of that stage, with a tag that says the same."""
    refused(step(serving), reason)
    assert serving.champion().body.version == "1.0.0"


def test_stage_is_not_cleared_twice(serving: World) -> None:
    """What is empty cannot be emptied."""
    good(serving.clear())
    refused(serving.clear(), "nothing serves in 'production'")


# -- numbers of tags --------------------------------------------------------------------------------------------------


def test_next_number_is_above_all_of_the_models_tags(serving: World) -> None:
    """GTO's number runs over all stages of a model; what squats in the repository is skipped."""
    state = serving.state
    assert state.next_counter(MODEL) == 2
    assert state.next_counter("fraud") == 1
    squatters = {
        f"{MODEL}#production#6": 7,
        f"{MODEL}#staging!#8": 9,
        f"{MODEL}#anything#at#11": 12,
        f"{MODEL}#production#14/below": 15,
        "fraud#production#40": 2,
        f"{MODEL}@v50.0.0": 2,
        f"{MODEL}#production": 2,
        f"{MODEL}#production#0x10": 2,
        f"{MODEL}#production#-5": 2,
        f"{MODEL}#production#١٢": 2,
        f"{MODEL}#production#00012": 13,
        f"{MODEL}#production#{10**8 - 1}": 10**8,
        f"{MODEL}#production#{10**8}": 2,
        f"{MODEL}#production#{'9' * 5000}": 2,
        "nonsense": 2,
        "": 2,
    }
    for name, expected in squatters.items():
        assert expected == state.next_counter(MODEL, {name}), name
    assert state.next_counter(MODEL, set(squatters)) == 10**8 + 1


def test_recorded_number_counts_however_large(serving: World) -> None:
    """A recorded tag of nine digits moves the next number, too."""
    name = f"{MODEL}#production#{10**8}"
    serving.state.add_tag(MODEL, TagRef(name=name, id=serving.champion().body.tag.id))
    assert serving.state.next_counter(MODEL) == 10**8 + 1
