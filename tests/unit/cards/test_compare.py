"""A challenger beside its champion: what is shown, and what is called not comparable."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from govkit.cards import compare
from govkit.core.card import Card
from govkit.core.standing import Standing

COUNTS = {"dtype": "object", "missing": 0, "counts": {"a": 60, "b": 40}}


@pytest.fixture
def compared(value: dict[str, Any], build: Any, stood: Callable[..., Standing]) -> Callable[[dict], compare.Comparison]:
    """Return a function that compares the fixture's card, as challenger, with a changed one as champion."""

    def made(theirs: dict[str, Any], ours: dict[str, Any] | None = None) -> compare.Comparison:
        card, champion = build(ours or value)[0], build(theirs)[0]
        found = compare.comparison(card, stood(card, "1.0.0", champion=champion))
        assert found is not None
        return found

    return made


def changes(found: compare.Comparison) -> dict[str, list[tuple[str, str, str]]]:
    """Return the changes by heading."""
    return {head: [(row.what, row.before, row.after) for row in rows] for head, rows in found.changes if rows}


def test_without_a_champion_nothing_is_compared(value: dict[str, Any], build: Any, stood: Any) -> None:
    """The hook knows no champion, and a first version has none."""
    card: Card = build(value)[0]
    assert compare.comparison(card, None) is None
    from msgspec.structs import replace

    assert compare.comparison(card, replace(stood(card), champion=None)) is None


def test_the_same_card_changed_nothing(value: dict[str, Any], compared: Any) -> None:
    """A version beside itself: equal numbers, no changes."""
    found = compared(value)
    assert found.incomparable == ""
    assert changes(found) == {}
    assert [(row.name, row.gain) for row in found.metrics] == [("auc", "the same"), ("f1", "not comparable")]


def test_gain_has_its_sign(value: dict[str, Any], compared: Any) -> None:
    """A higher number is a plus, a lower one a minus, and what one side lacks is not compared."""
    theirs = copy.deepcopy(value)
    theirs["metrics"][0]["measure"]["value"] = 0.8
    theirs["metrics"].append({"name": "zeta", "path": "m.json", "measure": theirs["metrics"][0]["measure"]})
    gains = {row.name: row.gain for row in compared(theirs).metrics}
    assert gains == {"auc": "−0.0195", "f1": "not comparable", "zeta": "not comparable"}
    theirs["metrics"][0]["measure"]["value"] = 0.7
    assert compared(theirs).metrics[0].gain == "+0.08051"


def test_other_evaluation_data_is_not_comparable(value: dict[str, Any], compared: Any) -> None:
    """Numbers that were measured on other data are shown and not subtracted."""
    theirs = copy.deepcopy(value)
    theirs["evaluation_data"][0]["sha256"] = "sha256:" + "1" * 64
    found = compared(theirs)
    assert found.incomparable == "other evaluation data than the champion's"
    assert {row.gain for row in found.metrics} == {"not comparable"}


def test_changes_are_named_with_both_values(value: dict[str, Any], compared: Any) -> None:
    """Parameters, data, code, contract and pipeline: what it was and what it is."""
    theirs = copy.deepcopy(value)
    theirs["lineage"]["params"]["params.yaml"]["train"]["rate"] = 0.1
    theirs["lineage"]["data"] = []
    theirs["lineage"]["code"][0]["size"] = 2
    theirs["statements"]["contract"]["python"] = ">=3.10"
    theirs["lineage"]["stages"][0]["cmd"] = ["python old.py"]
    found = changes(compared(theirs))
    assert found["Parameters"] == [("params.yaml: train.rate", "0.1", "0.123456")]
    assert found["Data"][0][:2] == ("data.csv", "not there")
    assert [row[0] for row in found["Code that it depends on"]] == ["train.py"]
    assert found["Environment and contract"] == [("python", ">=3.10", ">=3.11")]
    assert found["Pipeline"] == [("dvc.yaml: train", "python old.py", "python train.py")]


def test_drift_is_told_by_feature_the_furthest_first(value: dict[str, Any], compared: Any) -> None:
    """Both statistics for what can be compared; the reason for what cannot."""
    ours, theirs = copy.deepcopy(value), copy.deepcopy(value)
    ours["profiles"][0]["features"] = {"far": {**COUNTS, "counts": {"a": 10, "b": 90}}, "near": COUNTS, "new": COUNTS}
    theirs["profiles"][0]["features"] = {"far": COUNTS, "near": COUNTS}
    found = compared(theirs, ours)
    assert found.drift_problem == ""
    assert [one.feature for one in found.drift] == ["far", "near", "new"]
    assert found.drift[0].psi == pytest.approx(1.3016, abs=1e-3)
    assert found.drift[0].ks == 0.5
    assert (found.drift[1].psi, found.drift[2].problem) == (0, "not in the champion's profile")


def test_drift_without_a_profile_is_said(value: dict[str, Any], compared: Any) -> None:
    """Where one side has no profile, that is what is said."""
    theirs = copy.deepcopy(value)
    theirs["profiles"] = []
    assert "the champion has no data profile" in compared(theirs).drift_problem
