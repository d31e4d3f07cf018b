"""The command ``reproduce``."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from govkit.cli import common
from govkit.cli.deciding import tell
from govkit.cli.termination import stoppable
from govkit.core.errors import Refused

if TYPE_CHECKING:
    from govkit.core.reproduction import Reproduction
    from govkit.workflow.plans import Written
    from govkit.workflow.reproduce import Prepared


@click.command()
@click.argument("version", metavar="MODEL[@VERSION]")
@click.option("--only", metavar="STAGE,…", default="", help="Run only these DVC stages again, on what is recorded.")
@click.option(
    "--tolerance", multiple=True, metavar="[NAME=]X", help="How far numbers may be apart: 0.01, 1%, auc=0.005."
)
@click.option("--env", "passed_on", multiple=True, metavar="NAME", help="Pass this variable on to the commands.")
@click.option("--keep", type=click.Path(path_type=Path), metavar="DIR", help="Run it in DIR, and leave that there.")
@click.option("--no-record", is_flag=True, help="Sign and write nothing; no key is needed.")
@common.writes
def reproduce(
    version: str,
    only: str,
    tolerance: tuple[str, ...],
    passed_on: tuple[str, ...],
    keep: Path | None,
    no_record: bool,
    output: str,
    **options: Any,
) -> int:
    """Run a version's DVC stages again in a clean clone, compare, and record it.

    It runs the repository's own commands, so do it where there is nothing to steal. --dry-run says which, and stops.

    Exit code 0 if everything came out the same (or within --tolerance), 1 if it is another, 3 if it cannot be told.
    """
    from govkit.workflow import reproduce as workflow

    model, number = common.split_version(version)
    wanted = [name for name in (part.strip() for part in only.split(",")) if name]
    wish = workflow.Wish(model, number, wanted, tolerance, passed_on, keep, is_recorded=not no_record)
    session = common.session(**options)

    def announce(prepared: Prepared) -> None:
        _announce(prepared, is_dry=session.options.dry_run)
        agree = session.options.agree
        if agree is not None and not session.options.dry_run and not agree("Run these commands?"):
            raise Refused("nothing was run", why="you did not agree")

    with stoppable(), _watched() as watch:
        prepared, report = workflow.reproduce(session, wish, announce=announce, watch=watch)
    if report is None:
        if output == "json":
            _plan_json(prepared)
        return 0
    if output != "json":  # what hours of work gave is said before anything can go wrong with the record
        _print(prepared.name, report, keep)
    written = None
    try:
        written = None if no_record else workflow.record(session, prepared, report)
    finally:
        if output == "json":
            _json(report, written)
    if written is not None and output != "json":
        tell(written, output, "recorded")
    return 1 if report.verdict == "different" else 0


def _announce(prepared: Prepared, *, is_dry: bool) -> None:
    """Say whose commands will run, before they do."""
    from govkit.core.inert import line
    from govkit.core.reproduction import label

    said = [f"{prepared.name} at commit {prepared.commit[:12]}; its registration is proven."]
    said += [f"note: {note}" for note in prepared.notes]
    said.append("would run:" if is_dry else "These commands of the repository will run here, with your rights:")
    said += [f"  {label(stage)}: {command}" for stage in prepared.stages for command in stage.cmd]
    said += [f"with {need.item.path} from DVC" for need in prepared.needs]
    for text in said:
        click.echo(line(text) if not text.startswith("  ") else f"  {line(text)}", err=True)


def _print(name: str, report: Reproduction, keep: Path | None) -> None:
    from govkit.core.digests import short
    from govkit.reports import table

    cells = [
        (file.stage, file.path, file.verdict, short(file.recorded or ""), short(file.made or ""))
        for file in report.files
    ]
    table.table(("DVC stage", "file", "verdict", "registered", "made again"), cells)
    if report.numbers:
        numbers = [
            (one.path, one.name, _number(one.recorded), _number(one.made), one.allowed, "yes" if one.within else "NO")
            for one in report.numbers
        ]
        table.table(("report", "number", "registered", "made again", "may differ by", "does not"), numbers)
    table.write(_words(name, report))
    if report.left:
        table.write(f"not run again: {', '.join(report.left)}")
    if keep is not None:
        table.write(f"left in {keep}")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def _words(name: str, report: Reproduction) -> str:
    """Return how it came out, in one sentence."""
    if report.verdict == "identical":
        return f"IDENTICAL: {name}: the same bytes of {len(report.files)} files"
    changed = [file.path for file in report.files if file.verdict != "identical"]
    if report.verdict == "within-tolerance":
        return f"WITHIN TOLERANCE: {name}: other bytes of {', '.join(changed)}, and every number within what is allowed"
    begins = " and ".join(f"'{stage}'" for stage in report.begins)
    first = [file.path for file in report.files if file.stage in report.begins and file.verdict != "identical"]
    return (
        f"DIFFERENT: {name}: DVC stage {begins} read what is registered and wrote another {', '.join(first)}, twice: "
        "either its dvc.lock was written by something else than these commands ('dvc commit -f' does that), or they "
        "need another environment than this one; find out which"
    )


def _json(report: Reproduction, written: Written | None) -> None:
    from govkit.reports import jsonout

    event = {"index": written.judged.index, "id": written.judged.id} if written and written.commit else None
    jsonout.write("govkit.reproduced/v1", {"report": report, "event": event})


def _plan_json(prepared: Prepared) -> None:
    from govkit.core.reproduction import label
    from govkit.reports import jsonout

    value = {
        "version": prepared.name,
        "commit": prepared.commit,
        "stages": [{"name": label(stage), "cmd": stage.cmd} for stage in prepared.stages],
        "needs": [need.item.path for need in prepared.needs],
        "notes": prepared.notes,
    }
    jsonout.write("govkit.reproduction-plan/v1", value)


@contextlib.contextmanager
def _watched() -> Iterator[Callable[[str, int, int], None]]:
    """Tell how far it is: in place on a terminal, else a line for each step; nothing while somebody is asked."""
    from govkit.core.inert import line

    if not sys.stderr.isatty():
        yield (
            lambda title, done, total: None if done >= total else click.echo(_step(line(title), done, total), err=True)
        )
        return
    from rich.console import Console
    from rich.markup import escape

    shown = Console(stderr=True).status("")

    def watch(title: str, done: int, total: int) -> None:
        if done >= total:
            shown.stop()
        else:
            shown.update(escape(_step(line(title), done, total)))
            shown.start()

    try:
        yield watch
    finally:
        shown.stop()


def _step(title: str, done: int, total: int) -> str:
    return f"{title} ({done + 1} of {total})" if total > 1 else title
