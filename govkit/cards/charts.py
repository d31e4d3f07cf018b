"""Geometry of the charts: where things stand in an SVG's own units. ``charts.html.j2`` draws them.

No function of the C library whose last digit depends on the platform is used, so that pages are the same everywhere.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence, Set

from msgspec import Struct

from govkit.cards import text
from govkit.core.card import Measure, Plot

WIDTH, HEIGHT = 360, 250
DOTS_WIDTH = 300
#: As many lines as can still be told apart; the others are in the table below the chart.
MAX_SERIES = 4

_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 12, 26
_LABELS, _ROW = 100, 22
_LABEL_LENGTH = 15.0  # in letters of middling width
_MARKED = 30  # so many points are drawn as dots, too
_FINEST = 1e12  # beyond so many steps from zero, a double cannot tell them apart


class Axis(Struct, frozen=True):
    """A linear scale: the values at its ends, and where these stand."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return where a value stands, to a tenth; halves keep the largest doubles from overflowing."""
        span = self.high / 2 - self.low / 2
        share = (value / 2 - self.low / 2) / span if span > 0 else 0.5
        return round(self.start + (self.end - self.start) * share, 1)

    def ticks(self, most: int) -> list[Tick]:
        """Return at most ``most`` + 1 ticks at round values within the scale."""
        values = _round_values(self.low, self.high, most)
        return [Tick(self.at(value), text.number(value) if abs(value) < 1e6 else f"{value:.3g}") for value in values]


class Tick(Struct, frozen=True):
    """A tick: where, and what is written beside it."""

    at: float
    label: str


class Bound(Struct, frozen=True):
    """A bound of the policy's, as a value on a scale, and what it is called."""

    value: float
    label: str


class Dot(Struct, frozen=True):
    """A row of a dot plot: its label, short and in full, and where value and interval stand.

    Attributes:
        small: whether the group is too small to decide on.
    """

    label: str
    name: str
    y: float
    x: float
    interval: tuple[float, float] | None
    shown: str
    small: bool


class DotPlot(Struct, frozen=True):
    """Values of one rate, one row a group; ``left_out`` groups have no usable number.

    Attributes:
        bounds: the policy's, where they stand.
    """

    title: str
    description: str
    height: int
    left: float
    ticks: list[Tick]
    dots: list[Dot]
    bounds: list[Tick]
    left_out: int


class Series(Struct, frozen=True):
    """One line: its name, its path (``d``), and its points if they are few."""

    name: str
    path: str
    points: list[tuple[float, float]]


class Chart(Struct, frozen=True):
    """A line chart or, with ``bars``, a histogram as outlines.

    Attributes:
        reference: what the diagonal stands for, or an empty string where there is none.
        left_out: points that have no usable number.
    """

    title: str
    description: str
    x: str
    bars: bool
    frame: tuple[float, float, float, float]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    series: list[Series]
    reference: str
    left_out: int


def dot_plot(
    title: str,
    measures: Mapping[str, Measure],
    scale: Iterable[Measure],
    bounds: Sequence[Bound] = (),
    small: Set[str] = frozenset(),
) -> DotPlot | None:
    """Lay out one rate over groups.

    Args:
        title: the rate's name.
        measures: the rate by group, in the order of the rows.
        scale: everything that the axis must hold, so that plots of one rate can be compared; includes the above.
        bounds: of the policy, on the same scale.
        small: groups that are too small to decide on.

    Returns:
        The plot, or None if no group has a usable number.
    """
    drawn = {name: found for name, measure in measures.items() if (found := ends(measure))}
    if not drawn:
        return None
    known = [bound for bound in bounds if math.isfinite(bound.value)]
    numbers = [number for measure in scale for number in ends(measure)]
    low, high = _outward([*numbers, *(bound.value for bound in known)], 4)
    axis = Axis(low, high, _LABELS, DOTS_WIDTH - _RIGHT)
    values = [found[0] for found in drawn.values()]
    return DotPlot(
        title=title,
        description=f"{len(drawn)} groups, from {text.number(min(values))} to {text.number(max(values))}"
        + "".join(f"; {bound.label} is {text.number(bound.value)}" for bound in known),
        height=_TOP + _ROW * len(drawn) + _BOTTOM,
        left=axis.start,
        ticks=axis.ticks(4),
        dots=[
            Dot(
                label=text.shorten(name, _LABEL_LENGTH),
                name=name,
                y=_TOP + _ROW * (row + 0.5),
                x=axis.at(found[0]),
                interval=(axis.at(found[1]), axis.at(found[2])) if len(found) > 1 else None,
                shown=" to ".join(text.number(end) for end in found[1:]),
                small=name in small,
            )
            for row, (name, found) in enumerate(drawn.items())
        ],
        bounds=[Tick(axis.at(bound.value), bound.label) for bound in known],
        left_out=len(measures) - len(drawn),
    )


