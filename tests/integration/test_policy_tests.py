"""``govkit policy test``: cases of a file, faults with their lines, and past promotions judged again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from world import MODEL, World

from govkit.core import card, policytest, policytext
from govkit.core.errors import Malformed

ROOT = Path(__file__).resolve().parents[2]
HEAD = "schema: govkit.policy-test/v1\ncases:\n"
CASE = f"""\
  - name: a good one
    stage: production
    card: {MODEL}/card.json
    change:
      metrics: {{auc: {{value: 0.8, interval: [0.75, 0.85]}}}}
    expect: {{auc: pass, parity: pass}}
    open: true
  - name: a bad one
    stage: production
    card: {MODEL}/card.json
    champion: {MODEL}/card.json
    now: 2026-11-23T00:00:00Z
    change:
      metrics: {{auc: {{value: 0.7, interval: [0.65, 0.75]}}}}
      statements: {{owner: ""}}
      fairness: {{AGE: {{groups: {{old: {{n: 40}}}}}}}}
    expect: {{auc: fail, documented: fail, parity: inconclusive}}
    open: false
"""


def write(world: World, old: str, new: str) -> None:
    """Replace text in the working tree's policy."""
    path = world.repo / "governance" / "policy.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def suite_of(world: World, text: str) -> Path:
    """Write the tests of a world's policy."""
    path = world.repo / "governance" / "policy-tests.yaml"
    path.write_text(text)
    return path


def test_cases_as_expected(promoted: World) -> None:
    """All as expected is exit code 0; what was promoted so far is judged again."""
    suite_of(promoted, HEAD + CASE)
    text = promoted.govkit("policy", "test").text
    assert "2 of 2 cases as expected" in text and "2 past promotions replayed: none would not have passed" in text
    answer = promoted.govkit("policy", "test", "--no-replay", "--format", "json").json
    assert [case["passed"] for case in answer["cases"]] == [True, True]
    assert (answer["schema"], answer["replay"]) == ("govkit.policy-test-result/v1", [])


def test_cases_that_come_out_otherwise(promoted: World) -> None:
    """A looser gate is noticed: exit code 1, with the case, its line, and what was expected; the file may be named."""
    suite_of(promoted, HEAD + CASE).rename(promoted.repo / "governance" / "other.yaml")
    write(promoted, "min: 0.7,", "min: 0.6,")
    text = promoted.govkit("policy", "test", "governance/other.yaml", expect=1).text
    assert "governance/other.yaml:10: a bad one: auc: expected fail, got pass: required auc ≥ 0.6" in text
    assert "1 of 2 cases as expected" in text
    write(promoted, "min: 0.6,", "min: 0.9,")
    text = promoted.govkit("policy", "test", "governance/other.yaml", expect=1).text
    assert "a good one: expected to be open, but shut: auc" in text
    assert "2 would not have passed" in text and "✗ refused scorer@1.0.0" in text


def test_replay_knows_what_is_gone(promoted: World) -> None:
    """A stage that the proposed policy does not have lets nobody in; the exit code is that of the cases."""
    suite_of(promoted, HEAD + CASE)
    write(promoted, "  staging:", "  shadow:")
    assert "knows no stage 'staging'" in promoted.govkit("policy", "test").text


def test_a_policy_that_cannot_be_adopted(promoted: World) -> None:
    """Nobody need hold a role for the gates to be tested; gates that make no sense are not tested."""
    suite_of(promoted, HEAD + CASE)
    write(promoted, "admin:\n  roles: [admin]", "admin:\n  roles: [engineer]\n  sole: true")
    promoted.govkit("policy", "check", expect=1)
    promoted.govkit("policy", "test")
    write(promoted, "min: 0.7,", "")
    text = promoted.govkit("policy", "test", expect=1).text
    assert "governance/policy.yaml cannot be tested" in text and "it sets neither min nor max" in text


def test_without_a_log(promoted: World) -> None:
    """Where there is no log the cases run all the same, and that nothing was replayed is said."""
    suite_of(promoted, HEAD + CASE)
    promoted.git("update-ref", "-d", "refs/heads/govkit/log")
    promoted.forget()
    assert "nothing was replayed: this repository has no governance log" in promoted.govkit("policy", "test").err


