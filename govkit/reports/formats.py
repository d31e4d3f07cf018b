"""The formats in which checks are reported, by name."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from govkit.core.report import Report

FORMATS: Final = ("table", "json", "markdown", "junit", "sarif", "github")


def write(report: Report, output: str, *, summary: str | None = None) -> None:
    """Print a report.

    Args:
        report: the checks.
        output: one of :data:`FORMATS`.
        summary: the file that ``github`` appends the job's summary to, or None.

    Raises:
        OSError: if the summary cannot be written; nothing is printed then.
    """
    from govkit.reports import github, jsonout, junit, markdown, sarif, table

    if output == "table":
        table.report(report)
    elif output == "json":
        jsonout.write(report.schema, report)
    elif output == "markdown":
        sys.stdout.write(markdown.report(report))
    elif output == "junit":
        sys.stdout.write(junit.report(report))
    elif output == "sarif":
        sys.stdout.write(sarif.report(report))
    else:
        if summary:
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(f"\n{markdown.report(report)}")
        sys.stdout.write(github.report(report))
