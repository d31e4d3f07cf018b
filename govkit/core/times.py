"""Instants and spans as records write them: ``2026-11-23T10:15:00Z`` and ``30d``.

The one spelling of an instant sorts as text, so comparing two of them needs no parsing.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

INSTANT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$(?!\n)"
SPAN_PATTERN = r"^[1-9][0-9]{0,4}[hdw]$(?!\n)"

#: How far ahead of a reader's clock an event may be dated before nothing can be decided on it.
MAX_AHEAD = timedelta(minutes=10)

_INSTANT = re.compile(INSTANT_PATTERN.removesuffix(r"(?!\n)"))
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@lru_cache(maxsize=64)
def parse(text: str) -> datetime:
    """Return the UTC instant that ``text`` names.

    Raises:
        ValueError: if it is not a real date and time in the one spelling.
    """
    if _INSTANT.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not an instant like 2026-11-23T10:15:00Z")
    parts = (text[0:4], text[5:7], text[8:10], text[11:13], text[14:16], text[17:19])
    year, month, day, hour, minute, second = map(int, parts)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise ValueError(f"{text!r} is no real date and time: {error}") from error


def write(instant: datetime) -> str:
    """Return an aware datetime in the one spelling, cut to whole seconds."""
    # Not strftime: it writes the year 999 with three digits, which no longer sorts as text.
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def span(text: str) -> timedelta:
    """Return the length of a span such as ``12h``, ``30d`` or ``2w``.

    Raises:
        ValueError: for anything else.
    """
    if re.fullmatch(r"[1-9][0-9]{0,4}[hdw]", text) is None:
        raise ValueError(f"{text!r} is not a span like 12h, 30d or 2w")
    return int(text[:-1]) * _UNITS[text[-1]]


def add(instant: str, length: timedelta) -> str:
    """Return the instant that lies ``length`` after ``instant``.

    Raises:
        ValueError: if that is beyond the year 9999.
    """
    try:
        return write(parse(instant) + length)
    except OverflowError as error:
        raise ValueError(f"{length} after {instant} is beyond the year 9999") from error


def end(text: str) -> str:
    """Return the instant that somebody means who writes a day (its last second, UTC) or an instant.

    Raises:
        ValueError: if it is neither.
    """
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        text += "T23:59:59Z"
    try:
        return write(parse(text))
    except ValueError as error:
        raise ValueError(f"'{text}' is neither a day like 2026-11-23 nor an instant") from error


def start(text: str) -> str:
    """Return the instant that somebody means who writes a day (its first second, UTC) or an instant.

    Raises:
        ValueError: if it is neither.
    """
    is_day = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is not None
    return end(f"{text}T00:00:00Z" if is_day else text)


def epoch(instant: str) -> int:
    """Return whole seconds since 1970-01-01T00:00:00Z, as Git writes dates."""
    return int(parse(instant).timestamp())
