"""Words that many sentences share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def several(words: Sequence[str], most: int = 3, between: str = ", ") -> str:
    """Return the first words of a list as one text, and how many more there are."""
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return between.join(words[:most]) + more


def suggest(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the nearest known word, or an empty string."""
    from difflib import get_close_matches

    near = get_close_matches(word, list(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""
