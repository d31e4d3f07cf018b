"""Where things stand in the charts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.cards import charts
from govkit.core.card import Measure, Plot

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def plot(points: list[dict[str, Any]], x: str = "x", y: tuple[str, ...] = ("y",), title: str = "plot") -> Plot:
    """Return a plot of these points."""
    return Plot(path="p.json", title=title, x=x, y=list(y), total=len(points), points=points)


def xy(*pairs: tuple[Any, Any]) -> list[dict[str, Any]]:
    """Return points from pairs of x and y."""
    return [{"x": x, "y": y} for x, y in pairs]


def drawn(made: Plot) -> charts.Chart:
    """Lay out a plot that can be drawn."""
    chart = charts.chart(made)
    assert chart is not None
    return chart


def test_shares_stand_on_a_scale_from_0_to_1() -> None:
    """A curve of shares fills the frame from corner to corner, with round ticks."""
    chart = drawn(plot(xy((0, 0), (0.5, 0.9), (1, 1))))
    left, top, right, bottom = chart.frame
    assert chart.series[0].points == [(left, bottom), ((left + right) / 2, 33.2), (right, top)]
    assert [tick.label for tick in chart.x_ticks] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert not chart.bars


def test_line_breaks_where_a_number_is_missing() -> None:
    """A point without a usable number is left out and counted, and nothing is drawn across it."""
    chart = drawn(plot(xy((0, 0.1), (0.5, None), (0.75, "x"), (1, 0.9), ("a", 1))))
    assert chart.series[0].path.count("M") == 2
    assert "L" not in chart.series[0].path
    assert chart.left_out == 3


@pytest.mark.parametrize("points", [[], xy(("a", 1)), xy((1, None)), [{"z": "a"}]])
def test_nothing_to_draw(points: list[dict[str, Any]]) -> None:
    """Without one usable point there is no chart."""
    assert charts.chart(plot(points)) is None


def test_counts_over_even_bins_are_bars() -> None:
    """Counts over bins of one width are outlines that stand on zero, half a bin beyond the middle points."""
    points = [{"s": 0.25, "a": 4, "b": 1}, {"s": 0.5, "a": 2, "b": 0}, {"s": 0.75, "a": 0, "b": 3}]
    chart = drawn(plot(points, "s", ("a", "b")))
    assert chart.bars
    assert [series.name for series in chart.series] == ["a", "b"]
    bottom = chart.frame[3]
    assert chart.series[0].path.endswith(f"V{bottom}Z")
    assert not drawn(plot([*points, {"s": 0.8, "a": 1, "b": 1}], "s", ("a", "b"))).bars


def test_fields_that_are_not_named_are_found() -> None:
    """Without fields in dvc.yaml, x counts the points of the whole file and y is what is numeric."""
    made = Plot(path="p", title="t", x="", y=[], total=101, points=[{"v": 1.5, "w": "a"}, {"v": 2.5, "w": "b"}])
    chart = drawn(made)
    assert (chart.x, [series.name for series in chart.series]) == ("row", ["v"])
    assert chart.x_ticks[-1].label == "100"


@pytest.mark.parametrize(
    ("title", "said"),
    [("ROC curve", "no better than chance"), ("Calibration", "perfectly calibrated"), ("Process", "")],
)
def test_diagonal_where_it_means_something(title: str, said: str) -> None:
    """ROC and calibration curves have their diagonal, others have none."""
    assert drawn(plot(xy((0, 0), (1, 1)), title=title)).reference == said


def test_dots_share_the_scale_they_are_given() -> None:
    """Groups stand on one scale with all others; those without a usable number are counted."""
    low, high, none = Measure(value=0.5), Measure(value=0.9, interval=(0.8, 1.0)), Measure(value=None, problem="null")
    made = charts.dot_plot("rate", {"a": high, "b": none}, [low, high, none])
    assert made is not None
    assert (made.ticks[0].label, made.ticks[-1].label, made.left_out) == ("0.4", "1", 1)
    assert made.dots[0].interval is not None
    assert made.ticks[0].at == made.left < made.dots[0].interval[0] < made.dots[0].x < made.dots[0].interval[1]
    assert charts.dot_plot("rate", {"b": none}, [none]) is None


@given(st.lists(st.tuples(FINITE, FINITE), min_size=1, max_size=8))
def test_any_finite_numbers_stand_within_the_frame(pairs: list[tuple[float, float]]) -> None:
    """However large, small or close the numbers are, lines and ticks stay within the frame, and ticks are few."""
    chart = drawn(plot(xy(*pairs)))
    left, top, right, bottom = chart.frame
    for x, y in chart.series[0].points:
        assert left <= x <= right
        assert top <= y <= bottom
    for ticks, start, end in ((chart.x_ticks, left, right), (chart.y_ticks, top, bottom)):
        assert len(ticks) <= 7
        assert all(start <= tick.at <= end for tick in ticks)


@given(st.lists(FINITE, min_size=1, max_size=8))
def test_any_finite_rates_stand_within_the_plot(values: list[float]) -> None:
    """However far apart rates are, dots and ticks stay within the plot."""
    measures = {str(index): Measure(value=value) for index, value in enumerate(values)}
    made = charts.dot_plot("rate", measures, measures.values())
    assert made is not None
    assert all(made.left <= dot.x <= charts.DOTS_WIDTH for dot in made.dots)
    assert all(made.left <= tick.at <= charts.DOTS_WIDTH for tick in made.ticks)
