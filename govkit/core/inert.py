"""Making text from others harmless to look at: terminal escapes and invisible or reordering characters are shown.

In Markdown, whatever could act is made text as well.
"""

from __future__ import annotations

import re
from functools import cache

#: Characters without a shape of their own, as the inside of a character class; newline and tab apart: controls, soft
#: hyphen, bidi controls, joiners, fillers, invisible operators, variation selectors (those for emoji excepted),
#: byte-order marks, surrogates and tag characters. The set is fixed here, not asked of :mod:`unicodedata`, whose
#: answers differ between Pythons.
HIDDEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U00013430-\U0001343f\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
#: Marks that are drawn over the letter before them. Letters of some scripts have two or three; a pile of them hides
#: what stands around, so the rest of it is shown. Fixed here for the same reason.
_MARKS = (
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u06d6-\u06dc\u0730-\u074a"
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
    "\ufe20-\ufe2f]"
)

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


def visible(text: str) -> str:
    """Return a text in which every hidden character, and what is piled on a letter, is written as ``<U+XXXX>``.

    Newline and tab stay.
    """
    return text if _is_plain(text) else _hidden().sub(lambda match: f"<U+{ord(match[0]):04X}>", text)


def unbroken(text: str) -> str:
    """Return a text as one line: as :func:`visible`, with newlines and tabs written as ``<U+XXXX>`` too."""
    if text.isascii() and text.isprintable():
        return text
    return _hidden(r"\t\n").sub(lambda match: f"<U+{ord(match[0]):04X}>", text)


@cache
def _hidden(more: str = "") -> re.Pattern[str]:
    """Return what finds hidden characters, and more: made when it is needed, as most of what is printed is plain."""
    return re.compile(f"(?<={_MARKS * 3}){_MARKS}|[{more}{HIDDEN}]")


def _is_plain(text: str) -> bool:
    """Tell whether a text is nothing but ASCII that can be seen, and newlines."""
    return text.isascii() and text.replace("\n", "").isprintable()


def line(text: str) -> str:
    """Return a text as one line: as :func:`visible`, with newlines and tabs as spaces."""
    return " ".join(visible(text).split())


def shell(word: str) -> str:
    """Return a word in single quotes, for a command that somebody will paste into a shell.

    ``shlex.quote`` leaves them out where it thinks that none are needed; names with ``!`` and ``#`` should look alike.
    """
    return "'" + word.replace("'", "'\"'\"'") + "'"


def json_text(text: str) -> str:
    r"""Return JSON in which every hidden character is written as ``\uXXXX``: the same value, harmless to look at."""
    return text if _is_plain(text) else _hidden().sub(lambda match: _escape(ord(match[0])), text)


def _escape(code: int) -> str:
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"


def markdown(text: str) -> str:
    """Return a text that GitHub shows as it stands: no formatting, HTML, link, mention or reference comes of it.

    Backslashes and character references stop Markdown.
    GitHub looks for mentions and references in the page that results, piece of text by piece of text, so there the
    decisive character is set apart in an element of its own.
    """
    return _MARKUP.sub(_stopped, unbroken(text))


def _stopped(match: re.Match[str]) -> str:
    if match["escape"]:
        return f"\\{match[0]}"
    if match["entity"]:
        return _ENTITIES[match[0]]
    return f"<span>{match[0]}</span>" if match["apart"] else f"<code>{match[0]}</code>"


def markdown_code(text: str) -> str:
    """Return a name or path as a Markdown code span, or inert if a code span cannot hold it."""
    seen = unbroken(text)
    return f"`{seen}`" if _CODE.fullmatch(seen) else markdown(text)
