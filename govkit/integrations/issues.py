"""Issues for open requests on a forge: one for each, mentioning its approvers, closed when the request has ended.

Which issue belongs to which request says a hidden mark in its text. Only issues of whoever runs this count: anybody
may open an issue in a public repository and write a mark into it, and nobody must be able to keep approvers from being
told that way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from govkit.core import approvals, yamltext
from govkit.core.entities import Request
from govkit.core.errors import Malformed, Usage
from govkit.core.inert import line, markdown, markdown_code
from govkit.storage import files
from govkit.workflow import query
from govkit.workflow.query import Waiting
from govkit.workflow.session import Session

SCHEMA = "govkit.issues/v1"
LABEL = "govkit-request"
#: What a label and an issue say that they are.
ABOUT = "An open request of govkit"
#: At most so many issues are looked at.
MOST = 1_000
_MARK = re.compile(r"\A<!-- govkit:request (sha256:[0-9a-f]{64}) -->")
_TITLE = 200


class Told(Struct, frozen=True):
    """What was done for a request: ``opened`` or ``closed``, or ``would open`` or ``would close`` in a dry run."""

    did: str
    name: str
    request: str
    url: str = ""


class Issue(Struct, frozen=True):
    """An issue as the forge has it.

    Attributes:
        number: its number in the repository.
        open: False if it was closed.
        url: its page.
        text: what stands in it, as it was written.
    """

    number: int
    open: bool
    url: str
    text: str


class Forge(Protocol):
    """Where issues are opened: GitHub or GitLab."""

    @property
    def title(self) -> str:
        """What it is called."""

    @property
    def mentions(self) -> str:
        """The file in the repository that says who is called what there."""

    @property
    def login(self) -> re.Pattern[str]:
        """The form of a login, or of a group that can be mentioned."""

    def mine(self) -> list[Issue]:
        """Return the issues with the label that whoever runs this has opened, the newest first."""

    def open(self, title: str, text: str) -> str:
        """Open an issue with the label, and return its page."""

    def close(self, issue: Issue, why: str) -> None:
        """Close an issue, and say in it why."""


def tell(session: Session, forge: Forge, *, mentions: Path | None = None, dry_run: bool = False) -> list[Told]:
    """Open an issue for each open request that has none, and close those of requests that are not open any more.

    Args:
        session: the repository.
        forge: where.
        mentions: the file that says who is called what there; None for the usual one, if it is there.
        dry_run: change nothing there.

    Raises:
        Usage: if the forge cannot be asked at all, or the file does not say what it should.
        Refused, Undecided: if the log cannot be relied on, or the forge cannot be reached.
    """
    session.check_trust()
    session.check_history()
    logins = _logins(mentions or session.git.root / forge.mentions, forge, must=mentions is not None)
    waiting = {request.id: (request, how) for request, how in query.open_requests(session)}
    there = {match[1]: issue for issue in reversed(forge.mine()) if (match := _MARK.match(issue.text))}
    done: list[Told] = []
    for identity, (request, how) in waiting.items():
        if identity not in there:
            text = body(session, request, how, logins)
            url = "" if dry_run else forge.open(f"Approve {line(request.name)}?"[:_TITLE], text)
            done.append(Told("would open" if dry_run else "opened", request.name, identity, url))
    for identity, issue in there.items():
        ended = session.state.requests.get(identity)
        if issue.open and ended is not None and identity not in waiting:
            if not dry_run:
                forge.close(issue, f"The request is {ended.state}.")
            done.append(Told("would close" if dry_run else "closed", ended.name, identity, issue.url))
    return done


def body(session: Session, request: Request, how: Waiting, logins: Mapping[str, str]) -> str:
    """Return the text of the issue for a request; what others wrote stands in it as text and acts as nothing."""
    people = _approvers(session, request)
    named = [f"{markdown(person)}{f' @{logins[person]}' if person in logins else ''}" for person in people]
    lines = [
        f"<!-- govkit:request {request.id} -->",
        f"**{markdown(request.requester)}** asks: {_what(request)}",
        "",
        f"> {markdown(line(request.body.reason)) or '(no reason given)'}",
        "",
        f"State: {markdown(how.needed) or 'open'}",
        "",
        f"Who can decide: {', '.join(named) or 'nobody whom the policy in force names'}",
        "",
        "Read the card, and sign yes or no on your own machine; nothing that is written here counts:",
        "",
        "```sh",
        f"govkit review '{request.name}'" if request.body.version else "govkit policy show",
        f"govkit approve '{request.name}'",
        f"govkit reject '{request.name}' -m 'WHY'",
        "```",
    ]
    return "\n".join(lines) + "\n"


def _what(request: Request) -> str:
    if request.body.version is None:
        return f"{markdown(request.body.action)} ({markdown_code(request.name)})"
    ways = {"rollback": "taken back to", "break-glass": "let in **past the usual gates** into"}
    verb = ways.get(request.body.action, "let into")
    name, stage = f"{request.model}@{request.body.version}", request.body.stage or ""
    if request.body.action == "rollback":
        return f"may {markdown_code(stage)} be {verb} {markdown_code(name)}?"
    return f"may {markdown_code(name)} be {verb} {markdown_code(stage)}?"


def _approvers(session: Session, request: Request) -> list[str]:
    """Return the people who hold a role that is asked, without whoever asks; services decide nothing."""
    rules = session.state.requirements_of(request, session.policy)
    asked = approvals.roles_in(rules.approvals.quorum) if rules else set()
    version = session.state.versions.get((request.model, request.body.version or ""))
    model, tier = (request.model, version.body.tier) if version else (None, None)
    return [
        person
        for person, member in sorted(session.policy.policy.people.items())
        if person != request.requester and member.kind == "person"
        if session.policy.roles_of(person, model, tier) & asked
    ]


def _logins(path: Path, forge: Forge, *, must: bool) -> dict[str, str]:
    """Read who is called what on the forge: ``people: {rita: rita-gh, …}``, or the name of a team."""
    if not must and not path.exists():
        return {}
    fix = "write: people: {PERSON: LOGIN}"
    try:
        value: Any = yamltext.load(files.read_small(path, yamltext.MAX_BYTES), where=str(path)).value
    except OSError as error:
        raise Usage(f"{path} cannot be read", why=error.strerror or str(error), fix=fix) from error
    except Malformed as error:
        raise Usage(f"{path} does not parse", why=str(error), fix=fix) from error
    people = value.get("people") if isinstance(value, dict) and set(value) == {"people"} else None
    if not isinstance(people, dict):
        raise Usage(f"{path} does not say who is called what", fix=fix)
    for person, login in people.items():
        if not isinstance(person, str) or not isinstance(login, str) or not forge.login.fullmatch(login):
            raise Usage(f"{path}: '{line(str(login))}' is no login on {forge.title}", fix="write it without the @")
    return people
