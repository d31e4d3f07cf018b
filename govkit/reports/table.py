"""Tables and lines for a terminal. Every text from a record is made inert before it is printed."""

from __future__ import annotations

import io
import re
import shutil
import sys
from collections.abc import Iterable, Sequence

from govkit.core.gates.base import Check, Verdict
from govkit.core.inert import line, visible

_PLAIN_WIDTH = 160
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
    sys.stdout.write(visible(re.sub(r"[\t\n]", " ", text)) + "\n")


def page(text: str) -> None:
    """Print a text of several lines, such as a rendered page, its control characters made visible."""
    sys.stdout.write(visible(text) + "\n")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> None:
    """Print a table; its cells are text and nothing else.

    Args:
        columns: the headings.
        rows: one text for each column.
        title: what it shows, or an empty string.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    width = max(shutil.get_terminal_size((_PLAIN_WIDTH, 24)).columns, 40) if sys.stdout.isatty() else _PLAIN_WIDTH
    drawn = Table(title=Text(line(title)) if title else None, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        drawn.add_column(Text(name), overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(line(cell)) for cell in row))
    console = Console(width=width, highlight=False, file=io.StringIO())
    with console.capture() as captured:
        console.print(drawn)
    lines = [text.rstrip() for text in captured.get().splitlines()]
    sys.stdout.write("\n".join(lines).strip("\n") + "\n")


def checks(found: Iterable[Check], *, title: str = "") -> None:
    """Print checks: verdict by word and icon, what is required, what was found."""
    rows = [(ICONS[Verdict(check.verdict)], check.gate, check.required, check.found) for check in found]
    table(("verdict", "check", "required", "found"), rows, title=title)
