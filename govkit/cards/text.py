"""Text for pages: numbers, sizes and lines read alike everywhere. :mod:`govkit.core.inert` makes it harmless."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

from govkit.core import inert

_EXACT = 2**53
_WIDE = frozenset("ABCDEFGHKMNOPQRSTUVWXYZmw%@&<>=+_—…")


def lines(text: str) -> list[str]:
    """Return the lines of what people wrote, tabs as spaces, without the blank ones at either end."""
    return text.replace("\r\n", "\n").replace("\t", "    ").strip(" \n").split("\n")


def fence(text: str) -> str:
    """Return a line of backticks that nothing in ``text`` can close."""
    return "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))


def number(value: float) -> str:
    """Return a number for people: whole numbers in full, others with 4 significant digits, thousands separated.

    The digits before the point are never rounded away.
    """
    if not math.isfinite(value):
        return "not finite"
    if value == int(value) and abs(value) < _EXACT:
        return f"{int(value):,}"
    return f"{value:,.0f}" if 999.5 <= abs(value) < _EXACT else f"{value:.4g}"


def things(number: int, noun: str) -> str:
    """Return a number of things, such as ``1 check`` or ``2 checks``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def exact(value: float) -> str:
    """Return a number with all its digits."""
    return repr(int(value)) if math.isfinite(value) and value == int(value) and abs(value) < _EXACT else repr(value)


def percent(share: float) -> str:
    """Return a share from 0 to 1 in percent, with at most 4 significant digits."""
    return f"{share * 100:.4g} %"


def size(count: int | None) -> str:
    """Return a number of bytes for people, such as ``2.87 MB``."""
    if count is None:
        return "not known"
    amount, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 999.5:
            break
        amount, unit = amount / 1_000, larger
    return f"{amount:.3g} {unit}" if amount < 999.5 else f"{amount:,.0f} {unit}"


def shorten(said: str, room: float, *, end: bool = False) -> str:
    """Return as much of a name, with hidden characters shown, as a drawing has room for.

    Args:
        said: the name.
        room: in letters of middling width; wide ones, and those of scripts with square ones, take more.
        end: keep its end, which tells more of a path than its beginning.
    """
    shown = inert.unbroken(said)
    letters = shown[::-1] if end else shown
    for kept, letter in enumerate(letters):
        room -= 2.0 if letter > "\u2e7f" else 1.6 if letter in _WIDE or letter > "\u036f" else 1.0
        if room < 0:
            cut = letters[: max(kept - 2, 0)]
            return f"…{cut[::-1]}" if end else f"{cut}…"
    return shown


def reported(value: Any, numbers: Callable[[float], str] = number) -> str:
    """Return any JSON value on one line: text as it is, numbers as ``numbers`` has them, the rest as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return numbers(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(", ", ": "))


def pretty(value: Any) -> str:
    """Return a JSON value over several lines, keys sorted."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2)


def human(key: str) -> str:
    """Return a key such as ``intended_use`` as words: ``Intended use``."""
    return key[:1].upper() + key[1:].replace("_", " ")
