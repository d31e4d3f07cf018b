"""What a mirror holds: ``govkit.mirrored/v1``, one object an event, and ``govkit.mirrored-head/v1``, one a size.

Both are canonical JSON and a function of the log alone, so whoever mirrors it writes the same bytes, and two copies
are compared byte by byte. An object holds what a verifier needs to build the event's leaf and to judge the event, for
every commit of the log, whatever it is judged to be. The order and the words of commits need not travel: they follow
from the events.

A file that would make an object too large is named by digest and size and left out. Whoever can push can make such a
commit, and must not be able to stop the mirrors; nobody can prove from the mirror alone what was left out.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal

from govkit.core import canonical, digests, events, records
from govkit.core.errors import Malformed
from govkit.core.events import EVENT_FILE, SIGNATURE_FILE, EvidenceName
from govkit.core.records import Digest, Index, Record

SCHEMA: Final = "govkit.mirrored/v1"
HEAD_SCHEMA: Final = "govkit.mirrored-head/v1"
#: How many bytes of files an object carries; honest evidence is below 2 MB.
MAX_CARRIED: Final = 16 * 1024 * 1024
#: Larger objects are refused unread: base64 and JSON's escapes make at most this of what is carried.
MAX_OBJECT: Final = 6 * MAX_CARRIED + 1024 * 1024
MAX_HEAD: Final = 1024
_NAME = re.compile(r"(?P<kind>events|heads)/(?P<number>[0-9]{12})\.json")


class Carried(Record, frozen=True, omit_defaults=True):
    """A file: its digest, its size, and its bytes as ``text`` if they are UTF-8, else as ``base64``.

    Neither is there if the file was too large to be carried.
    """

    sha256: Digest
    size: Index
    text: str | None = None
    base64: str | None = None


class Mirrored(Record, frozen=True):
    """One event of a log as a mirror holds it.

    Attributes:
        log: the root of trust, which names the log.
        index: the event's place.
        id: the event's identity, the hash of its leaf.
        event: ``event.json``, or null if the commit has none.
        signature: ``event.json.sig``, or null.
        evidence: the files that the event names, as far as the commit has them.
    """

    schema: Literal["govkit.mirrored/v1"]
    log: Digest
    index: Index
    id: Digest
    event: Carried | None
    signature: Carried | None
    evidence: dict[EvidenceName, Carried]


class MirroredHead(Record, frozen=True):
    """A head that a log had: ``root`` is the root over its first ``size`` leaves."""

    schema: Literal["govkit.mirrored-head/v1"]
    log: Digest
    size: Index
    root: Digest


def event_name(index: int) -> str:
    """Return the name of an event's object, below the log's folder."""
    return f"events/{index:012}.json"


def head_name(size: int) -> str:
    """Return the name of the object of the head at a size."""
    return f"heads/{size:012}.json"


def folder(root_of_trust: str) -> str:
    """Return the folder of a log, below the mirror's prefix: one mirror may hold several logs."""
    return root_of_trust.partition(":")[2]


def number(name: str) -> tuple[str, int] | None:
    """Return kind (``events`` or ``heads``) and number of an object's name, or None if it is no such name."""
    found = _NAME.fullmatch(name)
    return (found["kind"], int(found["number"])) if found else None


def beyond(names: Iterable[str], size: int) -> tuple[int, str]:
    """Tell what a mirror has that a log of some size has not.

    Args:
        names: the names of the mirror's objects.
        size: how many events the log has.

    Returns:
        How many events the mirror has without a gap, and the first name beyond the log's, or an empty string.
    """
    known = set(names)
    whole = 0
    while event_name(whole) in known:
        whole += 1
    further = [
        (found[1], name) for name in known if (found := number(name)) and found[1] + (found[0] == "events") > size
    ]
    return whole, min(further)[1] if further else ""


def build(root_of_trust: str, index: int, files: Mapping[str, bytes]) -> bytes:
    """Return the object of an event.

    Args:
        root_of_trust: the identity of event 0.
        index: the event's place.
        files: the plain files of its commit, by name; at least those of :func:`wanted`.
    """
    event, signature = files.get(EVENT_FILE), files.get(SIGNATURE_FILE)
    named = _named(event)
    kept = [name for name in named if name in files and name not in (EVENT_FILE, SIGNATURE_FILE)]
    # What fits its digest goes first: nobody can make that larger, so nothing that is pushed beside it displaces it.
    kept.sort(key=lambda name: (digests.sha256(files[name]) != named[name], name))
    room = MAX_CARRIED
    parts: dict[str, Carried] = {}
    for name in (EVENT_FILE, SIGNATURE_FILE, *kept):
        if name in files:
            parts[name] = carry(files[name], room)
            room -= 0 if _is_empty(parts[name]) else len(files[name])
    return records.to_json(
        Mirrored(
            schema="govkit.mirrored/v1",
            log=root_of_trust,
            index=index,
            id=events.identity(event, signature),
            event=parts.pop(EVENT_FILE, None),
            signature=parts.pop(SIGNATURE_FILE, None),
            evidence=parts,
        )
    )


