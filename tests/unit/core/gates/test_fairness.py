"""Gate ``fairness``."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def each(**changes: Any) -> FairnessGate:
    """Return a gate on the rate of every group."""
    return gate(compare="each", **{"min": 0.4, **changes})


def groups(**changes: Any) -> dict[str, Any]:
    """Return a report of groups alone."""
    return {"age": {"groups": {**GROUPS, **changes}}}


@pytest.mark.parametrize(
    ("rule", "content", "expected", "found"),
    [
        (each(), groups(), Verdict.PASS, "all within bounds, nearest to them old 0.4 (n = 300); young 0.5 (n = 500)"),
        (each(min=None, max=0.5), groups(), Verdict.PASS, None),
        (each(min=0.41), groups(), Verdict.FAIL, "old 0.4 (n = 300)"),
        (each(min=0.6), groups(), Verdict.FAIL, "old 0.4 (n = 300); young 0.5 (n = 500)"),
        (each(min=0.41, max=0.45), groups(), Verdict.FAIL, "young 0.5 (n = 500); old 0.4 (n = 300)"),
        (each(), groups(c={"n": 99, "rate": 0.1}), Verdict.INCONCLUSIVE, "cannot be told: c 0.1 (n = 99)"),
        (each(), groups(c={"rate": 0.5}), Verdict.INCONCLUSIVE, "cannot be told: c 0.5 (n unknown)"),
        (each(), groups(c={"n": 1}), Verdict.INCONCLUSIVE, "cannot be told: c has no rate (n = 1)"),
        (each(min=0.41), groups(c={"n": 1, "rate": 0.1}), Verdict.FAIL, "old 0.4 (n = 300)"),
        (each(min=0.41), groups(c={"n": 100}), Verdict.ERROR, "c has no rate (n = 100)"),
        (each(), groups(c={"n": 1, "rate": None}), Verdict.ERROR, "c not a number but null: None (n = 1)"),
        (each(on="lower"), groups(), Verdict.ERROR, None),
        (each(), {"age": {"groups": {}}}, Verdict.ERROR, "fewer than two groups are reported"),
        (each(), {"age": {"groups": {"old": GROUPS["old"]}}}, Verdict.ERROR, "fewer than two groups are reported"),
        (each(attribute="sex"), groups(), Verdict.ERROR, "not reported"),
        (
            each(on="interval"),
            {"age": {"groups": {k: {"n": 500, "rate": {"value": 0.4, "interval": [0.3, 0.5]}} for k in "abcd"}}},
            Verdict.INCONCLUSIVE,
            "cannot be told: a 0.4 [0.3, 0.5] (n = 500); b 0.4 [0.3, 0.5] (n = 500); c 0.4 [0.3, 0.5] (n = 500)"
            " and 1 more",
        ),
    ],
)
def test_each_group(rule: FairnessGate, content: dict[str, Any], expected: Verdict, found: str | None) -> None:
    """Every group is held against the bounds; the worst one decides and is named."""
    outcome = rule.decide(Context(with_fairness(content)))
    assert expected is outcome.verdict
    assert found in (None, outcome.found)
    assert (outcome.fix == "") == expected.opens


@pytest.mark.parametrize("on", ["value", "lower", "upper", "interval"])
@pytest.mark.parametrize("raw", WRONG.values(), ids=WRONG.keys())
def test_wrong_number_of_one_group_is_an_error(raw: bytes, on: On) -> None:
    """One group's number that is none blocks, however small the group."""
    content = groups(c={"n": 5, **measures.load("f.json", b'{"rate": ' + raw + b"}")})
    assert each(on=on, min=0, max=1).decide(Context(with_fairness(content))).verdict is Verdict.ERROR


rates = st.dictionaries(
    st.sampled_from("abcdef"),
    st.fixed_dictionaries({"n": st.none() | st.integers(0, 300), "rate": st.none() | st.floats(0, 1)}),
    max_size=6,
)


@given(rates, st.floats(0, 1), st.floats(0, 1), st.randoms())
def test_order_and_tightness(content: dict[str, Any], low: float, more: float, random: Random) -> None:
    """The verdict does not depend on the order of groups, and a higher floor lets no more through."""
    wide = each(min=low).decide(Context(with_fairness({"age": {"groups": content}})))
    names = list(content)
    random.shuffle(names)
    shuffled = {"age": {"groups": {name: content[name] for name in names}}}
    assert wide == each(min=low).decide(Context(with_fairness(shuffled)))
    tight = each(min=low + more).decide(Context(with_fairness({"age": {"groups": content}})))
    assert tight.verdict is not Verdict.PASS or wide.verdict is Verdict.PASS
    assert wide.verdict is not Verdict.FAIL or tight.verdict is Verdict.FAIL
