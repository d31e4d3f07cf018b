"""A policy with throw-away people: the same gates and stages, and nothing that leads outside."""

from __future__ import annotations

from govkit.core import policycheck, strangers
from govkit.core.approvals import satisfiable
from govkit.core.strangers import Stranger
from tests.unit.core.simulator import edited, in_force, key, policy_value

ASKER = Stranger("tina", "Tina", key("tina"))
OTHERS = [Stranger(name, name.title(), key(name)) for name in ("remy", "anna", "bela")]


def test_everybody_is_exchanged() -> None:
    """Nobody of the policy is left, nor a key, a mirror, a limit of a role, or a demand for signed commits."""
    value = policy_value()
    value["audit"] = {"mirrors": ["s3://bank/log"]}
    value["retired"] = [{"key": key("old"), "person": "bob", "reason": "left"}]
    value["roles"]["validator"]["models"] = ["other-*"]
    value = edited(value, "stages", "production", "approvals", "commit_authors", to="verified")
    changed = strangers.exchanged(value, ASKER, OTHERS, "main")
    assert set(changed["people"]) == {"tina", "remy", "anna", "bela"}
    assert changed["branches"] == ["main"] and not {"audit", "retired"} & set(changed)
    assert changed["stages"]["production"]["approvals"]["commit_authors"] == "claimed"
    assert changed["gates"] == value["gates"]
    policy = in_force(changed)
    assert not [fault for fault in policycheck.faults(policy) if fault.fatal]
    held = {person: policy.roles_of(person, "any") for person in changed["people"]}
    assert held["tina"] == {"engineer"}
    assert held["anna"] == set(value["roles"])


def test_quorums_can_be_met() -> None:
    """By the first people in turn, in the roles that are named for them."""
    policy = in_force(strangers.exchanged(policy_value(), ASKER, OTHERS, "main"))
    quorum = policy.policy.stages["production"].approvals
    assert quorum is not None
    slots = strangers.slots(quorum.quorum)
    assert slots == ("risk-owner", "validator")
    assert satisfiable(quorum.quorum, {person.id: {role} for person, role in zip(OTHERS, slots, strict=False)})


def test_gates_that_say_no_are_taken_out() -> None:
    """From every stage and tier; a stage that is left without asks for an owner, as an empty one would be no policy."""
    value = strangers.exchanged(policy_value(), ASKER, OTHERS, "main")
    value["rules"] = 2
    del value["records"]["waiver.granted"]
    value["stages"]["production"]["tiers"] = {"high": {"gates": ["statements", "auc"]}}
    value["stages"]["production"]["canary"] = {"gates": ["auc"]}
    changed = strangers.without_gates(value, {"auc"})
    policy = in_force(changed)
    assert not [fault for fault in policycheck.faults(policy) if fault.fatal]
    assert policy.policy.stages["staging"].gates == ["has-an-owner"]
    assert policy.policy.stages["production"].gates == ["origin"]
    assert policy.policy.stages["production"].tiers["high"].gates == ["statements"]
    assert policy.policy.stages["production"].canary is None
    assert "auc" not in policy.policy.gates
