"""Policy-as-code: reading it, who may do what, what a stage requires."""

import pytest
from hypothesis import given, settings

from govkit.core import canonical, policy
from govkit.core.errors import Malformed
from govkit.core.gates.metric import MetricGate
from tests.unit.core.simulator import Json, edited, in_force, key, policy_value
from tests.unit.core.strategies import hostile, json_values

WRITTEN = policy.written_out(policy_value())


def test_defaults_are_written_out() -> None:
    """What is adopted says everything, so that a later default changes nothing."""
    value = canonical.decode(WRITTEN)
    assert value["people"]["alice"]["kind"] == "person"
    assert value["roles"]["validator"] == {"models": ["*"], "people": ["carol"], "tiers": ["*"]}
    assert value["stages"]["staging"]["approvals"]["valid_for"] is None
    assert policy.written_out(value) == WRITTEN


def test_digest_is_over_the_bytes() -> None:
    """A policy is known by the bytes that were adopted."""
    found = policy.parse(WRITTEN)
    assert found.raw == canonical.decode(WRITTEN)
    assert found.digest != in_force(edited(policy_value(), "description", to="x")).digest


@pytest.mark.parametrize(
    "change",
    [
        {"gate": {}},
        {"rules": 0},
        {"rules": "1"},
        {"rules": True},
        {"schema": "govkit.policy/v2"},
        {"people": {"Alice": {"name": "A"}}},
        {"people": {"alice": {"name": " "}}},
        {"people": {"alice": {"name": "A", "kind": "robot"}}},
        {"people": {"alice": {"name": "A", "key": "x"}}},
        {"roles": {"Risk Owner": {"people": []}}},
        {"gates": {"auc": {"type": "metrik", "metric": "auc"}}},
        {"gates": {"auc": {"metric": "auc"}}},
        {"gates": {"auc": {"type": "metric", "metric": "auc", "min": "0.7"}}},
        {"gates": {"auc": {"type": "metric", "metric": "auc", "minimum": 0.7}}},
        {"stages": {"a b": {"gates": [], "approvals": {"quorum": {}}, "promote": []}}},
        {"stages": {"a": {"gates": [], "approvals": {"quorum": {"role": "r", "count": 0}}, "promote": []}}},
        {"stages": {"a": {"gates": [], "approvals": {"quorum": {"role": "r", "count": 101}}, "promote": []}}},
        {"stages": {"a": {"gates": [], "approvals": {"quorum": {}, "valid_for": "0d"}, "promote": []}}},
        {"stages": {"a": {"gates": [], "approvals": {"quorum": {}, "forbid": ["everybody"]}, "promote": []}}},
        {"admin": None},
        {"description": None},
    ],
)
def test_other_forms_are_malformed(change: Json) -> None:
    """Misspelt keys, unknown gates and wrong types are errors, never defaults."""
    value = {**canonical.decode(WRITTEN), **change}
    with pytest.raises(Malformed):
        policy.parse(canonical.encode(value))
    with pytest.raises(Malformed):
        policy.written_out(value)


@pytest.mark.parametrize(
    "name", ["schema", "rules", "branches", "people", "roles", "admin", "register", "gates", "stages"]
)
def test_missing_section_is_malformed(name: str) -> None:
    """What a policy must say has no default."""
    with pytest.raises(Malformed):
        policy.parse(canonical.encode(edited(canonical.decode(WRITTEN), name, to=KeyError)))


@settings(max_examples=150)
@given(hostile(WRITTEN, b'{"rules":1}', b"[]"))
def test_parse_raises_only_malformed(data: bytes) -> None:
    """Arbitrary bytes are a policy, or malformed."""
    try:
        found = policy.parse(data)
    except Malformed:
        return
    assert data == canonical.encode(found.raw)


@given(json_values())
def test_written_out_raises_only_malformed(value: object) -> None:
    """So it is for what people write."""
    with pytest.raises(Malformed):
        policy.written_out(value)


# -- who may do what --------------------------------------------------------------------------------------------------


def test_owner_of_a_key() -> None:
    """A key belongs to whoever it stands under, and to nobody else."""
    world = in_force(policy_value())
    assert (world.owner(key("bob")), world.owner(key("mallory")), world.owner("")) == ("bob", None, None)


