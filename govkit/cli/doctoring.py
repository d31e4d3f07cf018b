"""The command ``doctor``."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from govkit.cli import common
from govkit.core.errors import Usage

if TYPE_CHECKING:
    from govkit.workflow.doctor import Diagnosis
    from govkit.workflow.session import Session


@click.command()
@click.option("--fix", is_flag=True, help="Bring back recorded tags that were deleted or moved, from the log's copies.")
@click.option("--level", is_flag=True, help="Say how far the repository is on the ladder, and what is missing.")
@click.option("--online", is_flag=True, help="Ask the DVC remote, too, whether it still has what serves.")
@click.option("--dry-run", is_flag=True, help="With --fix: say what would be done, and stop.")
@click.option("--key", metavar="FILE", help="Your key; else GOVKIT_KEY, else Git's user.signingkey.")
@common.reads
def doctor(
    repo: Path, root: str | None, key: str | None, fix: bool, level: bool, online: bool, dry_run: bool, output: str
) -> int:
    """Say what is wrong or overdue, and how to mend it; without --fix nothing is written.

    With --level: 1 manual cards; 2 versioning and gates in CI; 3 enforced policy with an immutable audit mirror; and
    the exit code is 0 whatever the level.

    Exit code 0 if there is nothing but notes, 1 if something is broken or overdue, 3 if something could not be decided.
    """
    from govkit.reports import jsonout
    from govkit.workflow import doctor as workflow

    session = common.session(repo, root=root, key=key, dry_run=dry_run)
    if level:
        return _level(session, output, fix=fix)
    with _watched() as watch:
        checks = [*workflow.CHECKS, *(workflow.ONLINE if online else [])]
        found = (workflow.fix if fix else workflow.examine)(session, checks=checks, watch=watch)
    if output == "json":
        value = {key: getattr(found, key) for key in ("ailments", "mended", "next_steps", "exit_code")}
        jsonout.write(workflow.SCHEMA, value)
    else:
        _print(found)
    return found.exit_code


def _print(found: Diagnosis) -> None:
    from govkit.reports import table

    for text in found.mended:
        table.write(text)
    for text in found.next_steps:
        table.write(f"next, for the remote: {text}")
    if found.ailments:
        cells = [(one.severity, one.what, one.found, one.mend) for one in found.ailments]
        table.table(("severity", "what", "found", "how to mend"), cells)
    count = sum(one.severity != "note" for one in found.ailments)
    table.write(f"{count} to mend" if count else "nothing is broken, undecided or overdue")


def _level(session: Session, output: str, *, fix: bool) -> int:
    from govkit.reports import jsonout, table
    from govkit.workflow import level

    if fix:
        raise Usage("--level only looks", fix="leave --fix or --level out")
    found = level.look(session)
    if output == "json":
        jsonout.write(found.schema, {"level": found.level, "title": found.title, "steps": found.steps})
        return 0
    cells = [(str(step.level), "✓ done" if step.done else "✗ missing", step.what, step.found) for step in found.steps]
    table.table(("level", "", "step", "found"), cells)
    table.write(f"level {found.level} of 3: {found.title}")
    if found.missing:
        table.write(f"for level {found.level + 1}:")
    for step in found.missing:
        table.write(f"  {step.what}: {step.mend}")
    return 0


@contextlib.contextmanager
def _watched() -> Iterator[Callable[[str], None]]:
    """Show on a terminal what is looked at; hashing weights takes a while."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("looking") as shown:
        yield lambda title: shown.update(f"looking at {title}")
