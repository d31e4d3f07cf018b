"""Issues on GitHub for open requests: one for each, mentioning its approvers, closed when the request has ended.

Which issue belongs to which request says a hidden mark in its text. Only issues of the app that runs this count:
anybody may open an issue in a public repository and write a mark into it, and nobody must be able to keep approvers
from being told that way.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from govkit.core import approvals, yamltext
from govkit.core.errors import Malformed, Undecided, Usage
from govkit.core.inert import line, markdown, markdown_code
from govkit.core.state import Request
from govkit.storage import files
from govkit.workflow import query
from govkit.workflow.query import Waiting
from govkit.workflow.session import Session

SCHEMA = "govkit.issues/v1"
MENTIONS = "governance/github.yaml"
LABEL = "govkit-request"
_MARK = re.compile(r"\A<!-- govkit:request (sha256:[0-9a-f]{64}) -->")
_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,99})?")
_MOST = 1_000
_TITLE = 200


@dataclass(frozen=True)
class Told:
    """What was done for a request: ``opened`` or ``closed``, or ``would open`` or ``would close`` in a dry run."""

    did: str
    name: str
    request: str
    url: str = ""


def tell(session: Session, *, mentions: Path | None = None, app: str, dry_run: bool = False) -> list[Told]:
    """Open an issue for each open request that has none, and close those of requests that are not open any more.

    Args:
        session: the repository.
        mentions: the file that says who is called what on GitHub; None for the usual one, if it is there.
        app: the GitHub app whose issues count.
        dry_run: change nothing there.

    Raises:
        Usage: if there is no ``gh``, or the file does not say what it should.
        Refused, Undecided: if the log cannot be relied on, or GitHub cannot be reached.
    """
    session.check_trust()
    session.check_history()
    logins = _logins(mentions or session.git.root / MENTIONS, must=mentions is not None)
    waiting = {request.id: (request, how) for request, how in query.open_requests(session)}
    there = _there(app)
    done: list[Told] = []
    for identity, (request, how) in waiting.items():
        if identity not in there:
            text = body(session, request, how, logins)
            url = "" if dry_run else _open(f"Approve {line(request.name)}?"[:_TITLE], text)
            done.append(Told("would open" if dry_run else "opened", request.name, identity, url))
    for identity, issue in there.items():
        ended = session.state.requests.get(identity)
        if issue["state"] == "OPEN" and ended is not None and identity not in waiting:
            if not dry_run:
                _gh("issue", "close", str(issue["number"]), "--comment", f"The request is {ended.state}.")
            done.append(Told("would close" if dry_run else "closed", ended.name, identity, str(issue["url"])))
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


def _logins(path: Path, *, must: bool) -> dict[str, str]:
    """Read who is called what on GitHub: ``people: {rita: rita-gh, …}``, or ``ORGANISATION/TEAM`` for a team."""
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
        if not isinstance(person, str) or not isinstance(login, str) or not _LOGIN.fullmatch(login):
            raise Usage(
                f"{path}: '{line(str(login))}' is no login on GitHub", fix="without the @, or ORGANISATION/TEAM"
            )
    return people


def _there(app: str) -> dict[str, dict[str, Any]]:
    """Return the issues that the app opened for requests, by request."""
    words = ("--label", LABEL, "--state", "all", "--app", app, "--limit", str(_MOST))
    text = _gh("issue", "list", *words, "--json", "number,state,url,body")
    try:
        listed = json.loads(text)
        found = [(match[1], issue) for issue in reversed(listed) if (match := _MARK.match(issue["body"]))]
    except (ValueError, KeyError, TypeError) as error:
        raise Undecided("what 'gh issue list' says cannot be read", why=str(error), fix="upgrade gh") from error
    return dict(found)


def _open(title: str, text: str) -> str:
    about = "An open request of govkit"
    _gh("label", "create", LABEL, "--force", "--description", about, "--color", "1d76db")
    said = _gh("issue", "create", "--title", title, "--label", LABEL, "--body-file", "-", stdin=text)
    return said.strip().splitlines()[-1] if said.strip() else ""


def _gh(*words: str, stdin: str = "") -> str:
    """Run GitHub's command line; it knows repository and token from ``GH_REPO`` and ``GH_TOKEN``."""
    try:
        done = subprocess.run(["gh", *words], input=stdin, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        fix = "install it from https://cli.github.com, or run this on a runner of GitHub's"
        raise Usage("the command 'gh' is not here", why="issues are opened with it", fix=fix) from error
    if done.returncode != 0:
        why = line(done.stderr) or f"it ended with {done.returncode}"
        fix = "it needs GH_TOKEN with the permission 'issues: write', and GH_REPO"
        raise Undecided(f"'gh {words[0]} {words[1]}' failed", why=why, fix=fix)
    return done.stdout
