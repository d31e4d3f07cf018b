"""Gate ``calibration``."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.core import measures
from govkit.core.gates.base import Context, On, Verdict
from govkit.core.gates.calibration import CalibrationGate
from tests.unit.core.cards import WRONG, with_metrics

WITH_INTERVAL = {"value": 0.02, "interval": [0.01, 0.03], "n": 9000}


@pytest.mark.parametrize(
    ("raw", "gate", "expected"),
    [
        (0.02, CalibrationGate(max=0.02), Verdict.PASS),
        (0.021, CalibrationGate(max=0.02), Verdict.FAIL),
        (0, CalibrationGate(max=0), Verdict.PASS),
        (WITH_INTERVAL, CalibrationGate(max=0.03, on="upper"), Verdict.PASS),
        (WITH_INTERVAL, CalibrationGate(max=0.02, on="upper"), Verdict.FAIL),
        (WITH_INTERVAL, CalibrationGate(max=0.02, on="interval"), Verdict.INCONCLUSIVE),
        (0.02, CalibrationGate(max=0.02, on="upper"), Verdict.ERROR),
        (WITH_INTERVAL, CalibrationGate(max=0.02, min_n=9000), Verdict.PASS),
        (WITH_INTERVAL, CalibrationGate(max=0.02, min_n=9001), Verdict.INCONCLUSIVE),
        (WITH_INTERVAL, CalibrationGate(max=0.01, min_n=9001), Verdict.INCONCLUSIVE),
        (0.02, CalibrationGate(max=0.02, min_n=1), Verdict.INCONCLUSIVE),
        ({"value": 0.02, "n": "9000"}, CalibrationGate(max=0.02, min_n=1), Verdict.INCONCLUSIVE),
        (-0.001, CalibrationGate(max=0.02), Verdict.ERROR),
        (1.001, CalibrationGate(max=0.02), Verdict.ERROR),
        (2, CalibrationGate(max=0.02, min_n=1), Verdict.ERROR),
        ({"value": 0.02, "interval": [-0.01, 0.03]}, CalibrationGate(max=0.02, on="lower"), Verdict.ERROR),
        ({"value": 0.02, "interval": [-0.01, 0.03]}, CalibrationGate(max=0.02), Verdict.PASS),
        (0.02, CalibrationGate(max=0.02, metric="test.ece"), Verdict.ERROR),
    ],
)
def test_verdict(raw: Any, gate: CalibrationGate, expected: Verdict) -> None:
    """The reported error against its bound; too few observations decide nothing; what is no such error is an error."""
    outcome = gate.decide(Context(with_metrics({"ece": raw})))
    assert expected is outcome.verdict
    assert (outcome.fix == "") == expected.opens


@pytest.mark.parametrize("on", ["value", "lower", "upper", "interval"])
@pytest.mark.parametrize("raw", WRONG.values(), ids=WRONG.keys())
def test_wrong_number_is_an_error(raw: bytes, on: On) -> None:
    """A number that is none blocks, also where it rests on too little."""
    context = Context(with_metrics(measures.load("metrics.json", b'{"ece": ' + raw + b"}")))
    for min_n in (0, 1000):
        assert CalibrationGate(max=0.99, on=on, min_n=min_n).decide(context).verdict is Verdict.ERROR


@pytest.mark.parametrize(
    ("bound", "faults"),
    [
        (0, []),
        (0.05, []),
        (1, ["no calibration error is above 1, so it could never refuse"]),
        (-0.1, ["no calibration error is below -0.1, so nothing could pass"]),
        (math.nan, ["a bound must be a finite number"]),
    ],
)
def test_faults(bound: float, faults: list[str]) -> None:
    """A bound that allows everything, or nothing, is a fault of the policy."""
    assert faults == CalibrationGate(max=bound).faults()


def test_words() -> None:
    """What was required and what was found, as people read it."""
    outcome = CalibrationGate(max=0.05, on="upper", min_n=100).decide(Context(with_metrics({"ece": 0.02})))
    assert outcome.required == "ece ≤ 0.05 (upper end of the interval), n ≥ 100"
    assert outcome.found == "0.02, without an interval"


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_tightening_never_helps(value: float, bound: float, less: float) -> None:
    """What fails under a bound fails under a smaller one."""
    context = Context(with_metrics({"ece": value}))
    if CalibrationGate(max=bound).decide(context).verdict is Verdict.FAIL:
        assert CalibrationGate(max=bound - less).decide(context).verdict is Verdict.FAIL
