"""Making text from others harmless to look at: terminal escapes and invisible or reordering characters are shown."""

from __future__ import annotations

import re

# C0 and C1 controls, and the Unicode characters that hide or reorder text (bidi controls, zero-width, line separators).
_ACTIVE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def visible(text: str) -> str:
    """Return a text in which every active character is written as ``<U+XXXX>``; newline and tab stay."""
    return _ACTIVE.sub(lambda match: f"<U+{ord(match[0]):04X}>", text)


def line(text: str) -> str:
    """Return a text as one line: as :func:`visible`, with newlines and tabs as spaces."""
    return " ".join(visible(text).split())
