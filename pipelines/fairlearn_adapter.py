"""A fairness report for govkit from fairlearn's `MetricFrame`, one for each attribute: 30 lines to copy anywhere.

The worked example has a stage of its own (`pipelines/fairness.py`), which resamples all attributes at once.
"""

import math
from collections.abc import Mapping
from typing import Any

from fairlearn.metrics import MetricFrame

COUNT = "n"  # the name under which a frame counts: MetricFrame(metrics={"n": fairlearn.metrics.count, ...})


def fairness_report(frames: Mapping[str, MetricFrame], data: str, outcome: str) -> dict[str, Any]:
    """Make a report of the form `govkit.fairness/v1`, to be written as a DVC metrics file.

    Args:
        frames: by attribute, with "n" among their metrics; with `n_boot` and two `ci_quantiles` also intervals.
        data: path of the data that was measured on.
        outcome: what the favourable outcome is, in words.
    """
    attributes = {}
    for name, frame in frames.items():
        is_resampled = bool(frame.ci_quantiles)
        rates = [rate for rate in frame.by_group.columns if rate != COUNT]
        ends = frame.by_group_ci if is_resampled else []
        groups: dict[str, Any] = {str(key): {COUNT: int(row[COUNT])} for key, row in frame.by_group.iterrows()}
        for key in frame.by_group.index:
            groups[str(key)] |= {
                rate: _number(frame.by_group.loc[key, rate], *(end.loc[key, rate] for end in ends)) for rate in rates
            }
        attributes[name] = {"groups": groups}
        for kind in ("difference", "ratio"):
            found, ends_ = getattr(frame, kind)(), getattr(frame, f"{kind}_ci")() if is_resampled else []
            attributes[name][kind] = {rate: _number(found[rate], *(end[rate] for end in ends_)) for rate in rates}
    return {"schema": "govkit.fairness/v1", "data": data, "outcome": outcome, "attributes": attributes}


def _number(value: float, *ends: float) -> dict[str, Any]:
    """Return a number with its interval; what is not finite is null, which no gate takes for a number."""
    known = [float(end) if math.isfinite(end) else None for end in (value, *ends)]
    return {"value": known[0]} | ({"interval": known[1:]} if len(known) == 3 and None not in known else {})
