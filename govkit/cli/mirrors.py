"""The commands ``log mirror`` and ``log checkpoint``: copies of the log outside Git."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from govkit.cli import common, progress
from govkit.cli.deciding import tell


@click.command("mirror")
@click.argument("urls", metavar="[URL]...", nargs=-1)
@click.option("--retention", metavar="SPAN", help="How long objects in S3 stay locked; else what the policy says.")
@click.option("--timeout", type=click.FloatRange(min=1), default=900.0, help="Seconds for all mirrors together.")
@common.reads
def log_mirror(
    repo: Path, root: str | None, urls: tuple[str, ...], retention: str | None, timeout: float, output: str
) -> int:
    """Copy the log to its mirrors: those of the policy in force, or each URL.

    Anybody can run it at any time; nothing is written over. Exit code 1 if a mirror holds something else, 3 if one
    could not be reached or finished: nothing is lost then, and the next run goes on from there.
    """
    from govkit.reports import jsonout, table
    from govkit.workflow import mirror

    with progress.watching() as watch:
        session = common.session(repo, root=root)
        found = mirror.mirror(session, list(urls), retention=retention, seconds=timeout, watch=watch)
    if output == "json":
        jsonout.write("govkit.mirrors/v1", found)
        return found.exit_code
    for status in found.mirrors:
        table.write(f"{status.url}: {_words(status)}")
        for label, text in (("why", status.problem), ("next", status.fix)):
            if text:
                table.write(f"  {label}: {text}")
    if found.waiting:
        table.write(f"{found.waiting} events here are on no remote yet, and are not copied; push them first")
    return found.exit_code


def _words(status: Any) -> str:
    """Say how a mirror stands."""
    events = "events" if status.size != 1 else "event"
    if status.standing == "up to date":
        return f"up to date, {status.size} {events}" + (f", {status.written} written now" if status.written else "")
    if status.standing == "behind":
        return f"BEHIND by {status.behind}" if status.behind is not None else "NOT REACHED"
    return {"ahead": "AHEAD of the log here", "differs": "DIFFERS"}[status.standing]


@click.command("checkpoint")
@common.writes
def log_checkpoint(output: str, **options: Any) -> None:
    """Sign that you saw the log at its head, and which mirrors held it then; the policy names who may."""
    from govkit.workflow import checkpoints

    tell(checkpoints.checkpoint(common.session(**options)), output, "recorded a checkpoint")
