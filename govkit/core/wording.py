"""Words that many sentences share."""

from __future__ import annotations

from collections.abc import Sequence


def several(words: Sequence[str], most: int = 3, between: str = ", ") -> str:
    """Return the first words of a list as one text, and how many more there are."""
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return between.join(words[:most]) + more
