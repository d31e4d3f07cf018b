"""The command ``log``: looking at the log itself, and proving it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from govkit.cli import common, paging, progress
from govkit.cli.lazy import LazyGroup

if TYPE_CHECKING:
    from govkit.workflow.history import Asked, Shown
    from govkit.workflow.query import Line
    from govkit.workflow.session import Session

_COLUMNS = ("event", "claimed time", "who", "what", "why", "judged")
#: How an event looks where there are colours, by how it is judged, else by its type.
_STYLES = {
    "conflict": "bold red",
    "undecided": "yellow",
    "inert": "dim",
    "promotion.recorded": "green",
    "stage.cleared": "magenta",
    "version.revoked": "red",
    "policy.adopted": "cyan",
    "waiver.granted": "magenta",
}


#: Its commands that are not in this module.
PLACES = {
    "prove": "bundles:log_prove",
    "mirror": "mirrors:log_mirror",
    "checkpoint": "mirrors:log_checkpoint",
    "sync": "syncing:sync",
    "install-hook": "serving:install_hook",
    "receive": "serving:receive",
}


@click.group(cls=LazyGroup, places=PLACES, invoke_without_command=True)
@click.option("--model", "models", multiple=True, metavar="MODEL", help="Only events of MODEL; can be repeated.")
@click.option(
    "--person",
    "people",
    multiple=True,
    metavar="PERSON",
    help="Only what names PERSON as its author, or was signed with their key; can be repeated.",
)
@click.option(
    "--type",
    "types",
    multiple=True,
    metavar="TYPE",
    help="Only events of TYPE, such as promotion.recorded, or of all types that begin so: decision, finding; can be "
    "repeated.",
)
@click.option(
    "--stage",
    "stages",
    multiple=True,
    metavar="STAGE",
    help="Only what is about STAGE, also by the request that it decides; can be repeated.",
)
@click.option("--since", metavar="TIME", help="Only from TIME on: a day, an instant (UTC), or a span before now (7d).")
@click.option("--until", metavar="TIME", help="Only up to TIME; of a day, its end.")
@click.option(
    "--after",
    metavar="SIZE[:DIGEST]",
    help="Only what came after a head that you have seen, which the log must hold: to go on where you stopped.",
)
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Only the newest N of them.")
@click.option("--follow", "-f", is_flag=True, help="Go on with new events as they come, until you press Ctrl-C.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1),
    metavar="SECONDS",
    help="How often --follow looks for new events: every 2 seconds, or every 10 where it asks a remote.",
)
@paging.no_pager_option
@common.repo_option
@common.root_option
@click.option(
    "--format",
    "output",
    type=click.Choice(["table", "json", "jsonl"]),
    default="table",
    help="How to print the answer; jsonl is one event a line, for other systems (govkit.logline/v1).",
)
@click.pass_context
def log(context: click.Context, /, repo: Path, root: str | None, output: str, **options: Any) -> int:
    """Show the events of the governance log, oldest first; 'log verify' proves it.

    Times are what signers claim. --since and --until go by the effective time, the later of an event's own and its
    predecessor's, so that nobody hides an event by dating it back.

    --follow fetches from the remote, if there is one, and proves that each new event extends what was shown before:
    a log that is rewritten or cut ends it with exit code 1. It needs a pinned root of trust ('govkit trust').
    """
    from govkit.workflow.history import Asked

    if context.invoked_subcommand is not None:
        _refuse_stray(context)
        return 0
    following, limit = options.pop("follow"), options.pop("limit")
    interval, pager = options.pop("interval"), not options.pop("no_pager")
    session, asked = common.session(repo, root=root), Asked(**options)
    if following:
        return _follow(session, asked, limit, interval, output)
    _print(session, asked, limit, output, pager=pager)
    return 0


def _refuse_stray(context: click.Context) -> None:
    """Refuse options of 'log' before one of its commands, where they would mean nothing."""
    sources = {p.opts[0]: context.get_parameter_source(p.name or "") for p in context.command.params}
    typed = [name for name, source in sources.items() if source == ParameterSource.COMMANDLINE]
    if typed:
        command = f"log {context.invoked_subcommand}"
        raise click.UsageError(f"{typed[0]} means nothing before '{command}', which takes options of its own behind it")


def _print(session: Session, asked: Asked, limit: int | None, output: str, *, pager: bool) -> None:
    from govkit.reports import jsonout
    from govkit.workflow import history, query

    found = history.choose(session.state, history.wanted(session, asked), limit)
    if output == "jsonl":
        _write_lines(found)
        return
    rows = [query.line_of(one.judged) for one in found]
    if output == "json":
        jsonout.write("govkit.log/v1", rows)
    else:
        show_table(rows, pager=pager)


def _follow(session: Session, asked: Asked, limit: int | None, interval: float | None, output: str) -> int:
    """Print events as they come. Ctrl-C ends it quietly, with the exit code that fits the log."""
    from msgspec.structs import replace

    from govkit.workflow import history

    if output == "json":
        raise click.UsageError("--follow never ends, and one JSON value does: use --format jsonl.")
    follower = history.Follower(session, common.tell, interval or (10.0 if session.remote else 2.0))
    try:
        follower.look()
        wish = history.wanted(session, asked, strict=False)
        for state in follower.states():
            (_write_lines if output == "jsonl" else _write_rows)(history.choose(state, wish, limit))
            wish, limit = replace(wish, after=max(wish.after, len(state.judged))), None
    except KeyboardInterrupt:
        return follower.exit_code
    return follower.exit_code


def _write_lines(found: Sequence[Shown]) -> None:
    """Write one line for each event, and each at once."""
    from govkit.core import logline

    for one in found:
        sys.stdout.write(logline.text(one.line) + "\n")
        sys.stdout.flush()


def _write_rows(found: Sequence[Shown]) -> None:
    """Write one line for people for each event: columns cannot be as wide as what has yet to come."""
    from govkit.core.inert import line
    from govkit.workflow import query

    for one in found:
        row = query.line_of(one.judged)
        cells = _cells(row)
        text = line("  ".join(cell for cell in (*cells[:4], f"({cells[4]})" if cells[4] else "", cells[5]) if cell))
        style = _style(row).split() if paging.colours() else []
        looks: dict[str, Any] = {word: True for word in style if word in ("bold", "dim")}
        colour = next((word for word in style if word not in looks), None)
        click.echo(click.style(text, fg=colour, **looks) if style else text)


def show_table(rows: Sequence[Line], *, pager: bool) -> None:
    """Show events as a table."""
    from govkit.reports import table

    if not rows:
        click.echo("no event is like that", err=True)
        return
    styles = [_style(row) for row in rows]
    text = table.drawn(_COLUMNS, [_cells(row) for row in rows], styles=styles, colours=paging.colours())
    paging.show(text, pager=pager)


def _cells(row: Line) -> tuple[str, ...]:
    return str(row.index), row.time, row.actor, row.text, row.reason, "" if row.status == "good" else row.status


def _style(row: Line) -> str:
    return _STYLES.get(row.status) or _STYLES.get(row.type, "")


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
