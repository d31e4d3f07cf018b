"""What changes between the people, keys and roles of two policies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from govkit.core import keys
from govkit.core.change import Change, Effect, members, unhandled
from govkit.core.errors import Malformed
from govkit.core.policy import InForce, Member, Retired, Role

_MEMBER: Final = frozenset({"name", "kind", "emails", "keys"})
_ROLE: Final = frozenset({"people", "models", "tiers"})
_RETIRED: Final = frozenset({"key", "person", "reason", "since"})


def changes(before: InForce, after: InForce) -> list[Change]:
    """Return what changes at the people, their roles, and the keys that are out for good."""
    return [*_people(before, after), *_roles(before, after), *_retired(before, after)]


def is_of_keys(change: Change) -> bool:
    """Tell whether a change is about who can sign as whom."""
    about = change.path.rpartition(".")[2]
    return change.path == "retired" or (change.path.startswith("people.") and about not in ("name", "kind", "emails"))


def print_of(key: str) -> str:
    """Return a key's fingerprint, or what stands there if it is none."""
    try:
        return keys.fingerprint(keys.normalise(key))
    except Malformed:
        return f"'{key}', which is no key"


def _people(before: InForce, after: InForce) -> Iterator[Change]:
    old, new = before.policy.people, after.policy.people
    for who in [*old, *(who for who in new if who not in old)]:
        path = f"people.{who}"
        if who not in new:
            yield Change(path, f"'{who}' is no longer among the people", "other")
        elif who not in old:
            count = len(new[who].keys)
            about = f"{new[who].kind}, {count} key{'' if count == 1 else 's'}"
            yield Change(path, f"a new {new[who].kind} '{who}' ({about})", "other")
        else:
            yield from _member(who, path, old[who], new[who])


def _member(who: str, path: str, old: Member, new: Member) -> Iterator[Change]:
    if old.name != new.name:
        yield Change(f"{path}.name", f"{who} is called '{new.name}' instead of '{old.name}'", "other")
    if old.kind != new.kind:
        effect: Effect = "looser" if new.kind == "person" else "stricter"
        yield Change(f"{path}.kind", f"{who} becomes a {new.kind} instead of a {old.kind}", effect)
    yield from _keys(who, f"{path}.keys", old, new)
    # By addresses authors are known: one that is gone may let somebody approve what they wrote.
    gained, lost = f"{who} gets the address {{}}", f"{who} no longer has the address {{}}: commits from it are nobody's"
    yield from members(f"{path}.emails", old.emails, new.emails, gained=gained, lost=lost, more="other", fewer="looser")
    for change in unhandled("", old, new, _MEMBER):
        yield change.under(path, who)


def _keys(who: str, path: str, old: Member, new: Member) -> Iterator[Change]:
    gone = [key for key in old.keys if key not in new.keys]
    come = [key for key in new.keys if key not in old.keys]
    while gone and come:
        was, will = print_of(gone.pop(0)), print_of(come.pop(0))
        yield Change(path, f"{who}'s key {was} is replaced by {will}", "other")
    yield from (Change(path, f"{who}'s key {print_of(key)} is taken out", "other") for key in gone)
    for key in come:
        yield Change(path, f"{who} gets a further key {print_of(key)}: whoever holds it signs as {who}", "looser")


def _roles(before: InForce, after: InForce) -> Iterator[Change]:
    old, new = before.policy.roles, after.policy.roles
    for name in [*old, *(name for name in new if name not in old)]:
        path = f"roles.{name}"
        was, will = old.get(name, Role(people=[])), new.get(name, Role(people=[]))
        if name not in new:
            yield Change(path, f"there is no role '{name}' any more", "other")
        elif name not in old:
            limits = [f"{what} {', '.join(each)}" for what, each in (("models", will.models), ("tiers", will.tiers))]
            said = f" (for {'; '.join(limits)})" if (will.models, will.tiers) != (["*"], ["*"]) else ""
            yield Change(path, f"a new role '{name}'{said}", "other")
        gained, lost = f"{{}} gains the role '{name}'", f"{{}} no longer holds '{name}'"
        yield from members(
            f"{path}.people", was.people, will.people, gained=gained, lost=lost, more="looser", fewer="other"
        )
        if name in old and name in new:
            yield from _reach(name, f"{path}.models", "models", was.models, will.models)
            yield from _reach(name, f"{path}.tiers", "tiers", was.tiers, will.tiers)
            for change in unhandled("", was, will, _ROLE):
                yield change.under(path, f"role '{name}'")


def _reach(name: str, path: str, what: str, old: list[str], new: list[str]) -> Iterator[Change]:
    """Compare for which models or tiers a role counts; patterns are held against each other as they are written."""
    if set(old) == set(new):
        return
    is_within = "*" in old or set(new) <= set(old)
    text = f"the role '{name}' counts for {what} {', '.join(new)} instead of {', '.join(old)}"
    effect: Effect = "looser" if not is_within else "other" if "*" in new else "stricter"
    yield Change(path, text, effect)


def _retired(before: InForce, after: InForce) -> Iterator[Change]:
    old = {gone.key: gone for gone in before.policy.retired}
    new = {gone.key: gone for gone in after.policy.retired}
    for key in [*old, *(key for key in new if key not in old)]:
        was, will = old.get(key), new.get(key)
        if will is None:
            yield Change("retired", f"the key {print_of(key)} is no longer out for good", "looser")
        elif was is None:
            yield Change("retired", f"the key {_told(will)} is out for good", "other")
        elif was != will:
            yield Change("retired", f"the key {_told(will)} is out for good, so far: {_why(was)}", _later(was, will))
            for change in unhandled("", was, will, _RETIRED):
                yield change.under("retired", f"the key {print_of(key)}")


def _told(gone: Retired) -> str:
    return f"{print_of(gone.key)} of {gone.person} ({_why(gone)})"


def _why(gone: Retired) -> str:
    return gone.reason if gone.since is None else f"{gone.reason} from event {gone.since} on"


def _later(was: Retired, will: Retired) -> Effect:
    """A compromised key proves nothing from an event on: the earlier, the stricter."""
    if was.since == will.since:
        return "other"
    return "stricter" if will.since is not None and (was.since is None or will.since < was.since) else "looser"
