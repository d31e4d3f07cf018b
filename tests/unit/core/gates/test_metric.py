"""Gate ``metric``."""

import math
from typing import Any

import pytest

from govkit.core import measures
from govkit.core.gates.base import Context, On, Verdict
from govkit.core.gates.metric import MetricGate, Slice
from tests.unit.core.cards import WRONG, with_fairness, with_metrics

WITH_INTERVAL = {"value": 0.8, "interval": [0.7, 0.9], "n": 100}


@pytest.mark.parametrize(
    ("raw", "low", "high", "on", "expected"),
    [
        (0.8, 0.75, None, "value", Verdict.PASS),
        (0.75, 0.75, None, "value", Verdict.PASS),
        (0.7499999, 0.75, None, "value", Verdict.FAIL),
        (0.8, None, 0.8, "value", Verdict.PASS),
        (0.81, None, 0.8, "value", Verdict.FAIL),
        (0, 0, 0, "value", Verdict.PASS),
        (WITH_INTERVAL, 0.75, None, "value", Verdict.PASS),
        (WITH_INTERVAL, 0.75, None, "lower", Verdict.FAIL),
        (WITH_INTERVAL, 0.7, None, "lower", Verdict.PASS),
        (WITH_INTERVAL, None, 0.85, "upper", Verdict.FAIL),
        (WITH_INTERVAL, None, 0.9, "upper", Verdict.PASS),
        (WITH_INTERVAL, 0.75, None, "interval", Verdict.INCONCLUSIVE),
        (WITH_INTERVAL, 0.6, None, "interval", Verdict.PASS),
        (WITH_INTERVAL, 0.95, None, "interval", Verdict.FAIL),
        (0.8, 0.1, None, "lower", Verdict.ERROR),
        (0.8, 0.1, None, "upper", Verdict.ERROR),
        (0.8, 0.1, None, "interval", Verdict.ERROR),
    ],
)
def test_verdict(raw: Any, low: float | None, high: float | None, on: On, expected: Verdict) -> None:
    """Pass, fail and inconclusive by the bounds; an error where the rule needs an interval that is not there."""
    outcome = MetricGate(metric="auc", min=low, max=high, on=on).decide(Context(with_metrics({"auc": raw})))
    assert expected is outcome.verdict
    assert (outcome.fix == "") == expected.opens


@pytest.mark.parametrize("on", ["value", "lower", "upper", "interval"])
@pytest.mark.parametrize("raw", WRONG.values(), ids=WRONG.keys())
def test_wrong_number_is_an_error(raw: bytes, on: On) -> None:
    """A number that is none blocks, whatever the bounds: it is neither a pass nor a mere fail."""
    content = measures.load("metrics.json", b'{"auc": ' + raw + b"}")
    for low, high in ((-math.inf, None), (0, None), (None, 1e300), (0, 1)):
        gate = MetricGate(metric="auc", min=low, max=high, on=on)
        assert gate.decide(Context(with_metrics(content))).verdict is Verdict.ERROR


@pytest.mark.parametrize("content", [{}, {"AUC": 1}, {"auc ": 1}, {"test": {"auc": 1}}, []])
def test_missing_number_is_an_error(content: Any) -> None:
    """What was not reported blocks, and the way out is to report it."""
    outcome = MetricGate(metric="auc", min=0).decide(Context(with_metrics(content)))
    assert (outcome.verdict, outcome.found) == (Verdict.ERROR, "not reported")
    assert outcome.fix == "report it in a DVC metrics file"


def test_ambiguous_number_is_an_error() -> None:
    """Where two files report one name, the policy must say which."""
    context = Context(with_metrics({"auc": 0.8}, "a.json", "b.json"))
    outcome = MetricGate(metric="auc", min=0.5).decide(context)
    assert (outcome.verdict, outcome.found) == (Verdict.ERROR, "2 files report it")
    assert outcome.fix == "name one: a.json:auc"
    assert MetricGate(metric="b.json:auc", min=0.5).decide(context).verdict is Verdict.PASS


def test_nested_metric_by_its_flat_name() -> None:
    """Names are those that 'dvc metrics show' has."""
    context = Context(with_metrics({"test": {"auc": 0.8}}))
    assert MetricGate(metric="test.auc", min=0.5).decide(context).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("low", "high", "fault"),
    [
        (None, None, "it sets neither min nor max, so it could never refuse"),
        (math.nan, None, "a bound must be a finite number"),
        (None, math.inf, "a bound must be a finite number"),
        (1, 0, "min 1 is above max 0, so nothing could pass"),
    ],
)
def test_faults(low: float | None, high: float | None, fault: str) -> None:
    """A rule that could never refuse, or never pass, is a fault of the policy."""
    assert MetricGate(metric="auc", min=low, max=high).faults() == [fault]


def test_no_faults() -> None:
    """One bound is enough, two may be equal."""
    assert [] == MetricGate(metric="auc", min=0).faults() == MetricGate(metric="auc", min=1, max=1).faults()