def ends(measure: Measure) -> tuple[float, ...]:
    """Return a measure's value and the ends of its interval, as far as they can be drawn."""
    if measure.problem or measure.value is None or not math.isfinite(measure.value):
        return ()
    if measure.interval is None or not all(math.isfinite(end) for end in measure.interval):
        return (measure.value,)
    return (measure.value, *measure.interval)


def chart(plot: Plot, other: Plot | None = None, name: str = "") -> Chart | None:
    """Lay out a plot of DVC's.

    Args:
        plot: the plot.
        other: the champion's plot of the same fields, to be laid over; or None.
        name: what the champion's lines are called.

    Returns:
        The chart, or None if no point has a usable x and y.
    """
    names = (plot.y or _numeric_fields(plot))[:MAX_SERIES]
    own = _layer(plot, names, "")
    if own is None:
        return None
    over = _layer(other, names, f" ({name})") if other is not None else None
    layers = [own, *([over] if over is not None and over.bars == own.bars else [])]
    places = [x for layer in layers for x in layer.span]
    values = [y for layer in layers for y in layer.values]
    frame = (float(_LEFT), float(_TOP), float(WIDTH - _RIGHT), float(HEIGHT - _BOTTOM))
    across = Axis(*_domain(places), frame[0], frame[2])
    up = Axis(*_domain([*values, 0.0] if own.bars else values), frame[3], frame[1])
    unit = (across.low, across.high, up.low, up.high) == (0, 1, 0, 1)
    return Chart(
        title=plot.title,
        description=_described(plot, [x for x, _ in own.rows], own.values),
        x=plot.x or "row",
        bars=own.bars,
        frame=frame,
        x_ticks=across.ticks(5),
        y_ticks=up.ticks(5),
        series=[series for layer in layers for series in layer.drawn(names, across, up)],
        reference=_reference(plot) if unit else "",
        left_out=len(plot.points) * len(names) - len(own.values),
    )


class _Layer(Struct, frozen=True):
    """The lines of one version in a chart: its rows, whether they are a histogram, and half of a bin's width."""

    label: str
    rows: list[tuple[float, list[float | None]]]
    values: list[float]
    bars: bool
    half: float

    @property
    def span(self) -> list[float]:
        """What the axis across must hold."""
        places = [x for x, _ in self.rows]
        return [places[0] - self.half, places[-1] + self.half] if self.bars else places

    def drawn(self, names: Sequence[str], across: Axis, up: Axis) -> list[Series]:
        """Return the lines."""
        found = []
        for index, name in enumerate(names):
            column = [(x, ys[index]) for x, ys in self.rows]
            label = f"{name}{self.label}"
            found.append(
                _outline(label, column, self.half, across, up) if self.bars else _line(label, column, across, up)
            )
        return found


def _layer(plot: Plot, names: Sequence[str], label: str) -> _Layer | None:
    rows = _rows(plot, names)
    values = [y for _, ys in rows for y in ys if y is not None]
    if not values:
        return None
    places = [x for x, _ in rows]
    bars = len(values) == len(rows) * len(names) and _is_histogram(places, values)
    return _Layer(label, rows, values, bars, (places[1] - places[0]) / 2 if bars else 0.0)


def _numeric_fields(plot: Plot) -> list[str]:
    return sorted({name for point in plot.points for name, value in point.items() if _is_number(value)} - {plot.x})


