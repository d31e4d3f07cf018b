"""The fairness section: bounds where the policy has them, small groups marked."""

from typing import Any

import pytest

from govkit.cards import fairness
from govkit.core.gates.base import Gate
from govkit.core.gates.fairness import FairnessGate
from govkit.core.gates.metric import MetricGate


def gates(**fields: Any) -> dict[str, Gate]:
    """Return a policy's gates: one on fairness, and one that says nothing of it."""
    wanted = {"attribute": "SEX", "rate": "rate", "compare": "ratio", "min": 0.8, "min_group": 100, **fields}
    return {"parity": FairnessGate(**wanted), "auc": MetricGate(metric="auc", min=0.5)}


@pytest.mark.parametrize(
    ("fields", "at", "label"),
    [
        ({}, 0.6, "0.8 of the largest"),
        ({"compare": "difference", "min": None, "max": 0.1}, 0.65, "0.1 below the largest"),
        ({"compare": "each", "min": 0.5}, 0.5, "least allowed"),
        ({"compare": "each", "min": None, "max": 0.9}, 0.9, "most allowed"),
    ],
)
def test_bound_is_drawn_where_it_lies(value: dict[str, Any], build: Any, fields: Any, at: float, label: str) -> None:
    """A bound on a ratio or difference is drawn below the largest group, one on each group where it is."""
    plot = fairness.attributes(build(value)[0], gates(**fields))[0].plots[0]
    assert [bound.label for bound in plot.bounds] == [label]
    ticks = {float(tick.label): tick.at for tick in plot.ticks}
    low, high = min(ticks), max(ticks)
    expected = ticks[low] + (ticks[high] - ticks[low]) * (at - low) / (high - low)
    assert plot.bounds[0].at == pytest.approx(expected, abs=0.2)
    assert f"{label} is" in plot.description


def test_without_a_rule_nothing_is_drawn(value: dict[str, Any], build: Any) -> None:
    """No policy, or one that asks nothing of this attribute: no bound and no group called small."""
    for known in ({}, gates(attribute="AGE")):
        found = fairness.attributes(build(value)[0], known)[0]
        assert (found.plots[0].bounds, found.least, found.rules) == ([], 0, [])
        assert not any(row.small for row in found.groups)


def test_small_groups_are_marked(value: dict[str, Any], build: Any) -> None:
    """A group below the policy's smallest, or of a size that nobody said, is marked in table and plot."""
    value["fairness"][0]["attributes"]["SEX"]["groups"]["male"]["n"] = 100
    found = fairness.attributes(build(value)[0], gates())[0]
    assert {row.name: row.small for row in found.groups} == {"female": True, "male": False}
    assert {dot.name: dot.small for dot in found.plots[0].dots} == {"female": True, "male": False}
    assert found.rules == ["rate, ratio over the groups: at least 0.8"]
    value["fairness"][0]["attributes"]["SEX"]["groups"]["male"]["n"] = None
    assert all(row.small for row in fairness.attributes(build(value)[0], gates())[0].groups)
