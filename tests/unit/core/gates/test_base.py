"""What all gates share: verdicts and bounds."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.core.card import Measure
from govkit.core.gates.base import Bounds, Context, Gate, On, Verdict, describe
from tests.unit.core.cards import card

finite = st.floats(-10, 10)
sides = st.none() | finite
ons: st.SearchStrategy[On] = st.sampled_from(["value", "lower", "upper", "interval"])


@st.composite
def numbers(draw: st.DrawFn) -> Measure:
    """Return a number with or without an interval, or none."""
    low, high = sorted((draw(finite), draw(finite)))
    interval = draw(st.none() | st.just((low, high)))
    return Measure(value=draw(st.none() | finite), interval=interval, problem=draw(st.sampled_from(["", "", "", "x"])))


def test_only_pass_and_waived_open() -> None:
    """Of the six verdicts two let a version through."""
    assert {Verdict.PASS, Verdict.WAIVED} == {verdict for verdict in Verdict if verdict.opens}
    assert len(Verdict) == 6


@given(sides, sides, st.floats(0, 5), st.floats(0, 5), ons, numbers())
def test_tightening_never_turns_fail_into_pass(
    low: float | None, high: float | None, more: float, less: float, on: On, measure: Measure
) -> None:
    """A narrower range passes less; what passes it passes the wider one."""
    wide = Bounds(low, high, on).judge(measure)
    narrow = Bounds(None if low is None else low + more, None if high is None else high - less, on).judge(measure)
    if narrow is Verdict.PASS:
        assert wide is Verdict.PASS
    if wide is Verdict.FAIL:
        assert narrow is Verdict.FAIL


@given(sides, sides, ons, numbers())
def test_bound_put_in_never_helps(low: float | None, high: float | None, on: On, measure: Measure) -> None:
    """A rule with both bounds passes only what passes with each alone."""
    both = Bounds(low, high, on).judge(measure)
    each = {Bounds(low, None, on).judge(measure), Bounds(None, high, on).judge(measure)}
    assert (both is Verdict.PASS) == (each == {Verdict.PASS})


@given(sides, sides, ons, numbers())
def test_bounds_mean_what_they_say(low: float | None, high: float | None, on: On, measure: Measure) -> None:
    """The verdict is that of comparing the number, one end, or every point of the interval."""
    verdict = Bounds(low, high, on).judge(measure)
    if measure.problem or measure.value is None or (on != "value" and measure.interval is None):
        assert verdict is Verdict.ERROR
        return
    ends = measure.interval or (0.0, 0.0)
    points = {"value": [measure.value], "lower": [ends[0]], "upper": [ends[1]], "interval": [ends[0], ends[1]]}[on]
    inside = [(low is None or p >= low) and (high is None or p <= high) for p in points]
    assert (verdict is Verdict.PASS) == all(inside)
    assert verdict is not Verdict.INCONCLUSIVE or on == "interval"


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ((0.5, 0.6), Verdict.PASS),
        ((0.45, 0.65), Verdict.PASS),
        ((0.4, 0.5), Verdict.INCONCLUSIVE),
        ((0.6, 0.7), Verdict.INCONCLUSIVE),
        ((0.1, 0.9), Verdict.INCONCLUSIVE),
        ((0.1, 0.2), Verdict.FAIL),
        ((0.8, 0.9), Verdict.FAIL),
        ((0.1, 0.45), Verdict.INCONCLUSIVE),
    ],
)
def test_whole_interval(interval: tuple[float, float], expected: Verdict) -> None:
    """Inside is a pass, outside a fail, and an interval that straddles a bound is inconclusive."""
    assert expected is Bounds(0.45, 0.65, "interval").judge(Measure(value=0.5, interval=interval))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("on", ["value", "lower", "upper", "interval"])
def test_not_finite_is_an_error(value: float, on: On) -> None:
    """A number or an end that is not finite is never a pass, even where the reader let it through."""
    bounds = Bounds(None, math.inf, on), Bounds(-1, None, on), Bounds(None, 1, on)
    for rule in bounds:
        assert rule.judge(Measure(value=value, interval=(0, 0))) is Verdict.ERROR
        if on != "value":
            assert rule.judge(Measure(value=0, interval=(value, value))) is Verdict.ERROR
            assert rule.judge(Measure(value=0, interval=(0.5, -0.5))) is Verdict.ERROR


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        (Bounds(0.5, None, "value"), "≥ 0.5"),
        (Bounds(None, 1, "lower"), "≤ 1 (lower end of the interval)"),
        (Bounds(0, 1, "interval"), "≥ 0 and ≤ 1 (whole interval)"),
    ],
)
def test_bounds_in_words(bounds: Bounds, expected: str) -> None:
    """Bounds as people read them."""
    assert expected == str(bounds)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (Measure(value=0.12345), "0.1235"),
        (Measure(value=0.5, interval=(0.4, 0.6), n=12345), "0.5 [0.4, 0.6], n = 12,345"),
        (Measure(value=None), "no number"),
        (Measure(value=None, problem="not a number but null: None"), "not a number but null: None"),
    ],
)
def test_number_in_words(measure: Measure, expected: str) -> None:
    """A number as people read it, or what is wrong with it."""
    assert expected == describe(measure)


def test_gate_of_no_kind_decides_nothing() -> None:
    """The base of all gates neither passes nor has parameters to be wrong."""
    with pytest.raises(NotImplementedError):
        Gate().decide(Context(card()))
    assert Gate().faults() == []
