"""Commands for what is left open: ``waive``, ``finding open|close|list``, ``withdraw``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from govkit.cli import common
from govkit.cli.deciding import stage_option, tell, ticket_option


@click.command()
@click.argument("version", metavar="MODEL[@VERSION]")
@stage_option
@click.option("--gate", required=True, help="The gate to waive.")
@click.option("--until", required=True, metavar="DAY", help="The waiver's end: a day like 2026-12-31, or an instant.")
@click.option("-m", "--message", "reason", default="", help="Why.")
@ticket_option
@common.writes
def waive(
    version: str, stage: str, gate: str, until: str, reason: str, ticket: str, output: str, **options: Any
) -> None:
    """Waive one gate for one version and stage; the gate names who may. Any change of bytes or rules voids it."""
    from govkit.workflow import followups

    model, wanted = common.split_version(version)
    session = common.session(**options)
    written = followups.waive(session, model, wanted, stage, gate, until=until, reason=reason, ticket=ticket)
    tell(written, output, f"waived {gate} until {until}")


@click.command()
@click.argument("name", metavar="REQUEST")
@click.option("-m", "--message", "reason", default="", help="Why.")
@common.writes
def withdraw(name: str, reason: str, output: str, **options: Any) -> None:
    """Take your own REQUEST back; a request is never edited."""
    from govkit.workflow import followups

    tell(followups.withdraw(common.session(**options), name, reason), output, f"withdrew {name}")


@click.group()
def finding() -> None:
    """What is to be done about a version, by whom and until when."""


@finding.command("open")
@click.argument("version", metavar="MODEL[@VERSION]")
@click.option("-m", "--message", "text", default="", help="What is to be done.")
@click.option("--owner", required=True, help="Who sees to it.")
@click.option("--due", required=True, metavar="DAY", help="Until when: a day like 2026-12-31, or an instant.")
@click.option("--severity", default="", help="How bad it is, in your own words.")
@common.writes
def finding_open(version: str, text: str, owner: str, due: str, severity: str, output: str, **options: Any) -> None:
    """Open a finding about a version; the policy names who may, under 'records'."""
    from govkit.workflow import followups

    model, wanted = common.split_version(version)
    written = followups.open_finding(
        common.session(**options), model, wanted, text, owner=owner, due=due, severity=severity
    )
    tell(written, output, f"opened 'finding#{written.judged.index}'")


@finding.command("close")
@click.argument("name", metavar="FINDING")
@click.option("-m", "--message", "resolution", default="", help="How it ended.")
@common.writes
def finding_close(name: str, resolution: str, output: str, **options: Any) -> None:
    """Close FINDING ('finding#INDEX'); the review of a break-glass promotion not by who promoted."""
    from govkit.workflow import followups

    tell(followups.close_finding(common.session(**options), name, resolution), output, f"closed {name}")


@finding.command("list")
@click.argument("model", required=False)
@click.option("--all", "closed", is_flag=True, help="Those that are closed, too.")
@common.reads
def finding_list(model: str | None, closed: bool, repo: Path, root: str | None, output: str) -> None:
    """Show the open findings, of MODEL or of all."""
    from govkit.reports import jsonout, table
    from govkit.workflow import query

    rows = [row for row in query.findings(common.session(repo, root=root), model) if closed or row.state != "closed"]
    if output == "json":
        jsonout.write("govkit.findings/v1", rows)
    elif rows:
        cells = [(r.name, f"{r.model}@{r.version}", r.text, r.owner, r.due, r.state) for r in rows]
        table.table(("finding", "version", "what", "owner", "due", "state"), cells)
    else:
        table.write("no open findings")
