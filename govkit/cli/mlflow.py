"""Commands for MLflow: ``mlflow sync``."""

from __future__ import annotations

from pathlib import Path

import click

from govkit.cli import common, progress


@click.group()
def mlflow() -> None:
    """Show what the log says in MLflow's model registry."""


@mlflow.command("sync")
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option("--tracking-uri", metavar="URI", help="MLflow's server; else MLFLOW_TRACKING_URI.")
@click.option("--dry-run", is_flag=True, help="Tell what differs, and write nothing.")
@click.option("--check", is_flag=True, help="As --dry-run, and exit with 1 if something differs.")
@common.reads
def sync(
    repo: Path,
    root: str | None,
    models: tuple[str, ...],
    tracking_uri: str | None,
    dry_run: bool,
    check: bool,
    output: str,
) -> int:
    """Register every version of the log in MLflow, with its status as tags and stages as aliases; the log is the truth.

    What somebody changed there by hand is told and put right. It writes nothing into the log.
    """
    from govkit.integrations import mlflow_sync
    from govkit.reports import jsonout, table

    with progress.watching() as watch:
        session = common.session(repo, root=root)
        write = not (dry_run or check)
        found = mlflow_sync.sync(session, list(models), uri=tracking_uri, write=write, watch=watch)
    code = 1 if check and found else 0
    if output == "json":
        jsonout.write("govkit.mlflow-sync/v1", found)
        return code
    rows = [(c.model, c.version or "-", c.what, "BY HAND" if c.by_hand else "news in the log", c.action) for c in found]
    if rows:
        table.table(("model", "version", "difference", "because of", "done"), rows)
    by_hand = sum(change.by_hand for change in found)
    if by_hand:
        table.write(f"{by_hand} differences were made by hand in MLflow: find out who writes there")
    if not found:
        table.write("MLflow says what the log says")
    return code
