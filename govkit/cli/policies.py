"""Commands around the policy: ``policy show|check|schema|diff|test|propose|adopt``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from govkit.cli import common

if TYPE_CHECKING:
    from govkit.workflow.replay import Replayed
    from govkit.workflow.session import Session

#: From so many promotions on, judging them again takes long enough for a progress bar.
_MANY = 50


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

    done = policychange.propose(common.session(**options), reason)
    if output == "json":
        jsonout.write("govkit.written/v1", done)
        return
    name, needs = f"policy#{done.index}", f"; it needs {done.needs}" if done.needs else "; it is approved"
    if done.state == "in-force":
        table.write(f"governance/policy.yaml is in force already, since event {done.index}: nothing to propose")
    elif done.state == "already-proposed":
        table.write(f"'{name}' asks for this policy already: nothing was written. It is NOT in force{needs}")
    elif options["dry_run"]:
        table.write(f"it would be asked for, and NOT be in force{needs}")
    else:
        table.write(f"asked: '{name}'. It may be merged, but is NOT in force{needs}")
    if done.state != "in-force" and not options["dry_run"]:
        table.write(f"next: administrators run  govkit policy diff '{name}'  and  govkit approve '{name}'")


@policy.command()
@click.argument("name", metavar="[REQUEST]", required=False)
@common.writes
def adopt(name: str | None, output: str, **options: Any) -> None:
    """Adopt an approved policy; it is in force from then on."""
    from govkit.reports import jsonout, table
    from govkit.workflow import policychange

    done = policychange.adopt(common.session(**options), name)
    if output == "json":
        jsonout.write("govkit.written/v1", done)
        return
    would = "would be " if options["dry_run"] else ""
    table.write(f"{would}in force from event {done.index} on: {done.policy}")
    for words in done.people or ["people, keys and roles are as before"]:
        table.write(f"  {words}")


@policy.command()
@click.argument("name", metavar="[REQUEST]", required=False)
@common.repo_option
@common.root_option
@click.option(
    "--format",
    "output",
    type=click.Choice(["table", "json", "markdown"]),
    default="table",
    help="How to print the answer.",
)
def diff(name: str | None, repo: Path, root: str | None, output: str) -> None:
    """Say in words what changes between the policy in force and governance/policy.yaml.

    With REQUEST (policy#INDEX), between the policy in force and the one that the request asks for. What makes the
    policy looser is marked, and so is whatever has no known direction.
    """
    from govkit.core import policydiff
    from govkit.reports import jsonout, policychanges
    from govkit.workflow import policychange

    found = policychange.difference(common.session(repo, root=root), name)
    if output == "json":
        jsonout.write(policydiff.SCHEMA, found)
    elif output == "markdown":
        from govkit.core.inert import markdown

        policychanges.write_markdown(found.changes, found.source, found.notes, markdown)
    else:
        policychanges.write_table(found.changes, found.source, found.notes)


@policy.command("test")
@click.argument("file", metavar="[FILE]", required=False)
@click.option(
    "--replay/--no-replay",
    default=True,
    help="Also judge all past promotions again under this policy; that never changes the exit code.",
)
@common.repo_option
@common.format_option
def test_(file: str | None, replay: bool, repo: Path, output: str) -> int:
    """Test governance/policy.yaml: cards and the verdicts that they should get.

    FILE is governance/policy-tests.yaml if left out. Exit code 0 if every case is as expected, 1 if one is not, 2 if
    the file is malformed.
    """
    from govkit.reports import jsonout, policytests
    from govkit.workflow import policytests as workflow

    session = common.session(repo)
    done = workflow.run(session, file)
    note = workflow.log_note(session) if replay else "nothing was replayed: --no-replay"
    past = [] if note else _replay(session)
    if output == "json":
        cases = policytests.as_json(done.results)
        answer = {"file": done.file, "policy": done.policy, "cases": cases, "replay": past, "note": note}
        jsonout.write("govkit.policy-test-result/v1", answer)
        return done.exit_code
    policytests.write_cases(done.results, done.file)
    if past:
        policytests.write_replay(past)
    elif replay:
        click.echo(note or "nothing was promoted so far, so nothing was replayed", err=True)
    return done.exit_code


def _replay(session: Session) -> list[Replayed]:
    """Judge all past promotions again; where there are many and somebody looks, with a progress bar."""
    from govkit.workflow import policytests, replay

    policy = policytests.proposed(session)
    count = len(replay.promotions(session))
    if count <= _MANY or not sys.stderr.isatty():
        return replay.replay(session, policy)
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("judging past promotions again", total=count)
        return replay.replay(session, policy, step=lambda: progress.advance(task))
