"""Checks as GitHub-flavoured Markdown, for a pull request or a job's summary. Every text in it is made inert."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from govkit.core.inert import line, markdown, markdown_code
from govkit.core.report import Report, changes, in_words
from govkit.reports.table import grid


def report(found: Report) -> str:
    """Return a report: the verdict in words, a table of all checks, and what would change them."""
    columns, rows = grid(found.checks)
    lines = [f"## {_text(found.title)}: {in_words(found)}", ""]
    lines += [_row(columns), _row(["---"] * len(columns))]
    for row in rows:
        cells = zip(columns, row, strict=True)
        lines.append(_row([markdown_code(line(cell)) if name == "rule" else _text(cell) for name, cell in cells]))
    if changes(found):
        lines += ["", "What would change it:", ""]
        lines += [f"- **{_text(check.gate)}**: {_text(check.fix)}" for check in changes(found)]
    return "\n".join([*lines, ""])


def section(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a heading and a table of texts.

    Args:
        title: the heading.
        columns: the columns' headings.
        rows: one text for each column.
    """
    lines = [f"### {_text(title)}", "", _row([_text(name) for name in columns]), _row(["---"] * len(columns))]
    lines += [_row([_text(cell) for cell in row]) for row in rows]
    return "\n".join([*lines, ""])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(text: str) -> str:
    return markdown(line(text))
