"""What a log said when it was last read, in the user's own cache folder: only what is new is read and judged then.

What is remembered is a function of the log's commits, which are named by their content, and of this code. So it is as
good as reading all of it again, as long as it is of the same commits, was made by the same code, and nobody else can
write to the folder; one that others can write to is not used.
Where it lies, and how it is turned off, says :mod:`govkit.storage.cachefiles`; which log it is of, its commits say.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, MutableSequence, Sequence
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

from govkit import core
from govkit.core import snapshot
from govkit.core.errors import Malformed
from govkit.core.lazy import LazyList
from govkit.core.ledger import Ledger
from govkit.storage import cachefiles

_FORMAT = "govkit-log-cache/8"
#: So many entries must be new before the file is written again; of a long log, so many hundredths of it.
_WORTH_IT, _PART = 200, 100
_ID = 20


class _Content(msgspec.Struct, array_like=True, frozen=True):
    """``commits`` are raw ids of twenty bytes each."""

    commits: bytes
    state: memoryview


class Remembered(Struct, frozen=True):
    """The start of a log as it was read before: its commits, oldest first, and what the ledger then knew."""

    commits: MutableSequence[str]
    state: bytes | memoryview

    def ledger(self) -> Ledger | None:
        """Return a ledger that goes on from there; None if what is remembered is no such thing."""
        try:
            return snapshot.read(self.state)
        except Malformed:
            return None


def load(git_dir: Path, environment: Mapping[str, str]) -> Remembered:
    """Return what is remembered of the log of a repository.

    Nothing, if the file is missing, damaged, not safe, or made by other code.
    """
    path = cachefiles.place(git_dir, environment, "log")
    kept = cachefiles.read(path, _of()) if path else None
    if kept is None:
        return Remembered([], b"")
    found = msgspec.msgpack.decode(kept, type=_Content)
    text, digits = found.commits.hex(), 2 * _ID
    return Remembered(LazyList(lambda start: text[start : start + digits], range(0, len(text), digits)), found.state)


def save(git_dir: Path, environment: Mapping[str, str], before: int, commits: Sequence[str], ledger: Ledger) -> None:
    """Remember a log, if enough of it is new. A folder that cannot be written to is no error.

    Args:
        git_dir: the Git folder.
        environment: where the cache is.
        before: how many entries were remembered.
        commits: the log's commits, oldest first.
        ledger: the ledger that judged exactly these.
    """
    path = cachefiles.place(git_dir, environment, "log")
    if path is None or len(commits) - before < max(_WORTH_IT, len(commits) // _PART):
        return
    content = _Content(bytes.fromhex("".join(commits)), memoryview(snapshot.write(ledger)))
    cachefiles.write(path, _of(), msgspec.msgpack.encode(content))


@cache
def _of() -> str:
    """Return the format, and what tells the rules of this govkit from others: names, sizes and times of their files."""
    digest = hashlib.sha256()
    for place in core.__path__:
        for folder in (Path(place), *(Path(place) / name for name in ("rules", "gates"))):
            with os.scandir(folder) as found:
                kept = sorted((one for one in found if one.name.endswith(".py")), key=lambda one: one.name)
            for one in kept:
                about = one.stat()
                digest.update(f"{one.name} {about.st_size} {about.st_mtime_ns}\n".encode())
    return f"{_FORMAT} {digest.hexdigest()}"
