"""Stage `evaluate`: measure the model on the test rows, with bootstrap intervals."""

from typing import Any

import numpy as np
from sklearn.metrics import auc, log_loss, roc_curve

from pipelines.bootstrap import Bootstrap, draw, estimate
from pipelines.common import REPORTS, read_params, run, write_json
from pipelines.curves import (
    CALIBRATION_BINS,
    Labels,
    Scores,
    bin_of,
    calibration_points,
    precision_recall_points,
    roc_points,
    score_points,
)
from pipelines.scoring import Decision, score_test_rows


def expected_calibration_error(defaulted: Labels, score: Scores, bins: int = CALIBRATION_BINS) -> float:
    """Return the mean distance between predicted probability and observed rate.

    Args:
        defaulted: who did, one entry for each row.
        score: predicted probabilities of default, of the same rows.
        bins: how many bins of equal width from 0 to 1; each counts by its number of rows.

    Returns:
        0 for a model whose probabilities come true in every bin, at most 1.
    """
    surplus = np.bincount(bin_of(score, bins), weights=score - defaulted, minlength=bins)
    return float(np.abs(surplus).sum() / len(score))


def measure(defaulted: Labels, score: Scores, threshold: float) -> dict[str, float]:
    """Compute every metric.

    Args:
        defaulted: who did, one entry for each row; both outcomes must occur.
        score: predicted probabilities of default, of the same rows.
        threshold: default is predicted from this score on; only `accuracy` depends on it.

    Returns:
        Each metric by name. `ks` is the Kolmogorov-Smirnov distance between the scores of those
        who defaulted and of those who paid.
    """
    fpr, tpr, _ = roc_curve(defaulted, score)
    return {
        "accuracy": float(np.mean((score >= threshold) == defaulted)),
        "auc": float(auc(fpr, tpr)),
        "brier": float(np.mean((score - defaulted) ** 2)),
        "ece": expected_calibration_error(defaulted, score),
        "ks": float(np.max(tpr - fpr)),
        "log_loss": float(log_loss(defaulted, score, labels=[False, True])),
    }


def metrics_report(defaulted: Labels, score: Scores, threshold: float, bootstrap: Bootstrap) -> dict[str, Any]:
    """Compute every metric and its interval.

    Args:
        defaulted: who did, one entry for each row.
        score: predicted probabilities of default, of the same rows.
        threshold: default is predicted from this score on.
        bootstrap: how to draw the resamples, and the intervals' level.

    Returns:
        For each metric its `value`, `interval`, `level` and `n`, the number of rows.
    """
    values = measure(defaulted, score, threshold)
    resampled = [measure(defaulted[rows], score[rows], threshold) for rows in draw(len(score), bootstrap)]
    return {
        name: estimate(value, np.array([each[name] for each in resampled]), bootstrap.level)
        | {"level": bootstrap.level, "n": len(score)}
        for name, value in values.items()
    }


def main() -> str:
    """Write the metrics and the plots; return a line about them."""
    bootstrap = read_params(Bootstrap, "bootstrap")
    threshold = read_params(Decision, "evaluate").threshold
    scored = score_test_rows()
    report = metrics_report(scored.defaulted, scored.score, threshold, bootstrap)
    write_json(REPORTS / "metrics.json", report)
    curves = {
        "roc": roc_points,
        "precision_recall": precision_recall_points,
        "calibration": calibration_points,
        "scores": score_points,
    }
    for name, points in curves.items():
        write_json(REPORTS / "plots" / f"{name}.json", points(scored.defaulted, scored.score))
    value, (low, high) = report["auc"]["value"], report["auc"]["interval"]
    return f"AUC {value:.3f} ({low:.3f} to {high:.3f}) on {len(scored.score):,} rows"


if __name__ == "__main__":
    run("evaluate", main)
