"""Rollbacks that somebody has to approve, honest and hostile; the auditor's ledger judges each log, too."""

from __future__ import annotations

from typing import Any

import pytest

from govkit.core.entities import Promotion
from govkit.core.judged import Judged
from tests.unit.core.simulator import MODEL, Json, Step, World, digest, good, key
from tests.unit.core.test_rules2 import value2


def value() -> Json:
    """Return a policy in which a rollback of production is asked for by a release engineer and approved by a validator."""
    found = value2()
    approvals = {"quorum": {"role": "validator"}, "valid_for": "30d", "lift": ["head", "validator"]}
    found["stages"]["production"]["rollback"] = {"roles": ["release"], "approvals": approvals}
    found["roles"]["validator"]["people"] += ["erin", "dan"]
    return found


@pytest.fixture
def world() -> World:
    """A world in which 1.1.0 serves in production after 1.0.0."""
    found = World(value())
    for version in ("1.0.0", "1.1.0"):
        good(found.register(version))
        found.serve(version)
    return found


def first(world: World) -> Promotion:
    """Return the promotion to go back to."""
    found = world.state.stages[MODEL, "production"][0]
    assert isinstance(found, Promotion)
    return found


def ask(world: World, *, actor: str = "erin", digests: Json | None = None, **body: Any) -> Judged:
    """Ask to go back to 1.0.0; any part can be another."""
    rules = world.policy.requirements(MODEL, "high", "production", "rollback")
    assert rules is not None
    asked = {"action": "rollback", "restores": first(world).at.id, **body}
    bound = {"requirements": rules.digest, **(digests or {})}
    return world.request(asked.get("version", "1.0.0"), actor=actor, body=asked, digests=bound)


def back(world: World, *, actor: str = "erin", **body: Any) -> Judged:
    """Go back to 1.0.0 on the newest request; any part can be another."""
    request = world.newest_request()
    rests = {"request": request.id, "decisions": [decision.at.id for decision in request.decisions]}
    return world.promote("1.0.0", kind="rollback", actor=actor, body={**rests, **body})


def approved(world: World) -> World:
    """Ask, and let carol approve."""
    good(ask(world))
    good(world.decide("carol", "validator"))
    return world


def test_it_is_asked_for_approved_and_done(world: World) -> None:
    """The rollback rests on its own request and decision, which is then used up."""
    good(back(approved(world)))
    champion = world.champion()
    assert (champion.body.version, champion.body.kind) == ("1.0.0", "rollback")
    assert "the request" in back(world).reason or "is done" in back(world).reason


