"""Commands for the server that people push to: ``log install-hook``, and what the hook calls."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from govkit.cli import common

#: Refusals that are shown to a pusher; more help nobody.
_SHOWN = 10


@click.command("install-hook")
@click.argument("repository", metavar="[BARE_REPOSITORY]", type=click.Path(path_type=Path), required=False)
@click.option("--root", metavar="DIGEST", help="The root of trust to pin; that of the log which is there if left out.")
@click.option("--to", "place", metavar="FILE", help="Where in the repository's folder; hooks/pre-receive if left out.")
@click.option("--dry-run", is_flag=True, help="Say what would be written, and stop.")
@common.repo_option
@common.format_option
def install_hook(
    repository: Path | None, repo: Path, root: str | None, place: str | None, dry_run: bool, output: str
) -> None:
    """Install a pre-receive hook that refuses pushes which would harm the log or its tags.

    It goes into the bare repository that people push to. A repository without a log accepts the first good one,
    unless --root says which.
    """
    from govkit.reports import jsonout, table
    from govkit.storage.git import Repository
    from govkit.workflow import serverhook

    done = serverhook.install(Repository(repository or repo), root=root, place=place, dry_run=dry_run)
    if output == "json":
        jsonout.write("govkit.hook/v1", done)
        return
    would = "would be " if dry_run and done.state != "unchanged" else ""
    table.write(f"{would}{done.state}: {done.path}")
    table.write(f"pinned root of trust: {done.root or 'none yet; the first good log is taken'}")
    table.write(f"to take it out, remove the file: rm '{done.path}'")


@click.command("receive", hidden=True)
@click.option("--root", metavar="DIGEST", help="The root of trust that is pinned.")
@common.repo_option
def receive(repo: Path, root: str | None) -> int:
    """Judge a push; called by the hook with what Git tells it."""
    from govkit.workflow import receive as workflow

    refused = workflow.receive(common.options(repo, root=root), sys.stdin.buffer.read())
    for error in refused[:_SHOWN]:
        common.tell(error)
    if len(refused) > _SHOWN:
        click.echo(f"govkit: and {len(refused) - _SHOWN} more", err=True)
    return 1 if refused else 0