def test_words() -> None:
    """What was required and what was found, as people read it."""
    outcome = MetricGate(metric="auc", min=0.75, on="lower").decide(Context(with_metrics({"auc": 0.8})))
    assert outcome.required == "auc ≥ 0.75 (lower end of the interval)"
    assert outcome.found == "0.8, without an interval"


@pytest.mark.parametrize(
    ("raw", "equals", "expected"),
    [
        (0, 0, Verdict.PASS),
        (0.1, 0.1, Verdict.PASS),
        (0.1 + 0.2, 0.3, Verdict.FAIL),
        (1e-300, 0, Verdict.FAIL),
        (WITH_INTERVAL, 0.8, Verdict.PASS),
        (None, 0, Verdict.ERROR),
        (False, 0, Verdict.ERROR),
    ],
)
def test_equals_is_exact(raw: Any, equals: float, expected: Verdict) -> None:
    """A number is the one that is asked for, to the last bit, or it is not."""
    outcome = MetricGate(metric="dangerous", equals=equals).decide(Context(with_metrics({"dangerous": raw})))
    assert expected is outcome.verdict
    assert (outcome.fix == "") == expected.opens


def test_words_of_equals() -> None:
    """What misses by little is written out, so that nobody reads it as met."""
    outcome = MetricGate(metric="x", equals=0.3).decide(Context(with_metrics({"x": 0.1 + 0.2})))
    assert ("x = 0.3", "0.3 (exactly 0.30000000000000004)") == (outcome.required, outcome.found)


@pytest.mark.parametrize(
    ("gate", "fault"),
    [
        (MetricGate(metric="x", equals=0, min=0), "it sets equals beside min or max; set one or the other"),
        (MetricGate(metric="x", equals=0, max=0), "it sets equals beside min or max; set one or the other"),
        (MetricGate(metric="x", equals=0, on="lower"), "equals is for the value itself, so 'on' must be 'value'"),
        (MetricGate(metric="x", equals=math.nan), "a bound must be a finite number"),
    ],
)
def test_faults_of_equals(gate: MetricGate, fault: str) -> None:
    """``equals`` stands alone."""
    assert [fault] == gate.faults()
    assert [] == MetricGate(metric="x", equals=0).faults()


OLD = Slice(attribute="age", group="old")


@pytest.mark.parametrize(
    ("group", "expected", "found"),
    [
        ({"n": 300, "tpr": 0.8}, Verdict.PASS, "0.8, n = 300"),
        ({"n": None, "tpr": 0.8}, Verdict.PASS, "0.8"),
        ({"n": 300, "tpr": {"value": 0.8, "n": 20}}, Verdict.PASS, "0.8, n = 20"),
        ({"n": 300, "tpr": 0.7}, Verdict.FAIL, "0.7, n = 300"),
        ({"n": 300, "tpr": None}, Verdict.ERROR, "not a number but null: None"),
        ({"n": 300}, Verdict.ERROR, "tpr is not reported"),
    ],
)
def test_slice(group: Any, expected: Verdict, found: str) -> None:
    """The number of one group is held against the bounds, however many there are in it."""
    report = {"age": {"groups": {"old": group, "young": {"n": 1, "tpr": 0.1}}}}
    outcome = MetricGate(metric="tpr", min=0.75, slice=OLD).decide(Context(with_fairness(report)))
    assert (expected, found) == (outcome.verdict, outcome.found)
    assert (outcome.fix == "") == expected.opens
    assert outcome.required == "tpr of age old ≥ 0.75"


@pytest.mark.parametrize(
    ("report", "paths", "found"),
    [
        ({}, (), "age is not reported"),
        ({"age": {"groups": {}}}, (), "old is not reported"),
        ({"age": {"groups": {"old": {"tpr": 1}}}}, ("a.json", "b.json"), "age is not reported"),
    ],
)
def test_missing_slice_is_an_error(report: Any, paths: tuple[str, ...], found: str) -> None:
    """What no report, or more than one, has of a group blocks."""
    outcome = MetricGate(metric="tpr", min=0, slice=OLD).decide(Context(with_fairness(report, *paths)))
    assert (Verdict.ERROR, found) == (outcome.verdict, outcome.found)


@pytest.mark.parametrize("raw", WRONG.values(), ids=WRONG.keys())
def test_wrong_number_of_a_slice_is_an_error(raw: bytes) -> None:
    """A group's number that is none blocks, whatever the bounds."""
    group = measures.load("f.json", b'{"n": 300, "tpr": ' + raw + b"}")
    card = with_fairness({"age": {"groups": {"old": group}}})
    for gate in (MetricGate(metric="tpr", min=-1e300, slice=OLD), MetricGate(metric="tpr", equals=0.99, slice=OLD)):
        assert gate.decide(Context(card)).verdict is Verdict.ERROR
