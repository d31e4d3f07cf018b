"""Looking at a log and its first people before pinning it."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from govkit.core import keys
from govkit.core.errors import Refused
from govkit.core.judged import Status
from govkit.storage import pins
from govkit.workflow.session import Session


class Trusted(Struct, frozen=True):
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
