"""Stage `fairness`: rates of groups, their comparison, groups too small to say much."""

from typing import Any

import pandas as pd
import pytest

from pipelines.bootstrap import Bootstrap, draw, times_drawn
from pipelines.fairness import compare
from pipelines.groups import groups_of

BOOTSTRAP = Bootstrap(resamples=100, level=0.95, seed=1)


def report(rows: list[tuple[str, bool, bool]]) -> dict[str, Any]:
    """Compare rows of (group, repaid, selected)."""
    frame = pd.DataFrame(rows, columns=["group", "repaid", "selected"])
    repaid, selected = frame["repaid"].to_numpy(bool), frame["selected"].to_numpy(bool)
    drawn = times_drawn(draw(len(frame), BOOTSTRAP))
    return compare(repaid, selected, frame["group"], drawn, BOOTSTRAP.level)


# Group "a": 8 of 10 selected. Group "b": 6 of 10. Half of each repaid.
TWO_GROUPS = [("a", i < 5, i < 8) for i in range(10)] + [("b", i < 5, i < 6) for i in range(10)]


def test_rates_by_hand() -> None:
    """Selected is the favourable outcome: a true positive repaid, a false positive defaulted."""
    result = report(TWO_GROUPS)
    values = {name: [group[rate]["value"] for rate in result["difference"]] for name, group in result["groups"].items()}
    assert values == {"a": [0.8, 1.0, 0.6], "b": [0.6, 1.0, 0.2]}
    assert result["groups"]["a"]["n"] == 10
    assert pytest.approx(result["difference"]["selection_rate"]["value"]) == 0.2
    assert pytest.approx(result["ratio"]["selection_rate"]["value"]) == 0.75
    low, high = result["ratio"]["selection_rate"]["interval"]
    assert low < 0.75 < high <= 1
    assert result == report(TWO_GROUPS)


def test_tiny_group_is_reported_and_compared() -> None:
    """One row is enough for a selection rate; whether it counts is for the policy to say."""
    result = report([*TWO_GROUPS, ("tiny", True, False)])
    assert result["groups"]["tiny"]["n"] == 1
    assert result["groups"]["tiny"]["selection_rate"] == {"value": 0.0, "interval": [0.0, 0.0]}
    assert pytest.approx(result["difference"]["selection_rate"]["value"]) == 0.8
    assert result["ratio"]["selection_rate"]["value"] == 0.0


def test_group_in_which_nobody_repaid_has_no_true_positive_rate() -> None:
    """Its rate is None, not 0, and the other groups are compared without it."""
    result = report([*TWO_GROUPS, *[("late", False, True)] * 3])
    assert result["groups"]["late"]["true_positive_rate"] == {"value": None}
    assert result["groups"]["late"]["false_positive_rate"]["value"] == 1.0
    assert result["difference"]["true_positive_rate"]["value"] == 0.0


def test_rate_that_no_group_has_is_not_compared() -> None:
    """Where nobody defaulted there is no false positive rate anywhere."""
    result = report([("a", True, True), ("a", True, False), ("b", True, True)])
    for part in (result["groups"]["a"], result["difference"], result["ratio"]):
        assert part["false_positive_rate"] == {"value": None}


def test_nobody_selected_has_no_ratio() -> None:
    """0 by 0 is no ratio; the difference is 0."""
    result = report([("a", True, False), ("b", True, False), ("b", False, False)])
    assert result["ratio"]["selection_rate"] == {"value": None}
    assert result["difference"]["selection_rate"]["value"] == 0.0


def test_groups_have_readable_names() -> None:
    """Ages are split at 25 and 60; a code without a meaning is unknown."""
    clients = pd.DataFrame(
        {
            "SEX": [1, 2, 1, 2],
            "AGE": [24, 25, 59, 60],
            "MARRIAGE": [0, 1, 2, 3],
            "EDUCATION": [0, 1, 4, 6],
        }
    )
    expected = {
        "AGE": ["under 25", "25-59", "25-59", "60 and over"],
        "SEX": ["male", "female", "male", "female"],
        "MARRIAGE": ["unknown", "married", "single", "others"],
        "EDUCATION": ["unknown", "graduate school", "others", "unknown"],
    }
    assert expected == {name: groups.tolist() for name, groups in groups_of(clients).items()}
