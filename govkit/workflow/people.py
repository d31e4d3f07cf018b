"""Adding people to the proposed policy, taking them out, and giving them other keys.

Each is a change of ``governance/policy.yaml`` that leaves its comments alone; it counts once the log has adopted it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from govkit.core import keys, limits, names, policydiff, policytext, yamltext
from govkit.core.change import Change
from govkit.core.errors import Malformed, Refused, Usage
from govkit.core.policy import InForce
from govkit.core.state import State
from govkit.core.wording import suggest
from govkit.storage import files, yamledit
from govkit.storage.signatures import load_key
from govkit.storage.trees import WorkTree
from govkit.workflow import policyfile
from govkit.workflow.session import Session

Reason = Literal["left", "lost", "compromised"]


class Edited(Struct, frozen=True):
    """A policy file that was changed.

    Attributes:
        path: the file.
        changes: what changed against the file before.
        warnings: what ``policy check`` says of it now, each with its line.
    """

    path: Path
    changes: list[Change]
    warnings: list[str]


def add(
    session: Session,
    person: str,
    key: str,
    *,
    name: str | None = None,
    emails: Sequence[str] = (),
    roles: Sequence[str] = (),
    service: bool = False,
    new: bool = False,
) -> Edited:
    """Add a person, or a key, address or role of one, to ``governance/policy.yaml``.

    Args:
        session: the repository.
        person: their id.
        key: the file of their public key, or the key itself.
        name: their name; the id if None.
        emails: addresses under which they commit.
        roles: roles they get.
        service: whether this is a service, which never decides.
        new: whether nobody may have this id yet, as when it comes from a file that anybody could have made.

    Raises:
        Usage: if the id cannot be one or was used before, the key cannot be read, belongs to somebody else or is out
            for good, or a role is unknown.
    """
    if not names.is_person(person):
        raise Usage(f"'{person}' cannot be a person's id", fix="use small letters, digits, '.', '_' and '-'")
    public = load_key(key).public
    state = known_state(session)
    if state is not None and person in state.gone:
        why = "somebody left under it, and ids are never used twice: the log must not confuse the two"
        raise Usage(f"the id '{person}' was used before", why=why, fix="choose another id")

    def change(content: Any) -> None:
        check_key(content, state, person, public)
        people = section(content, "people")
        known = section(content, "roles")
        if new and person in people and public not in [bare(line) for line in people[person].get("keys") or []]:
            raise Usage(
                f"there is a '{person}' already, with another key",
                why="whoever made the file would sign as that person from then on",
                fix=f"if it is theirs, and they have said so, name them: govkit people add {person} --from FILE\n"
                "if it is somebody else's, have them enrol under another id",
            )
        for role in roles:
            if role not in known:
                raise Usage(f"there is no role '{role}'{suggest(role, known)}", why=f"roles: {', '.join(known)}")
        member = people.setdefault(person, {"name": name or person})
        if service:
            member["kind"] = "service"
        _extend(member, "emails", emails)
        if public not in [bare(line) for line in member.get("keys") or []]:
            _extend(member, "keys", [public])
        for role in roles:
            _extend(known[role], "people", [person])

    return save(session, lambda text: yamledit.edit(text, change, where=policyfile.PATH))


def known_state(session: Session) -> State | None:
    """Return what the log says, or None where there is no log yet.

    Raises:
        Refused, Undecided: if there is one that cannot be read.
    """
    try:
        return session.state
    except Usage:
        return None


def check_key(content: Any, state: State | None, person: str, public: str) -> None:
    """Make sure that a key can become a person's.

    Raises:
        Usage: if it belongs, or belonged, to somebody else, or is out for good.
    """
    another = "have them make another: ssh-keygen -t ed25519 -f FILE"
    for other, member in section(content, "people").items():
        if other != person and public in [bare(line) for line in (member or {}).get("keys") or []]:
            raise Usage(f"this key belongs to {other}", why="a key has one owner", fix=another)
    owner = state.owners.get(public, person) if state is not None else person
    if owner != person:
        raise Usage(f"this key belonged to {owner}", why="a key has one owner, for ever", fix=another)
    retired = {bare(gone.get("key")): str(gone.get("reason")) for gone in content.get("retired") or []}
    if state is not None:
        in_force = state.policy.policy.retired if state.policy else []
        retired |= {gone.key: gone.reason for gone in in_force} | dict.fromkeys(state.compromised, "compromised")
    if public in retired:
        raise Usage("this key is out for good", why=f"it was retired: {retired[public]}", fix=another)


def save(
    session: Session, change: Callable[[bytes], bytes], *, check: Callable[[InForce], None] | None = None
) -> Edited:
    """Change the policy file, and look at what it says then.

    Args:
        session: the repository.
        change: returns the new text of the file.
        check: called with the new policy, if its form is right; raises what is wrong with it.

    Raises:
        Usage: if there is no policy file, or it does not parse.
    """
    text = WorkTree(session.git).read(policyfile.PATH, limit=limits.HAND_WRITTEN)
    if text is None:
        raise Usage(f"there is no {policyfile.PATH}", fix="make one with 'govkit init'")
    after = change(text)
    try:
        old, new = (policytext.read(each, where=policyfile.PATH) for each in (text, after))
    except Malformed as error:
        raise Usage(f"{policyfile.PATH} does not parse", why=str(error), fix="mend it first") from error
    if check is not None and new.in_force is not None:
        check(new.in_force)
    path = files.place(session.git.root, policyfile.PATH)
    if after != text and not session.options.dry_run:
        files.write(path, after)
    changes = policydiff.changes(old.in_force, new.in_force) if old.in_force and new.in_force else []
    said = [f"{policyfile.PATH}:{line}: {_level(fault.fatal)}: {fault.message}" for line, fault in new.faults]
    return Edited(path, changes, said)


def _level(is_fatal: bool) -> str:
    return "error" if is_fatal else "warning"


def section(content: Any, name: str) -> Any:
    """Return a section of the policy, made if it is not there."""
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


def bare(line: Any) -> str:
    """Return a key as it stands in a policy file, without its comment."""
    return " ".join(str(line).split()[:2])


# -- taking out ---------------------------------------------------------------------------------------------------


def remove(session: Session, person: str, reason: Reason, since: int | None = None) -> Edited:
    """Take a person out of the policy and of every role; their keys are out for good.

    Args:
        session: the repository.
        person: their id.
        reason: why.
        since: of compromised keys, the event from which on nothing that they signed proves anything.

    Raises:
        Usage: if the file does not know them, is not under rules 2, or ``since`` does not fit the reason.
        Refused: if nobody would be left who may change the policy.
    """
    _check_since(session, reason, since)

    def change(text: bytes) -> bytes:
        content = _content(text)
        gone = _keys(_member(content, person))
        for role, about in section(content, "roles").items():
            held = (about or {}).get("people") or []
            for index in reversed([place for place, who in enumerate(held) if who == person]):
                text = yamledit.take_out(text, ("roles", role, "people", index), where=policyfile.PATH)
        text = yamledit.take_out(text, ("people", person), where=policyfile.PATH)
        return _retire(text, person, gone, reason, since)

    return save(session, change, check=_check_administrators)


def rotate(
    session: Session, person: str, key: str, reason: Reason, *, since: int | None = None, old: Sequence[str] = ()
) -> Edited:
    """Give a person another key; the old one is out for good.

    Args:
        session: the repository.
        person: their id.
        key: the file of their new public key, or the key itself.
        reason: why the old one goes.
        since: of a compromised key, the event from which on nothing that it signed proves anything.
        old: which of several keys go: fingerprints or files. A person's only key need not be named.

    Raises:
        Usage: as :func:`remove`; if the new key cannot be theirs; or if it is not clear which key goes.
    """
    _check_since(session, reason, since)
    public, state = load_key(key).public, known_state(session)

    def change(text: bytes) -> bytes:
        content = _content(text)
        held = _keys(_member(content, person))
        gone = _chosen(person, held, old)
        if public in gone:
            raise Usage("the new key is the old one", fix="make another: ssh-keygen -t ed25519 -f FILE")
        check_key(content, state, person, public)
        places = [place for place, each in enumerate(held) if each in gone]
        if public not in held:
            first = places.pop(0)
            text = yamledit.edit(text, lambda found: _put(found, person, first, public), where=policyfile.PATH)
        for place in reversed(places):
            text = yamledit.take_out(text, ("people", person, "keys", place), where=policyfile.PATH)
        return _retire(text, person, gone, reason, since)

    return save(session, change, check=_check_administrators)


def _put(content: Any, person: str, place: int, key: str) -> None:
    content["people"][person]["keys"][place] = key


def _content(text: bytes) -> Any:
    """Return the file's content, if it can say which keys are out."""
    try:
        content = yamltext.load(text, where=policyfile.PATH).value
    except Malformed as error:
        raise Usage(f"{policyfile.PATH} does not parse", why=str(error), fix="mend it first") from error
    section(content, "people")
    if not isinstance(content.get("rules"), int) or content["rules"] < 2:
        raise Usage(
            f"{policyfile.PATH} is under rules {content.get('rules')}, which know no retired keys",
            fix=f"write 'rules: 2' in {policyfile.PATH}; it comes into force together with this change",
        )
    return content


