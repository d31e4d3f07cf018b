"""Gate ``fairness``."""

from typing import Any

import pytest

from govkit.core import measures
from govkit.core.gates.base import Context, On, Verdict
from govkit.core.gates.fairness import FairnessGate
from tests.unit.core.cards import WRONG, card, with_fairness

GROUPS = {"young": {"n": 500, "rate": 0.5}, "old": {"n": 300, "rate": 0.4}}


def report(**changes: Any) -> dict[str, Any]:
    """Return a report on age."""
    return {"age": {"groups": GROUPS, "difference": {"rate": 0.1}, "ratio": {"rate": 0.8}, **changes}}


def gate(**changes: Any) -> FairnessGate:
    """Return a gate on the ratio."""
    values: dict[str, Any] = {"attribute": "age", "rate": "rate", "compare": "ratio", "min_group": 100, "min": 0.8}
    return FairnessGate(**{**values, **changes})


@pytest.mark.parametrize(
    ("rule", "content", "expected"),
    [
        (gate(), report(), Verdict.PASS),
        (gate(min=0.81), report(), Verdict.FAIL),
        (gate(compare="difference", min=None, max=0.1), report(), Verdict.PASS),
        (gate(compare="difference", min=None, max=0.09), report(), Verdict.FAIL),
        (gate(min_group=300), report(), Verdict.PASS),
        (gate(min_group=301), report(), Verdict.INCONCLUSIVE),
        (gate(min_group=301, min=0.9), report(), Verdict.INCONCLUSIVE),
        (gate(on="interval"), report(ratio={"rate": {"value": 0.8, "interval": [0.7, 0.9]}}), Verdict.INCONCLUSIVE),
        (gate(on="interval"), report(ratio={"rate": {"value": 0.8, "interval": [0.8, 0.9]}}), Verdict.PASS),
        (gate(on="lower"), report(ratio={"rate": {"value": 0.8, "interval": [0.7, 0.9]}}), Verdict.FAIL),
        (gate(on="lower"), report(), Verdict.ERROR),
        (gate(attribute="sex"), report(), Verdict.ERROR),
        (gate(rate="tpr"), report(), Verdict.ERROR),
        (gate(compare="difference", min=None, max=1), report(difference=None), Verdict.ERROR),
        (gate(), report(groups={}), Verdict.ERROR),
        (gate(), report(groups={"young": {"n": 500}}), Verdict.ERROR),
        (gate(), report(groups={**GROUPS, "older": {"rate": 0.5}}), Verdict.INCONCLUSIVE),
        (gate(), report(groups={**GROUPS, "older": {"n": None}}), Verdict.INCONCLUSIVE),
        (gate(), report(groups={**GROUPS, "older": {"n": "500"}}), Verdict.INCONCLUSIVE),
        (gate(), report(groups={**GROUPS, "older": {"n": True}}), Verdict.INCONCLUSIVE),
        (gate(), report(groups={**GROUPS, "older": {"n": 500.5}}), Verdict.INCONCLUSIVE),
    ],
)
def test_verdict(rule: FairnessGate, content: dict[str, Any], expected: Verdict) -> None:
    """Bounds on the comparison; small groups, or of unknown size, decide nothing; what is missing is an error."""
    outcome = rule.decide(Context(with_fairness(content)))
    assert expected is outcome.verdict
    assert (outcome.fix == "") == expected.opens


@pytest.mark.parametrize("on", ["value", "lower", "upper", "interval"])
@pytest.mark.parametrize("raw", WRONG.values(), ids=WRONG.keys())
def test_wrong_number_is_an_error(raw: bytes, on: On) -> None:
    """A comparison that is no number blocks, also where a group is too small to decide."""
    content = measures.load("f.json", b'{"rate": ' + raw + b"}")
    for min_group in (1, 1000):
        rule = gate(on=on, min=0, max=1, min_group=min_group)
        assert rule.decide(Context(with_fairness(report(ratio=content)))).verdict is Verdict.ERROR


def test_no_report_is_an_error() -> None:
    """Without a report there is nothing fair."""
    outcome = gate().decide(Context(card()))
    assert (outcome.verdict, outcome.found) == (Verdict.ERROR, "not reported")


def test_two_reports_are_an_error() -> None:
    """Where two files report one attribute, neither counts."""
    outcome = gate().decide(Context(with_fairness(report(), "a.json", "b.json")))
    assert (outcome.verdict, outcome.found) == (Verdict.ERROR, "not reported")


def test_words() -> None:
    """What was required and what was found, with the groups that are too small."""
    outcome = gate(min_group=301).decide(Context(with_fairness(report(groups={**GROUPS, "older": {}}))))
    assert outcome.required == "rate ratio over age ≥ 0.8, groups of ≥ 301"
    assert outcome.found == "0.8; too few in old (n = 300), older (n = ?)"


def test_faults() -> None:
    """The bounds are checked as those of metrics are."""
    assert gate(min=None).faults() == ["it sets neither min nor max, so it could never refuse"]
    assert gate().faults() == []
