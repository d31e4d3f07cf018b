"""Attack 23: "a policy with no gates, no approvers, a misspelt key, an unknown gate".

Refused when it is checked, proposed and adopted: no rule is satisfied by being empty, and what is unknown denies. The
ledger checks the same again, so that a modified govkit cannot bring such a policy in.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from world import World

from govkit.core import canonical, digests
from govkit.core.events import PolicyAdopted, RequestOpened

GATES = "gates: [lineage, auc, documented, parity]"
QUORUM = """\
      quorum:
        all:
          - {role: risk-owner, count: 1}
          - {role: validator, count: 1}
"""

#: By what is wrong: the text that is replaced, by what, the text on the line that is named, and the message.
FAULTS = {
    "no gates": (GATES, "gates: []", "gates: []", "stage 'production' has no gates"),
    "no approvers": (QUORUM, "      quorum: {}\n", "quorum: {}", "a quorum is one of: role (with count), all, any"),
    "an empty quorum": (QUORUM, "      quorum: {all: []}\n", "quorum: {all", "a quorum is one of"),
    "a quorum of nobody": (
        QUORUM,
        "      quorum: {role: validator, count: 0}\n",
        "count: 0",
        "stages.production.approvals.quorum.count: 0 is less than the minimum of 1",
    ),
    "no approvals": ("    approvals:\n" + QUORUM, "    x-approvals:\n", "x-approvals", "'x-approvals' is not known in"),
    "a misspelt key": ("quorum: {role: validator", "qorum: {role: validator", "qorum", "did you mean 'quorum'?"),
    "a misspelt bound": ("metric: auc, min: 0.7", "metric: auc, mn: 0.7", "mn: 0.7", "did you mean 'min'?"),
    "a misspelt role": ("{role: risk-owner, count", "{role: risk-ownr, count", "ownr", "did you mean 'risk-owner'?"),
    "an unknown gate": (GATES, "gates: [lineage, aucc]", "aucc", "there is no gate 'aucc'; did you mean 'auc'?"),
    "an unknown type": ("{type: lineage}", "{type: linage}", "linage", "no gate of type 'linage'; did you mean 'lin"),
    "a gate without a bound": (", min: 0.7, on: lower", "", "auc: {type", "neither min nor max"),
    "a bound that is no number": ("min: 0.7,", "min: .nan,", "min: .nan", "a bound must be a finite number"),
    "a gate without sections": (
        "sections: [owner, intended_use, limitations]",
        "sections: []",
        "sections: []",
        "it names no sections, so it could never refuse",
    ),
    "nobody who promotes": (
        "    promote: [release-engineer]\n",
        "    promote: []\n",
        "promote: []",
        "nobody may promote",
    ),
    "no administrators": ("admin:\n  roles: [admin]", "admin:\n  roles: []", "roles: []", "nobody may change this"),
    "no branches": ("branches: [main]", "branches: []", "branches", "'branches' is empty"),
}

Faulty = Callable[[dict[str, Any]], object]
#: The same in policy.json, for a modified govkit.
RAW: dict[str, tuple[Faulty, str]] = {
    "no gates": (lambda p: p["stages"]["production"].update(gates=[]), "has no gates"),
    "no approvers": (
        lambda p: p["stages"]["production"]["approvals"].update(
            quorum={"role": None, "count": 1, "all": [], "any": []}
        ),
        "a quorum is one of",
    ),
    "a misspelt key": (lambda p: p.update(stage={}), "unknown field `stage`"),
    "an unknown gate": (lambda p: p["stages"]["production"]["gates"].append("nogate"), "there is no gate 'nogate'"),
    "an unknown type": (lambda p: p["gates"]["auc"].update(type="none"), "Invalid value 'none'"),
    "a gate without a bound": (lambda p: p["gates"]["auc"].update(min=None), "neither min nor max"),
    "another schema": (lambda p: p.update(schema="govkit.policy/v0", rules="1"), "Expected `int`, got `str`"),
}


def _faulty(world: World, what: str) -> int:
    """Write the faulty policy and return the line that must be named."""
    old, new, marker, _ = FAULTS[what]
    path = world.repo / "governance" / "policy.yaml"
    text = path.read_text()
    assert old in text
    before, _, after = text.rpartition(old)
    changed = before + new + after
    path.write_text(changed)
    return next(n for n, line in reversed(list(enumerate(changed.splitlines(), 1))) if marker in line)


@pytest.mark.parametrize("what", FAULTS)
def test_is_refused_with_its_line(promoted: World, what: str) -> None:
    """The check names the line and what was meant, and the policy cannot be proposed."""
    line, message = _faulty(promoted, what), FAULTS[what][3]
    found = promoted.govkit("policy", "check", "--format", "json", expect=1).json["faults"]
    said = [fault for fault in found if message in fault["message"]]
    assert said and said[0]["fatal"] and said[0]["line"] == line, found
    printed = promoted.govkit("policy", "check", expect=1).out
    assert f"governance/policy.yaml:{line}: error: " in printed and "it cannot be adopted" in printed
    result = promoted.govkit("policy", "propose", "-m", "please", as_="rita", expect=1)
    assert "cannot be adopted" in result.text and message in result.text


@pytest.mark.parametrize("what", RAW)
def test_signed_by_an_administrator_it_is_inert(promoted: World, what: str) -> None:
    """A modified govkit can write the request and the adoption; neither has an effect."""
    change, message = RAW[what]
    before = promoted.log().state.policy
    assert before is not None
    value = json.loads(canonical.encode(before.raw))
    change(value)
    content = canonical.encode(value)
    body = RequestOpened(
        action="policy", reason="please", policy=digests.sha256(content), base=promoted.log().state.policies[-1][0]
    )
    promoted.push_signed("rita", {"policy.json": content}, type="request.opened", subject="*", body=body)
    assert promoted.last().status == "inert" and message in promoted.last().reason
    adopted = PolicyAdopted(request=promoted.last().id)
    promoted.push_signed("rita", {"policy.json": content}, type="policy.adopted", subject="*", body=adopted)
    assert promoted.last().status == "inert" and message in promoted.last().reason
    assert promoted.log().state.policy.digest == before.digest
    promoted.verify()


def test_no_stages(promoted: World) -> None:
    """A policy without stages governs nothing, so it is refused."""
    path = promoted.repo / "governance" / "policy.yaml"
    path.write_text(path.read_text().partition("\nstages:\n")[0] + "\nstages: {}\n")
    assert (
        "'stages' is empty, and no rule is satisfied by being empty"
        in promoted.govkit("policy", "check", expect=1).text
    )


def test_a_log_is_not_opened_with_one(governed: World) -> None:
    """A new log cannot start with such a policy either."""
    from govkit.core import rules

    value = json.loads(canonical.encode(governed.log().state.policy.raw))
    value["stages"]["production"]["gates"] = []
    with pytest.raises(rules.NotAllowed, match="has no gates"):
        rules.read_policy(canonical.encode(value))
    _faulty(governed, "no gates")
    governed.git("update-ref", "-d", "refs/heads/govkit/log")
    governed.forget()
    result = governed.govkit("init", as_="rita", expect=1)
    assert "stage 'production' has no gates" in result.text
    assert not governed.git("for-each-ref", "refs/heads/govkit")


def test_a_fit_policy(promoted: World) -> None:
    """The control: the policy as it is passes the check, and a good change of it is adopted."""
    assert "it can be adopted" in promoted.govkit("policy", "check").text
    promoted.change_policy("min: 0.7,", "min: 0.75,")
    assert promoted.log().state.policy.raw["gates"]["auc"]["min"] == 0.75
