"""Gate ``metric``."""

import math
from typing import Any

import pytest

from govkit.core import measures
from govkit.core.gates.base import Context, On, Verdict
from govkit.core.gates.metric import MetricGate
from tests.unit.core.cards import with_metrics

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


WRONG = {
    "null": b"null",
    "NaN": b"NaN",
    "infinity": b"Infinity",
    "minus infinity": b"-Infinity",
    "1e400": b"1e400",
    "text": b'"0.99"',
    "true": b"true",
    "a list": b"[0.99]",
    "an empty list": b"[]",
    "an empty mapping": b'{"value": {}}',
    "a large integer": b"1" * 310,
    "a value of null": b'{"value": null, "interval": [0.9, 0.99]}',
    "a value of true": b'{"value": true, "interval": [0.9, 0.99]}',
    "an interval of text": b'{"value": 0.99, "interval": ["0.9", "0.99"]}',
    "an interval of one": b'{"value": 0.99, "interval": [0.9]}',
    "a crossed interval": b'{"value": 0.99, "interval": [0.99, 0.9]}',
    "an infinite interval": b'{"value": 0.99, "interval": [0.9, Infinity]}',
}


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
