"""The record in a govkit tag, ``govkit.tag/v1``, and the text of the annotated tag around it.

A tag's message is GTO's usual first line, a blank line and the record as one line of canonical JSON; Git's SSH
signature follows.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Struct

from govkit.core import canonical, digests, keys, limits, names, records, times
from govkit.core.errors import Malformed
from govkit.core.events import Head
from govkit.core.records import Digest, GitId, Model, Person, Record, Stage, Version

SCHEMA: Final = "govkit.tag/v1"
TagKind = Literal["register", "promote", "rollback", "break-glass", "clear"]


class TagRecord(Record, frozen=True):
    """What a tag says of itself; fields that do not concern its kind are null.

    Attributes:
        ref: the tag's own name, so that a copy under another name shows.
        log: the head of the log that the tag's event stands on.
    """

    schema: Literal["govkit.tag/v1"]
    ref: Annotated[str, msgspec.Meta(max_length=400)]
    kind: TagKind
    model: Model
    version: Version | None
    stage: Stage | None
    commit: GitId
    card: Digest | None
    weights: Digest | None
    requirements: Digest | None
    policy: Digest
    request: Digest | None
    decisions: list[Digest]
    log: Head
    actor: Person


class Tag(Struct, frozen=True):
    """A govkit tag object taken apart.

    Attributes:
        commit: what the tag points at.
        name: the object's own ``tag`` header.
        tagger: ``NAME <EMAIL>``.
        epoch: the tagger's date, seconds since 1970.
        record: the record in the message.
        payload: the signed bytes.
        signature: the armoured signature, or None.
    """

    commit: str
    name: str
    tagger: str
    epoch: int
    record: TagRecord
    payload: bytes
    signature: bytes | None


def identity_line(name: str, email: str) -> str:
    """Return ``NAME <EMAIL>`` with what Git does not allow in there taken out."""
    clean = re.sub(r"[<>\x00-\x1f\x7f]", "", name).strip() or "unknown"
    address = re.sub(r"[<>\s\x00-\x1f\x7f]", "", email)
    return f"{clean} <{address}>"


def payload(record: TagRecord, tagger: str, time: str) -> bytes:
    """Return the unsigned text of a tag object.

    Args:
        record: the record it holds.
        tagger: ``NAME <EMAIL>``, from :func:`identity_line`.
        time: the instant that becomes the tagger's date.

    Raises:
        Malformed: if the record's ``ref`` is not a tag name of govkit's.
    """
    name = names.parse_tag(record.ref)
    if name is None:
        raise Malformed(f"{record.ref!r} is not a govkit tag name")
    header = (
        f"object {record.commit.partition(':')[2]}\ntype commit\ntag {record.ref}\n"
        f"tagger {tagger} {times.epoch(time)} +0000\n\n{name.first_line()}\n\n"
    )
    return header.encode() + records.to_json(record) + b"\n"


_HEADER = re.compile(
    rb"object ([0-9a-f]{40})\ntype ([a-z]+)\ntag ([^\n]*)\ntagger ([^\n]* <[^\n<>]*>) ([0-9]{1,12}) \+0000\n\n"
)


def parse(data: bytes) -> Tag:
    """Read the bytes of a tag object.

    Raises:
        Malformed: unless it is an annotated tag straight on a commit, with GTO's first line for its own name and a
            record that agrees with it.
    """
    limits.check(data, limits.TAG, "a tag: ")
    text, signature = keys.split_signed(data)
    match = _HEADER.match(text)
    if match is None:
        raise Malformed("not a tag object as govkit writes it")
    if match[2] != b"commit":
        raise Malformed(f"it points at a {match[2].decode()}, not straight at a commit")
    try:
        own, tagger = match[3].decode(), match[4].decode()
        message = text[match.end() :].decode()
    except UnicodeDecodeError as error:
        raise Malformed("the tag is not UTF-8") from error
    name = names.parse_tag(own)
    lines = message.split("\n")
    if name is None or len(lines) != 4 or lines[0] != name.first_line() or lines[1] or lines[3]:
        raise Malformed("the message is not GTO's first line, a blank line and one record")
    record = records.from_value(canonical.decode(lines[2].encode()), TagRecord)
    commit = f"git-sha1:{match[1].decode()}"
    _agree(record, name, commit)
    return Tag(commit, own, tagger, int(match[5]), record, text, signature)


def _agree(record: TagRecord, name: names.TagName, commit: str) -> None:
    """Refuse a record that says anything else than the tag that holds it."""
    kinds = {"register": ("register",), "assign": ("promote", "rollback", "break-glass"), "clear": ("clear",)}
    said = (record.ref, record.model, record.commit)
    if said != (str(name), name.model, commit) or record.kind not in kinds[name.kind]:
        raise Malformed(f"the record speaks of {record.ref!r} at {digests.short(record.commit)}, not of this tag")
    if (name.stage is not None and record.stage != name.stage) or (name.version and record.version != name.version):
        raise Malformed("the record names another version or stage than the tag's name")
