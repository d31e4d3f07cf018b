"""Stage `evaluate`: metrics, their intervals, curves."""

import numpy as np
import pytest

from pipelines.bootstrap import Bootstrap, draw, estimate, times_drawn
from pipelines.curves import calibration_points, precision_recall_points, roc_points, score_points
from pipelines.evaluate import expected_calibration_error, measure, metrics_report

BOOTSTRAP = Bootstrap(resamples=200, level=0.95, seed=1)


def scored(rows: int = 500) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes, and scores that come true."""
    rng = np.random.default_rng(0)
    score = rng.uniform(size=rows)
    return rng.uniform(size=rows) < score, score


def test_calibration_error_by_hand() -> None:
    """Bins 0.1 and 0.9 hold three rows and one: (|0.3 - 1| + |0.95 - 0|) / 4."""
    defaulted = np.array([True, False, False, False])
    score = np.array([0.1, 0.1, 0.1, 0.95])
    assert pytest.approx(expected_calibration_error(defaulted, score)) == (0.7 + 0.95) / 4


def test_score_of_one_is_in_the_last_bin() -> None:
    """A certain score is not beyond the bins."""
    assert expected_calibration_error(np.array([True]), np.array([1.0])) == 0


def test_metrics_of_a_perfect_order() -> None:
    """Everyone who defaulted scored above everyone who paid."""
    metrics = measure(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.6, 0.9]), 0.3)
    assert (metrics["auc"], metrics["ks"], metrics["accuracy"]) == (1.0, 1.0, 0.75)
    assert pytest.approx(metrics["brier"]) == (0.01 + 0.16 + 0.16 + 0.01) / 4


def test_intervals_hold_the_value_and_are_seeded() -> None:
    """The same seed gives the same report; another seed other intervals of the same values."""
    report = metrics_report(*scored(), 0.5, BOOTSTRAP)
    for name in ("accuracy", "auc", "brier", "ks", "log_loss"):
        low, high = report[name]["interval"]
        assert low < report[name]["value"] < high
        assert (report[name]["level"], report[name]["n"]) == (0.95, 500)
    assert report == metrics_report(*scored(), 0.5, BOOTSTRAP)
    other = metrics_report(*scored(), 0.5, Bootstrap(resamples=200, level=0.95, seed=2))
    assert report["auc"]["value"] == other["auc"]["value"]
    assert report["auc"]["interval"] != other["auc"]["interval"]


def test_interval_holds_the_middle_of_the_results() -> None:
    """Of 0 to 100 the middle 90 % is 5 to 95; results that are not numbers are left out."""
    resampled = np.array([*range(101), np.nan], dtype=float)
    expected = {"value": 40.0, "interval": [pytest.approx(5), pytest.approx(95)]}
    assert expected == estimate(40.0, resampled, 0.9)


def test_what_cannot_be_computed_has_no_interval() -> None:
    """NaN is None, and no interval is made up."""
    assert estimate(float("nan"), np.array([1.0]), 0.9) == {"value": None}
    assert estimate(1.0, np.array([np.nan]), 0.9) == {"value": 1.0}


def test_times_drawn_counts_the_rows_of_each_resample() -> None:
    """Every resample is as large as the data."""
    drawn = draw(7, BOOTSTRAP)
    counts = times_drawn(drawn)
    assert counts.shape == (200, 7)
    assert set(counts.sum(axis=1)) == {7}
    assert counts[3, 5] == (drawn[3] == 5).sum()


def test_curves_are_thinned_and_keep_their_ends() -> None:
    """At most 100 points, from one end to the other."""
    roc, pr = roc_points(*scored()), precision_recall_points(*scored())
    assert len(roc) == len(pr) == 100
    assert (tuple(roc[0].values()), tuple(roc[-1].values())) == ((0, 0), (1, 1))
    assert (pr[0]["recall"], pr[-1]["recall"]) == (0, 1)


def test_bins_count_every_row() -> None:
    """Calibration leaves empty bins out; the score distribution shows them."""
    defaulted, score = np.array([True, False, False]), np.array([0.12, 0.18, 0.97])
    calibration = calibration_points(defaulted, score)
    assert [(point["observed"], point["n"]) for point in calibration] == [(0.5, 2), (0.0, 1)]
    points = score_points(defaulted, score, bins=2)
    expected = [
        {"score": 0.25, "defaulted": 1, "paid": 1},
        {"score": 0.75, "defaulted": 0, "paid": 1},
    ]
    assert expected == points
