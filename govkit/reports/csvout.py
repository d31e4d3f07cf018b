"""Tables as CSV for spreadsheets and programs: what others wrote in a cell is never taken for a formula.

A spreadsheet evaluates a cell that begins with ``=``, ``+``, ``-`` or ``@``; and where it splits at another sign than
the comma, as in half of Europe, also what follows that sign inside of a cell. There an apostrophe is put before it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

from govkit.core.inert import line

#: The beginning of a cell, or of what is one where another sign separates; then quotes and spaces, then a sign that
#: begins a formula, in its usual or its full width.
_FORMULA = re.compile(r"(^|[,;|:])([\s\"']*)(?=[=+\-@＝＋－＠])")


def cell(text: str) -> str:
    """Return a text as one line that no spreadsheet evaluates; hidden characters are shown.

    Beside the apostrophes, nothing is changed: a text that has no such sign after a separator stays as it is.
    """
    return _FORMULA.sub(r"\1\2'", line(text))


def table(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Return a table as CSV (RFC 4180, lines ended by LF): every cell in quotes, the headings in the first line.

    Args:
        columns: the headings.
        rows: a text for each heading.
    """
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([cell(row[name]) for name in columns] for row in rows)
    return out.getvalue()
