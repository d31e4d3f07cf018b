"""The benchmark of growth knows linear from worse, and draws what it found."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "benchmarks"))

import growth  # noqa: E402
import plots  # noqa: E402

SIZES = (100, 300, 1_000, 3_000, 10_000)


@pytest.mark.parametrize("power", [0.8, 1, 1.5, 2])
def test_slope_is_the_exponent_beyond_a_fixed_cost(power: float) -> None:
    """A fixed cost, which hides growth in a plain fit, does not hide it here."""
    points = [(size, 0.5 + 1e-3 * size**power) for size in SIZES]
    assert growth.slope(points) == pytest.approx(power, abs=0.25)


def test_noise_is_no_growth() -> None:
    """A few hundredths more or less have no slope."""
    assert growth.slope([(size, 0.5 + 0.02 * (size % 7 % 2)) for size in SIZES]) == 0


def test_a_warm_state_is_held_against_reading() -> None:
    """What more events add warm, as a part of what they add cold."""
    cold = [(100, 1.0), (10_000, 11.0)]
    assert growth.share({"cold": cold, "warm": [(100, 0.5), (10_000, 1.0)]}) == pytest.approx(0.05)
    assert growth.share({"cold": cold, "warm": cold}) == 1


def test_a_chart_is_svg_with_every_point() -> None:
    """Each point is a dot within the picture; names are text, and nothing else."""
    drawn = ElementTree.fromstring(
        plots.chart("a < b", "tags", {"cold": [(1, 0.1), (500, 3)], "<g>": [(1, 0.2), (500, 0.3)]})
    )
    dots = drawn.findall("{*}circle")
    assert len(dots) == 4
    assert all(0 < float(dot.attrib["cx"]) < plots.WIDTH and 0 < float(dot.attrib["cy"]) < plots.HEIGHT for dot in dots)
    assert "<g>" in [text.text for text in drawn.findall("{*}text")]
