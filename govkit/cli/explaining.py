"""Commands that answer questions: ``why``, ``diff``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from govkit.cli import common
from govkit.core.errors import Usage


@click.command()
@click.argument("model")
@click.option("--stage", required=True, help="The stage.")
@click.option(
    "--at",
    metavar="TIME|EVENT",
    help="The moment: a time such as 2026-11-23T10:15:00Z (UTC where no zone is named), a day (its end), or an event's "
    "number or identity. Now if left out.",
)
@click.option("--no-mirrors", is_flag=True, help="Do not ask the mirrors when they received what is told.")
@click.option(
    "--format",
    "output",
    type=click.Choice(["table", "markdown", "html", "json"]),
    default="table",
    help="How to print the answer.",
)
@click.option(
    "-o", "--output-file", "target", type=click.Path(path_type=Path), metavar="FILE", help="Else it is printed."
)
@common.repo_option
@common.root_option
def why(
    repo: Path,
    root: str | None,
    model: str,
    stage: str,
    at: str | None,
    no_mirrors: bool,
    output: str,
    target: Path | None,
) -> int:
    """Tell on one page why a version of MODEL serves, or served, in a stage.

    What served then and since when, made from what, which requirements with which numbers, who decided and with what
    words, under which policy, what was set aside, what came before and after, and whether all of it still proves.

    Exit code 0 if what the page tells is proven, also that nothing served; 1 if it is disproven; 3 if it cannot be
    decided. Before deploying use 'govkit verify'.
    """
    from govkit.core import records
    from govkit.evidence import htmlpage, whypage
    from govkit.evidence import why as evidence
    from govkit.reports import document, jsonout

    found = evidence.gather(common.session(repo, root=root), model, stage, at, mirrors=not no_mirrors)
    if output == "json":
        _put(jsonout.text(found.schema, records.to_value(found)), target)
        return found.exit_code
    page = whypage.document(found)
    if output == "table":
        document.write_table(page)
    else:
        _put(htmlpage.page(page) if output == "html" else document.as_markdown(page), target)
    return found.exit_code


def _put(text: str, target: Path | None) -> None:
    """Print a text, or write it to a file."""
    from govkit.reports import table
    from govkit.storage import files

    if target is None:
        sys.stdout.write(text)
        return
    try:
        files.write(target, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise Usage(f"{target} cannot be written", why=str(error), fix="name another file with -o") from error
    table.write(f"{target}  {target.stat().st_size:,} bytes")
