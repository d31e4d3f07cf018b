"""What makes a policy unfit to be adopted."""

from typing import Any

import pytest

from govkit.core import policycheck
from govkit.core.errors import Malformed
from tests import pace
from tests.unit.core.simulator import Json, edited, in_force, key, policy_value


def faults(value: Json) -> list[str]:
    """Return what is fatal about a policy."""
    return [fault.message for fault in policycheck.faults(in_force(value)) if fault.fatal]


def test_fit_policy_has_no_faults() -> None:
    """The policy of these tests can be adopted; what is unused, and how few the administrators are, is only said."""
    found = policycheck.faults(in_force(policy_value()))
    few = "loses their key, no change of the policy can be approved any more: add an administrator, or a second key"
    assert [(fault.path, fault.message, fault.fatal) for fault in found] == [
        (("gates", "statements"), "no stage uses the gate 'statements'", False),
        *((("admin", "approvals"), f"if {who} {few}", False) for who in ("alice", "dan", "erin")),
    ]


QUORUM = ("stages", "production", "approvals", "quorum")
FAULTS: dict[str, tuple[tuple[str, ...], Any, str]] = {
    "rules to come": (("rules",), 3, "this govkit knows rules 1 and 2, not 3"),
    "no branches": (("branches",), [], "'branches' is empty, and no rule is satisfied by being empty"),
    "no register": (("register",), [], "'register' is empty, and no rule is satisfied by being empty"),
    "no stages": (("stages",), {}, "'stages' is empty, and no rule is satisfied by being empty"),
    "no gates": (("stages", "staging", "gates"), [], "stage 'staging' has no gates, and no rule is satisfied"),
    "unknown register": (("register",), ["enginer"], "there is no role 'enginer'; did you mean 'engineer'?"),
    "unknown revoke": (("revoke",), ["king"], "there is no role 'king'"),
    "unknown event": (
        ("records",),
        {"canary.record": ["release"]},
        "'canary.record' is no recording event; did you mean 'canary.recorded'?",
    ),
    "deciding event": (("records",), {"decision.recorded": ["release"]}, "'decision.recorded' is no recording event"),
    "unknown recorder": (("records",), {"canary.recorded": ["king"]}, "there is no role 'king'"),
    "key with a comment": (
        ("people", "bob", "keys"),
        [key("bob") + " bob@laptop"],
        "write the key as 'TYPE BASE64', without a comment",
    ),
    "no key": (("people", "bob", "keys"), ["ssh-ed25519 AAAA"], "a key that is cut short"),
    "key of two people": (
        ("people", "bob", "keys"),
        [key("alice")],
        "one key stands under two people, alice and bob",
    ),
    "address of two people": (
        ("people", "bob", "emails"),
        ["ALICE@bank.example"],
        "ALICE@bank.example stands under alice and bob",
    ),
    "unknown person": (
        ("roles", "validator", "people"),
        ["caro"],
        "'caro' is not among the people; did you mean 'carol'?",
    ),
    "role for no models": (
        ("roles", "validator"),
        {"people": ["carol"], "models": []},
        "'models' is empty; write \"*\" for all",
    ),
    "role for no tiers": (
        ("roles", "validator"),
        {"people": ["carol"], "tiers": []},
        "'tiers' is empty; write \"*\" for all",
    ),
    "gate without bounds": (
        ("gates", "auc"),
        {"type": "metric", "metric": "auc"},
        "gate 'auc': it sets neither min nor max, so it could never refuse",
    ),
    "gate that excludes all": (
        ("gates", "auc"),
        {"type": "metric", "metric": "auc", "min": 2, "max": 1},
        "gate 'auc': min 2 is above max 1, so nothing could pass",
    ),
    "card gate without sections": (
        ("gates", "statements", "sections"),
        [],
        "gate 'statements': it names no sections, so it could never refuse",
    ),
    "unknown section": (("gates", "statements", "sections"), ["onwer"], "gate 'statements': 'onwer' is no section"),
    "fairness without bounds": (
        ("gates", "statements"),
        {"type": "fairness", "attribute": "age", "rate": "r", "compare": "ratio", "min_group": 10},
        "gate 'statements': it sets neither min nor max",
    ),
    "unknown gate": (
        ("stages", "staging", "gates"),
        ["auk"],
        "there is no gate 'auk'; did you mean 'auc'?",
    ),
    "nobody promotes": (("stages", "staging", "promote"), [], "nobody may promote into 'staging'"),
    "unknown promoter": (("stages", "staging", "promote"), ["king"], "there is no role 'king'"),
    "unknown lifter": (("stages", "staging", "approvals", "lift"), ["king"], "there is no role 'king'"),
    "empty quorum": (QUORUM, {}, "a quorum is one of: role (with count), all, any; at most four levels deep"),
    "quorum of two kinds": (QUORUM, {"role": "validator", "any": [{"role": "risk-owner"}]}, "a quorum is one of"),
    "quorum of empty parts": (QUORUM, {"all": [{"role": "validator"}, {}]}, "a quorum is one of"),
    "unknown approver": (QUORUM, {"role": "king"}, "there is no role 'king'"),
    "deep quorum": (
        QUORUM,
        {"all": [{"all": [{"all": [{"all": [{"all": [{"role": "validator"}]}]}]}]}]},
        "a quorum is one of",
    ),
    "large quorum": (
        QUORUM,
        {"all": [{"role": "validator", "count": 100}] * 3},
        "more than 200 people stand in this quorum: simplify it",
    ),
    "many ways": (
        QUORUM,
        {"all": [{"any": [{"role": "validator"}, {"role": "risk-owner"}]}] * 7},
        "more than 64 ways to reach the quorum: simplify it",
    ),
    "no administrators": (("admin", "roles"), [], "nobody may change this policy"),
    "administrators of no role": (("admin", "roles"), ["king"], "there is no role 'king'"),
    "a role that nobody holds": (
        ("roles", "admin", "people"),
        [],
        "nobody with a key may change this policy",
    ),
    "an administrator without a key": (
        ("roles", "admin"),
        {"people": ["grace"]},
        "nobody with a key may change this policy",
    ),
    "administrators for one model": (
        ("roles", "admin"),
        {"people": ["alice", "dan", "erin"], "models": ["m"]},
        "nobody with a key may change this policy",
    ),
    "a quorum that nobody reaches": (
        ("admin", "approvals", "quorum", "count"),
        3,
        "no change of the policy could be approved: whoever asks may not approve",
    ),
    "a quorum of services": (
        ("roles", "admin", "people"),
        ["robot", "alice"],
        "no change of the policy could be approved: whoever asks may not approve",
    ),
    "an empty quorum of administrators": (("admin", "approvals", "quorum"), {}, "a quorum is one of"),
    "a sole administrator among three": (("admin", "sole"), True, "'sole' is for one administrator, and there are 3"),
}


