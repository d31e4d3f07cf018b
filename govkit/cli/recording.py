"""Commands that write down what happened beside deciding: ``record deployment|config``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from govkit.cli import common
from govkit.cli.deciding import stage_option, tell

if TYPE_CHECKING:
    from govkit.workflow.deployments import Status

environment_option = click.option(
    "--environment", required=True, metavar="NAME", help="Where it runs, such as eu-west/prod."
)


@click.group()
def record() -> None:
    """Write down deployments and changes of configuration; the policy names who may, under 'records'."""


@record.command("deployment")
@click.argument("model")
@stage_option
@environment_option
@click.option(
    "--status",
    required=True,
    type=click.Choice(["started", "succeeded", "failed", "withdrawn"]),
    help="How far it got.",
)
@click.option("--promotion", metavar="DIGEST", help="The promotion's event; the last one into the stage if left out.")
@click.option("--config", metavar="FILE|DIGEST", help="The configuration that it runs with.")
@click.option("-m", "--message", "reason", default="", help="Words for the record.")
@common.writes
def deployment(
    model: str,
    stage: str,
    environment: str,
    status: Status,
    promotion: str | None,
    config: str | None,
    reason: str,
    output: str,
    **options: Any,
) -> None:
    """Record that what serves in a stage was rolled out to an environment, or withdrawn from it."""
    from govkit.workflow import deployments

    session = common.session(**options)
    written = deployments.deployment(
        session, model, stage, environment, status, promotion=promotion, config=config, reason=reason
    )
    tell(written, output, f"recorded: {status} in {environment}")


@record.command("config")
@click.argument("model")
@environment_option
@click.option("--what", required=True, metavar="TEXT", help="What was changed, such as the name of a file.")
@click.option("--before", metavar="FILE|DIGEST", help="What it was; left out if there was none.")
@click.option("--after", metavar="FILE|DIGEST", help="What it is; left out if it is gone.")
@click.option("-m", "--message", "reason", default="", help="Why; it is needed.")
@common.writes
def config(
    model: str,
    environment: str,
    what: str,
    before: str | None,
    after: str | None,
    reason: str,
    output: str,
    **options: Any,
) -> None:
    """Record that the configuration of a deployment changed: digests before and after, and why."""
    from govkit.workflow import deployments

    session = common.session(**options)
    written = deployments.config(session, model, environment, what, before=before, after=after, reason=reason)
    tell(written, output, f"recorded: {what} changed in {environment}")