def wanted(event: bytes | None) -> frozenset[str]:
    """Return the names of the files beside an event that its object carries."""
    return frozenset(_named(event))


def _named(event: bytes | None) -> Mapping[str, str]:
    try:
        return events.parse(event or b"").evidence
    except Malformed:
        return {}


def carry(content: bytes, room: int = MAX_CARRIED) -> Carried:
    """Return a file as an object holds it; without its bytes if there is no room for them."""
    sha256, size = digests.sha256(content), len(content)
    if size > room:
        return Carried(sha256=sha256, size=size)
    try:
        return Carried(sha256=sha256, size=size, text=content.decode("utf-8"))
    except UnicodeDecodeError:
        return Carried(sha256=sha256, size=size, base64=base64.b64encode(content).decode("ascii"))


def _is_empty(part: Carried) -> bool:
    return part.text is None and part.base64 is None


def head(root_of_trust: str, size: int, root: str) -> bytes:
    """Return the object of a head."""
    return records.to_json(MirroredHead(schema="govkit.mirrored-head/v1", log=root_of_trust, size=size, root=root))


def parse(data: bytes) -> Mirrored:
    """Read the object of an event.

    Raises:
        Malformed: if it is not canonical, not such an object, or its parts do not fit each other.
    """
    found = records.from_value(canonical.decode(data, limit=MAX_OBJECT), Mirrored)
    event, signature = content(found.event), content(found.signature)
    complete = all(part is None or not _is_empty(part) for part in (found.event, found.signature))
    if complete and events.identity(event, signature) != found.id:
        raise Malformed("its leaf is not that of its event and signature")
    if found.evidence.keys() & {EVENT_FILE, SIGNATURE_FILE}:
        raise Malformed("evidence has the name of the event or of its signature")
    return found


def parse_head(data: bytes) -> MirroredHead:
    """Read the object of a head.

    Raises:
        Malformed: if it is not canonical or not such an object.
    """
    return records.from_value(canonical.decode(data, limit=MAX_HEAD), MirroredHead)


def content(part: Carried | None) -> bytes | None:
    """Return the bytes of a carried file; None if there is no file, or it was too large to be carried.

    Raises:
        Malformed: if they do not have the digest and size that stand beside them.
    """
    if part is None or _is_empty(part):
        return None
    try:
        data = base64.b64decode(part.base64, validate=True) if part.base64 is not None else (part.text or "").encode()
    except (binascii.Error, ValueError) as error:
        raise Malformed(f"not base64: {error}") from error
    if part.text is not None and part.base64 is not None:
        raise Malformed("a file is there twice, as text and as base64")
    if len(data) != part.size or digests.sha256(data) != part.sha256:
        raise Malformed("a file's bytes do not have the digest and size beside them")
    return data


def left_out(found: Mirrored) -> list[str]:
    """Return the names of the files that were too large to be carried."""
    parts = {EVENT_FILE: found.event, SIGNATURE_FILE: found.signature, **found.evidence}
    return [name for name, part in parts.items() if part is not None and _is_empty(part)]


def difference(here: bytes, there: bytes) -> str:
    """Say in words how the object that a mirror has differs from the one that the log makes.

    Args:
        here: the log's.
        there: the mirror's, which may be anything.
    """
    try:
        ours, theirs = parse(here), parse(there)
    except Malformed as error:
        return f"it is damaged: {error}"
    if theirs.log != ours.log:
        return "it is of another log"
    if theirs.index != ours.index:
        return f"it is event {theirs.index}"
    for name, one, other in (("event", ours.event, theirs.event), ("signature", ours.signature, theirs.signature)):
        if one != other:
            return f"its {name} is another"
    names = sorted(ours.evidence.keys() | theirs.evidence.keys())
    other_names = [name for name in names if ours.evidence.get(name) != theirs.evidence.get(name)]
    return f"its evidence '{other_names[0]}' is another" if other_names else "it is written otherwise"
