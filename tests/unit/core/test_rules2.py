"""Rules 2 of the ledger: what came with it, and that logs of rules 1 are judged as they were."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from govkit.core import canonical, history, policy, policycheck, rules1
from govkit.core.errors import Malformed
from govkit.core.events import BODIES, Digests
from govkit.core.gates.base import Context
from govkit.core.gates.champion import ChampionGate
from govkit.core.judged import Status
from govkit.core.rules import TYPES
from tests.unit.core.cards import with_metrics
from tests.unit.core.simulator import MODEL, Json, World, commit, digest, edited, good, key, policy_value, refused


def value2() -> Json:
    """Return the policy of the simulated world under rules 2, in which risk owners may waive ``auc``."""
    value = edited(policy_value(), "rules", to=2)
    del value["records"]["waiver.granted"]
    value["gates"]["auc"]["waive"] = ["risk-owner"]
    return value


@pytest.fixture
def world() -> World:
    """A world under rules 2 in which 1.0.0 is registered and asked for in production."""
    found = World(value2())
    good(found.register("1.0.0"))
    good(found.request("1.0.0"))
    return found


def bound(world: World) -> Json:
    """Return what the newest request binds."""
    found = world.newest_request().body.digests
    assert found is not None
    return {name: getattr(found, name) for name in found.__struct_fields__}


def waive(world: World, actor: str = "bob", *, digests: Json | None = None, **changes: Any) -> Any:
    """Waive ``auc`` for 1.0.0 in production; any part can be another."""
    body = {
        "gate": "auc",
        "version": "1.0.0",
        "stage": "production",
        "digests": {**bound(world), **(digests or {})},
        "reason": "agreed with the board",
        "expires": "2026-03-01T00:00:00Z",
        "ticket": "RISK-1",
        **changes,
    }
    return world.write("waiver.granted", actor, body, subject=MODEL)


FIELDS = ("card", "weights", "data", "requirements", "champion")


@pytest.mark.parametrize("field", FIELDS)
def test_a_waiver_of_anything_else_is_inert(world: World, field: str) -> None:
    """A waiver binds what a request binds: with any digest changed it has no effect."""
    assert waive(world, digests={field: digest("another")}).status == "inert"
    assert world.state.waivers == []


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(FIELDS), st.text(max_size=5))
def test_any_change_of_a_digest_voids_a_waiver(field: str, other: str) -> None:
    """What was waived for some bytes and requirements is not waived for any others."""
    world = World(value2())
    good(world.register("1.0.0"))
    good(world.request("1.0.0"))
    good(waive(world))
    version = world.state.versions[MODEL, "1.0.0"]
    own = bound(world)
    at = world.state.effective
    assert set(history.waived(world.state, version, "production", Digests(**own), at=at)) == {"auc"}
    changed = Digests(**{**own, field: digest(other)})
    assert history.waived(world.state, version, "production", changed, at=at) == {}
    assert history.waived(world.state, version, "staging", Digests(**own), at=at) == {}


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(("card", "weights", "commit", "requirements", "policy")), st.text(max_size=5))
def test_any_change_of_a_digest_voids_approvals(field: str, other: str) -> None:
    """An approved request lets nothing in but what it binds."""
    world = World(value2())
    good(world.register("1.0.0"))
    good(world.request("1.0.0"))
    world.approve_all()
    changed = commit(other) if field == "commit" else digest(other)
    assert world.promote("1.0.0", body={field: changed}).status == "inert"
    good(world.promote("1.0.0"))


def test_a_waiver_of_a_stolen_key_does_not_count(world: World) -> None:
    """What a compromised key waived is waived no longer."""
    at = good(waive(world)).index
    value = edited(world.value, "people", "bob", "keys", to=[key("bob's new one")])
    value["retired"] = [{"key": key("bob"), "person": "bob", "reason": "compromised", "since": at}]
    good(world.change(value, removed=[{"key": key("bob"), "compromised_from": at}]))
    version = world.state.versions[MODEL, "1.0.0"]
    assert history.waived(world.state, version, "production", Digests(**bound(world)), at=world.state.effective) == {}


def test_removed_keys_are_those_of_the_policy(world: World) -> None:
    """Who adopts a policy cannot take other keys out, or from another place on, than was approved."""
    value = edited(world.value, "people", "bob", "keys", to=[key("bob's new one")])
    value["retired"] = [{"key": key("bob"), "person": "bob", "reason": "compromised", "since": 3}]
    request = good(world.request_policy(value))
    for who in ("dan", "erin"):
        good(world.decide(who, "admin", request=request.id))
    wrong = "the keys that it takes out are not those that the policy takes out"
    for removed in ([], [{"key": key("bob"), "compromised_from": 4}], [{"key": key("bob"), "compromised_from": None}]):
        refused(world.adopt(value, body={"removed": removed}), wrong)
    good(world.adopt(value, body={"removed": [{"key": key("bob"), "compromised_from": 3}]}))


def test_findings_are_opened_and_closed_once(world: World) -> None:
    """A finding has an owner whom the policy knows and a day to come, and ends once."""
    body = {"version": "1.0.0", "text": "drift", "owner": "bob", "due": "2026-03-01T00:00:00Z"}

    def write(**changes: Any) -> Any:
        return world.write("finding.opened", "carol", {**body, **changes}, subject=MODEL)

    refused(write(owner="nobody"), "the policy in force does not know 'nobody'")
    refused(write(due="2020-01-01T00:00:00Z"), "the day it is due has passed")
    refused(write(due="2026-02-31T00:00:00Z"), world_reason(world))
    opened = good(write())
    closing = {"finding": opened.id, "resolution": "retrained"}
    refused(
        world.write("finding.closed", "carol", {**closing, "finding": digest("x")}, subject=MODEL),
        "there is no such finding for this subject",
    )
    good(world.write("finding.closed", "carol", closing, subject=MODEL))
    refused(
        world.write("finding.closed", "carol", closing, subject=MODEL),
        f"finding#{opened.index} is closed already",
    )


def world_reason(world: World) -> str:
    """Return the reason of the newest verdict."""
    return world.state.judged[-1].reason


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("canary.recorded", {"stage": "moon"}, "the policy in force knows no stage 'moon'"),
        ("reproduction.recorded", {}, "it reproduces another commit than was registered"),
        ("deployment.recorded", {}, "there is no such promotion of this model"),
    ],
)
def test_reports_are_about_what_there_is(world: World, kind: str, body: Json, reason: str) -> None:
    """What is recorded speaks of stages, commits and promotions that the log knows."""
    from tests.unit.core.test_rules_records import BODIES

    actor, usual = BODIES[kind]
    refused(world.write(kind, actor, {**usual, **body}, subject=MODEL), reason)


def test_a_service_may_propose_a_policy_and_no_more() -> None:
    """A role under ``propose`` asks for a policy; it neither adopts nor asks for anything else of administrators."""
    value = value2()
    value["roles"]["ci"] = {"people": ["robot"]}
    value["admin"]["propose"] = ["ci"]
    world = World(value)
    changed = edited(value, "description", to="another")
    asked = good(world.request_policy(changed, actor="robot"))
    for who in ("dan", "erin"):
        good(world.decide(who, "admin", request=asked.id))
    refused(world.adopt(changed, actor="robot"), "robot holds none of the roles admin")
    good(world.adopt(changed, actor="alice"))


NEWER: dict[str, tuple[tuple[str, ...], Any]] = {
    "meanings by decision": (("meanings",), {"approve": ["yes"]}),
    "a role that may waive": (("gates", "auc", "waive"), ["risk-owner"]),
    "an exact metric": (("gates", "auc"), {"type": "metric", "metric": "auc", "equals": 1}),
    "a newer gate": (("gates", "auc"), {"type": "signed-commits"}),
    "inheritance": (("stages", "production", "inherits"), "staging"),
    "tiers": (("stages", "staging", "tiers"), {"high": {"gates": ["origin"]}}),
    "a review": (("stages", "staging", "approvals", "review_after"), "30d"),
    "forbidden requesters": (("stages", "staging", "approvals", "forbid"), ["requester"]),
    "proposers": (("admin", "propose"), ["release"]),
    "retired keys": (("retired",), [{"key": key("x"), "person": "x", "reason": "lost"}]),
}


@pytest.mark.parametrize(("path", "to"), NEWER.values(), ids=NEWER.keys())
def test_rules_1_know_nothing_of_it(path: tuple[str, ...], to: Any) -> None:
    """What came with rules 2 is malformed in a policy of rules 1, as it is for a govkit of that time."""
    value = edited(policy_value(), *path, to=to)
    with pytest.raises(Malformed, match="rules 1 does not know"):
        policy.parse(policy.written_out(value))
    again = edited(value2(), *path, to=to)
    assert policy.parse(policy.written_out(again)).policy.rules == 2


def test_a_policy_of_rules_1_is_written_as_it_was() -> None:
    """It is written without the keys that came later, so that its requirements keep their digest."""
    written = canonical.decode(policy.written_out(policy_value()))
    assert set(written["admin"]) == {"roles", "approvals", "sole"}
    assert set(written["stages"]["staging"]) == {"gates", "approvals", "promote", "description"}
    assert set(written["gates"]["origin"]) == {"type", "description"}
    rules1.check_policy(written)


@pytest.mark.parametrize(("kind", "field"), [("decision.recorded", "comment"), ("promotion.recorded", "review_by")])
def test_newer_fields_of_bodies_are_inert_under_rules_1(kind: str, field: str) -> None:
    """A body with a field that came with rules 2 has no effect under rules 1, as a govkit of that time says."""
    world = World()
    good(world.register("1.0.0"))
    good(world.request("1.0.0"))
    if kind == "decision.recorded":
        judged = world.decide("bob", "risk-owner", body={field: "words"})
    else:
        world.approve_all()
        judged = world.promote("1.0.0", body={field: None})
    refused(judged, f"rules 1 does not know {field}")


def test_an_inheritance_that_goes_round_in_a_circle() -> None:
    """It is a fault, and such a stage requires nothing that could be met."""
    value = value2()
    value["stages"]["staging"]["inherits"] = "production"
    value["stages"]["production"]["inherits"] = "staging"
    found = policy.parse(policy.written_out(value))
    assert found.stage("staging") is None
    assert found.requirements(MODEL, "high", "production") is None


@pytest.mark.parametrize("name", ["approvals", "override", "card", "commit-authors"])
def test_a_gate_is_not_called_like_a_check_of_govkits_own(name: str) -> None:
    """Else a gate that passes could be taken for approvals that were given; rules 1 did not ask."""
    value = value2()
    value["gates"][name] = value["gates"]["origin"]
    found = [fault.message for fault in policycheck.faults(policy.parse(policy.written_out(value))) if fault.fatal]
    assert [f"govkit has a check called '{name}' of its own: name the gate otherwise"] == found
    value["rules"] = 1
    value["gates"]["auc"].pop("waive")
    older = policycheck.faults(policy.parse(policy.written_out(value)))
    assert [] == [fault.message for fault in older if fault.fatal]


def propose_and_approve(world: World, value: Json, **body: Any) -> Any:
    """Ask for a policy, have it approved, and return the verdict on its adoption, or on the request."""
    asked = world.request_policy(value)
    if asked.status != "good":
        return asked
    for who in ("dan", "erin"):
        good(world.decide(who, "admin", request=asked.id))
    return world.adopt(value, body=body)


def test_rules_never_go_back(world: World) -> None:
    """Under older rules an override would not end on a rollback, and its author could close its review."""
    refused(propose_and_approve(world, policy_value()), "rules never go back to an older version")


def compromised(world: World, *retired: Json) -> Json:
    """Return the policy with another key for bob, whose old one is retired as said."""
    value = edited(world.value, "people", "bob", "keys", to=[key("bob's new one")])
    value["retired"] = [{"key": key("bob"), "person": "bob", **entry} for entry in retired]
    return value


def test_a_key_is_retired_once(world: World) -> None:
    """A second entry for a key could say that it is only lost, and take back what the first says."""
    entries = {"reason": "compromised", "since": 1}, {"reason": "lost"}
    judged = propose_and_approve(world, compromised(world, *entries))
    assert (judged.status, "stands there twice" in judged.reason) == ("inert", True)


def test_a_compromised_key_does_not_become_sound_again(world: World) -> None:
    """The event from which on it proves nothing may become an earlier one, not a later one."""
    value = compromised(world, {"reason": "compromised", "since": 2})
    world.change(value, removed=[{"key": key("bob"), "compromised_from": 2}])
    later = compromised(world, {"reason": "compromised", "since": 9000})
    refused(
        propose_and_approve(world, later, removed=[{"key": key("bob"), "compromised_from": 9000}]),
        "a key that is reported as compromised does not become sound again",
    )
    earlier = compromised(world, {"reason": "compromised", "since": 1})
    good(propose_and_approve(world, earlier, removed=[{"key": key("bob"), "compromised_from": 1}]))


def test_break_glass_is_not_the_easier_way_to_lift_a_reject() -> None:
    """A reject holds for both ways, so who may lift it only under break-glass cannot lift it."""
    value = value2()
    emergency = {"quorum": {"role": "risk-owner"}, "lift": ["release"]}
    value["stages"]["production"]["break_glass"] = {"approvals": emergency, "lasts": "3d", "review_within": "5d"}
    world = World(value)
    good(world.register("1.0.0"))
    good(world.request("1.0.0"))
    good(world.decide("carol", "validator", body={"decision": "reject", "comment": "it leaks the target"}))
    rules = world.policy.requirements(MODEL, "high", "production", "break-glass")
    assert rules is not None
    asked = {"action": "break-glass", "ticket": "INC-1"}
    good(world.request("1.0.0", body=asked, digests={"requirements": rules.digest}))
    refused(
        world.decide("erin", "release", body={"decision": "lift"}),
        "erin may not lift what others rejected in the role 'release'",
    )
    good(world.request("1.0.0"))
    assert world.state.tally(world.newest_request()).held == ["carol"]


def test_a_long_inheritance_is_refused() -> None:
    """Who may propose a policy cannot make every reader follow thousands of stages."""
    value = value2()
    value["stages"] |= {f"s{i}": {"inherits": f"s{i - 1}" if i else "production"} for i in range(5000)}
    assert "leads to no end" in World(value2()).request_policy(value).reason


def test_an_end_meant_nothing_under_rules_1() -> None:
    """A usual promotion that names an end, even one that is no day, is in service as a govkit of that time says."""
    world = World()
    good(world.register("1.0.0"))
    good(world.request("1.0.0"))
    world.approve_all()
    good(world.promote("1.0.0", body={"expires": "2026-02-31T00:00:00Z"}))
    found = history.of(world.state, world.state.versions[MODEL, "1.0.0"], "production", "2027-01-01T00:00:00Z", None)
    assert [(served.until, served.override) for served in found.served] == [(None, False)]


def test_a_cleared_stage_is_no_first_deployment() -> None:
    """Who may clear a stage cannot make the next version pass as the first: it is measured against the last."""
    world = World(value2())
    world.serve("1.0.0")
    good(world.register("1.1.0"))
    good(world.clear("production"))
    served = history.yardstick(world.state, MODEL, "production")
    assert served is not None and served.body.version == "1.0.0"
    good(world.revoke("1.0.0"))
    assert history.yardstick(world.state, MODEL, "production") is None
    known = history.of(world.state, world.state.versions[MODEL, "1.1.0"], "production", world.now, None)
    assert known.formerly
    gate = ChampionGate(metric="auc", direction="higher", absolute=0.0, first="pass")
    assert gate.decide(Context(with_metrics({"auc": 0.9}), history=known)).verdict == "fail"
    fresh = replace(known, formerly=False)
    assert gate.decide(Context(with_metrics({"auc": 0.9}), history=fresh)).verdict == "pass"


def test_who_may_only_propose_does_not_sweep_away_a_request() -> None:
    """Asking for the same policy once more does not end the request on which others have decided."""
    value = value2()
    value["roles"]["ci"] = {"people": ["robot"]}
    value["admin"]["propose"] = ["ci"]
    world = World(value)
    changed = edited(value, "description", to="another")
    asked = good(world.request_policy(changed))
    refused(world.request_policy(changed, actor="robot"), f"policy#{asked.index} asks for the same already")
    assert world.request_of(asked.id).state == "open"
    good(world.request_policy(changed))
    assert world.request_of(asked.id).state == "superseded"


# -- acknowledging what is unknown ------------------------------------------------------------------------------------


def unknown(world: World, schema: str = "govkit.event/v1") -> int:
    """Let Bob write an event that no rule knows, with evidence that is not there; returns its place."""
    judged = world.write("model.retired", "bob", {"any": 1}, event={"schema": schema})
    assert (judged.status, judged.unknown) == (Status.UNDECIDED, True)
    return judged.index


@pytest.mark.parametrize("schema", ["govkit.event/v1", "govkit.event/v2"])
def test_unknown_event_is_acknowledged_by_a_quorum(world: World, schema: str) -> None:
    """A type or schema that the rules do not know can be acknowledged: the leaf alone says that it is unknown."""
    at = unknown(world, schema)
    good(world.request_acknowledgement(at))
    refused(world.acknowledge(at), "approvals are missing: admin, admin")
    good(world.decide("dan", "admin"))
    good(world.decide("erin", "admin"))
    done = good(world.acknowledge(at))
    assert world.state.undecided == world.state.violations == {}
    assert world.state.acknowledged == {at: done}
    assert world.state.judged[at].status == Status.UNDECIDED
    refused(world.request_acknowledgement(at), "there is no such violation")


def test_unknown_event_is_not_acknowledged_under_rules_1() -> None:
    """Rules 1 had no such way, and whoever reads such a log judges it as it was."""
    world = World()
    at = unknown(world)
    assert world.state.violations == {}
    refused(world.request_acknowledgement(at), "there is no such violation")


@pytest.mark.parametrize("rules", [1, 2])
def test_violation_once_more(rules: int) -> None:
    """Under rules 2 the same violation appended again is inert, acknowledged or not; under rules 1 it is one more."""
    world = World() if rules == 1 else World(value2())
    assert world.fork().status == Status.CONFLICT
    again = world.append(world.entries[-1])
    assert again.status == (Status.CONFLICT if rules == 1 else Status.INERT)
    if rules == 2:
        assert again.reason == "a replay: the same stands at 1"


def test_missing_evidence_is_no_violation(world: World) -> None:
    """It may lie in another clone, so it is not for administrators to wave it through."""
    judged = world.write("waiver.granted", "bob", {}, subject=MODEL, event={"evidence": {"x": digest("x")}})
    assert (judged.status, judged.unknown) == (Status.UNDECIDED, False)
    refused(world.request_acknowledgement(judged.index), "there is no such violation")


def test_sole_administrator_acknowledges_alone() -> None:
    """Who may adopt a policy alone may go on alone, on a request that says why."""
    value = edited(value2(), "roles", "admin", to={"people": ["alice"]})
    value["admin"] = {**value["admin"], "sole": True, "approvals": {"quorum": {"role": "admin", "count": 1}}}
    world = World(value)
    at = world.fork().index
    good(world.request_acknowledgement(at))
    good(world.acknowledge(at))
    assert world.state.violations == {}


def test_every_type_belongs_to_rules() -> None:
    """A type of event that the code knows is one that some version of the rules knows, and the other way round."""
    assert set(TYPES) == set(policy.KNOWN_RULES)
    assert frozenset().union(*TYPES.values()) == frozenset(BODIES)
