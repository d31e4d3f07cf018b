"""The command ``log sync``."""

from __future__ import annotations

from pathlib import Path

import click

from govkit.cli import common


@click.command()
@click.option("--discard", is_flag=True, help="Give up the local events that wait, instead of pushing them.")
@common.repo_option
@common.root_option
@common.key_option
@common.yes_option
@common.format_option
def sync(repo: Path, root: str | None, key: str | None, yes: bool, discard: bool, output: str) -> None:
    """Fetch the log, prove that it extends what this clone knows, and push what waits here.

    Checks that no recorded tag moved or vanished. Events that were signed with --local are pushed; if others wrote
    first, they are checked and signed again. Log and tags are pushed together, or nothing is.
    """
    from govkit.reports import jsonout, table
    from govkit.workflow import sync as workflow

    session = common.session(repo, root=root, key=key, yes=yes)
    if discard:
        table.write(f"given up: {workflow.discard(session)} events that waited here")
    done = workflow.sync(session)
    if output == "json":
        jsonout.write("govkit.sync/v1", done)
        return
    for line in done.again:
        table.write(f"signed again, as others wrote first: {line}")
    tags = f", {len(done.tags)} tags" if done.tags else ""
    table.write(f"{done.remote}: {done.fetched} events fetched{tags}, {done.pushed} pushed; {done.size} in all")
