"""The adapter from fairlearn: what it makes is the documented form, with fairlearn's own numbers in it."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import MetricFrame, count, selection_rate, true_positive_rate

from govkit.core import measures
from pipelines.fairlearn_adapter import fairness_report

TRUE = np.array([0, 1, 1, 0, 1, 0, 1, 1] * 5)
SELECTED = np.array([0, 1, 0, 0, 1, 1, 1, 1] * 5)
GROUPS = pd.Series(["young", "young", "young", "old", "old", "old", "old", "old"] * 5)
METRICS: dict[str, Any] = {"n": count, "selection_rate": selection_rate, "true_positive_rate": true_positive_rate}


def frame(**more: Any) -> MetricFrame:
    """Return a frame of two groups."""
    said = {"y_true": TRUE, "y_pred": SELECTED, "sensitive_features": GROUPS}
    return MetricFrame(metrics=METRICS, **{**said, **more})


def test_the_cards_builder_reads_it() -> None:
    """Groups, numbers of people, rates and comparisons come out of the JSON as fairlearn has them."""
    made = frame(n_boot=50, ci_quantiles=[0.025, 0.975], random_state=1)
    text = json.dumps(fairness_report({"AGE": made}, "data/test.csv", "selected"))
    found = measures.fairness("f.json", json.loads(text))
    assert (found.data, found.outcome) == ("data/test.csv", "selected")
    age = found.attributes["AGE"]
    assert {name: group.n for name, group in age.groups.items()} == {"young": 15, "old": 25}
    old = age.groups["old"].rates["selection_rate"]
    assert old.value == made.by_group.loc["old", "selection_rate"] == 0.8
    low, high = (end.loc["old", "selection_rate"] for end in made.by_group_ci)
    assert old.interval == (low, high)
    assert age.difference["selection_rate"].value == pytest.approx(0.8 - 1 / 3)
    assert age.ratio["selection_rate"].interval is not None
    assert {*age.difference, *age.ratio} == {"selection_rate", "true_positive_rate"}
    assert all(not rate.problem for group in age.groups.values() for rate in group.rates.values())


def test_without_resampling_there_are_no_intervals() -> None:
    """A frame that was not resampled gives bare numbers, and what is not finite is a problem, never a number."""
    undefined = {"n": count, "rate": lambda true, _: float("nan") if true.sum() > 12 else 0.5}
    made = MetricFrame(metrics=undefined, y_true=TRUE, y_pred=SELECTED, sensitive_features=GROUPS)
    text = json.dumps(fairness_report({"AGE": made}, "", ""), allow_nan=False)
    rates = {
        name: group.rates["rate"]
        for name, group in measures.fairness("f.json", json.loads(text)).attributes["AGE"].groups.items()
    }
    assert (rates["young"].value, rates["young"].interval) == (0.5, None)
    assert (rates["old"].value, rates["old"].problem) == (None, "not a number but null: None")
