"""Commands at the door of production: ``verify`` and ``get``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from govkit.cli import common, progress

if TYPE_CHECKING:
    from govkit.workflow.session import Session


fetch_option = click.option(
    "--fetch", "is_fetching", is_flag=True, help="Fetch log, tags and branches first, and what a shallow clone lacks."
)


def _fetched(session: Session, is_fetching: bool) -> Session:
    from govkit.workflow import sync

    if is_fetching and session.options.mirror is not None:
        raise click.UsageError("--mirror is for when Git cannot be reached, and --fetch asks Git: name one of them.")
    if is_fetching:
        sync.bring(session)
    return session


@click.command()
@click.argument("model")
@click.option("--stage", required=True, help="The stage.")
@click.option("--min-head", metavar="SIZE[:DIGEST]", help="A head that the log must hold at least.")
@common.mirror_option
@fetch_option
@common.reads
def verify(
    repo: Path,
    root: str | None,
    model: str,
    stage: str,
    min_head: str | None,
    mirror: str | None,
    is_fetching: bool,
    output: str,
) -> int:
    """Prove which version of MODEL serves in a stage. Only exit code 0 may deploy."""
    from govkit.reports import jsonout, table
    from govkit.workflow import verify as workflow

    with progress.watching() as watch:
        session = _fetched(common.session(repo, root=root, mirror=mirror, watch=watch), is_fetching)
        found = workflow.verify(session, model, stage, min_head=min_head)
    if output == "json":
        jsonout.write(found.schema, found)
        return found.exit_code
    table.checks(found.checks, title=found.title)
    for check in found.blocking:
        table.write(f"  {check.gate}: {check.found}" + (f" -> {check.fix}" if check.fix else ""))
    for note in found.notes:
        table.write(f"note: {note}")
    table.write(f"proven from bytes: {', '.join(found.proven) or 'nothing'}")
    if found.on_trust:
        table.write(f"taken on trust, as the bytes are not here: {', '.join(found.on_trust)}")
    override = " BY OVERRIDE" if found.override else ""
    table.write(f"{found.verdict.upper()}{override}: {model}@{found.version} serves in {stage}")
    table.write(f"  weights {found.weights}")
    table.write(f"  speaks for head {found.head.size}:{found.head.root}")
    return found.exit_code


@click.command()
@click.argument("model")
@click.option("--stage", required=True, help="The stage.")
@click.option("-o", "--output-dir", "target", required=True, type=click.Path(path_type=Path), help="A new folder.")
@common.mirror_option
@fetch_option
@common.reads
def get(
    repo: Path,
    root: str | None,
    model: str,
    stage: str,
    target: Path,
    mirror: str | None,
    is_fetching: bool,
    output: str,
) -> None:
    """Verify, fetch the weights through DVC, check every byte, and only then put them into a folder."""
    from govkit.reports import jsonout, table
    from govkit.workflow import get as workflow

    with progress.watching() as watch:
        session = _fetched(common.session(repo, root=root, mirror=mirror, watch=watch), is_fetching)
        found = workflow.get(session, model, stage, target)
    if output == "json":
        jsonout.write("govkit.delivery/v1", {"folder": str(target), "files": found.files, "verdict": found.verdict})
        return
    for file in found.files:
        table.write(f"{target}/{file['path']}  {file['size']:,} bytes  {file['sha256']}")
    table.write(f"proven: {model}@{found.verdict.version} for {stage}")
