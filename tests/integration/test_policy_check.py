"""``govkit policy check`` names file and line of what is wrong with a policy, and what was meant."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.world import World

PATH = "governance/policy.yaml"
#: What is replaced by what, a text in the line that must be named, whether it is fatal, and the message.
CASES: dict[str, tuple[str, str, str, bool, str]] = {
    "an empty stage": (
        "gates: [lineage, auc]\n",
        "gates: []\n",
        "gates: []",
        True,
        "stage 'staging' has no gates, and no rule is satisfied by being empty",
    ),
    "an unknown key": (
        "min: 0.7,",
        "minn: 0.7,",
        "minn",
        True,
        "'minn' is not known in gates.auc; did you mean 'min'?",
    ),
    "an unknown kind of gate": (
        "type: lineage",
        "type: linage",
        "linage",
        True,
        "there is no gate of type 'linage'; did you mean 'lineage'?",
    ),
    "an unknown gate": (
        "gates: [lineage, auc]\n",
        "gates: [lineage, acu]\n",
        "acu]",
        True,
        "there is no gate 'acu'; did you mean 'auc'?",
    ),
    "an unknown role": (
        "{role: validator, count: 1}\n      valid_for",
        "{role: validater, count: 1}\n      valid_for",
        "validater",
        True,
        "there is no role 'validater'; did you mean 'validator'?",
    ),
    "an unknown role that waives": (
        "type: lineage}",
        "type: lineage, waive: [risk-ownr]}",
        "risk-ownr",
        True,
        "there is no role 'risk-ownr'; did you mean 'risk-owner'?",
    ),
    "an unknown stage to inherit": (
        "  production:\n",
        "  production:\n    inherits: stagin\n",
        "inherits",
        True,
        "there is no stage 'stagin'; did you mean 'staging'?",
    ),
    "a stage that a gate names": (
        "  lineage: {type: lineage}\n",
        "  lineage: {type: lineage}\n  served: {type: stage, stage: stagin, at_least: 1d}\n",
        "served",
        True,
        "gate 'served': there is no stage 'stagin'; did you mean 'staging'?",
    ),
    "a role without people": (
        "  engineer: {people",
        "  auditor: {people: []}\n  engineer: {people",
        "auditor",
        False,
        "nobody holds the role 'auditor'",
    ),
    "a quorum out of reach": (
        "quorum: {role: validator, count: 1}",
        "quorum: {role: validator, count: 5}",
        "count: 5",
        False,
        "the people who hold these roles cannot reach the quorum",
    ),
    "a gate never used": (
        "  lineage: {type: lineage}\n",
        "  lineage: {type: lineage}\n  spare: {type: lineage}\n",
        "spare",
        False,
        "no stage uses the gate 'spare'",
    ),
    "an expression of an unknown root": (
        "  lineage: {type: lineage}\n",
        "  lineage: {type: lineage}\n  rule: {type: expression, expression: carte.x == 1}\n",
        "rule:",
        True,
        "carte",
    ),
}


@pytest.mark.parametrize(("old", "new", "marker", "fatal", "message"), CASES.values(), ids=CASES.keys())
def test_fault_has_file_line_and_suggestion(
    promoted: World, old: str, new: str, marker: str, fatal: bool, message: str
) -> None:
    """Each fault stands on one line with the file's name and its own; fatal ones keep the policy from being proposed."""
    path = promoted.repo / PATH
    text = path.read_text()
    assert old in text
    changed = text.replace(old, new, 1)
    path.write_text(changed)
    line = next(number for number, line in enumerate(changed.splitlines(), 1) if marker in line)
    result = promoted.govkit("policy", "check", expect=1 if fatal else 0)
    kind = "error" if fatal else "warning"
    assert any(said.startswith(f"{PATH}:{line}: {kind}: ") and message in said for said in result.out.splitlines()), (
        result.out
    )
    if fatal:
        assert message in promoted.govkit("policy", "propose", "-m", "why", as_="rita", expect=1).text


def test_one_key_under_two_people(promoted: World) -> None:
    """A key has one owner; the check names both."""
    path = promoted.repo / PATH
    keys = [promoted.key(person).public for person in ("rita", "victor")]
    path.write_text(path.read_text().replace(keys[1], keys[0]))
    result = promoted.govkit("policy", "check", expect=1)
    assert "one key stands under two people, rita and victor" in result.out
    assert result.out.startswith(f"{PATH}:")


def test_the_loss_of_one_key(promoted: World) -> None:
    """Where two administrators are needed and there are two, the check says what the loss of a key would mean."""
    result = promoted.govkit("policy", "check")
    assert "if rita loses their key, no change of the policy can be approved any more" in result.out
    assert result.out.rstrip().endswith("it can be adopted")


def test_a_fit_policy_loads_no_schema_checker(governed: World) -> None:
    """Every gate reads a policy, and a schema checker can take seconds to load; only a mistake needs its words."""
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from govkit.core import policytext\n"
        "fit = Path('governance/policy.yaml').read_bytes()\n"
        "for text in (fit, fit + b'\\nstagez: {}\\n'):\n"
        "    print(policytext.read(text, where='policy.yaml').fit, 'jsonschema' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=governed.repo, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "False", "True"]