@pytest.mark.parametrize(
    ("limits", "model", "tier", "expected"),
    [
        ({}, None, None, True),
        ({}, "m", "high", True),
        ({"models": ["m"]}, "m", "high", True),
        ({"models": ["m"]}, "m2", "high", False),
        ({"models": ["m"]}, "M", "high", False),
        ({"models": ["m*"]}, "m2", "high", True),
        ({"models": ["x", "m?"]}, "m2", "low", True),
        ({"models": ["[m]"]}, "m", "low", True),
        ({"models": ["m"]}, None, None, False),
        ({"models": ["m*"]}, None, "high", False),
        ({"tiers": ["low", "medium"]}, "m", "medium", True),
        ({"tiers": ["low"]}, "m", "high", False),
        ({"tiers": ["low"]}, "m", None, False),
        ({"tiers": ["*"]}, "m", None, True),
        ({"tiers": ["high"]}, "m", "*", False),
    ],
)
def test_roles_for_models_and_tiers(limits: Json, model: str | None, tier: str | None, expected: bool) -> None:
    """A limited role does not count where the model or tier is another, or is not said."""
    found = in_force(edited(policy_value(), "roles", "validator", to={"people": ["carol"], **limits}))
    assert expected == ("validator" in found.roles_of("carol", model, tier))
    assert expected == found.may("carol", ["validator", "engineer"], model, tier)
    assert not found.may("carol", [], model, tier)
    assert not found.may("bob", ["validator"], model, tier)


# -- what a stage requires --------------------------------------------------------------------------------------------


def digest_of(value: Json, model: str = "m", tier: str = "high", stage: str = "production") -> str | None:
    """Return the digest of requirements."""
    found = in_force(value).requirements(model, tier, stage)
    return found.digest if found else None


def test_requirements_are_the_stages_gates_and_approvals() -> None:
    """The gates in the policy's order, the approval rules, and their digest."""
    found = in_force(policy_value()).requirements("m", "high", "production")
    assert found is not None
    assert list(found.gates) == ["auc", "origin"]
    assert MetricGate(metric="auc", min=0.75) == found.gates["auc"]
    assert found.approvals.valid_for == "30d"
    assert in_force(policy_value()).requirements("m", "high", "nowhere") is None


def test_requirements_do_not_hold_people() -> None:
    """People, keys, roles' members, other stages and descriptions are not part of them."""
    value = policy_value()
    others = [
        edited(value, "people", "grace", to={"name": "Grace", "keys": [key("grace")]}),
        edited(value, "people", "bob", "keys", to=[key("bob's second")]),
        edited(value, "roles", "risk-owner", "people", to=["dan"]),
        edited(value, "stages", "staging", "gates", to=["origin"]),
        edited(value, "gates", "statements", "sections", to=["owner"]),
        edited(value, "description", to="x"),
        edited(value, "stages", "production", "description", to="x"),
        edited(value, "stages", "production", "promote", to=["engineer"]),
        edited(value, "meanings", to=["yes"]),
    ]
    assert {digest_of(value)} == {digest_of(other) for other in others}


def test_requirements_hold_all_that_is_required() -> None:
    """Model, tier, stage, gates and approval rules are part of them."""
    value = policy_value()
    found = {
        digest_of(value),
        digest_of(value, model="n"),
        digest_of(value, tier="low"),
        digest_of(value, stage="staging"),
        digest_of(edited(value, "gates", "auc", "min", to=0.76)),
        digest_of(edited(value, "gates", "auc", "description", to="why")),
        digest_of(edited(value, "stages", "production", "gates", to=["origin", "statements"])),
        digest_of(edited(value, "stages", "production", "approvals", "quorum", to={"role": "validator"})),
        digest_of(edited(value, "stages", "production", "approvals", "commit_authors", to="verified")),
        digest_of(edited(value, "stages", "production", "approvals", "valid_for", to="31d")),
    }
    assert len(found) == 10


def test_requirements_for_changes_of_the_policy() -> None:
    """They have no gates, and change with the administrators' approval rules alone."""
    value = policy_value()
    found = in_force(value).admin_requirements()
    assert (found.gates, found.approvals.quorum.count) == ({}, 2)
    assert found.digest == in_force(edited(value, "gates", "auc", "min", to=0.1)).admin_requirements().digest
    other = in_force(edited(value, "admin", "approvals", "quorum", "count", to=1)).admin_requirements()
    assert found.digest != other.digest
