"""Commands for violations: ``violation``, ``violation request``, ``violation acknowledge``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from govkit.cli import common
from govkit.cli.deciding import tell


@click.group(invoke_without_command=True)
@common.reads
@click.pass_context
def violation(context: click.Context, repo: Path, root: str | None, output: str) -> None:
    """Show events that stop all proof: of another history, or unknown to the rules; and what became of them."""
    if context.invoked_subcommand is not None:
        return
    from govkit.reports import jsonout, table
    from govkit.workflow import violation as workflow

    rows = workflow.violations(common.session(repo, root=root))
    if output == "json":
        jsonout.write("govkit.violations/v1", rows)
        return
    if not rows:
        table.write("no violations")
        return
    cells = [(str(r.index), r.status, r.actor, r.reason, _stands(r), r.why) for r in rows]
    table.table(("event", "judged", "who", "what", "state", "why"), cells)
    for row in rows:
        if row.acknowledged is None and not row.request:
            table.write(f"next: find out what happened, then  govkit violation request {row.index} -m WHY")


def _stands(row: Any) -> str:
    if row.acknowledged is not None:
        return f"acknowledged in event {row.acknowledged}"
    if not row.request:
        return "open"
    return f"'{row.request}' {'is approved' if row.needed == 'approved' else f'needs {row.needed}'}"


@violation.command("request")
@click.argument("index", type=click.IntRange(min=0))
@click.option("-m", "--message", "reason", default="", help="What happened, and why work may go on.")
@common.writes
def violation_request(index: int, reason: str, output: str, **options: Any) -> None:
    """Ask the administrators to acknowledge the violation at INDEX."""
    from govkit.reports import table
    from govkit.workflow import violation as workflow

    written = workflow.request(common.session(**options), index, reason)
    name = f"acknowledge#{written.judged.index}"
    tell(written, output, f"asked: '{name}'")
    if output != "json" and written.commit is not None:
        table.write(f"next: administrators run  govkit approve '{name}'")


@violation.command("acknowledge")
@click.argument("index", type=click.IntRange(min=0))
@common.writes
def violation_acknowledge(index: int, output: str, **options: Any) -> None:
    """Acknowledge the violation at INDEX, which the administrators' quorum approved; it has no effect for ever."""
    from govkit.workflow import violation as workflow

    tell(workflow.acknowledge(common.session(**options), index), output, f"acknowledged event {index}")
