"""How far two distributions lie apart, as data profiles describe them: PSI and the Kolmogorov-Smirnov statistic.

A profile is somebody's JSON, so each part of it is checked before it is used.
Missing values are part of a distribution: a column that went missing has drifted, whatever the rest looks like.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from msgspec import Struct

from govkit.core.errors import Malformed

#: The share that an empty bin counts with in the PSI, whose logarithm knows no 0.
FLOOR = 1e-4
#: No PSI is larger: the shares of two distributions differ by 2 in sum, and no logarithm is above that of 1/FLOOR.
MAX_PSI = 2 * math.log(1 / FLOOR)
#: A profile has the quantiles at 0, 5 … 100 %.
STEPS = 20

_SAFE = 2**53 - 1
_NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")


class Counts(Struct, frozen=True):
    """How often each value of a column occurs, and how many values are missing."""

    values: Mapping[str, int]
    missing: int

    @property
    def total(self) -> int:
        """The number of rows."""
        return sum(self.values.values()) + self.missing


class Quantiles(Struct, frozen=True):
    """The 21 quantiles of a column's values, and the share of missing ones, below 1.

    Between two quantiles the distribution is taken to be even; a quantile that stands there twice is a value that
    holds that share of all.
    """

    points: Sequence[float]
    missing: Fraction

    def below(self, value: float) -> Fraction:
        """Return the share of rows whose value is smaller."""
        return (1 - self.missing) * self._share(value, bisect_left(self.points, value))

    def up_to(self, value: float) -> Fraction:
        """Return the share of rows whose value is not larger."""
        return (1 - self.missing) * self._share(value, bisect_right(self.points, value))

    def _share(self, value: float, index: int) -> Fraction:
        if index == 0:
            return Fraction(0)
        if index == len(self.points):
            return Fraction(1)
        # Fractions: the distance of two numbers may be too large for a number.
        low, high = Fraction(self.points[index - 1]), Fraction(self.points[index])
        return (index - 1 + (Fraction(value) - low) / (high - low)) / STEPS


Distribution = Counts | Quantiles


def read(entry: Mapping[str, Any], rows: int | None) -> Distribution:
    """Read one feature of a data profile.

    Args:
        entry: what the profile says of the feature.
        rows: how many rows the profile says there are.

    Raises:
        Malformed: if it has neither counts nor quantiles, or both, or they cannot be what they say.
    """
    kinds = [kind for kind in ("counts", "quantiles") if kind in entry]
    if len(kinds) != 1:
        raise Malformed(f"{' and '.join(kinds) or 'neither counts nor quantiles'} in the profile")
    missing = _count(entry.get("missing"), "the count of missing values")
    if kinds == ["counts"]:
        return _counts(entry["counts"], missing, rows)
    points = _points(entry["quantiles"])
    if (rows is None and missing) or (rows is not None and rows <= missing):
        raise Malformed(f"{missing} missing values of {'an unknown number of' if rows is None else rows} rows")
    return Quantiles(points, Fraction(missing, rows or 1))


def _counts(raw: Any, missing: int, rows: int | None) -> Counts:
    if not isinstance(raw, Mapping):
        raise Malformed("counts are no mapping")
    found = Counts({str(name): _count(number, "a count") for name, number in raw.items()}, missing)
    if found.total == 0:
        raise Malformed("counts of nothing")
    if rows is not None and found.total != rows:
        raise Malformed(f"counts of {found.total} values in {rows} rows")
    return found


def _count(raw: Any, what: str) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw <= _SAFE:
        raise Malformed(f"{what} is no whole number from 0 on")
    return raw


def _points(raw: Any) -> list[float]:
    if not isinstance(raw, (list, tuple)) or len(raw) != STEPS + 1:
        raise Malformed(f"quantiles are no list of {STEPS + 1} numbers")
    points = [_finite(number) for number in raw]
    if sorted(points) != points:
        raise Malformed("quantiles that fall")
    return points


def _finite(raw: Any) -> float:
    try:
        if not isinstance(raw, bool) and isinstance(raw, (int, float)) and math.isfinite(raw):
            return float(raw)
    except OverflowError:
        pass
    raise Malformed("a quantile is no finite number")


def psi(reference: Distribution, other: Distribution) -> float:
    """Return the population stability index.

    Raises:
        Malformed: if one has counts and the other quantiles.
    """
    if isinstance(reference, Counts) and isinstance(other, Counts):
        names = sorted(reference.values.keys() | other.values.keys())
        first, second = (
            [Fraction(one.values.get(name, 0), one.total) for name in names] + [Fraction(one.missing, one.total)]
            for one in (reference, other)
        )
    elif isinstance(reference, Quantiles) and isinstance(other, Quantiles):
        first, second = _binned(reference, reference), _binned(reference, other)
    else:
        raise Malformed("counts in one profile and quantiles in the other")
    pairs = [(max(float(p), FLOOR), max(float(q), FLOOR)) for p, q in zip(first, second, strict=True)]
    return math.fsum((q - p) * math.log(q / p) for p, q in pairs)


def _binned(reference: Quantiles, other: Quantiles) -> list[Fraction]:
    """Return the share of each bin between the reference's deciles; a value that it holds often is a bin by itself."""
    levels = [Fraction(0)]
    for value in sorted(set(reference.points[2:-1:2])):
        if reference.up_to(value) > reference.below(value):
            levels.append(other.below(value))
        levels.append(other.up_to(value))
    levels.append(1 - other.missing)
    return [high - low for low, high in pairwise(levels)] + [other.missing]


def ks(reference: Distribution, other: Distribution) -> float:
    """Return the largest distance between the two cumulative distributions; missing values stand above all others.

    Values that are no numbers have no order; then it is the largest distance that any order would give.

    Raises:
        Malformed: if one has counts and the other quantiles.
    """
    if isinstance(reference, Counts) and isinstance(other, Counts):
        return float(_ks_counts(reference, other))
    if isinstance(reference, Quantiles) and isinstance(other, Quantiles):
        points = {*reference.points, *other.points}
        below = [abs(reference.below(point) - other.below(point)) for point in points]
        up_to = [abs(reference.up_to(point) - other.up_to(point)) for point in points]
        return float(max(below + up_to))
    raise Malformed("counts in one profile and quantiles in the other")


def _ks_counts(reference: Counts, other: Counts) -> Fraction:
    names = reference.values.keys() | other.values.keys()
    differences = {
        name: Fraction(reference.values.get(name, 0), reference.total)
        - Fraction(other.values.get(name, 0), other.total)
        for name in names
    }
    missing = Fraction(reference.missing, reference.total) - Fraction(other.missing, other.total)
    if not all(_NUMBER.fullmatch(name) for name in names):
        return sum((abs(difference) for difference in differences.values()), abs(missing)) / 2
    by_number: dict[Fraction, Fraction] = {}
    for name, difference in differences.items():
        by_number[Fraction(name)] = by_number.get(Fraction(name), Fraction(0)) + difference
    running = largest = Fraction(0)
    for number in sorted(by_number):
        running += by_number[number]
        largest = max(largest, abs(running))
    return largest
