"""Commands of a canary: ``canary start|step|abort|finish|show``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from govkit.cli import common
from govkit.cli.deciding import stage_option, tell

if TYPE_CHECKING:
    from govkit.workflow.canary import Step

share_option = click.option(
    "--share", type=float, required=True, metavar="PART", help="The part of the traffic: 0.05 is 5 %."
)


@click.group()
def canary() -> None:
    """Let a version serve a part of a stage's traffic, and hold it against the champion step by step.

    Exit codes of 'step' and 'finish': 0 continue, 1 abort, 3 pause; the step is recorded whichever it is.
    """


@canary.command("start")
@click.argument("version", metavar="MODEL[@VERSION]")
@stage_option
@share_option
@click.option("--name", default="", help="What the canary is called; the version and a number if left out.")
@common.writes
def start(version: str, stage: str, share: float, name: str, output: str, **options: Any) -> int:
    """Begin a canary for a stage in which another version serves."""
    from govkit.workflow import canary as workflow

    model, wanted = common.split_version(version)
    return _tell(workflow.start(common.session(**options), model, wanted, stage, share, name=name), output)


@canary.command("step")
@click.argument("model")
@stage_option
@share_option
@click.option(
    "--metrics",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What both measured: JSON, YAML or TOML with 'challenger' and 'champion'.",
)
@common.writes
def step(model: str, stage: str, share: float, metrics: Path, output: str, **options: Any) -> int:
    """Judge what both versions measured by the policy's gates, and record it."""
    from govkit.workflow import canary as workflow

    return _tell(workflow.step(common.session(**options), model, stage, share, metrics), output)


@canary.command("abort")
@click.argument("model")
@stage_option
@click.option("-m", "--message", "reason", default="", help="Why; it is needed.")
@common.writes
def abort(model: str, stage: str, reason: str, output: str, **options: Any) -> None:
    """End the canary as failed."""
    from govkit.workflow import canary as workflow

    _tell(workflow.abort(common.session(**options), model, stage, reason=reason), output)


@canary.command("finish")
@click.argument("model")
@stage_option
@common.writes
def finish(model: str, stage: str, output: str, **options: Any) -> int:
    """End the canary; it passed if no step failed and the last one passed."""
    from govkit.workflow import canary as workflow

    return _tell(workflow.finish(common.session(**options), model, stage), output)


@canary.command("show")
@click.argument("model")
@stage_option
@common.reads
def show(model: str, stage: str, repo: Path, root: str | None, output: str) -> None:
    """Show the canaries of MODEL for a stage, newest last."""
    from govkit.reports import jsonout, table
    from govkit.workflow import canary as workflow

    rows = workflow.history(common.session(repo, root=root), model, stage)
    if output == "json":
        jsonout.write("govkit.canaries/v1", rows)
        return
    cells = [(r.canary, r.version, r.step, f"{r.share * 100:g} %", r.verdict, r.time, r.by) for r in rows]
    table.table(("canary", "version", "step", "share", "verdict", "when", "by"), cells)


def _tell(done: Step, output: str) -> int:
    from govkit.core.canary import NEXT
    from govkit.reports import jsonout, table

    body, written = done.body, done.written
    if output == "json":
        value = {
            "canary": body.canary,
            "step": body.step,
            "version": body.version,
            "stage": body.stage,
            "share": body.share,
            "verdict": body.verdict,
            "next": NEXT[body.verdict],
            "checks": done.checks,
            "index": written.judged.index,
            "id": written.judged.id,
            "commit": written.commit,
        }
        jsonout.write("govkit.canary/v1", value)
        return done.exit_code
    if done.checks:
        table.checks(done.checks, title=f"canary {body.canary} at {body.share * 100:g} % of {body.stage}")
    tell(written, output, f"canary {body.canary}: {body.step}")
    if body.step == "step":
        table.write(f"{body.verdict.upper()}: {NEXT[body.verdict]}")
    elif body.step == "finish":
        table.write(f"{body.verdict.upper()}")
    return done.exit_code
