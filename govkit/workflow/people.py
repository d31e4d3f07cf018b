"""Adding people to the proposed policy, and pinning a log after looking at its people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from govkit.core import keys, names
from govkit.core.errors import Refused, Usage
from govkit.core.policycheck import suggest
from govkit.core.state import Status
from govkit.storage import files, pins, yamledit
from govkit.storage.signatures import load_key
from govkit.storage.trees import WorkTree
from govkit.workflow import policyfile
from govkit.workflow.session import Session


def add(
    session: Session,
    person: str,
    key: str,
    *,
    name: str | None = None,
    emails: Sequence[str] = (),
    roles: Sequence[str] = (),
    service: bool = False,
) -> Path:
    """Add a person, or a key, address or role of one, to ``governance/policy.yaml``.

    The change is a proposal: it counts when the log has adopted it.

    Args:
        session: the repository.
        person: their id.
        key: the file of their public key, or the key itself.
        name: their name; the id if None.
        emails: addresses under which they commit.
        roles: roles they get.
        service: whether this is a service, which never decides.

    Returns:
        The file.

    Raises:
        Usage: if the id cannot be one, the key cannot be read or belongs to somebody else, or a role is unknown.
    """
    if not names.is_person(person):
        raise Usage(f"'{person}' cannot be a person's id", fix="use small letters, digits, '.', '_' and '-'")
    public = load_key(key).public
    text = WorkTree(session.git).read(policyfile.PATH)
    if text is None:
        raise Usage(f"there is no {policyfile.PATH}", fix="make one with 'govkit init'")

    def change(content: Any) -> None:
        people = _section(content, "people")
        known = _section(content, "roles")
        for role in roles:
            if role not in known:
                raise Usage(f"there is no role '{role}'{suggest(role, known)}", why=f"roles: {', '.join(known)}")
        for other, member in people.items():
            if other != person and public in [_bare(line) for line in member.get("keys") or []]:
                raise Usage(f"this key belongs to {other}", why="a key has one owner", fix="have them make another")
        member = people.setdefault(person, {"name": name or person})
        if service:
            member["kind"] = "service"
        _extend(member, "emails", emails)
        if public not in [_bare(line) for line in member.get("keys") or []]:
            _extend(member, "keys", [public])
        for role in roles:
            _extend(known[role], "people", [person])

    changed = yamledit.edit(text, change, where=policyfile.PATH)
    path = files.place(session.git.root, policyfile.PATH)
    if not session.options.dry_run:
        files.write(path, changed)
    return path


def _section(content: Any, name: str) -> Any:
    if not isinstance(content, dict):
        raise Usage(f"{policyfile.PATH} is not a mapping", fix="mend it; 'govkit policy check' checks it")
    if not content.get(name):
        content[name] = {}
    return content[name]


def _extend(holder: Any, key: str, values: Sequence[str]) -> None:
    if values and not holder.get(key):
        holder[key] = []
    holder_list = holder.get(key, [])
    holder_list.extend(value for value in values if value not in holder_list)


def _bare(line: Any) -> str:
    return " ".join(str(line).split()[:2])


@dataclass(frozen=True)
class Trusted:
    """A log that somebody looks at before pinning it: root, remote, its first policy's digest, and the people there."""

    root: str
    remote: str
    policy: str
    people: list[tuple[str, str, list[str], list[str]]]
    pinned_before: bool


def look(session: Session) -> Trusted:
    """Return what there is to see before a log is pinned.

    Raises:
        Usage: if there is no log.
        Refused: if its event 0 is not good.
    """
    first = session.log.state.judged[0]
    if first.status is not Status.GOOD:
        raise Refused("this log cannot be trusted", why=f"event 0 is {first.status}: {first.reason}")
    adopted = session.state.policies[0][1]
    people = [
        (who, member.name, sorted(adopted.roles_of(who) or _held(adopted.policy.roles, who)), _prints(member.keys))
        for who, member in sorted(adopted.policy.people.items())
    ]
    root = session.log.root_of_trust
    return Trusted(root, session.state.remote, adopted.digest, people, session.pins.accepts(root))


def _held(roles: Any, who: str) -> set[str]:
    return {name for name, role in roles.items() if who in role.people}


def _prints(lines: list[str]) -> list[str]:
    return [keys.fingerprint(line) for line in lines]


def pin(session: Session, seen: Trusted) -> None:
    """Pin what was looked at.

    Raises:
        Refused: if another root is pinned for the same remote.
    """
    pins.pin(pins.Pins(session.pins.path, None, session.pins.known), seen.root, seen.remote)
