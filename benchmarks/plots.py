"""Small line charts with two logarithmic axes, as SVG that is read in light and dark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 640, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 40, 66, 46
_STYLE = """\
svg { background: #fff; font: 13px system-ui, sans-serif }
text { fill: #24292f } .quiet { fill: #57606a } .grid { stroke: #d8dee4 }
.l0 { stroke: #0550ae } .d0 { fill: #0550ae } .l1 { stroke: #bc4c00 } .d1 { fill: #bc4c00 }
.line { fill: none; stroke-width: 2.5 } .l1 { stroke-dasharray: 7 4 }
@media (prefers-color-scheme: dark) {
  svg { background: #0d1117 } text { fill: #e6edf3 } .quiet { fill: #9198a1 } .grid { stroke: #30363d }
  .l0 { stroke: #58a6ff } .d0 { fill: #58a6ff } .l1 { stroke: #ffa657 } .d1 { fill: #ffa657 }
}"""
Points = Sequence[tuple[float, float]]


def chart(title: str, across: str, lines: Mapping[str, Points]) -> str:
    """Return a chart.

    Args:
        title: what it shows.
        across: what the sizes count.
        lines: up to two lines by name; each point is a size and seconds, both above zero.
    """
    points = [point for line in lines.values() for point in line]
    xs = _Axis([x for x, _ in points], _LEFT, WIDTH - _RIGHT)
    ys = _Axis([y for _, y in points], HEIGHT - _BOTTOM, _TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(title)}</title>\n<style>\n{_STYLE}\n</style>",
        f'<text x="{_LEFT}" y="24" font-weight="600">{escape(title)}</text>',
        *_scales(xs, ys, across),
    ]
    for number, (name, line) in enumerate(lines.items()):
        at = [(xs.at(x), ys.at(y)) for x, y in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        parts.append(f'<polyline class="line l{number}" points="{path}"/>')
        parts += [f'<circle class="d{number}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in at]
        start = _LEFT + 200 * number
        parts.append(f'<line class="line l{number}" x1="{start}" y1="44" x2="{start + 28}" y2="44"/>')
        parts.append(f'<text x="{start + 36}" y="48">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


class _Axis:
    """A logarithmic scale over whole decades."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        self.low = math.floor(math.log10(min(values)))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)
        self._start, self._end = start, end

    def at(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self._start + (self._end - self._start) * share

    def decades(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def _scales(xs: _Axis, ys: _Axis, across: str) -> list[str]:
    bottom, right, parts = HEIGHT - _BOTTOM, WIDTH - _RIGHT, []
    for value in ys.decades():
        y = ys.at(value)
        parts.append(f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>')
        parts.append(f'<text class="quiet" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g} s</text>')
    for value in xs.decades():
        x = xs.at(value)
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{bottom}"/>')
        parts.append(f'<text class="quiet" x="{x:.1f}" y="{bottom + 17}" text-anchor="middle">{value:,.0f}</text>')
    middle = (_LEFT + right) / 2
    parts.append(f'<text class="quiet" x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{escape(across)}</text>')
    return parts
