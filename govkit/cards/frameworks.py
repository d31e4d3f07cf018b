"""Which part of a framework a card gives evidence for: evidenced, partial or not covered, and never more than that.

The mappings are data, dated and with their sources: ``frameworks.json`` beside this file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from govkit.core.card import STATEMENTS, Card
from govkit.core.standing import Standing


@dataclass(frozen=True)
class Row:
    """One requirement: where it stands, what it asks in a few words, how far it is met, and by what."""

    place: str
    asks: str
    word: str
    by: str


@dataclass(frozen=True)
class Framework:
    """A framework with the day of the mapping and its source."""

    name: str
    source: str
    as_of: str
    rows: list[Row]


def mappings(card: Card, standing: Standing | None) -> list[Framework]:
    """Return what a card and the log give evidence for.

    Args:
        card: the card.
        standing: what the log knows of the version, or None: then what only the log has is not covered here.
    """
    there = _evidence(card, standing)
    data = _data()
    return [
        Framework(one["name"], one["source"], data["as_of"], [_row(*row, there=there) for row in one["rows"]])
        for one in data["frameworks"]
    ]


@cache
def _data() -> Any:
    return json.loads(resources.files("govkit.cards").joinpath("frameworks.json").read_bytes())


def _row(place: str, asks: str, wanted: list[str], *, there: frozenset[str]) -> Row:
    found = [name for name in wanted if name in there]
    word = "evidenced" if len(found) == len(wanted) else "partial" if found else "not covered"
    missing = [name for name in wanted if name not in there]
    by = ", ".join(name.replace("_", " ") for name in found)
    lacks = ", ".join(name.replace("_", " ") for name in missing)
    return Row(place, asks, word, "; ".join([*([by] if by else []), *([f"missing: {lacks}"] if lacks else [])]))


def _evidence(card: Card, standing: Standing | None) -> frozenset[str]:
    """Return the names of what there is."""
    lineage = card.lineage
    found = {name for name in STATEMENTS if card.statement(name)}
    known: dict[str, Any] = {
        "tier": card.statements.tier,
        "lineage": lineage.stages and not lineage.gaps and not lineage.problems,
        "parameters": lineage.params,
        "data": lineage.data and all(item.sha256 for item in lineage.data),
        "profiles": card.profiles,
        "metrics": any(not metric.measure.problem for metric in card.metrics),
        "evaluation_data": card.evaluation_data,
        "fairness": card.fairness,
        "plots": card.plots,
        "approvals": standing is not None and any(one.counts for one in standing.decisions),
        "log": standing is not None,
    }
    return frozenset(found | {name for name, value in known.items() if value})
