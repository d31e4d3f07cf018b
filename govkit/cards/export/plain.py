"""The card and what the log knows around it, as canonical JSON: ``govkit.export/v1``."""

from __future__ import annotations

from govkit.cards.export.base import Choices
from govkit.core import records
from govkit.core.card import Card
from govkit.core.exported import Exported


def export(facts: Exported, card: Card, choices: Choices) -> str:  # noqa: ARG001 - every exporter takes the same
    """Return the RFC 8785 text, without a line end, so that it can be digested as it stands."""
    return records.to_json(facts).decode()
