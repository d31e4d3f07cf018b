"""Commands at the door of production: ``verify`` and ``get``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from govkit.cli import common, progress
from govkit.cli.termination import reason_into, stoppable
from govkit.core.errors import GovkitError, Usage

if TYPE_CHECKING:
    from govkit.core.compatibility import Target
    from govkit.core.delivered import DeliveredVerdict
    from govkit.core.verdict import VerifyVerdict
    from govkit.workflow.session import Session

    Found = DeliveredVerdict | VerifyVerdict

fetch_option = click.option(
    "--fetch", "is_fetching", is_flag=True, help="Fetch log, tags and branches first, and what a shallow clone lacks."
)
target_option = click.option(
    "--target",
    "target_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where it would run (govkit.target/v1, YAML or JSON): the card's contract must fit it.",
)
record_option = click.option(
    "--record", metavar="DIGEST", help="The promotion that it must be; else GOVKIT_RECORD, else any."
)
termination_option = click.option(
    "--termination-log",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a one-line reason there if it is not proven, as Kubernetes shows it: /dev/termination-log.",
)


def _fetched(session: Session, is_fetching: bool) -> Session:
    from govkit.workflow import sync

    if is_fetching and session.options.mirror is not None:
        raise click.UsageError("--mirror is for when Git cannot be reached, and --fetch asks Git: name one of them.")
    if is_fetching:
        sync.bring(session)
    return session


def _target(path: Path | None) -> Target | None:
    from govkit.workflow import delivery

    return delivery.read_target(path) if path is not None else None


def _pinned(record: str | None) -> str | None:
    from govkit.storage import pins

    return pins.pinned_record(record, os.environ)


@click.command()
@click.argument("model", required=False)
@click.option("--stage", help="The stage; with --dir only what is expected.")
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="A folder that 'get' made; needs no Git.")
@record_option
@target_option
@click.option(
    "--mode",
    type=click.Choice(["enforce", "warn"]),
    default="enforce",
    help="With 'warn' the exit code is 0 though it is not proven: for the first weeks only.",
)
@termination_option
@click.option("--min-head", metavar="SIZE[:DIGEST]", help="A head that the log must hold at least.")
@common.mirror_option
@fetch_option
@common.repo_option
@common.root_option
@common.report_option
def verify(
    repo: Path,
    root: str | None,
    model: str | None,
    stage: str | None,
    folder: Path | None,
    record: str | None,
    target_file: Path | None,
    mode: str,
    termination_log: Path | None,
    min_head: str | None,
    mirror: str | None,
    is_fetching: bool,
    output: str,
) -> int:
    """Prove which version of MODEL serves in a stage. Only exit code 0 may deploy."""
    try:
        with reason_into(termination_log) as said:
            if folder is not None:
                _needs_no_log(min_head=min_head, mirror=mirror, fetch=is_fetching)
                found: Found = _delivered(folder, root, model, stage, record, target_file)
            else:
                found = _served(repo, root, model, stage, record, target_file, min_head, mirror, is_fetching)
            said += [f"{check.gate}: {check.found};" for check in found.blocking]
            if mode == "warn" and said:
                said.insert(0, "let through by --mode warn:")
    except GovkitError as error:
        if mode == "enforce" or error.exit_code == Usage.exit_code:
            raise
        common.tell(error)
        return _warn("it is not proven")
    _print(found, output)
    if mode == "warn" and found.exit_code:
        return _warn(f"it is {found.verdict}")
    return found.exit_code


def _warn(what: str) -> int:
    click.echo(f"WARNING: {what}, and only --mode warn lets it through", err=True)
    return 0


def _needs_no_log(**options: object) -> None:
    """Refuse options that ask the log: a check that is asked for and not made must not look as if it were."""
    for name, value in options.items():
        if value:
            option = f"--{name.replace('_', '-')}"
            raise click.UsageError(f"{option} asks the log, and with --dir only the folder is read: leave one out.")


def _served(
    repo: Path,
    root: str | None,
    model: str | None,
    stage: str | None,
    record: str | None,
    target_file: Path | None,
    min_head: str | None,
    mirror: str | None,
    is_fetching: bool,
) -> VerifyVerdict:
    from govkit.workflow import verify as workflow

    if model is None or stage is None:
        raise click.UsageError("Name the model and its --stage, or a folder that 'get' made with --dir.")
    target, pinned = _target(target_file), _pinned(record)
    with progress.watching() as watch:
        session = _fetched(common.session(repo, root=root, mirror=mirror, watch=watch), is_fetching)
        return workflow.verify(session, model, stage, min_head=min_head, record=pinned, target=target)


def _delivered(
    folder: Path,
    root: str | None,
    model: str | None,
    stage: str | None,
    record: str | None,
    target_file: Path | None,
) -> DeliveredVerdict:
    from govkit.workflow import delivery

    target = _target(target_file)
    with progress.watching() as watch:
        return delivery.verify(
            folder,
            model=model,
            stage=stage,
            record=record,
            root=root,
            target=target,
            environment=os.environ,
            watch=watch,
        )


def _print(found: Found, output: str) -> None:
    from govkit.core.delivered import DeliveredVerdict

    if output != "table":
        common.report(found, output)
    elif isinstance(found, DeliveredVerdict):
        _print_delivered(found)
    else:
        _print_served(found)


def _print_served(found: VerifyVerdict) -> None:
    from govkit.reports import table

    table.checks(found.checks, title=found.title)
    for check in found.blocking:
        table.write(f"  {check.gate}: {check.found}" + (f" -> {check.fix}" if check.fix else ""))
    for note in found.notes:
        table.write(f"note: {note}")
    table.write(f"proven from bytes: {', '.join(found.proven) or 'nothing'}")
    if found.on_trust:
        table.write(f"taken on trust, as the bytes are not here: {', '.join(found.on_trust)}")
    override = " BY OVERRIDE" if found.override else ""
    table.write(f"{found.verdict.upper()}{override}: {found.model}@{found.version} serves in {found.stage}")
    table.write(f"  weights {found.weights}")
    table.write(f"  record  {found.promotion}")
    table.write(f"  speaks for head {found.head.size}:{found.head.root}")


def _print_delivered(found: DeliveredVerdict) -> None:
    """Print lines, not a table: whoever starts waits for this, and what draws tables takes longest to load."""
    from govkit.core.gates.base import Verdict
    from govkit.reports import table

    for check in found.checks:
        next_ = f" -> {check.fix}" if check.fix else ""
        table.write(f"{table.ICONS[Verdict(check.verdict)]}  {check.gate}: {check.found}{next_}")
    for note in found.notes:
        table.write(f"note: {note}")
    amount = f"{found.files:,} file{'' if found.files == 1 else 's'}, {found.size:,} bytes"
    table.write(f"{found.verdict.upper()}: {found.model}@{found.version} for {found.stage}, {amount}")
    table.write(f"  record  {found.promotion}{'' if found.pinned else ', as the folder says'}")


@click.command()
@click.argument("model")
@click.option("--stage", required=True, help="The stage.")
@click.option("-o", "--output-dir", "folder", required=True, type=click.Path(path_type=Path), help="A new folder.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="How many files DVC fetches at a time.")
@record_option
@target_option
@termination_option
@common.mirror_option
@fetch_option
@common.reads
def get(
    repo: Path,
    root: str | None,
    model: str,
    stage: str,
    folder: Path,
    jobs: int | None,
    record: str | None,
    target_file: Path | None,
    termination_log: Path | None,
    mirror: str | None,
    is_fetching: bool,
    output: str,
) -> None:
    """Verify, fetch the weights through DVC, check every byte, and only then put them into a folder."""
    from govkit.reports import jsonout, table
    from govkit.workflow import get as workflow

    with stoppable(), reason_into(termination_log), progress.watching() as watch:
        target, pinned = _target(target_file), _pinned(record)
        session = _fetched(common.session(repo, root=root, mirror=mirror, watch=watch), is_fetching)
        found = workflow.get(session, model, stage, folder, record=pinned, target=target, jobs=jobs)
    if output == "json":
        jsonout.write("govkit.delivery/v1", {"folder": str(folder), "files": found.files, "verdict": found.verdict})
        return
    for file in found.files:
        table.write(f"{folder}/{file['path']}  {file['size']:,} bytes  {file['sha256']}")
    table.write(f"proven: {model}@{found.verdict.version} for {stage}")
    table.write(f"check it again where it serves: govkit verify --dir {folder} --record {found.verdict.promotion}")
