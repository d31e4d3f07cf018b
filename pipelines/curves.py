"""Curves of a scored test set, as lists of points for DVC's plots."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

Labels = NDArray[np.bool_]
Scores = NDArray[np.float64]
Points = list[dict[str, Any]]

MOST_POINTS = 100
CALIBRATION_BINS = 10
SCORE_BINS = 20


def bin_of(score: Scores, bins: int) -> NDArray[np.int64]:
    """Return the bin of each score: `bins` of equal width from 0 to 1, a score of 1 in the last."""
    return np.minimum((score * bins).astype(np.int64), bins - 1)


def roc_points(defaulted: Labels, score: Scores) -> Points:
    """Return at most 100 points of the ROC curve, from (0, 0) to (1, 1)."""
    fpr, tpr, _ = roc_curve(defaulted, score)
    return [{"fpr": fpr[i], "tpr": tpr[i]} for i in _spread(len(fpr))]


def precision_recall_points(defaulted: Labels, score: Scores) -> Points:
    """Return at most 100 points of the precision-recall curve, recall rising from 0 to 1."""
    precision, recall, _ = precision_recall_curve(defaulted, score)
    chosen = reversed(_spread(len(recall)))
    return [{"recall": recall[i], "precision": precision[i]} for i in chosen]


def calibration_points(defaulted: Labels, score: Scores, bins: int = CALIBRATION_BINS) -> Points:
    """Compare prediction and outcome, bin by bin.

    Args:
        defaulted: who did, one entry for each row.
        score: predicted probabilities of default, of the same rows.
        bins: how many bins of equal width from 0 to 1.

    Returns:
        For each bin that is not empty: the mean `predicted` probability, the `observed` rate,
        and `n`, its number of rows.
    """
    where = bin_of(score, bins)
    return [
        {"predicted": score[held].mean(), "observed": defaulted[held].mean(), "n": held.sum()}
        for held in (where == number for number in np.unique(where))
    ]


def score_points(defaulted: Labels, score: Scores, bins: int = SCORE_BINS) -> Points:
    """Count who `defaulted` and who `paid` in each bin; `score` is the middle of the bin."""
    where = bin_of(score, bins)
    counts = [np.bincount(where[chosen], minlength=bins) for chosen in (defaulted, ~defaulted)]
    return [
        {"score": (number + 0.5) / bins, "defaulted": counts[0][number], "paid": counts[1][number]}
        for number in range(bins)
    ]


def _spread(points: int) -> list[int]:
    """Choose the positions to keep: the ends, and others evenly between them."""
    return [int(i) for i in np.unique(np.linspace(0, points - 1, MOST_POINTS).round())]