STEPS: dict[str, tuple[Step, str]] = {
    "without asking": (
        lambda w: w.promote("1.0.0", kind="rollback"),
        "the policy in force wants a rollback to be asked for and approved",
    ),
    "without a yes": (lambda w: (ask(w), back(w))[1], "approvals are missing"),
    "without naming the yes": (lambda w: back(approved(w), decisions=[]), "the decisions it names are not enough"),
    "with a made-up yes": (lambda w: back(approved(w), decisions=[digest("x")]), "a decision that does not count"),
    "on a usual request": (
        lambda w: (w.request("1.0.0"), w.approve_all(), back(w))[2],
        "the request was for something else",
    ),
    "to something else than was asked": (
        lambda w: back(approved(w), restores=w.champion().at.id),
        "it says something else than what it goes back to",
    ),
    "by nobody who may": (lambda w: back(approved(w), actor="bob"), "bob holds none of the roles release"),
    "by who may promote only": (
        lambda w: (w.edit("stages", "production", "rollback", "roles", to=["head"]), back(approved_by(w, "frank")))[1],
        "erin holds none of the roles head",
    ),
    "asked by nobody who may": (lambda w: ask(w, actor="alice"), "alice holds none of the roles release"),
    "asked for nothing": (lambda w: ask(w, restores=None), "it leaves out what it asks for"),
    "asked for a made-up promotion": (lambda w: ask(w, restores=digest("x")), "does not go back to a promotion"),
    "asked for another version's": (
        lambda w: ask(w, restores=w.champion().at.id),
        "it would go back to another version than it names",
    ),
    "asked under the usual requirements": (
        lambda w: ask(w, digests={"requirements": w.requirements("1.0.0", "production")}),
        "it names other requirements",
    ),
    "the requester's own yes": (
        lambda w: (ask(w), w.decide("erin", "validator"))[1],
        "nobody approves their own request",
    ),
    "where the policy wants no yes": (
        lambda w: (
            w.edit("stages", "production", "rollback", to=None),
            w.promote("1.0.0", kind="rollback", body={"request": w.request_of(f"{MODEL}@1.1.0#production").id}),
        )[1],
        "wants nobody's yes for a rollback",
    ),
    "asked where the policy wants no yes": (
        lambda w: (
            w.edit("stages", "production", "rollback", to={"roles": ["release"]}),
            w.request("1.0.0", actor="erin", body={"action": "rollback", "restores": first(w).at.id}),
        )[1],
        "the policy in force has no rollback into 'production'",
    ),
    "with the request's promotion as a usual one": (
        lambda w: w.promote(
            "1.0.0",
            body={
                "request": approved(w).newest_request().id,
                "requirements": w.newest_request().body.digests.requirements,
                "decisions": [d.at.id for d in w.newest_request().decisions],
            },
        ),
        "the request was for rollback",
    ),
}


def approved_by(world: World, actor: str) -> World:
    """Ask as somebody else, and let carol approve."""
    good(ask(world, actor=actor))
    good(world.decide("carol", "validator"))
    return world


@pytest.mark.parametrize(("step", "reason"), STEPS.values(), ids=STEPS.keys())
def test_what_is_refused(world: World, step: Step, reason: str) -> None:
    """Each is inert, for its reason, and 1.1.0 goes on serving."""
    judged = step(world)
    assert reason in judged.reason
    assert world.champion().body.version == "1.1.0"


def test_who_may_roll_back_can_be_others_than_promote(world: World) -> None:
    """Roles under 'rollback' take the place of those under 'promote', without a yes where none is named."""
    world.edit("stages", "production", "rollback", to={"roles": ["head"]})
    assert "erin holds none of the roles head" in world.promote("1.0.0", kind="rollback").reason
    good(world.promote("1.0.0", kind="rollback", actor="frank"))


def test_a_reject_holds_for_a_rollback_too(world: World) -> None:
    """And the easier way back is no easier way to lift it: only who may lift it in the usual way does."""
    good(ask(world))
    good(world.decide("carol", "validator", body={"decision": "reject", "comment": "it was worse"}))
    assert "a reject by carol holds" in back(world).reason
    assert "may not lift" in world.decide("dan", "validator", body={"decision": "lift"}).reason
    good(world.decide("frank", "head", body={"decision": "lift"}))


def test_a_stolen_yes_does_not_count(world: World) -> None:
    """A decision by a key that is reported as compromised from before is none."""
    approved(world)
    decided = world.newest_request().decisions[0].at.index
    changed = value()
    changed["people"]["carol"]["keys"] = [key("carol's new one")]
    changed["retired"] = [{"key": key("carol"), "person": "carol", "reason": "compromised", "since": decided}]
    world.change(changed, removed=[{"key": key("carol"), "compromised_from": decided}])
    assert "approvals are missing" in back(world).reason


def test_the_digest_binds_the_way(world: World) -> None:
    """What a rollback requires has a digest of its own, which changes with it and leaves the usual one as it is."""
    before = world.policy
    world.edit("stages", "production", "rollback", "approvals", "valid_for", to="20d")
    after = world.policy
    digests = [
        [p.requirements(MODEL, "high", "production", way) for p in (before, after)] for way in ("promote", "rollback")
    ]
    assert [left.digest == right.digest for left, right in digests if left and right] == [True, False]
