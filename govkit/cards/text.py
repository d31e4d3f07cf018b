"""Text for pages: whatever cannot be seen is shown, Markdown is made inert, numbers read alike everywhere.

A card holds what pipelines, files and people said, so any of it may have been written to deceive a reader.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

from govkit.core.inert import HIDDEN

_HIDDEN = re.compile(f"[\t\n{HIDDEN}]")

# What Markdown or GitHub would read as more than itself. Everything is put in the middle of a line, so what only
# counts at its beginning (lists, headings) is not here.
_MARKUP = re.compile(
    r"(?P<escape>[\\`*_\[\]{}!~])|(?P<entity>[&<>|])"
    r"|(?P<apart>[@#$]|:(?=\S)|(?<=(?i:www))\.|(?<=(?i:\bgh))-(?=\d))"
    r"|(?P<commit>\b(?=[0-9]*[a-f])[0-9a-f]{7,64}\b)"
)
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}
# What a code span holds as it stands, within a table too.
_CODE = re.compile(r"[^`|\\\s](?:[^`|\\\n]*[^`|\\\s])?")

_EXACT = 2**53


def visible(text: str) -> str:
    """Return a text with every hidden character named: ``<U+001B>`` for an escape, ``<U+202E>`` for an override.

    Unicode has pictures of some of them, but few fonts do.
    """
    return _HIDDEN.sub(lambda match: f"<U+{ord(match[0]):04X}>", text)


def lines(text: str) -> list[str]:
    """Return the lines of what people wrote, tabs as spaces, without the blank ones at either end."""
    return text.replace("\r\n", "\n").replace("\t", "    ").strip(" \n").split("\n")


def markdown(text: str) -> str:
    """Return a text that GitHub shows as it stands: no formatting, HTML, link, mention or reference comes of it.

    Backslashes and character references stop Markdown.
    GitHub looks for mentions and references in the page that results, piece of text by piece of text, so there the
    decisive character is set apart in an element of its own.
    """
    return _MARKUP.sub(_inert, visible(text))


def _inert(match: re.Match[str]) -> str:
    if match["escape"]:
        return f"\\{match[0]}"
    if match["entity"]:
        return _ENTITIES[match[0]]
    return f"<span>{match[0]}</span>" if match["apart"] else f"<code>{match[0]}</code>"


def markdown_code(text: str) -> str:
    """Return a name or path as a Markdown code span, or inert if a code span cannot hold it."""
    seen = visible(text)
    return f"`{seen}`" if _CODE.fullmatch(seen) else markdown(text)


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
