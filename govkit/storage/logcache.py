"""What was read of a log before, in the user's own cache folder, so that only what is new is read and checked again.

An entry is a function of its commit, and commits are named by their content. So a remembered entry is as good as one
that is read again, as long as nobody else can write to the folder; one that others can write to is not used.
The folder is ``$XDG_CACHE_HOME/govkit`` (``~/.cache/govkit``); ``GOVKIT_NO_CACHE`` turns it off.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from govkit.core.events import MAX_EVENT_BYTES
from govkit.core.ledger import Entry
from govkit.storage import files

OFF_VARIABLE = "GOVKIT_NO_CACHE"
#: Changes with what is remembered of an entry, or how entries are made; older files are then read no more.
_FORMAT = "govkit-log-cache/2"
#: So many entries must be new before the file is written again.
_WORTH_IT = 200


class _File(msgspec.Struct, array_like=True, frozen=True):
    format: str
    commits: list[str]
    entries: list[Entry]


@dataclass(frozen=True)
class Remembered:
    """The start of a log as it was read before: its commits, oldest first, and an entry for each."""

    commits: Sequence[str]
    entries: Sequence[Entry]


NOTHING = Remembered((), ())


def load(git_dir: Path, environment: Mapping[str, str]) -> Remembered:
    """Return what is remembered of the log of a repository; nothing if the file is missing, damaged or not safe."""
    path = _path(git_dir, environment)
    try:
        if path is None or not _is_ours(path):
            return NOTHING
        found = msgspec.msgpack.decode(path.read_bytes(), type=_File)
    except (OSError, msgspec.DecodeError, RecursionError):
        return NOTHING
    if found.format != _FORMAT or len(found.commits) != len(found.entries):
        return NOTHING
    return Remembered(found.commits, found.entries)


def save(
    git_dir: Path, environment: Mapping[str, str], before: Remembered, commits: Sequence[str], entries: Sequence[Entry]
) -> None:
    """Remember a log, if enough of it is new. A folder that cannot be written to is no error."""
    path = _path(git_dir, environment)
    is_huge = any(len(entry.event or b"") > MAX_EVENT_BYTES for entry in entries[len(before.entries) :])
    if path is None or is_huge or len(entries) - len(before.entries) < _WORTH_IT:
        return
    content = msgspec.msgpack.encode(_File(_FORMAT, list(commits), list(entries)))
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        files.write(path, content, mode=0o600)


def _path(git_dir: Path, environment: Mapping[str, str]) -> Path | None:
    base, home = environment.get("XDG_CACHE_HOME"), environment.get("HOME")
    if environment.get(OFF_VARIABLE) or not (base or home):
        return None
    folder = Path(base) if base else Path(home or "") / ".cache"
    # One file a clone, by where it lies; which log it is of, the commits in it say.
    return folder / "govkit" / f"{hashlib.sha256(os.fsencode(git_dir.resolve())).hexdigest()[:32]}.log"


def _is_ours(path: Path) -> bool:
    """Tell whether file and folder belong to this user and nobody else can write to them."""
    if not hasattr(os, "getuid"):
        return True
    for place in (path.parent, path):
        found = place.lstat()
        if found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or stat.S_ISLNK(found.st_mode):
            return False
    return True
