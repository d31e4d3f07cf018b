"""A registered version in the formats of other tools, one module each; see ``docs/reference/exports.md``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from govkit.cards.export import cyclonedx, huggingface, intoto, mlflow, plain
from govkit.cards.export.base import Choices, Exporter
from govkit.core.exported import Exported

FORMATS: Mapping[str, Exporter] = MappingProxyType(
    {
        "cyclonedx": cyclonedx.export,
        "huggingface": huggingface.export,
        "in-toto": intoto.export,
        "json": plain.export,
        "mlflow-signature": mlflow.export,
    }
)


def write(name: str, facts: Exported, choices: Choices | None = None) -> str:
    """Return a version in a format.

    Args:
        name: one of :data:`FORMATS`.
        facts: what is known of the version.
        choices: what the format leaves open.

    Raises:
        Refused: if the format cannot say it; says why.
        Malformed: if the card is none.
    """
    return FORMATS[name](facts, facts.parsed(), choices or Choices())
