"""Commands to start with: ``init``, ``trust``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from govkit.cli import common
from govkit.core.errors import Refused

if TYPE_CHECKING:
    from govkit.workflow.adoption import Found
    from govkit.workflow.initialise import Initialised


@click.command()
@click.option("--person", metavar="ID", help="Your id in the policy; made from Git's user.name if left out.")
@click.option("--remote", metavar="URL", help="The repository's canonical remote; that of 'origin' if left out.")
@click.option(
    "--model", "declare", multiple=True, metavar="NAME=PATH", help="Declare an output as a model; can be repeated."
)
@click.option("--no-import", is_flag=True, help="Leave GTO's tags out of the history.")
@common.writes
def init(
    person: str | None, remote: str | None, declare: tuple[str, ...], no_import: bool, output: str, **options: Any
) -> None:
    """Bring a DVC repository under governance.

    Writes governance/ and .gitattributes, adds the hook to dvc.yaml, opens the log with the policy there, and pins it.
    GTO's tags become history: imported, signed by nobody, never taken for an approval. Running it again is safe.
    """
    from govkit.reports import jsonout
    from govkit.workflow import initialise

    choices = initialise.Choices(person, remote, declare, keep_tags=not no_import)
    done = initialise.initialise(common.session(**options), choices)
    if output == "json":
        jsonout.write("govkit.init/v1", done)
        return
    _tell(done, dry_run=options["dry_run"])
    _tell_next(done, options["key"])


def _tell(done: Initialised, *, dry_run: bool) -> None:
    from govkit.reports import table

    if done.diff:
        table.page(done.diff)
    for model in done.found:
        reports = ", ".join([*model.metrics, *model.plots]) or "none: add metrics and plots to dvc.yaml"
        table.write(f"model {model.name}: {model.path}, from {model.stages} DVC stages; its hook is '{model.hook}'")
        table.write(f"  metrics and plots: {reports}")
        for said in model.live:
            table.write(f"  GTO says {said}")
    for path in done.written:
        table.write(f"{'would write' if dry_run else 'wrote'} {path}")
    if done.imported:
        words = "signed by nobody, never taken for an approval; 'govkit history MODEL' shows them"
        table.write(f"{'would import' if dry_run and not done.root else 'imported'} {done.imported} tags: {words}")
    if done.opened:
        table.write(f"opened the log; its root of trust is pinned: {done.root}")
    elif done.root:
        table.write(f"the log was open before: {done.root}")
    for note in done.notes:
        table.write(f"! {note}")


def _tell_next(done: Initialised, key: str | None) -> None:
    from govkit.reports import table

    first = done.found[0]
    table.write("")
    table.write("What to do next:")
    if key:
        table.write(f"  0. export GOVKIT_KEY={key}    (so that every command knows who you are)")
    statements = ", ".join(model.statements for model in done.found)
    table.write(f"  1. fill in {statements}: owner, intended use, limitations")
    table.write("  2. let others join: govkit people add ID --key FILE.pub --role risk-owner")
    table.write("     then: govkit policy adopt    (with several administrators: govkit policy propose -m REASON)")
    runs = " && ".join(_run(done.found, root) for root in dict.fromkeys(model.root for model in done.found))
    table.write(f"  3. {runs} && git add -A && git commit    (the hook writes the card)")
    if any(model.live for model in done.found):
        table.write("     (the hook alone: nothing is trained again, and the weights stay what they are)")
    table.write(f"  4. govkit request {first.name} --stage staging -m 'REASON'")
    table.write("  5. git push    (govkit publishes its log and its tags by itself)")


def _run(found: list[Found], root: str) -> str:
    """Return how DVC runs the hooks of a project: alone, where something is live already."""
    inside = [model for model in found if model.root == root]
    files = [model.file.removeprefix(f"{root}/") for model in inside]
    if any(model.live for model in inside):
        pairs = zip(files, inside, strict=True)
        hooks = [model.hook if file == "dvc.yaml" else f"{file}:{model.hook}" for file, model in pairs]
        command = f"dvc repro --single-item {' '.join(map(shlex.quote, hooks))}"
    else:
        command = "dvc repro" if files == ["dvc.yaml"] * len(files) else "dvc repro --all-pipelines"
    return f"(cd {shlex.quote(root)} && {command})" if root else command


@click.command()
@common.yes_option
@common.reads
def trust(repo: Path, root: str | None, yes: bool, output: str) -> None:
    """Look at a log's root of trust and people, and pin it.

    Compare the root with somebody who knows it, over another channel, before you say yes.
    """
    from govkit.reports import jsonout, table
    from govkit.workflow import trusting as workflow
    from govkit.workflow.plans import is_interactive

    session = common.session(repo, root=root)
    seen = workflow.look(session)
    if output == "json":
        jsonout.write("govkit.trust/v1", seen)
    else:
        table.write(f"root of trust   {seen.root}")
        table.write(f"opened for      {seen.remote or '(no remote)'}")
        table.write(f"first policy    {seen.policy}")
        rows = [(who, name, ", ".join(roles), "\n".join(prints)) for who, name, roles, prints in seen.people]
        table.table(("id", "name", "roles", "keys"), rows, title="people of the first policy")
    if root is not None and root != seen.root:
        raise Refused("the log has another root of trust", why=f"you named {root}", fix="do not trust this copy")
    if not yes and not (is_interactive() and click.confirm("Pin this root of trust?", err=True)):
        raise Refused("nothing was pinned", fix="say yes, or pass --yes after comparing the root")
    workflow.pin(session, seen)
    click.echo(f"pinned in {session.pins.path}", err=True)
