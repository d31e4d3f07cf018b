"""Commands that look at what the log says: ``status``, ``show``, ``history``."""

from __future__ import annotations

from pathlib import Path

import click

from govkit.cli import common, paging


@click.command()
@click.option("--key", metavar="FILE", help="Your key, to know who you are.")
@common.reads
def status(repo: Path, root: str | None, key: str | None, output: str) -> int:
    """Say what waits for you, what is broken, and what to do next; exit code 1 if something is broken."""
    from govkit.reports import jsonout, table
    from govkit.workflow import query

    found = query.status(common.session(repo, root=root, key=key))
    if output == "json":
        jsonout.write("govkit.status/v1", found)
        return found.exit_code
    table.write(f"you are {found.me or 'not known: name your key with --key FILE or GOVKIT_KEY'}")
    rows = [
        (f"'{item.name}'", item.requester, item.reason, item.needed, "you" if item.mine else "")
        for item in found.waiting
    ]
    if rows:
        table.table(("request", "asked by", "reason", "state", "waits for"), rows, title="open requests")
    else:
        table.write("no open requests")
    for label, lines in (("broken", found.broken), ("note", found.notes), ("next", found.next_steps)):
        for text in lines:
            table.write(f"{label}: {text}")
    return found.exit_code


@click.command()
@click.argument("model", required=False)
@common.reads
def show(repo: Path, root: str | None, model: str | None, output: str) -> None:
    """Show which version the log has in each stage. For proof use 'govkit verify'."""
    from govkit.reports import jsonout, table
    from govkit.workflow import query

    rows = query.show(common.session(repo, root=root), model)
    if output == "json":
        jsonout.write("govkit.show/v1", rows)
        return
    cells = [(r.model, r.stage, r.version or "-", r.kind, r.since, r.by, f"'{r.tag}'", r.warning) for r in rows]
    if cells:
        table.table(("model", "stage", "version", "kind", "since", "by", "tag", "warning"), cells)
        reported = [
            (r.model, r.stage, d.environment, d.version, d.status, d.since, d.by, "NO" if d.differs else "")
            for r in rows
            for d in r.deployed
        ]
        if reported:
            columns = ("model", "stage", "environment", "version", "status", "since", "reported by", "as promoted")
            table.table(columns, reported, title="deployed, as reported")
    else:
        table.write("no version is registered yet; next: govkit register MODEL")


@click.command()
@click.argument("model")
@paging.no_pager_option
@common.reads
def history(repo: Path, root: str | None, model: str, no_pager: bool, output: str) -> None:
    """Show everything that happened to MODEL, oldest first; 'govkit log' chooses more finely.

    Imported tags of GTO's come before that.
    """
    from govkit.cli import logs
    from govkit.reports import jsonout
    from govkit.workflow import imports, query

    session = common.session(repo, root=root)
    found = query.events(session, model)
    rows = [*imports.lines(session, model), *found]
    if output == "json":
        jsonout.write("govkit.history/v1", rows)
    else:
        logs.show_table(rows, pager=not no_pager)