def _rows(plot: Plot, names: Sequence[str]) -> list[tuple[float, list[float | None]]]:
    """Return x and the y values of each point whose x can be drawn; without an x field, a point's number is its x."""
    rows = []
    for index, point in enumerate(plot.points):
        x = point.get(plot.x) if plot.x else index * max(plot.total - 1, 1) // max(len(plot.points) - 1, 1)
        if isinstance(x, (int, float)) and _is_number(x):
            rows.append((float(x), [_number(point.get(name)) for name in names]))
    return rows


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _number(value: float | str | None) -> float | None:
    return float(value) if isinstance(value, (int, float)) and _is_number(value) else None


def _is_histogram(places: Sequence[float], values: Iterable[float]) -> bool:
    """Tell whether these are counts over bins of one width."""
    steps = [after - before for before, after in itertools.pairwise(places)]
    even = len(steps) > 1 and steps[0] > 0 and all(abs(step - steps[0]) <= steps[0] / 1_000 for step in steps)
    counts = list(values)
    return even and max(counts) > 1 and all(value >= 0 and value == int(value) for value in counts)


def _line(name: str, column: Sequence[tuple[float, float | None]], across: Axis, up: Axis) -> Series:
    path, points, pen_down = [], [], False
    for x, y in column:
        if y is None:
            pen_down = False
            continue
        points.append((across.at(x), up.at(y)))
        path.append(f"{'L' if pen_down else 'M'}{across.at(x)},{up.at(y)}")
        pen_down = True
    return Series(name, "".join(path), points if len(points) <= _MARKED else [])


def _outline(name: str, column: Sequence[tuple[float, float | None]], half: float, across: Axis, up: Axis) -> Series:
    path = [f"M{across.at(column[0][0] - half)},{up.at(0)}"]
    path += [f"V{up.at(y or 0.0)}H{across.at(x + half)}" for x, y in column]
    return Series(name, "".join([*path, f"V{up.at(0)}Z"]), [])


def _reference(plot: Plot) -> str:
    if re.search(r"\broc\b", plot.title.lower()):
        return "no better than chance"
    return "perfectly calibrated" if "calibration" in plot.title.lower() else ""


def _described(plot: Plot, places: Sequence[float], values: Sequence[float]) -> str:
    ends = [text.number(end) for end in (min(places), max(places), min(values), max(values))]
    return f"{len(plot.points)} points; x from {ends[0]} to {ends[1]}, y from {ends[2]} to {ends[3]}"


def _domain(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of a scale: 0 to 1 for shares that take up half of it, else the extremes."""
    low, high = min(values), max(values)
    if low >= 0 and high <= 1 and high - low > 0.5:
        return 0.0, 1.0
    return (low, high) if low < high else (low - 1, high + 1)


def _outward(values: Sequence[float], most: int) -> tuple[float, float]:
    """Return the round values around all others; a share's scale stays within 0 and 1."""
    low, high = min(values), max(values)
    step = _step(low, high, most) or 0.5
    if max(abs(low), abs(high)) / step > _FINEST:
        return _domain(values)
    first, last = math.floor(low / step) * step, math.ceil(high / step) * step
    if low >= 0 and high <= 1:
        first, last = max(first, 0.0), min(last, 1.0)
    return (first, last) if first < last and math.isfinite(first) and math.isfinite(last) else _domain(values)


def _step(low: float, high: float, most: int) -> float | None:
    """Return 1, 2 or 5 times a power of ten that cuts a scale into at most ``most`` parts, or None if none can."""
    rough = high / most - low / most
    if not math.isfinite(rough) or rough <= 0:
        return None
    power = float(f"1e{f'{rough:e}'.partition('e')[2]}")  # read from text: log10 differs between platforms
    step = next((power * factor for factor in (1, 2, 5, 10) if power * factor >= rough), rough)
    return step if max(abs(low), abs(high)) / step < _FINEST else None


def _round_values(low: float, high: float, most: int) -> list[float]:
    """Return the multiples of a round step from ``low`` to ``high``, or just these two."""
    step = _step(low, high, most)
    if step is None:
        return [low, high]
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]