FAULTS = (
    (HEAD + "  []\n", ":2: there are no cases"),
    ("schema: govkit.policy-test/v1\n", "'cases' is a required property"),
    ("- x\n", "are a mapping"),
    ("a: [1\n", "does not parse"),
    (
        HEAD + CASE.replace("stage: production", "stage: prodution"),
        ":4: the policy knows no stage 'prodution'; did you",
    ),
    (HEAD + CASE.replace("{auc: pass", "{auk: pass"), ":8: there is no gate 'auk'; did you mean 'auc'?"),
    (HEAD + CASE.replace("{auc: pass", "{auc: pas"), ":8: 'pas' is no verdict; did you mean 'pass'?"),
    (HEAD + CASE.replace("{auc: pass", "{auc: waived"), ":8: 'waived' is no verdict"),
    (HEAD + CASE.replace("stage: production", "stage: staging"), "stage 'staging' does not ask for gate 'parity'"),
    (HEAD + CASE.replace("    champion:", "    champoin:"), "did you mean 'champion'?"),
    (HEAD + CASE.replace("metrics: {auc", "metrics: {auk"), "the card has no metric 'auk'; did you mean 'auc'?"),
    (HEAD + CASE.replace("{owner:", "{onwer:"), "the card has no statement 'onwer'; did you mean 'owner'?"),
    (HEAD + CASE.replace("{AGE:", "{AEG:"), "the card has no protected attribute 'AEG'"),
    (HEAD + CASE.replace("{old: {n", "{odl: {n"), "the card has no group of AGE 'odl'; did you mean 'old'?"),
    (HEAD + CASE.replace("scorer/card.json", "scoer/card.json"), "there is no card at governance/scoer/card.json"),
    (HEAD + CASE.replace("scorer/card.json", "../../keys/rita"), "leaves the repository"),
    (HEAD + CASE.replace("scorer/card.json", "scorer/model.yaml"), "governance/scorer/model.yaml is no card"),
    (HEAD + CASE.replace("2026-11-23T", "2026-11-33T"), ":14: now: '2026-11-33T00:00:00Z' is no day and time"),
    (HEAD + CASE.replace("a bad one", "a good one"), "two cases are called 'a good one'"),
    (HEAD + f"  - {{name: x, stage: production, card: {MODEL}/card.json}}\n", "'x' expects nothing"),
)


@pytest.mark.parametrize(("text", "says"), FAULTS, ids=[says for _, says in FAULTS])
def test_faults_of_the_file(text: str, says: str, governed: World) -> None:
    """Each is exit code 2, with its line and, where it can be guessed, what was meant."""
    suite_of(governed, text)
    assert says in governed.govkit("policy", "test", expect=2).text


def test_no_file(governed: World) -> None:
    """Without tests, or with a file from elsewhere, the command says where they belong."""
    assert "there are no tests at governance/policy-tests.yaml" in governed.govkit("policy", "test", expect=2).text
    outside = governed.folder / "tests.yaml"
    outside.write_text(HEAD + CASE)
    assert "is not in this repository" in governed.govkit("policy", "test", str(outside), expect=2).text


def test_the_worked_example() -> None:
    """The example's policy does what its tests say."""
    governance = ROOT / "governance"
    text = policytext.read((governance / "policy.yaml").read_bytes(), where="policy.yaml")
    assert text.in_force is not None
    found = policytest.read((governance / "policy-tests.yaml").read_bytes(), where="policy-tests.yaml")
    assert found.faults == [] and found.suite is not None
    unexpected: dict[str, Any] = {}
    for case in found.suite.cases:
        parsed = card.parse((governance / case.card).read_bytes())
        changed = policytest.changed(parsed, case.change)
        assert list(policytest.case_faults(case, text.in_force, changed.statements.tier)) == []
        now = "2026-11-23T00:00:00Z"
        result = policytest.run(case, 1, text.in_force, changed, None, now=now, evaluate=None)
        unexpected[case.name] = result.unexpected
    assert len(unexpected) > 5 and not any(unexpected.values()), unexpected


def test_a_change_of_tier_is_a_change_of_the_card() -> None:
    """A case may put the card into another tier, and may take a metric out."""
    parsed = card.parse((ROOT / "governance" / "credit-default" / "card.json").read_bytes())
    to = policytest.CardChange(tier="low", metrics={"auc": None, "reports/metrics.json:ece": 0.5})
    changed = policytest.changed(parsed, to)
    assert changed.statements.tier == "low" and changed.find_metrics("auc") == []
    assert changed.find_metrics("ece")[0].measure.value == 0.5
    assert policytest.changed(parsed, None) is parsed
    with pytest.raises(Malformed, match="did you mean 'auc'"):
        policytest.changed(parsed, policytest.CardChange(metrics={"acu": 1.0}))
