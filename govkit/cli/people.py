"""Commands around people: ``people add|remove|rotate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from govkit.cli import common
from govkit.core.errors import Usage

if TYPE_CHECKING:
    from govkit.workflow.people import Edited

reason_option = click.option(
    "--reason",
    required=True,
    type=click.Choice(["left", "lost", "compromised"]),
    help="Why the key goes; a lost one was in nobody's hands, a compromised one may have been.",
)
since_option = click.option(
    "--since",
    type=click.IntRange(min=0),
    metavar="INDEX",
    help="Of a compromised key: the event of the log from which on nothing that it signed proves anything.",
)


@click.group()
def people() -> None:
    """People of the policy, their keys and roles."""


@people.command("add")
@click.argument("person", metavar="[ID]", required=False)
@click.option("--key", "public", metavar="FILE", help="Their public key.")
@click.option(
    "--from",
    "enrolment",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file that they made with 'govkit enrol': id, key, name and addresses; its signature is checked.",
)
@click.option("--name", help="Their name.")
@click.option("--email", "emails", multiple=True, help="An address under which they commit; may be repeated.")
@click.option("--role", "roles", multiple=True, help="A role they get; may be repeated.")
@click.option("--service", is_flag=True, help="A service: it signs, but never decides.")
@common.repo_option
@common.dry_run_option
def add(
    repo: Path, dry_run: bool, person: str | None, public: str | None, enrolment: Path | None, **about: Any
) -> None:
    """Add a person, or a key, address or role of one, to governance/policy.yaml.

    That is a proposal: it counts once the log has adopted it. Name them by ID and --key, or by --from alone.
    """
    from govkit.workflow import people as workflow

    is_new = enrolment is not None and person is None
    if enrolment is not None:
        person, public = _enrolled(enrolment, person, public, about)
    if person is None or public is None:
        raise Usage("say who, and which key is theirs", fix="govkit people add ID --key FILE.pub, or --from FILE")
    edited = workflow.add(common.session(repo, dry_run=dry_run), person, public, new=is_new, **about)
    _tell(edited, dry_run, f"add {person}")


def _enrolled(path: Path, person: str | None, public: str | None, about: dict[str, Any]) -> tuple[str, str]:
    """Return id and key of an enrolment, complete what is known of the person by it, and tell its fingerprint."""
    from govkit.core import keys
    from govkit.reports import table
    from govkit.workflow import enrol

    found = enrol.read(path)
    if public is not None or (person is not None and person != found.id):
        raise Usage(
            f"{path} is by '{found.id}', with a key of their own",
            fix="leave out --key; ID, if you name it, must be the same",
        )
    about["name"] = about["name"] or found.name
    about["emails"] = (*found.emails, *about["emails"])
    table.write(f"{found.id}: {found.name}, {', '.join(found.emails) or 'no address'}")
    table.write(f"key {keys.fingerprint(found.key)}")
    table.write(
        "the file shows that its author has this key; who they are, you find out: compare the line above by voice"
    )
    return found.id, found.key


@people.command("remove")
@click.argument("person", metavar="ID")
@reason_option
@since_option
@common.repo_option
@common.dry_run_option
def remove(repo: Path, dry_run: bool, person: str, reason: Any, since: int | None) -> None:
    """Take a person out of governance/policy.yaml and of every role; their keys are out for good.

    That is a proposal: it counts once the log has adopted it.
    """
    from govkit.workflow import people as workflow

    done = workflow.remove(common.session(repo, dry_run=dry_run), person, reason, since)
    _tell(done, dry_run, f"remove {person}: {reason}")


@people.command("rotate")
@click.argument("person", metavar="ID")
@click.option("--key", "public", required=True, metavar="FILE", help="Their new public key.")
@click.option(
    "--old",
    multiple=True,
    metavar="FINGERPRINT|FILE",
    help="Which of several keys goes; may be repeated. Needed where there are several.",
)
@reason_option
@since_option
@common.repo_option
@common.dry_run_option
def rotate(repo: Path, dry_run: bool, person: str, public: str, reason: Any, **about: Any) -> None:
    """Give a person another key in governance/policy.yaml; the old one is out for good.

    That is a proposal: it counts once the log has adopted it.
    """
    from govkit.workflow import people as workflow

    done = workflow.rotate(common.session(repo, dry_run=dry_run), person, public, reason, **about)
    _tell(done, dry_run, f"another key for {person}: {reason}")


def _tell(done: Edited, dry_run: bool, why: str) -> None:
    from govkit.reports import table

    if not done.changes:
        table.write(f"nothing changes in {done.path}: it says this already")
        return
    table.write(f"{'would change' if dry_run else 'changed'} {done.path}:")
    for change in done.changes:
        table.write(f"  {change.marked}")
    for warning in done.warnings:
        table.write(warning)
    table.write(f"a proposal: next  govkit policy propose -m '{why}'  (a sole administrator: govkit policy adopt)")
