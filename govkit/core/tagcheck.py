"""Holding the tags of a repository against the log: what moved, vanished, or pretends to be a tag of govkit's."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from govkit.core import names, tags
from govkit.core.errors import Malformed
from govkit.core.events import Head
from govkit.core.state import State


class TagFault(Struct, frozen=True):
    """What is wrong with a tag.

    Attributes:
        name: the tag's name.
        model: the model that GTO takes it for.
        problem: what is wrong.
        recorded: whether the log knows the tag: then nothing of this model is proven; else it has no effect.
    """

    name: str
    model: str
    problem: str
    recorded: bool


def faults(
    state: State,
    refs: Mapping[str, str],
    read: Callable[[str], tuple[str, bytes]],
    imported: Mapping[str, str],
) -> list[TagFault]:
    """Compare the repository's tags with the log's.

    Args:
        state: what the log says.
        refs: object ids in hex by tag name.
        read: returns kind and bytes of an object.
        imported: object ids in hex by name of the tags from before the log, as they were when it was opened: they
            are history, and no fault as long as they stay what they were.
    """
    found = []
    # Most are as they were recorded, and are not looked at one by one.
    for name, recorded in state.tags.items() - refs.items():
        parsed = names.parse_tag(name)
        problem = _recorded_problem(name, refs.get(name), recorded, read)
        found.append(TagFault(name, parsed.model if parsed else "", problem, recorded=True))
    for name, identity in refs.items() - state.tags.items():
        owner = names.grammar_model(name)
        if owner is None or name in state.tags or imported.get(name) == identity:
            continue
        problem = "it was imported, and moved since" if name in imported else _squatter(name, identity, read)
        found.append(TagFault(name, owner, problem, recorded=False))
    return sorted(found, key=lambda fault: (not fault.recorded, fault.name))


def unseen(
    state: State,
    refs: Mapping[str, str],
    read: Callable[[str], tuple[str, bytes]],
    signer: Callable[[bytes], str | None],
) -> list[str]:
    """Return which tags prove that there is another history of the log than this one, such as a tail that was cut off.

    A tag names the head that its event stands on. One that a key in force signed for a head that this log never had
    is for tags what a conflict is for events; it need not be the ref's own tag, as the object alone proves it.

    Args:
        state: what the log says.
        refs: object ids in hex by tag name.
        read: returns kind and bytes of an object.
        signer: returns the key whose signature on a tag object is good, or None.
    """
    recorded = set(state.tags.values())
    found = []
    for name, identity in sorted(refs.items() - state.tags.items()):
        if names.grammar_model(name) is None or identity in recorded:
            continue
        kind, content = read(identity)
        head = _head(content) if kind == "tag" else None
        if head is None or state.holds_head(head):
            continue
        key = signer(content)
        owner = state.policy.owner(key) if key and state.policy else None
        if owner is not None:
            past = "events, more than there are here" if head.size > len(state.tree) else "other events than these"
            found.append(f"{owner} signed the tag '{name}' on a log of {head.size} {past}")
    return found


def _head(tag: bytes) -> Head | None:
    """Return the head of the log that a tag was made on, or None if it is no tag of govkit's."""
    try:
        return tags.parse(tag).record.log
    except Malformed:
        return None


def _recorded_problem(name: str, now: str | None, recorded: str, read: Callable[[str], tuple[str, bytes]]) -> str:
    if now is None:
        return "it was deleted; the log still has its bytes"
    moved = f"it was moved: the log recorded object {recorded[:12]}, and it points at {now[:12]}"
    return moved + _whose(name, now, read)


def _whose(name: str, identity: str, read: Callable[[str], tuple[str, bytes]]) -> str:
    """Say of what another tag an object is the copy, if it is one."""
    kind, content = read(identity)
    if kind != "tag":
        return f", a {kind} and not an annotated tag"
    own = content.partition(b"\ntag ")[2].partition(b"\n")[0].decode("utf-8", "replace")
    return f", which is the tag '{own}'" if own != name else ""


def _squatter(name: str, identity: str, read: Callable[[str], tuple[str, bytes]]) -> str:
    kind, content = read(identity)
    if kind != "tag":
        return f"the log does not know it: a lightweight tag on a {kind}, unsigned"
    copied = _whose(name, identity, read)
    if copied:
        return f"the log does not know it: a copy{copied.replace(', which is', ' of')}"
    try:
        signed = tags.parse(content).signature is not None
    except Malformed as error:
        return f"the log does not know it: {error}"
    return f"the log does not know it: {'left over from a lost race, or made by hand' if signed else 'unsigned'}"