def _member(content: Any, person: str) -> Any:
    people = section(content, "people")
    if person not in people or not isinstance(people[person], dict):
        gone = person in [entry.get("person") for entry in content.get("retired") or []]
        late = f"they were taken out before; change 'reason' and 'since' under 'retired' in {policyfile.PATH}"
        raise Usage(
            f"there is nobody '{person}' in {policyfile.PATH}{suggest(person, people)}",
            why=f"people: {', '.join(people) or 'none'}",
            fix=late if gone else "name one of them",
        )
    return people[person]


def _keys(member: Any) -> list[str]:
    return [bare(line) for line in member.get("keys") or []]


def _chosen(person: str, held: list[str], old: Sequence[str]) -> list[str]:
    """Return which keys go. Of several, none goes unnamed: the others may be in a safe for just this day."""
    prints = {keys.fingerprint(each): each for each in held}
    listing = f"{person} has: {', '.join(prints) or 'none'}"
    if not held:
        raise Usage(f"{person} has no key", fix=f"add one: govkit people add {person} --key FILE.pub")
    if not old and len(held) > 1:
        raise Usage(
            "say which key goes", why=listing, fix="name it with --old FINGERPRINT or --old FILE; may be repeated"
        )
    found = [prints.get(name) or load_key(name).public for name in old] if old else held
    for each in found:
        if each not in held:
            raise Usage(
                f"{person} has no key {keys.fingerprint(each)}", why=listing, fix="name one of these with --old"
            )
    return list(dict.fromkeys(found))


