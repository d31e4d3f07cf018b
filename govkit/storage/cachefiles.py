"""Where govkit keeps what it can do without: one file a clone and a purpose, in the user's own cache folder.

The folder is ``$XDG_CACHE_HOME/govkit`` (``~/.cache/govkit``); ``GOVKIT_NO_CACHE`` turns it off. A file that somebody
else could have written is not read, nor one that is damaged, or of something else than what is asked for.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import zlib
from collections.abc import Mapping
from mmap import ACCESS_READ, mmap
from pathlib import Path

import msgspec

from govkit.storage import files

OFF_VARIABLE = "GOVKIT_NO_CACHE"


class _Kept(msgspec.Struct, array_like=True, frozen=True):
    """A file: what it is of, and its content with the CRC-32, against damage alone."""

    of: str
    check: int
    content: memoryview


def place(git_dir: Path, environment: Mapping[str, str], suffix: str) -> Path | None:
    """Return the file of a clone for a purpose, by where the clone lies; None where there is to be no cache.

    Args:
        git_dir: the clone's Git folder.
        environment: says where the cache is, and whether there is one.
        suffix: the purpose, as the file's suffix without a dot.
    """
    base, home = environment.get("XDG_CACHE_HOME"), environment.get("HOME")
    if environment.get(OFF_VARIABLE) or not (base or home):
        return None
    folder = Path(base) if base else Path(home or "") / ".cache"
    return folder / "govkit" / f"{hashlib.sha256(os.fsencode(git_dir.resolve())).hexdigest()[:32]}.{suffix}"


def read(path: Path, of: str, most: int | None = None) -> memoryview | None:
    """Return what a file keeps; None if there is none, or it is not safe, damaged, too large, or of something else.

    Args:
        path: the file.
        of: its format, and what its content depends on.
        most: the size in bytes above which it is not read; None for any.
    """
    try:
        if not _is_ours(path) or (most is not None and path.stat().st_size > most):
            return None
        with path.open("rb") as file:  # mapped, not read: of a long log's megabytes few are looked at
            found = msgspec.msgpack.decode(mmap(file.fileno(), 0, access=ACCESS_READ), type=_Kept)
    except (OSError, ValueError, RecursionError):  # ValueError: an empty file; what msgspec raises is one, too
        return None
    return found.content if (found.of, found.check) == (of, zlib.crc32(found.content)) else None


def write(path: Path, of: str, content: bytes) -> None:
    """Keep something, for this user alone. A folder that cannot be written to is no error."""
    kept = msgspec.msgpack.encode(_Kept(of, zlib.crc32(content), memoryview(content)))
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        files.write(path, kept, mode=0o600)


def _is_ours(path: Path) -> bool:
    """Tell whether file and folder belong to this user, nobody else can write to them, and neither is a link.

    Raises:
        OSError: if there is no such file.
    """
    if not hasattr(os, "getuid"):
        return True
    for each in (path.parent, path):
        found = each.lstat()
        if found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or stat.S_ISLNK(found.st_mode):
            return False
    return True
