"""Percentile bootstrap intervals: how far a number could move with other rows like these.

Rows are drawn with replacement, as many as there are; the number is computed again from each
such resample; the interval holds the middle `level` of the results. A resample in which the
number is not defined (no row of a group, say) tells nothing and is left out.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Bootstrap:
    """Section `bootstrap` of the parameters."""

    resamples: int
    level: float
    seed: int


def draw(rows: int, params: Bootstrap) -> NDArray[np.int64]:
    """Draw the resamples.

    Args:
        rows: how many rows there are.
        params: how many resamples to draw, and the seed.

    Returns:
        Row numbers, one resample on each line: shape (resamples, rows).
    """
    return np.random.default_rng(params.seed).integers(rows, size=(params.resamples, rows))


def times_drawn(drawn: NDArray[np.int64]) -> NDArray[np.float64]:
    """Count how often each row was drawn.

    Args:
        drawn: row numbers, shape (resamples, rows).

    Returns:
        Counts in the same shape: entry (b, i) says how often resample b holds row i.
    """
    return np.stack([np.bincount(line, minlength=drawn.shape[1]) for line in drawn]).astype(float)


def estimate(value: float, resampled: NDArray[np.float64], level: float) -> dict[str, Any]:
    """Put a value and its interval in the form of the reports.

    Args:
        value: the number from the rows themselves; NaN where it cannot be computed.
        resampled: the number from each resample, NaN where it cannot be computed.
        level: the share of results that the interval holds, such as 0.95.

    Returns:
        `value` and `interval`; a value that cannot be computed is None and has no interval.
    """
    if not np.isfinite(value):
        return {"value": None}
    told = resampled[np.isfinite(resampled)]
    if not told.size:
        return {"value": float(value)}
    tail = (1 - level) / 2
    return {"value": float(value), "interval": np.quantile(told, [tail, 1 - tail]).tolist()}
