"""The command ``controls``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from govkit.cli import common
from govkit.core.errors import Usage

if TYPE_CHECKING:
    from govkit.core.controls import Controls


@click.command()
@click.option("--framework", "names", multiple=True, metavar="NAME", help="One of them, such as eu-ai-act; repeatable.")
@click.option(
    "--mapping", type=click.Path(path_type=Path), metavar="FILE", help="Your own mapping, as 'schema framework' says."
)
@click.option(
    "--format",
    "output",
    type=click.Choice(["table", "csv", "json", "markdown", "html"]),
    default="table",
    help="How to print the answer.",
)
@click.option(
    "-o", "--output-file", "target", type=click.Path(path_type=Path), metavar="FILE", help="Else it is printed."
)
@common.repo_option
@common.root_option
def controls(
    names: tuple[str, ...], mapping: Path | None, output: str, target: Path | None, repo: Path, root: str | None
) -> None:
    """Say which requirement of a framework is evidenced, partial or not covered, and by which record.

    Frameworks: eu-ai-act, sr-26-2, ss1-23, nist-ai-rmf, iso-42001. A record shows that something was done; whether
    that is enough, people judge. Nothing is evidenced by a log that is not pinned, or does not verify.
    """
    from govkit.reports import table
    from govkit.storage import files
    from govkit.workflow import controls as workflow

    found = workflow.hold(common.session(repo, root=root), names, mapping)
    if target is None:
        _print(found, output)
        return
    if output == "table":
        raise Usage("a table is for a terminal", fix="choose --format csv, json, markdown or html")
    try:
        files.write(target, _content(found, output).encode())
    except OSError as error:
        raise Usage(f"{target} cannot be written", why=str(error), fix="name another file with -o") from error
    table.write(f"{target}: {', '.join(one.id for one in found.frameworks)}")


def _print(found: Controls, output: str) -> None:
    from govkit.reports import table

    if output != "table":
        sys.stdout.write(_content(found, output))
        return
    for one in found.frameworks:
        cells = [(met.place, met.asks, met.word, met.shown, met.lacking) for met in one.controls]
        table.table(("where", "asks for", "here", "shown by", "missing"), cells, title=f"{one.name}, as of {one.as_of}")
        counts = ", ".join(f"{count} {word}" for word, count in one.counts.items())
        table.write(f"{one.id}: {counts}")
        for source in one.sources:
            table.write(f"  source ({source.read}, {source.on}): {source.title}")
    table.write("evidenced means that a record shows it, not that it is enough")


def _content(found: Controls, output: str) -> str:
    from govkit.core.controls import COLUMNS, rows
    from govkit.reports import csvout, jsonout, markdown
    from govkit.web import controls as web

    if output == "csv":
        return csvout.table(COLUMNS, rows(found.frameworks))
    if output == "json":
        return jsonout.text(found.schema, found)
    if output == "html":
        return web.page(found).decode()
    parts = [f"## Which requirements are evidenced, as of {found.made}\n"]
    for one in found.frameworks:
        cells = [[met.place, met.asks, met.word, met.shown, met.lacking] for met in one.controls]
        parts.append(markdown.section(one.name, ["where", "asks for", "here", "shown by", "missing"], cells))
    return "\n".join(parts)
