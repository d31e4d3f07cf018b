"""Commands from a commit to a stage: ``register``, ``request``, ``gate``, ``approve``, ``reject``, ``promote``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from govkit.cli import common

if TYPE_CHECKING:
    from govkit.core.policy import Choice
    from govkit.core.resolve import Way
    from govkit.workflow.plans import Written
    from govkit.workflow.session import Session

stage_option = click.option("--stage", required=True, help="The stage.")
rollback_option = click.option(
    "--rollback", "is_rollback", is_flag=True, help="To take the stage back to a version that served there before."
)
break_glass_option = click.option(
    "--break-glass", is_flag=True, help="The stage's emergency way: past the usual gates, short, reviewed afterwards."
)
online_option = click.option("--online", is_flag=True, help="Ask the DVC remote where a gate wants to know.")
ticket_option = click.option("--ticket", default="", help="A reference into another system.")


@click.command()
@click.argument("version", metavar="MODEL[@VERSION]")
@click.option("--rev", metavar="REVISION", help="The commit to register; HEAD of a clean tree if left out.")
@common.writes
def register(version: str, rev: str | None, output: str, **options: Any) -> None:
    """Register a commit as a version of a model, with a signed tag."""
    from govkit.workflow import register as workflow

    model, wanted = common.split_version(version)
    tell(workflow.register(common.session(**options), model, wanted, rev), output, "registered")


@click.command()
@click.argument("version", metavar="MODEL[@VERSION]")
@stage_option
@click.option("-m", "--message", "reason", default="", help="Why, for the approvers.")
@ticket_option
@click.option("--rev", metavar="REVISION", help="The commit to register if the version is new; HEAD if left out.")
@break_glass_option
@rollback_option
@common.writes
def request(
    version: str,
    stage: str,
    reason: str,
    ticket: str,
    rev: str | None,
    break_glass: bool,
    is_rollback: bool,
    output: str,
    **options: Any,
) -> None:
    """Ask to let a version serve in a stage; registers it first if needed."""
    from govkit.reports import jsonout, table
    from govkit.workflow import cards
    from govkit.workflow import gate as gates
    from govkit.workflow import register as workflow

    model, wanted = common.split_version(version)
    if break_glass and is_rollback:
        raise click.UsageError("--rollback goes back the way that the policy names, --break-glass past it: name one.")
    session = common.session(**options)
    action: Way = "rollback" if is_rollback else "break-glass" if break_glass else "promote"
    asked = workflow.request(session, model, wanted, stage, reason, ticket=ticket, revision=rev, action=action)
    if output == "json":
        jsonout.write("govkit.request/v1", {"version": asked.version, "request": asked.written.judged.id})
        return
    if asked.registered:
        table.write(f"registered {model}@{asked.version}")
    table.write(f"asked: '{model}@{asked.version}#{stage}'  {asked.written.judged.id}")
    table.report(gates.report(session, asked.judgement))
    _publish(asked.registered, asked.written)
    name, path = f"{model}@{asked.version}", cards.path_of(model, "card.md")
    table.write(f"next: the approvers read the card  git show '{model}@v{asked.version}:{path}'")
    table.write(f"      and sign                     govkit approve '{name}#{stage}'")
    table.write(f"      or do both on a page         govkit review '{name}#{stage}'")


@click.command()
@click.argument("version", metavar="MODEL[@VERSION]")
@stage_option
@click.option("--rev", metavar="REVISION", help="Judge a commit that is not registered; what is pending is left out.")
@break_glass_option
@online_option
@common.reports
def gate(
    version: str,
    stage: str,
    rev: str | None,
    break_glass: bool,
    online: bool,
    repo: Path,
    root: str | None,
    output: str,
) -> int:
    """Decide every requirement of a stage for a version, and explain each; exit code 1 if one is not met.

    The line that is given for a rule is that of governance/policy.yaml as it was adopted.
    """
    from govkit.workflow import cards, judge
    from govkit.workflow import gate as workflow

    model, wanted = common.split_version(version)
    session = common.session(repo, root=root)
    if rev is not None:
        judgement = judge.judge_revision(session, model, cards.tree_of(session.git, rev), stage)
    else:
        action: Way = "break-glass" if break_glass else "promote"
        found = judge.find_version(session, model, wanted)
        judgement = judge.judge(session, found, stage, action=action, online=online)
    report = workflow.report(session, judgement)
    common.report(report, output)
    return 0 if report.open else 1


def _decision(choice: Choice, help_text: str) -> click.Command:
    @click.command(choice, help=help_text)
    @click.argument("name", metavar="REQUEST")
    @click.option("--role", help="The role in which you decide, if you are asked in several.")
    @click.option("-m", "--message", "comment", default="", help="What you say with it; a reject needs it.")
    @click.option("--meaning", help="What your signature means, from the policy's list; the usual words if left out.")
    @click.option(
        "--condition",
        "conditions",
        multiple=True,
        nargs=3,
        metavar="OWNER DAY TEXT",
        help="Approve on a condition: it opens a finding for OWNER, due on DAY.",
    )
    @click.option(
        "--attach",
        "attached",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Put a file, such as a validation report, beside the decision as evidence.",
    )
    @click.option(
        "--output", "target", type=click.Path(path_type=Path), metavar="FILE", help="Sign into a file for 'submit'."
    )
    @common.writes
    def command(
        name: str,
        role: str | None,
        comment: str,
        meaning: str | None,
        conditions: tuple[tuple[str, str, str], ...],
        attached: tuple[Path, ...],
        target: Path | None,
        output: str,
        **options: Any,
    ) -> None:
        from govkit.reports import table
        from govkit.workflow import decide as workflow

        session = common.session(**options)
        words = workflow.Words(role, meaning, comment, conditions, attached)
        if target is None:
            written = workflow.decide(session, name, choice, words)
            tell(written, output, f"decided: {choice} '{name}'")
            return
        workflow.decide_to_file(session, name, choice, target, words)
        table.write(f"signed into {target}; whoever can write to the repository runs  govkit submit {target}")

    return command


approve = _decision(
    "approve",
    "Sign a yes to REQUEST: 'MODEL@VERSION#STAGE', 'policy#INDEX' or 'acknowledge#INDEX'. What will be signed is shown "
    "first.",
)
reject = _decision(
    "reject", "Sign a no to REQUEST. It holds for this stage and card, over new requests too, until it is lifted."
)
lift = _decision("lift", "Lift the rejects that hold for REQUEST, in a role that the policy names for that.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--signature",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What ssh-keygen wrote for somebody without govkit; FILE is then the event.json that they signed.",
)
@common.writes
def submit(file: Path, signature: Path | None, output: str, **options: Any) -> None:
    """Append a decision that somebody signed into FILE; anyone can carry it, nobody can change it."""
    from govkit.workflow import decide as workflow
    from govkit.workflow import statement

    session = common.session(**options)
    if signature is not None:
        tell(statement.submit_files(session, file, signature), output, f"submitted {file}")
        return
    tell(workflow.submit(session, file), output, f"submitted {file}")


@click.command()
@click.argument("version", metavar="[MODEL[@VERSION]]", required=False)
@click.option("--stage", help="The stage; it may be left out with --ready.")
@click.option("-m", "--message", "reason", default="", help="Words for the record.")
@ticket_option
@break_glass_option
@click.option(
    "--ready", "is_ready", is_flag=True, help="Promote every open request that is ready; of MODEL or STAGE if named."
)
@online_option
@common.writes
def promote(
    version: str | None,
    stage: str | None,
    reason: str,
    ticket: str,
    break_glass: bool,
    is_ready: bool,
    online: bool,
    output: str,
    **options: Any,
) -> int:
    """Let an approved version serve in a stage: a signed tag and a signed event, both or neither.

    With --ready, every open request that is fully approved and whose gates are open, as far as you may promote it;
    running it again changes nothing. Overrides and rollbacks are left to people. Exit code 0 also where requests still
    lack something; what each one lacks is said.
    """
    from govkit.workflow import promote as workflow

    model, wanted = common.split_version(version) if version else ("", None)
    if is_ready:
        if wanted is not None or break_glass:
            raise click.UsageError("--ready takes what is approved the usual way, whatever the version is.")
        said = {"reason": reason, "ticket": ticket, "online": online}
        return _promote_ready(common.session(**options), model or None, stage, output, said)
    if not version or not stage:
        raise click.UsageError("Name a version and its stage: MODEL@VERSION --stage STAGE, or pass --ready.")
    written = workflow.promote(
        common.session(**options),
        model,
        wanted,
        stage,
        reason=reason,
        ticket=ticket,
        action="break-glass" if break_glass else "promote",
        online=online,
    )
    tell(written, output, "promoted BY BREAK-GLASS" if break_glass else "promoted")
    return 0


def _promote_ready(session: Session, model: str | None, stage: str | None, output: str, said: Mapping[str, Any]) -> int:
    from govkit.reports import jsonout, table
    from govkit.workflow import ready

    done = ready.ready(session, model, stage, **said)
    if output == "json":
        jsonout.write(ready.SCHEMA, {"requests": done.requests, "exit_code": done.exit_code})
        return done.exit_code
    for one in done.requests:
        event = f": event {one.index}" if one.index is not None else ""
        tag = f" with the tag '{one.tag}'" if one.tag else ""
        table.write(f"'{one.name}': {one.became}{event}{tag}")
        for label, lines in (("why", one.why), ("next", one.next)):
            for text in lines:
                table.write(f"  {label}  {text}")
    if not any(one.became in ("promoted", "would promote") for one in done.requests):
        table.write("nothing is ready to be promoted")
    return done.exit_code


def tell(written: Written, output: str, done: str) -> None:
    """Print what was written, and how others get to see it."""
    from govkit.reports import jsonout, table

    if output == "json":
        value = {"index": written.judged.index, "id": written.judged.id, "tag": written.tag, "commit": written.commit}
        jsonout.write("govkit.written/v1", value)
        return
    tag = f" with the tag '{written.tag}'" if written.tag else ""
    if written.commit is None:
        table.write(f"dry run: nothing was written; it would be event {written.judged.index}{tag}")
        return
    table.write(f"{done}: event {written.judged.index}{tag}  {written.judged.id}")
    _publish(written)


def _publish(*written: Written | None) -> None:
    """Say how others get to see what was written."""
    from govkit.reports import table

    places = {one.place for one in written if one is not None and one.commit}
    if "waiting" in places:
        table.write("it waits in this clone; publish it with: govkit log sync")
    elif places - {"here"}:
        table.write(f"published on {', '.join(sorted(places - {'here'}))}")
