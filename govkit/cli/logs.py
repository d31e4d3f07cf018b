"""The command ``log``: looking at the log itself, and proving it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from govkit.cli import common, progress
from govkit.cli.looking import print_events


@click.group(invoke_without_command=True)
@common.reads
@click.pass_context
def log(context: click.Context, repo: Path, root: str | None, output: str) -> None:
    """Show every event of the governance log; 'log verify' proves it."""
    if context.invoked_subcommand is None:
        print_events(repo, root, None, output, "govkit.log/v1")


@log.command("verify")
@click.option("--min-head", metavar="SIZE[:DIGEST]", help="A head that the log must hold at least.")
@click.option("--mirror", "mirrors", metavar="URL", multiple=True, help="A mirror to compare with; can be repeated.")
@common.reads
def log_verify(repo: Path, root: str | None, min_head: str | None, mirrors: tuple[str, ...], output: str) -> int:
    """Prove the whole log: places, signatures, roles, evidence, commits, and every tag that it recorded.

    With --mirror, every object of the mirror is compared, and the first index that differs is named.
    """
    from govkit.reports import jsonout, table
    from govkit.workflow import verifylog

    with progress.watching() as watch:
        session = common.session(repo, root=root)
        found = verifylog.verify_log(session, min_head=min_head, mirrors=mirrors, watch=watch)
    if output == "json":
        jsonout.write("govkit.log-verdict/v1", {**_plain(found), "exit_code": found.exit_code})
        return found.exit_code
    for label, lines in (("disproven", found.problems), ("undecided", found.undecided), ("note", found.notes)):
        for text in lines:
            table.write(f"{label}: {text}")
    said = {0: "proven", 1: "DISPROVEN", 3: "UNDECIDED"}[found.exit_code]
    counts = ", ".join(f"{count} {status}" for status, count in found.counts.items() if count)
    table.write(f"{said}: {found.head.size} events ({counts})")
    table.write(f"head {found.head.size}:{found.head.root}")
    table.write(f"root of trust {found.root_of_trust}")
    return found.exit_code


def _plain(found: Any) -> dict[str, Any]:
    keys = ("head", "root_of_trust", "counts", "problems", "undecided", "notes")
    return {key: getattr(found, key) for key in keys}