@pytest.mark.parametrize(("path", "to", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_fault_is_fatal(path: tuple[str, ...], to: Any, message: str) -> None:
    """A rule that is empty, names nothing or cannot be met must not be adopted; the message helps to mend it."""
    value = edited(policy_value(), "people", "grace", to={"name": "Grace"})
    found = faults(edited(value, *path, to=to))
    assert any(fault.startswith(message) for fault in found), found


@pytest.mark.parametrize(
    ("path", "to", "message"),
    [
        (("people", "frank", "keys"), [], "frank has no key, so nothing that they sign can count"),
        (("roles", "head", "people"), [], "nobody holds the role 'head'"),
        (("roles", "validator", "people"), ["robot"], "the people who hold these roles cannot reach the quorum"),
        (
            ("stages", "staging", "approvals", "quorum", "count"),
            3,
            "the people who hold these roles cannot reach the quorum",
        ),
    ],
)
def test_fault_is_said(path: tuple[str, ...], to: Any, message: str) -> None:
    """What may mend itself, because people join, is said and does not hinder."""
    found = policycheck.faults(in_force(edited(policy_value(), *path, to=to)))
    assert message in [fault.message for fault in found if not fault.fatal]
    assert [fault for fault in found if fault.fatal] == []


def test_names_that_are_none_do_not_parse() -> None:
    """Ids and stages that are no names are refused before they are checked."""
    for path, to in ((("people", "Bob"), {"name": "B"}), (("stages", "a#b"), policy_value()["stages"]["staging"])):
        with pytest.raises(Malformed):
            in_force(edited(policy_value(), *path, to=to))


def test_large_quorum_is_refused_quickly() -> None:
    """The ways to reach a nested quorum are too many to be listed, and are not."""
    part: Json = {"any": [{"role": "validator", "count": 100}] * 900}
    with pace.little():
        found = faults(edited(policy_value(), *QUORUM, to={"all": [part] * 20}))
        assert "more than 200 people stand in this quorum: simplify it" in found
        found = faults(edited(policy_value(), "admin", "approvals", "quorum", to={"all": [part] * 20}))
        assert "more than 200 people stand in this quorum: simplify it" in found
