"""Commands to start with: ``init``, ``trust``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from govkit.cli import common
from govkit.core.errors import Refused


@click.command()
@click.option("--person", metavar="ID", help="Your id in the policy; made from Git's user.name if left out.")
@click.option("--remote", metavar="URL", help="The repository's canonical remote; that of 'origin' if left out.")
@common.writes
def init(person: str | None, remote: str | None, output: str, **options: Any) -> None:
    """Bring a DVC repository under governance.

    Writes governance/, adds the hook to dvc.yaml, opens the log with the policy there, and pins it.
    Running it again is safe.
    """
    from govkit.reports import jsonout, table
    from govkit.workflow import initialise

    done = initialise.initialise(common.session(**options), person=person, remote=remote)
    if output == "json":
        jsonout.write("govkit.init/v1", done)
        return
    for path in done.written:
        table.write(f"{'would write' if options['dry_run'] else 'wrote'} {path}")
    if done.opened:
        table.write(f"opened the log; its root of trust is pinned: {done.root}")
    elif done.root:
        table.write(f"the log was open before: {done.root}")
    first, key = done.models[0], options["key"]
    table.write("")
    table.write("What to do next:")
    if key:
        table.write(f"  0. export GOVKIT_KEY={key}    (so that every command knows who you are)")
    table.write(f"  1. fill in governance/{first}/model.yaml: owner, intended use, limitations")
    table.write("  2. let others join: govkit people add ID --key FILE.pub --role risk-owner")
    table.write("     then: govkit policy adopt    (with several administrators: govkit policy propose -m REASON)")
    table.write("  3. dvc repro && git add -A && git commit    (the hook writes the card)")
    table.write(f"  4. govkit request {first} --stage staging -m 'REASON'")
    table.write("  5. git push    (govkit publishes its log and its tags by itself)")


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
