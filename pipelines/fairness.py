"""Stage `fairness`: compare who is granted credit between groups of protected attributes.

The favourable outcome is *selected*: credit is granted, because the predicted probability of
default is below the cut-off. So the true positive rate is P(selected | did not default), and
the false positive rate is P(selected | defaulted).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from fairlearn.metrics import MetricFrame
from numpy.typing import NDArray

from pipelines.bootstrap import Bootstrap, draw, estimate, times_drawn
from pipelines.common import REPORTS, TEST, read_params, run, write_json
from pipelines.groups import groups_of
from pipelines.scoring import Decision, score_test_rows

SCHEMA = "govkit.fairness/v1"

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


# Each rate is the share of those selected among some of the rows; repaid says who did not default.
AMONG: dict[str, Callable[[Bools], Bools]] = {
    "selection_rate": np.ones_like,
    "true_positive_rate": lambda repaid: repaid,
    "false_positive_rate": lambda repaid: ~repaid,
}


def _rate(among: Callable[[Bools], Bools]) -> Callable[[Bools, Bools], float]:
    """Make a metric for fairlearn: NaN where it has no rows (fairlearn's own rates say 0)."""

    def rate(repaid: Bools, selected: Bools) -> float:
        counted = selected[among(repaid)]
        return float(counted.mean()) if len(counted) else float("nan")

    return rate


def resampled_rates(repaid: Bools, selected: Bools, members: Bools, drawn: Floats) -> dict[str, Floats]:
    """Compute every rate of every group in every resample, as products of matrices.

    Args:
        repaid: who did not default, one entry for each row.
        selected: who was granted credit.
        members: who is in which group, shape (rows, groups).
        drawn: how often each resample holds each row, shape (resamples, rows).

    Returns:
        For each rate its values, shape (resamples, groups); NaN where a group has no such row.
    """
    rates = {}
    for name, among in AMONG.items():
        rows = (members & among(repaid)[:, None]).astype(float)
        with np.errstate(invalid="ignore"):
            rates[name] = (drawn @ (rows * selected[:, None])) / (drawn @ rows)
    return rates


def compare(repaid: Bools, selected: Bools, groups: "pd.Series[str]", drawn: Floats, level: float) -> dict[str, Any]:
    """Compare the groups of one attribute.

    Args:
        repaid: who did not default, one entry for each row.
        selected: who was granted credit.
        groups: the group of each row.
        drawn: how often each resample holds each row, shape (resamples, rows).
        level: the intervals' level.

    Returns:
        `groups` (`n` and each rate), `difference` (largest less smallest rate) and `ratio`
        (smallest by largest), each rate with its interval. A rate that cannot be computed for a
        group is None, and is left out of the comparison.
    """
    metrics = {name: _rate(among) for name, among in AMONG.items()}
    frame = MetricFrame(metrics=metrics, y_true=repaid, y_pred=selected, sensitive_features=groups)
    names = list(frame.by_group.index)
    members = groups.to_numpy()[:, None] == np.array(names)
    report: dict[str, Any] = {
        "groups": {name: {"n": int(n)} for name, n in zip(names, members.sum(axis=0), strict=True)},
        "difference": {},
        "ratio": {},
    }
    difference, ratio = frame.difference(), frame.ratio()
    for rate, resampled in resampled_rates(repaid, selected, members, drawn).items():
        values = frame.by_group[rate].to_numpy(dtype=float)
        for name, value, column in zip(names, values, resampled.T, strict=True):
            report["groups"][name][rate] = estimate(value, column, level)
        known = resampled[:, np.isfinite(values)]
        # The initial values stand where no group is known; they are not finite, so not reported.
        low, high = known.min(axis=1, initial=np.inf), known.max(axis=1, initial=-np.inf)
        report["difference"][rate] = estimate(difference[rate], high - low, level)
        with np.errstate(invalid="ignore"):
            report["ratio"][rate] = estimate(ratio[rate], low / high, level)
    return report


def main() -> str:
    """Write the fairness report; return a line about it."""
    bootstrap = read_params(Bootstrap, "bootstrap")
    threshold = read_params(Decision, "evaluate").threshold
    scored = score_test_rows()
    selected, repaid = scored.score < threshold, ~scored.defaulted
    drawn = times_drawn(draw(len(selected), bootstrap))
    attributes = {
        name: compare(repaid, selected, groups, drawn, bootstrap.level)
        for name, groups in groups_of(scored.clients).items()
    }
    report = {
        "schema": SCHEMA,
        "data": TEST.as_posix(),
        "outcome": f"Credit is granted: the predicted probability of default is below {threshold}.",
        "level": bootstrap.level,
        "attributes": attributes,
    }
    write_json(REPORTS / "fairness.json", report)
    return f"{selected.mean():.1%} selected; compared by {', '.join(attributes)}"


if __name__ == "__main__":
    run("fairness", main)
