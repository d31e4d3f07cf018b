"""The inventory as values: its table, its exit code, its format."""

from __future__ import annotations

from typing import Any

import pytest

from govkit.core import formats, inventory
from govkit.core.inventory import Inventory, InventoryModel, InventoryRepository, InventoryStage

NOW = "2026-11-27T10:00:00Z"


def stage(name: str, **more: Any) -> InventoryStage:
    """Return a stage in which 1.0.0 serves."""
    return InventoryStage(**{"stage": name, "version": "1.0.0", "kind": "promote", "since": NOW, "by": "remy", **more})


def made(*found: InventoryRepository) -> Inventory:
    """Return an inventory."""
    return Inventory(schema=inventory.SCHEMA, made=NOW, repositories=list(found))


def cells(found: Inventory, *columns: str) -> list[tuple[str, ...]]:
    """Return some columns of its table."""
    return [tuple(row[name] for name in columns) for row in inventory.rows(found)]


def test_a_row_for_each_stage_and_for_what_serves_nowhere() -> None:
    """Every model is in it, one that serves nowhere and one that nobody registered, too."""
    models = [
        InventoryModel(model="a", versions=2, newest="1.1.0", stages=[stage("production"), stage("staging")]),
        InventoryModel(model="b", versions=1, newest="0.1.0", owner="Risk", tier="low"),
        InventoryModel(model="c", versions=0, note="declared, not registered"),
        InventoryModel(model="d", versions=1, stages=[stage("staging", version=None, kind="cleared")]),
    ]
    found = made(InventoryRepository(repository="r", state="verified", models=models))
    assert cells(found, "model", "stage", "version", "note") == [
        ("a", "production", "1.0.0", ""),
        ("a", "staging", "1.0.0", ""),
        ("b", "", "0.1.0", "serves nowhere"),
        ("c", "", "", "declared, not registered"),
        ("d", "staging", "", "cleared"),
    ]


def test_no_repository_is_left_out() -> None:
    """One of which nothing is known has a row with its reason; one without models says so; notes come once."""
    found = made(
        InventoryRepository(repository="gone", state="unreadable", reasons=["no such folder"]),
        InventoryRepository(repository="new", state="verified"),
        InventoryRepository(
            repository="bad",
            state="disproven",
            reasons=["1", "2", "3", "4"],
            notes=["note"],
            models=[InventoryModel(model="a", versions=1, stages=[stage("x", warning="late"), stage("y")])],
        ),
    )
    assert cells(found, "repository", "log", "note") == [
        ("gone", "unreadable", "no such folder"),
        ("new", "verified", "it has no models"),
        ("bad", "disproven", "1; 2; 3 and 1 more; late; note"),
        ("bad", "disproven", "1; 2; 3 and 1 more"),
    ]


@pytest.mark.parametrize(
    ("states", "code"),
    [
        (["verified"], 0),
        (["verified", "not pinned"], 3),
        (["undecided"], 3),
        (["unreadable"], 3),
        (["unreadable", "disproven", "verified"], 1),
    ],
)
def test_exit_code(states: list[Any], code: int) -> None:
    """What is disproven outweighs what is not known, and one repository is enough for either."""
    assert made(*(InventoryRepository(repository=name, state=name) for name in states)).exit_code == code


def test_its_format_is_published() -> None:
    """The schema names every field that is written."""
    schema = formats.json_schema(formats.find("inventory") or "")
    assert set(schema["properties"]) == {"schema", "made", "repositories"}
    assert set(schema["$defs"]["InventoryStage"]["properties"]) >= {"approved", "approved_by", "review_by", "owner"}
