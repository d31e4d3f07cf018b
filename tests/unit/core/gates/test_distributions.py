"""How far two distributions lie apart."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.core.errors import Malformed
from govkit.core.gates.distributions import MAX_PSI, Distribution, ks, psi, read

EVEN = [float(i * 5) for i in range(21)]


def counts(missing: int = 0, **values: int) -> Distribution:
    """Return a distribution of counts."""
    return read({"counts": values, "missing": missing}, None)


def numbers(values: dict[str, int], missing: int = 0) -> Distribution:
    """Return a distribution of counts whose values are numbers."""
    return read({"counts": values, "missing": missing}, None)


def quantiles(points: list[float], missing: int = 0, rows: int | None = 1000) -> Distribution:
    """Return a distribution of quantiles."""
    return read({"quantiles": points, "missing": missing}, rows)


def test_psi_of_counts() -> None:
    """The sum of the textbook, and a bin that is empty on one side counts as one in ten thousand."""
    expected = (0.6 - 0.5) * math.log(0.6 / 0.5) + (0.4 - 0.5) * math.log(0.4 / 0.5)
    assert psi(counts(a=50, b=50), counts(a=60, b=40)) == pytest.approx(expected)
    vanished = 0.5 * math.log(1 / 0.5) + (1e-4 - 0.5) * math.log(1e-4 / 0.5)
    assert psi(counts(a=50, b=50), counts(a=100)) == pytest.approx(vanished)


def test_psi_of_quantiles() -> None:
    """Ten bins of a tenth each: what moves up by one of them leaves the lowest empty and the highest with two."""
    moved = psi(quantiles(EVEN), quantiles([point + 10 for point in EVEN]))
    expected = (1e-4 - 0.1) * math.log(1e-4 / 0.1) + (0.2 - 0.1) * math.log(0.2 / 0.1)
    assert moved == pytest.approx(expected)


def test_ks() -> None:
    """The largest distance of the two cumulative distributions."""
    assert ks(quantiles(EVEN), quantiles([point + 10 for point in EVEN])) == pytest.approx(0.1)
    assert ks(quantiles(EVEN), quantiles([point + 200 for point in EVEN])) == 1
    assert ks(numbers({"1": 50, "2": 50}), numbers({"1": 40, "2": 60})) == pytest.approx(0.1)
    assert ks(numbers({"2": 50, "10": 50}), numbers({"2": 50, "9": 50})) == pytest.approx(0.5)
    assert ks(numbers({"1": 1}), numbers({"1.0": 1})) == 0
    assert ks(counts(a=1, b=1, c=2), counts(a=2, b=0, c=2)) == pytest.approx(0.25)


@pytest.mark.parametrize("other", [[5.0] * 21, [-5.0] * 21, [0.0] * 20 + [1.0], [0.0] * 19 + [1.0] * 2])
def test_value_that_all_rows_have(other: list[float]) -> None:
    """A constant column that takes another value has drifted, up or down; PSI leaves out 5 % in the last bin."""
    constant = quantiles([0.0] * 21)
    assert psi(constant, quantiles(other)) > (0.3 if max(map(abs, other)) > 1 else 0)
    assert ks(constant, quantiles(other)) >= (1 if max(map(abs, other)) > 1 else 0.05)


def test_value_that_many_rows_have() -> None:
    """A value that half of the rows hold is a bin by itself, so that a move to just below it shows."""
    half = [0.0] * 11 + [float(i) for i in range(1, 11)]
    nudged = [-0.001] * 11 + [float(i) for i in range(1, 11)]
    assert psi(quantiles(half), quantiles(half)) == 0
    assert psi(quantiles(half), quantiles(nudged)) > 1
    assert ks(quantiles(half), quantiles(nudged)) == pytest.approx(0.5, abs=1e-3)


def test_missing_values_drift() -> None:
    """A column of which half went missing has drifted, though the rest looks as before."""
    for before, after in (
        (quantiles(EVEN), quantiles(EVEN, missing=500)),
        (counts(a=50, b=50), counts(a=25, b=25, missing=50)),
        (numbers({"1": 50, "2": 50}), numbers({"1": 25, "2": 25}, missing=50)),
    ):
        assert psi(before, after) > 1
        assert ks(before, after) == pytest.approx(0.5)


def test_numbers_that_floats_cannot_hold_the_distance_of() -> None:
    """The largest and the smallest numbers do not overflow."""
    wide = quantiles([-1.7e308] * 10 + [1.7e308] * 11)
    tiny = quantiles([5e-324 * i for i in range(21)])
    for one, other in ((wide, wide), (tiny, tiny)):
        assert psi(one, other) == ks(one, other) == 0
    assert ks(wide, tiny) == pytest.approx(0.525)


HOSTILE: dict[str, tuple[dict[str, Any], int | None]] = {
    "nothing": ({}, 10),
    "no kind": ({"missing": 0}, 10),
    "two kinds": ({"missing": 0, "counts": {"a": 1}, "quantiles": EVEN}, 10),
    "missing not said": ({"counts": {"a": 10}}, 10),
    "missing null": ({"missing": None, "counts": {"a": 10}}, 10),
    "missing text": ({"missing": "0", "counts": {"a": 10}}, 10),
    "missing true": ({"missing": True, "counts": {"a": 9}}, 10),
    "missing below 0": ({"missing": -1, "counts": {"a": 11}}, 10),
    "counts a list": ({"missing": 0, "counts": [1]}, None),
    "counts empty": ({"missing": 0, "counts": {}}, None),
    "counts all 0": ({"missing": 0, "counts": {"a": 0}}, None),
    "counts below 0": ({"missing": 0, "counts": {"a": -1, "b": 3}}, None),
    "counts text": ({"missing": 0, "counts": {"a": "1"}}, None),
    "counts NaN": ({"missing": 0, "counts": {"a": math.nan}}, None),
    "counts infinite": ({"missing": 0, "counts": {"a": math.inf}}, None),
    "counts null": ({"missing": 0, "counts": {"a": None}}, None),
    "counts true": ({"missing": 0, "counts": {"a": True}}, None),
    "counts a fraction": ({"missing": 0, "counts": {"a": 1.5}}, None),
    "counts too large": ({"missing": 0, "counts": {"a": 10**400}}, None),
    "counts not of the rows": ({"missing": 0, "counts": {"a": 9}}, 10),
    "quantiles null": ({"missing": 0, "quantiles": None}, 10),
    "quantiles text": ({"missing": 0, "quantiles": "0" * 21}, 10),
    "quantiles too few": ({"missing": 0, "quantiles": EVEN[:-1]}, 10),
    "quantiles too many": ({"missing": 0, "quantiles": [*EVEN, 101]}, 10),
    "quantiles fall": ({"missing": 0, "quantiles": EVEN[::-1]}, 10),
    "quantiles with text": ({"missing": 0, "quantiles": [*EVEN[:-1], "100"]}, 10),
    "quantiles with null": ({"missing": 0, "quantiles": [*EVEN[:-1], None]}, 10),
    "quantiles with true": ({"missing": 0, "quantiles": [False, *EVEN[1:]]}, 10),
    "quantiles with NaN": ({"missing": 0, "quantiles": [*EVEN[:-1], math.nan]}, 10),
    "quantiles infinite": ({"missing": 0, "quantiles": [*EVEN[:-1], math.inf]}, 10),
    "quantiles 1e400": ({"missing": 0, "quantiles": [*EVEN[:-1], 10**400]}, 10),
    "quantiles a list": ({"missing": 0, "quantiles": [*EVEN[:-1], [100]]}, 10),
    "quantiles of unknown missing": ({"missing": 1, "quantiles": EVEN}, None),
    "quantiles of nothing": ({"missing": 10, "quantiles": EVEN}, 10),
    "quantiles of no rows": ({"missing": 0, "quantiles": EVEN}, 0),
}


@pytest.mark.parametrize(("entry", "rows"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_profile(entry: dict[str, Any], rows: int | None) -> None:
    """What is not of the form is refused, not guessed."""
    with pytest.raises(Malformed):
        read(entry, rows)


def test_kinds_do_not_mix() -> None:
    """Counts and quantiles do not compare."""
    for one, other in ((counts(a=1), quantiles(EVEN)), (quantiles(EVEN), counts(a=1))):
        for statistic in (psi, ks):
            with pytest.raises(Malformed):
                statistic(one, other)


some_counts = st.dictionaries(st.sampled_from(["1", "2", "10", "a", "b"]), st.integers(0, 50), max_size=5).filter(
    lambda values: sum(values.values()) > 0
)
some_points = st.lists(st.floats(-5, 5).map(lambda x: round(x, 1)), min_size=21, max_size=21).map(sorted)


@given(
    st.tuples(some_counts, some_counts).map(lambda pair: (numbers(pair[0]), numbers(pair[1], missing=3)))
    | st.tuples(some_points, some_points).map(lambda pair: (quantiles(pair[0]), quantiles(pair[1], missing=3)))
)
def test_distances(pair: tuple[Distribution, Distribution]) -> None:
    """Nothing is nearer than itself; both statistics keep their range; KS is the same both ways."""
    one, other = pair
    assert psi(one, one) == ks(one, one) == 0
    assert 0 <= psi(one, other) <= MAX_PSI
    assert 0 <= ks(one, other) <= 1
    assert ks(one, other) == ks(other, one)


@given(some_counts, some_counts, st.randoms())
def test_order_of_values_does_not_matter(first: dict[str, int], second: dict[str, int], random: Any) -> None:
    """The order in which a profile lists values changes nothing."""
    names = list(second)
    random.shuffle(names)
    shuffled = {name: second[name] for name in names}
    for statistic in (psi, ks):
        assert statistic(numbers(first), numbers(second)) == statistic(numbers(first), numbers(shuffled))
