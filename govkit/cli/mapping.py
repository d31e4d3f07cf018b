"""The command ``controls``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from govkit.cli import common
from govkit.cli.answers import answers, check_for_a_file, put

if TYPE_CHECKING:
    from govkit.core.controls import Controls


@click.command()
@click.option("--framework", "names", multiple=True, metavar="NAME", help="One of them, such as eu-ai-act; repeatable.")
@click.option(
    "--mapping", type=click.Path(path_type=Path), metavar="FILE", help="Your own mapping, as 'schema framework' says."
)
@answers("table", "csv", "json", "markdown", "html")
def controls(
    names: tuple[str, ...], mapping: Path | None, output: str, target: Path | None, repo: Path, root: str | None
) -> None:
    """Say which requirement of a framework is evidenced, partial or not covered, and by which record.

    Frameworks: eu-ai-act, sr-26-2, ss1-23, nist-ai-rmf, iso-42001. A record shows that something was done; whether
    that is enough, people judge. Nothing is evidenced by a log that is not pinned, or does not verify.
    """
    from govkit.workflow import controls as workflow

    found = workflow.hold(common.session(repo, root=root), names, mapping)
    if target is None:
        _print(found, output)
        return
    check_for_a_file(output, "csv", "json", "markdown", "html")
    put(_content(found, output), target, f": {', '.join(one.id for one in found.frameworks)}")


def _print(found: Controls, output: str) -> None:
    from govkit.reports import table

    if output != "table":
        put(_content(found, output), None)
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
