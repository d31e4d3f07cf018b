"""Answers that are read as a page: paragraphs, facts, quotations and tables, the same in a terminal and as Markdown.

Whatever is in one is text from others. It is made inert where it is written out, and nowhere before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import force_setattr

from govkit.core.digests import short
from govkit.core.gates.base import Verdict
from govkit.core.inert import line, markdown, markdown_code
from govkit.reports import table

#: A text that is longer is cut on pages, with a word about it; JSON has it all.
LONGEST = 2_000
#: So many rows of a table are shown; JSON has all.
MOST = 100


#: The colons of an instant are made inert like all others, and cannot be anything else there: they stay as they are.
_INSTANT = re.compile(r"(?<=[0-9]T[0-9]{2})<span>:</span>([0-9]{2})<span>:</span>([0-9]{2}Z)")


def said(text: str, longest: int = LONGEST) -> str:
    """Return somebody's words, cut where they are longer than a page can bear."""
    text = text.strip()
    return text if len(text) <= longest else f"{text[:longest]} … (and {len(text) - longest:,} more characters)"


class _Words(Struct, frozen=True):
    """Cuts the texts of a part of a document: whoever writes it need not think of it."""

    def __post_init__(self) -> None:
        for name in ("by", "text", "note"):
            if hasattr(self, name):
                force_setattr(self, name, said(getattr(self, name)))


class Cell(_Words, frozen=True):
    """A text in a table or beside a label.

    Attributes:
        text: the text.
        kind: ``code`` for a path, ``digest``, ``verdict`` for a check's, ``number``, ``time``; else plain.
        note: a second, smaller text below it.
    """

    text: str
    kind: Literal["", "code", "digest", "verdict", "number", "time"] = ""
    note: str = ""


class Paragraph(_Words, frozen=True):
    """A paragraph; ``tone`` is what a reader must not miss (``alarm``), what is good to know (``note``), or plain."""

    text: str
    tone: Literal["", "alarm", "note"] = ""


class Facts(Struct, frozen=True):
    """Labels with what there is to say of each."""

    pairs: Sequence[tuple[str, Cell]]


class Quote(_Words, frozen=True):
    """Somebody's own words: who says them, and where that counts when."""

    by: str
    text: str


class Table(Struct, frozen=True):
    """A table: what it shows, its headings, its rows."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    @property
    def shown(self) -> Sequence[Sequence[Cell]]:
        """The rows that are shown."""
        return self.rows[:MOST]

    @property
    def rest(self) -> str:
        """What is said of the others, or an empty string."""
        more = len(self.rows) - MOST
        return f"and {more:,} more, all of which are in --format json" if more > 0 else ""


Block = Paragraph | Facts | Quote | Table


class Section(Struct, frozen=True):
    """A part of a document: a name for links, a heading, and what stands below it."""

    name: str
    title: str
    blocks: Sequence[Block]


class Document(Struct, frozen=True):
    """An answer.

    Attributes:
        kind: what sort of answer it is, in a few words.
        title: what it is about.
        verdict: how it came out, in a few words.
        tone: the verdict, as that of a check, for colours and signs.
        lead: the answer in sentences.
        alarms: what nobody must miss.
        facts: what one looks for first.
        sections: the rest.
        foot: of what it speaks.
    """

    kind: str
    title: str
    verdict: str
    tone: Verdict
    lead: Sequence[str]
    alarms: Sequence[str]
    facts: Facts
    sections: Sequence[Section]
    foot: Sequence[str] = field(default_factory=list)


# -- in a terminal ----------------------------------------------------------------------------------------------------


def as_table(document: Document) -> str:
    """Return a document for a terminal; its tables are as wide as that is."""
    lines = [f"{document.kind}: {document.title}", f"{table.ICONS[document.tone].split()[0]} {document.verdict}"]
    lines += [*(f"! {alarm}" for alarm in document.alarms), "", *document.lead]
    written = [table.one_line(text) for text in lines]
    for section in document.sections:
        written += ["", table.one_line(f"── {section.title}")]
        for block in section.blocks:
            written += _lines(block)
    return "\n".join([*written, "", *map(table.one_line, document.foot), ""])


def _lines(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield table.one_line(f"{'! ' if block.tone == 'alarm' else ''}{block.text}")
    elif isinstance(block, Quote):
        yield table.one_line(f"{block.by}:")
        yield f"  “{line(block.text)}”"
    elif isinstance(block, Facts):
        width = max(len(label) for label, _ in block.pairs)
        for label, cell in block.pairs:
            note = f" ({cell.note})" if cell.note else ""
            yield f"  {label:<{width}}  {line(f'{cell.text}{note}')}"
    elif block.rows:
        rows = [[_plain(cell) for cell in row] for row in block.shown]
        yield from ("", table.drawn(block.columns, rows, title=block.caption).rstrip("\n"))
        yield from ([table.one_line(block.rest)] if block.rest else [])
        yield ""


def _plain(cell: Cell) -> str:
    text = cell.text
    if cell.kind == "verdict":
        text = table.ICONS[Verdict(text)]
    elif cell.kind == "digest" and ":" in text:
        text = short(text)
    return f"{text} ({cell.note})" if cell.note else text


# -- as Markdown ------------------------------------------------------------------------------------------------------


def as_markdown(document: Document) -> str:
    """Return a document as GitHub-flavoured Markdown."""
    lines = [f"# {_text(document.title)}", "", f"{_text(document.kind)}. **{_text(document.verdict)}**", ""]
    for alarm in document.alarms:
        lines += [f"> **{_text(alarm)}**", ""]
    lines += [_text(sentence) for sentence in document.lead]
    for section in document.sections:
        lines += ["", f"## {_text(section.title)}"]
        for block in section.blocks:
            lines += ["", *_markdown(block)]
    lines += ["", "---", ""]
    for text in document.foot:
        lines += [_text(text), ""]
    return "\n".join(lines)


def _markdown(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield f"**{_text(block.text)}**" if block.tone == "alarm" else _text(block.text)
    elif isinstance(block, Quote):
        yield from (f"{_text(block.by)}:", "", f"> “{_text(block.text)}”")
    elif isinstance(block, Facts):
        yield from (f"- {_text(label)}: {_cell(cell)}" for label, cell in block.pairs)
    elif block.rows:
        yield from (f"{_text(block.caption)}:", "", _row(map(_text, block.columns)))
        yield _row("---:" if cell.kind == "number" else "---" for cell in block.rows[0])
        yield from (_row(_cell(cell) for cell in row) for row in block.shown)
        if block.rest:
            yield from ("", _text(block.rest))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    text = table.ICONS[Verdict(cell.text)] if cell.kind == "verdict" else line(cell.text)
    shown = markdown_code(text) if cell.kind in ("code", "digest") and text else _text(text)
    return f"{shown} ({_text(cell.note)})" if cell.note else shown


def _text(text: str) -> str:
    return _INSTANT.sub(r":\1:\2", markdown(line(text)))
