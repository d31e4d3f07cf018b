"""Commands back and out: ``rollback``, ``clear``, ``revoke``."""

from __future__ import annotations

from typing import Any

import click

from govkit.cli import common
from govkit.cli.deciding import stage_option, tell, ticket_option

reason_option = click.option("-m", "--message", "reason", default="", help="Why; it is needed.")


@click.command()
@click.argument("model")
@stage_option
@click.option("--to", "version", metavar="VERSION", help="The version; the one that served before if left out.")
@reason_option
@ticket_option
@common.writes
def rollback(
    model: str, stage: str, version: str | None, reason: str, ticket: str, output: str, **options: Any
) -> None:
    """Let a version serve again that served in a stage before, with a new signed tag that GTO and DVC follow.

    Who may, and whether somebody has to approve it, says the policy under the stage's 'rollback'.
    """
    from govkit.workflow import rollback as workflow

    session = common.session(**options)
    written = workflow.rollback(session, model, stage, version, reason=reason, ticket=ticket)
    body = written.judged.event.body if written.judged.event else {}
    tell(written, output, f"rolled {stage} of {model} back to {body.get('version')}")


@click.command()
@click.argument("model")
@stage_option
@reason_option
@common.writes
def clear(model: str, stage: str, reason: str, output: str, **options: Any) -> None:
    """Empty a stage: no version of MODEL serves in it, until one is promoted or rolled back to by name."""
    from govkit.reports import table
    from govkit.workflow import retire

    session = common.session(**options)
    written = retire.clear(session, model, stage, reason=reason)
    tell(written, output, f"emptied {stage} of {model}")
    if output != "json" and written.commit is not None:
        table.write("note: 'gto show' now names the version before, and 'dvc artifacts get' still delivers;")
        table.write("      'govkit verify' and 'govkit get' refuse")


@click.command()
@click.argument("version", metavar="MODEL@VERSION")
@reason_option
@common.writes
def revoke(version: str, reason: str, output: str, **options: Any) -> None:
    """Bar a version everywhere, for ever: it is not proven, not delivered and not promoted any more."""
    from govkit.reports import table
    from govkit.workflow import retire

    model, wanted = common.split_version(version)
    if wanted is None:
        raise click.UsageError(f"Name the version: {model}@VERSION.")
    session = common.session(**options)
    written = retire.revoke(session, model, wanted, reason=reason)
    tell(written, output, f"revoked {model}@{wanted}")
    if output == "json" or written.commit is None:
        return
    for stage in retire.serving(session, model, wanted):
        table.write(f"next: it is the last in {stage}, where 'dvc artifacts get' still finds it; take it out:")
        table.write(f"      govkit rollback {model} --stage {stage} -m WHY")
        table.write(f"  or: govkit clear {model} --stage {stage} -m WHY")
