"""Making text from others harmless to look at: terminal escapes and invisible or reordering characters are shown."""

from __future__ import annotations

import re

#: Characters without a shape of their own, as the inside of a character class; newline and tab apart: controls, soft
#: hyphen, bidi controls, joiners, fillers, invisible operators, variation selectors (those for emoji excepted),
#: byte-order marks, surrogates and tag characters. The set is fixed here, not asked of :mod:`unicodedata`, whose
#: answers differ between Pythons.
HIDDEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_HIDDEN = re.compile(f"[{HIDDEN}]")


def visible(text: str) -> str:
    """Return a text in which every hidden character is written as ``<U+XXXX>``; newline and tab stay."""
    return _HIDDEN.sub(lambda match: f"<U+{ord(match[0]):04X}>", text)


def line(text: str) -> str:
    """Return a text as one line: as :func:`visible`, with newlines and tabs as spaces."""
    return " ".join(visible(text).split())


def json_text(text: str) -> str:
    r"""Return JSON in which every hidden character is written as ``\uXXXX``: the same value, harmless to look at."""
    return _HIDDEN.sub(lambda match: _escape(ord(match[0])), text)


def _escape(code: int) -> str:
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
