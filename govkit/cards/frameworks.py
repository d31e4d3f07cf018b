"""Which part of a framework a card gives evidence for; and the mappings that govkit brings along.

The mappings are data, dated and with their sources: ``govkit/data/frameworks``. What follows from them is decided by
:mod:`govkit.core.controls`, for a page as for ``govkit controls``. A page shows one version, so what only the policy
and the whole log show is not looked for there.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from msgspec import Struct

from govkit.core import controls, evidence
from govkit.core.card import Card
from govkit.core.controls import Framework, Met
from govkit.core.evidence import NamedCard, Piece

if TYPE_CHECKING:
    from govkit.core.standing import Standing

#: In this order on pages and in tables.
_ORDER = ("eu-ai-act", "sr-26-2", "ss1-23", "nist-ai-rmf", "iso-42001")
_NO_LOG = "the log is not known here"


class Row(Struct, frozen=True):
    """One requirement: where it stands, what it asks in a few words, how far it is met, and by what."""

    place: str
    asks: str
    word: str
    by: str


class OnCard(Struct, frozen=True):
    """A framework with the day of the mapping and its source."""

    name: str
    source: str
    as_of: str
    rows: list[Row]


@cache
def known() -> dict[str, Framework]:
    """Return the mappings that govkit brings along, by the name that a command calls them."""
    folder = resources.files("govkit").joinpath("data", "frameworks")
    found = [controls.parse(folder.joinpath(f"{name}.json").read_bytes()) for name in _ORDER]
    return {one.id: one for one in found}


def mappings(card: Card, standing: Standing | None) -> list[OnCard]:
    """Return what a card and the log give evidence for.

    Args:
        card: the card.
        standing: what the log knows of the version, or None: then what only the log has is not covered here.
    """
    there = {**evidence.of_cards([NamedCard(card.model.name, "", card)]), **_of_standing(standing)}
    found = []
    for one in known().values():
        met = controls.weigh(one, there)
        rows = [_row(each) for each in met.controls if any(piece.evidence in there for piece in each.pieces)]
        found.append(OnCard(one.name, one.sources[0].url, one.as_of, rows))
    return found


def _of_standing(standing: Standing | None) -> dict[str, Piece]:
    """Return what a page's reader can see of the log: that it has the version, and decisions that count."""
    decided = standing is not None and any(one.counts for one in standing.decisions)
    states = {"event:version.registered": standing is not None, "event:decision.recorded": decided}
    return {
        name: Piece(evidence=name, state="there" if is_there else "missing", record="" if standing else _NO_LOG)
        for name, is_there in states.items()
    }


def _row(met: Met) -> Row:
    shown = {state: _words(met, state) for state in ("there", "missing", "not looked at")}
    parts = [shown["there"], f"missing: {shown['missing']}", f"not shown on this page: {shown['not looked at']}"]
    return Row(met.place, met.asks, met.word, "; ".join(part for part in parts if not part.endswith(": ") and part))


def _words(met: Met, state: str) -> str:
    return ", ".join(evidence.VOCABULARY[piece.evidence] for piece in met.pieces if piece.state == state)
