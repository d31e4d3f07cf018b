"""Tables and lines for a terminal. Every text from a record is made inert before it is printed."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from govkit.core.gates.base import Check, Verdict
from govkit.core.inert import line, visible
from govkit.core.report import Report, changes, in_words

#: Where nobody looks at a terminal, each row is one line, whatever its length: programs search in it.
_PLAIN_WIDTH = 20_000
ICONS = {
    Verdict.PASS: "✓ pass",
    Verdict.WAIVED: "~ waived",
    Verdict.FAIL: "✗ fail",
    Verdict.INCONCLUSIVE: "? inconclusive",
    Verdict.ERROR: "! error",
    Verdict.PENDING: "… pending",
}


def write(text: str) -> None:
    """Print one line: a line break in somebody's text must not begin a line that looks like govkit's own."""
    sys.stdout.write(one_line(text) + "\n")


def one_line(text: str) -> str:
    """Return what :func:`write` prints."""
    return visible(text.replace("\t", " ").replace("\n", " "))


def page(text: str) -> None:
    """Print a text of several lines, such as a rendered page, its control characters made visible."""
    sys.stdout.write(visible(text) + "\n")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> None:
    """Print a table; see :func:`drawn`."""
    sys.stdout.write(drawn(columns, rows, title=title))


def drawn(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    title: str = "",
    styles: Iterable[str] = (),
    colours: bool = False,
) -> str:
    """Return a table as it is printed; its cells are text and nothing else.

    Args:
        columns: the headings.
        rows: one text for each column.
        title: what it shows, or an empty string.
        styles: how each row looks, in rich's words, such as ``bold red``; as usual where there are none.
        colours: whether whoever looks sees styles.
    """
    width = _width()
    cells = [[line(cell) for cell in row] for row in rows]
    plain = None if colours else _unfolded(columns, cells, line(title), width)
    return plain if plain is not None else _folded(columns, cells, title, width, styles if colours else (), colours)


def _width() -> int:
    # The terminal's width, or what COLUMNS says, as the demo does for the commands that it shows.
    watched = sys.stdout.isatty() or "COLUMNS" in os.environ
    return max(shutil.get_terminal_size((_PLAIN_WIDTH, 24)).columns, 40) if watched else _PLAIN_WIDTH


def _unfolded(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str, width: int) -> str | None:
    """Return a table as :func:`_folded` makes it, in a tenth of the time; None if something must be folded."""
    lines = [columns, *rows]
    if not columns or not all(cell.isascii() for cells in [[title], *lines] for cell in cells):
        return None  # letters can be two columns wide, or none
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    whole = sum(widths) + 3 * (len(widths) - 1)
    if whole + 2 > width or len(title) > whole + 2:
        return None
    drawn = [" " + "   ".join(cell.ljust(most) for cell, most in zip(cells, widths, strict=True)) for cells in lines]
    head = [title, ""] if title else []
    text = [part.rstrip() for part in [*head, drawn[0], " " + "─" * whole, *drawn[1:]]]
    return "\n".join(map(_no_command, text)).strip("\n") + "\n"


def _folded(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    title: str,
    width: int,
    styles: Iterable[str],
    colours: bool,
) -> str:
    from itertools import chain, repeat

    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    form = Table(title=Text(line(title)) if title else None, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        form.add_column(Text(name), overflow="fold")
    for row, style in zip(rows, chain(styles, repeat("")), strict=False):
        form.add_row(*map(Text, row), style=style)
    system: Any = "standard" if colours else None
    console = Console(width=width, highlight=False, file=io.StringIO(), force_terminal=colours, color_system=system)
    with console.capture() as captured:
        console.print(form)
    lines = [text.rstrip() for text in captured.get().splitlines()]
    return "\n".join(map(_no_command, lines)).strip("\n") + "\n"


def _no_command(text: str) -> str:
    """A cell that is folded can begin a line, and a CI server takes one that begins with ``::`` for a command."""
    return f"·{text[text.startswith(' ') :]}" if text.lstrip().startswith("::") else text


def grid(found: Sequence[Check]) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows of a table of checks; champion and rule only where some check has one."""
    columns = ["verdict", "check", "required", "found"]
    columns += [name for name in ("champion", "rule") if any(getattr(check, name) for check in found)]
    names = ["gate" if name == "check" else name for name in columns[1:]]
    rows = [[ICONS[Verdict(check.verdict)], *(getattr(check, name) for name in names)] for check in found]
    return columns, rows


def checks(found: Sequence[Check], *, title: str = "") -> None:
    """Print checks: verdict by word and icon, what is required, what was found, and beside it what is known."""
    columns, rows = grid(found)
    table(columns, rows, title=title)


def report(found: Report) -> None:
    """Print a report: its checks, what would change them, and how it came out in words."""
    checks(found.checks, title=found.title)
    if changes(found):
        write("what would change it:")
    for check in changes(found):
        write(f"  {check.gate}: {check.fix}")
    write(in_words(found))
