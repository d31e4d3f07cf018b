"""Commands at the door of production: ``verify`` and ``get``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from govkit.cli import common, progress
from govkit.core.errors import GovkitError, Usage

if TYPE_CHECKING:
    from govkit.core.compatibility import Target
    from govkit.core.delivered import DeliveredVerdict
    from govkit.core.verdict import VerifyVerdict
    from govkit.workflow.session import Session

#: What Kubernetes takes of a termination message, in bytes.
TERMINATION_BYTES = 4096
RECORD_VARIABLE = "GOVKIT_RECORD"

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


@contextlib.contextmanager
def _reason_into(path: Path | None) -> Iterator[list[str]]:
    """Write why a command did not succeed into a file, on one line: what is put into the list, or the error."""
    said: list[str] = []
    try:
        yield said
    except GovkitError as error:
        said.append(f"{error.what}: {error.why}" if error.why else error.what)
        raise
    finally:
        if path is not None and said:
            from govkit.core.inert import line

            with contextlib.suppress(OSError):
                path.write_bytes(line(" ".join(said)).encode()[:TERMINATION_BYTES])


@click.command()
@click.argument("model", required=False)
@click.option("--stage", help="The stage; with --dir only what is expected.")
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="A folder that 'get' made; needs no Git.")
@click.option("--record", metavar="DIGEST", help=f"With --dir: the promotion it must be; else {RECORD_VARIABLE}.")
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
        with _reason_into(termination_log) as said:
            if folder is not None:
                found: DeliveredVerdict | VerifyVerdict = _delivered(folder, model, stage, record, target_file)
            else:
                found = _served(repo, root, model, stage, record, target_file, min_head, mirror, is_fetching)
            said += [f"{check.gate}: {check.found};" for check in found.blocking]
    except GovkitError as error:
        if mode == "enforce" or isinstance(error, Usage):
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
    if record is not None:
        raise click.UsageError("--record is for --dir; the log itself says which promotion it is.")
    target = _target(target_file)
    with progress.watching() as watch:
        session = _fetched(common.session(repo, root=root, mirror=mirror, watch=watch), is_fetching)
        return workflow.verify(session, model, stage, min_head=min_head, target=target)


def _delivered(
    folder: Path, model: str | None, stage: str | None, record: str | None, target_file: Path | None
) -> DeliveredVerdict:
    import os

    from govkit.workflow import delivery

    pinned = record or os.environ.get(RECORD_VARIABLE) or None
    return delivery.verify(folder, model=model, stage=stage, record=pinned, target=_target(target_file))


def _print(found: DeliveredVerdict | VerifyVerdict, output: str) -> None:
    from govkit.core.delivered import DeliveredVerdict
    from govkit.reports import table

    if output != "table":
        common.report(found, output)
        return
    table.checks(found.checks, title=found.title)
    for check in found.blocking:
        table.write(f"  {check.gate}: {check.found}" + (f" -> {check.fix}" if check.fix else ""))
    if isinstance(found, DeliveredVerdict):
        _print_delivered(found)
        return
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
    from govkit.reports import table

    table.write(f"{found.verdict.upper()}: {found.model}@{found.version} for {found.stage}, {found.files:,} files")
    table.write(f"  record  {found.promotion}")
    if found.verdict == "intact":
        table.write("  nothing was pinned: whoever writes to the folder can write its manifest, too; pin with --record")


@click.command()
@click.argument("model")
@click.option("--stage", required=True, help="The stage.")
@click.option("-o", "--output-dir", "folder", required=True, type=click.Path(path_type=Path), help="A new folder.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="How many files DVC fetches at a time.")
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
    target_file: Path | None,
    termination_log: Path | None,
    mirror: str | None,
    is_fetching: bool,
    output: str,
) -> None:
    """Verify, fetch the weights through DVC, check every byte, and only then put them into a folder."""
    from govkit.reports import jsonout, table
    from govkit.workflow import get as workflow

    with _reason_into(termination_log), progress.watching() as watch:
        target = _target(target_file)
        session = _fetched(common.session(repo, root=root, mirror=mirror, watch=watch), is_fetching)
        found = workflow.get(session, model, stage, folder, target=target, jobs=jobs)
    if output == "json":
        jsonout.write("govkit.delivery/v1", {"folder": str(folder), "files": found.files, "verdict": found.verdict})
        return
    for file in found.files:
        table.write(f"{folder}/{file['path']}  {file['size']:,} bytes  {file['sha256']}")
    table.write(f"proven: {model}@{found.verdict.version} for {stage}")
    table.write(f"check it again where it serves: govkit verify --dir {folder} --record {found.verdict.promotion}")
