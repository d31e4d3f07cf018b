"""What commands are told, and what they are about to write."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from govkit.core import names, tags
from govkit.core.events import TagRef
from govkit.core.judged import Judged
from govkit.core.records import Record


class Options(Struct, frozen=True):
    """What every command can be told.

    Attributes:
        repo: a folder in the repository.
        key: the key to sign with, or None to look it up.
        root: the pinned root of trust, or None to look it up.
        dry_run: show what would be done, and do nothing.
        local: leave the remote for later, though there is one.
        show: called with lines about what will be signed, before it is; None to sign without showing.
        agree: called after that with a question; must return True for a signature to be made. None: nobody is asked.
        clock: returns the time; for tests.
        mirror: the URL of a mirror to read the log from instead of Git, for commands that prove something; or None.
        watch: called while a mirror is read, with its URL, how many objects were read, and of how many.
    """

    repo: Path = field(default_factory=Path)
    key: str | None = None
    root: str | None = None
    dry_run: bool = False
    local: bool = False
    show: Callable[[list[str]], None] | None = None
    agree: Callable[[str], bool] | None = None
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    mirror: str | None = None
    watch: Callable[[str, int, int], None] | None = None


class TagPlan(Struct, frozen=True):
    """A tag that goes with an event.

    Attributes:
        name: its name; for stages the number is filled in when it is written.
        kind: the record's kind.
        commit: ``git-sha1:…`` of what it points at.
        fields: the record's other fields.
    """

    name: names.TagName
    kind: tags.TagKind
    commit: str
    fields: Mapping[str, Any] = field(default_factory=dict)


class Plan(Struct, frozen=True):
    """An event that somebody is about to sign.

    Attributes:
        type: its type.
        subject: a model's name or ``*``.
        body: its body; for one with a tag, a function of the tag made from the plan.
        evidence: files beside it.
        tag: the tag that goes with it, or None.
        summary: lines that tell the signer what they sign.
    """

    type: str
    subject: str
    body: Record | Callable[[TagRef], Record]
    evidence: Mapping[str, bytes] = field(default_factory=dict)
    tag: TagPlan | None = None
    summary: list[str] = field(default_factory=list)


class Written(Struct, frozen=True):
    """What was written.

    Attributes:
        judged: the verdict on the event.
        commit: its commit in the log, in hex; None if nothing was written.
        tag: the tag's name, if there is one.
        place: the remote on which it was published; ``waiting`` if it waits for a sync, ``here`` if there is no remote.
    """

    judged: Judged
    commit: str | None
    tag: str | None = None
    place: str = "here"


class Signed(Struct, frozen=True):
    """An event that was signed and not yet appended: its bytes, its signature, its evidence, its tag's name."""

    content: bytes
    signature: bytes
    evidence: Mapping[str, bytes]
    tag: str | None = None


def is_interactive() -> bool:
    """Tell whether there is a terminal with somebody at it."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