def _retire(text: bytes, person: str, gone: list[str], reason: Reason, since: int | None) -> bytes:
    def change(content: Any) -> None:
        if not content.get("retired"):
            content["retired"] = []
        about = {"person": person, "reason": reason, **({} if since is None else {"since": since})}
        content["retired"].extend({"key": key, **about} for key in gone)

    return yamledit.edit(text, change, where=policyfile.PATH) if gone else text


def _check_since(session: Session, reason: Reason, since: int | None) -> None:
    if reason != "compromised":
        if since is not None:
            raise Usage(f"--since is for a compromised key, and this one is '{reason}'", fix="leave --since out")
        return
    if since is None:
        raise Usage(
            "a compromised key needs --since INDEX",
            why="what it signed from that event of the log on proves nothing any more",
            fix="look with 'govkit log' from when on it may have been misused; --since 0 if you do not know",
        )
    state = known_state(session)
    if state is not None and not 0 <= since <= len(state.tree):
        raise Usage(f"--since {since}: the log has {len(state.tree)} events, from 0", fix="name one of them")


def _check_administrators(after: InForce) -> None:
    roles = after.policy.admin.roles
    if not any(member.keys and after.may(who, roles) for who, member in after.policy.people.items()):
        raise Refused(
            "nobody would be left who may change the policy",
            why="this is the last administrator with a key",
            fix=f"make somebody else one first: 'govkit people add' with --role {' or '.join(roles) or 'ROLE'}",
        )
