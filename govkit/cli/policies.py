"""Commands around the policy: ``policy show|check|schema|propose|adopt``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from govkit.cli import common


@click.group()
def policy() -> None:
    """The policy in force, and changes of it."""


@policy.command()
@common.reads
def show(repo: Path, root: str | None, output: str) -> None:
    """Show the policy in force, as the log adopted it."""
    import json

    from govkit.core import approvals
    from govkit.core.inert import json_text
    from govkit.reports import table

    session = common.session(repo, root=root)
    found = session.policy
    if output == "json":
        click.echo(json_text(json.dumps(found.raw, indent=2, sort_keys=True, ensure_ascii=False)))
        return
    table.write(f"in force since event {session.state.policies[-1][0]}: {found.digest}")
    content = found.policy
    people = [
        (who, m.name, m.kind, ", ".join(n for n, r in content.roles.items() if who in r.people))
        for who, m in content.people.items()
    ]
    table.table(("id", "name", "kind", "roles"), people, title="people")
    gates = [(name, str(gate.__struct_config__.tag), gate.description) for name, gate in content.gates.items()]
    table.table(("gate", "type", "why"), gates, title="gates")
    views = {name: found.stage(name) for name in content.stages}
    stages = [
        (name, ", ".join(view.gates), approvals.words(view.approvals.quorum), ", ".join(view.promote))
        for name, view in views.items()
        if view is not None and view.approvals is not None
    ]
    table.table(("stage", "gates", "approvals", "promoted by"), stages, title="stages")


@policy.command()
@common.repo_option
@common.format_option
def check(repo: Path, output: str) -> int:
    """Check governance/policy.yaml: form, names, people, quorums, expressions; each fault with its line."""
    from govkit.reports import jsonout, table
    from govkit.storage.git import Repository
    from govkit.storage.trees import WorkTree
    from govkit.workflow import policyfile

    _, found = policyfile.check(WorkTree(Repository(repo)))
    rows = [{"line": line, "fatal": fault.fatal, "message": fault.message} for line, fault in found.faults]
    if output == "json":
        jsonout.write("govkit.policy-check/v1", {"faults": rows, "fit": found.fit})
        return 0 if found.fit else 1
    for row in rows:
        table.write(f"{policyfile.PATH}:{row['line']}: {'error' if row['fatal'] else 'warning'}: {row['message']}")
    table.write("it can be adopted" if found.fit else "it cannot be adopted")
    return 0 if found.fit else 1


@policy.command()
def schema() -> None:
    """Print the JSON Schema of policy.yaml, with which editors complete and check it."""
    import json

    from govkit.core import schema as schemas
    from govkit.core.policy import SCHEMA, Policy

    click.echo(json.dumps(schemas.of(Policy, title=SCHEMA), indent=2, sort_keys=True))


@policy.command()
@click.option("-m", "--message", "reason", default="", help="Why, for the approvers.")
@common.writes
def propose(reason: str, output: str, **options: Any) -> None:
    """Ask to adopt governance/policy.yaml; the quorum of the policy in force decides."""
    from govkit.reports import jsonout, table
    from govkit.workflow import policychange

    written = policychange.propose(common.session(**options), reason)
    if output == "json":
        jsonout.write("govkit.written/v1", {"index": written.judged.index, "id": written.judged.id})
        return
    table.write(f"asked: 'policy#{written.judged.index}'; it is NOT in force")
    table.write(f"next: administrators run  govkit approve 'policy#{written.judged.index}'")


@policy.command()
@click.argument("name", metavar="[REQUEST]", required=False)
@common.writes
def adopt(name: str | None, output: str, **options: Any) -> None:
    """Adopt an approved policy; it is in force from then on."""
    from govkit.reports import jsonout, table
    from govkit.workflow import policychange

    written = policychange.adopt(common.session(**options), name)
    if output == "json":
        jsonout.write("govkit.written/v1", {"index": written.judged.index, "id": written.judged.id})
        return
    table.write(f"in force from event {written.judged.index} on")
