"""Commands for MLflow: ``mlflow sync``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from govkit.cli import common, progress

if TYPE_CHECKING:
    from govkit.integrations.mlflow.plan import Change
    from govkit.integrations.mlflow.sync import Synced

#: How much of a tag in MLflow is shown.
_SHOWN = 200


@click.group()
def mlflow() -> None:
    """Show in MLflow's model registry what the log says."""


@mlflow.command()
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option(
    "--tracking-uri", metavar="URI", help="The MLflow server; else MLFLOW_REGISTRY_URI or MLFLOW_TRACKING_URI."
)
@click.option("--prefix", default="", metavar="TEXT", help="What names of models begin with in MLflow.")
@click.option("--adopt", is_flag=True, help="Take over registered models that govkit did not make for this log.")
@click.option("--check", "is_check", is_flag=True, help="Change nothing; exit with 1 if MLflow differs from the log.")
@click.option("--dry-run", is_flag=True, help="Show what would be changed in MLflow, and stop.")
@click.option("--fetch", "is_fetching", is_flag=True, help="Fetch log, tags and branches first.")
@common.reads
def sync(
    repo: Path,
    root: str | None,
    models: tuple[str, ...],
    tracking_uri: str | None,
    prefix: str,
    adopt: bool,
    is_check: bool,
    dry_run: bool,
    is_fetching: bool,
    output: str,
) -> int:
    """Register every version of MODEL (all models if none is named) in MLflow's registry, and tell there how it stands.

    Tags say how a version stands and what it was made from; stages become aliases, for what 'govkit verify' proves
    and for nothing else. The log is the truth: what differs in MLflow is put right, and what somebody changed there
    by hand is told. Nothing is written to the log. Credentials come from MLflow's own variables in the environment.
    """
    from govkit.integrations.mlflow import sync as integration
    from govkit.workflow import sync as remotes

    with progress.watching() as watch:
        session = common.session(repo, root=root, dry_run=dry_run)
        if is_fetching:
            remotes.bring(session)
        found = integration.sync(
            session, models, tracking_uri=tracking_uri, prefix=prefix, adopt=adopt, check=is_check, watch=watch
        )
    if output == "json":
        _json(found)
    else:
        _print(found)
    _warn(found)
    return found.exit_code


def _json(found: Synced) -> None:
    import msgspec

    from govkit.integrations.mlflow.sync import SCHEMA
    from govkit.reports import jsonout

    value = {key: item for key, item in msgspec.to_builtins(found).items() if key not in ("head", "is_check")}
    jsonout.write(SCHEMA, {**value, "head": found.head, "exit_code": found.exit_code})


def _print(found: Synced) -> None:
    from govkit.reports import table

    if found.changes:
        columns = ("model", "version", "what", "in MLflow", "by the log", "since")
        table.table(columns, [_row(change) for change in found.changes])
    for one in found.strangers:
        table.write(
            f"left alone, as the log does not know it: {one.name} number {one.number}, from {_short(one.source)}"
        )
    for name in found.orphans:
        table.write(f"left alone, though it says that it is of this log: the registered model {name}")
    for held in found.withheld:
        table.write(f"no alias for {held.model}@{held.version} in {held.stage}, as it is not proven: {held.why}")
    counted = f"{len(found.changes)} changes" if len(found.changes) != 1 else "1 change"
    done = "nothing to change" if not found.changes else f"{counted}{'' if found.applied else ' to make'}"
    table.write(f"{found.server}: {found.models} models with {found.versions} versions, {done}")
    table.write(f"  speaks for head {found.head.size}:{found.head.root}")


def _row(change: Change) -> tuple[str, ...]:
    place = f"number {change.number}" if change.number is not None else ""
    what = f"{change.what} {change.key}".strip()
    since = "changed in MLflow" if change.by_hand else "the log went on"
    return change.name, change.version or place, _short(what), _short(change.before), change.after, since


def _short(text: str) -> str:
    """Return the beginning of a text that anybody in MLflow can make very long."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _warn(found: Synced) -> None:
    """Say loudly that somebody changed MLflow: who may do that can mislead all who look there."""
    count = len(found.by_hand)
    if count:
        what = "was put right" if found.applied else "is not what the log says"
        click.echo(
            f"WARNING: MLflow was changed by hand, or a sync was stopped half-way: {count} times; it {what}", err=True
        )
    if found.strangers or found.orphans:
        click.echo("WARNING: MLflow has versions that no log vouches for; find out who added them", err=True)
