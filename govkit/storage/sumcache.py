"""Digests of files that nobody has touched since they were read, in the user's own cache folder.

A file is known again by device, inode, size, and the times of its last change in nanoseconds: of its content (mtime),
which anybody who may write it can set, and of itself (ctime), which only the kernel sets. A digest is kept if

- the file is the user's, and nobody else can write to it: a mapping of it in somebody's memory changes it unseen;
- its times are clearly older than the moment at which it was opened: what is written in the same tick of the clock
  leaves no trace (Git's index has the same rule);
- it was the same before and after it was read, to its end.

**Where it may be used.** For making cards and looking at them: ``hook``, ``card`` and ``card --check``, ``lineage``,
``doctor``. What it says is never the last word: ``register`` reads every byte again before it signs for a card, and so
does whatever decides, proves or delivers (``gate``, ``promote``, ``verify`` with or without a folder, ``get``,
``reproduce``, ``bundle``). For whoever serves or mounts a file system, or sets the clock back, can give a file any
times, and DVC's cache may lie on such a one. There it is safe to remember nothing, and nothing is remembered.

Where it lies, and how it is turned off, says :mod:`govkit.storage.cachefiles`. Nothing is remembered where a file's
ctime means something else (Windows).
"""

from __future__ import annotations

import contextlib
import os
import stat
import struct
import time
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from govkit.storage import cachefiles, files
from govkit.storage.files import FileSums

_FORMAT = "govkit-sum-cache/2"
#: A file must have been left alone for so long before it is read; file systems tell time in steps of up to two seconds.
_SETTLED_NS = 2_000_000_000
#: Device, inode, size, mtime and ctime in nanoseconds.
_KEY = struct.Struct("<QQqqq")
#: The key, MD5 and SHA-256.
_KEY_SIZE, _MD5, _ENTRY = _KEY.size, 16, _KEY.size + 16 + 32
#: What a clone remembers at most, about nine megabytes; what was used longest ago is forgotten first.
_MOST = 100_000


class SumCache:
    """Digests files, or remembers that it did. Threads may share it.

    Args:
        path: the cache's file; None to remember nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path if hasattr(os, "getuid") else None
        self._known = _read(self._path) if self._path else {}
        self._used: dict[bytes, bytes] = {}
        self._new = False

    def sums(self, path: Path) -> FileSums:
        """Return the digests of a file, as :func:`govkit.storage.files.sums` does.

        Raises:
            OSError: if it cannot be read.
        """
        about = path.stat()
        if self._path is None or not _is_ours_alone(about):
            return files.sums(path)
        key = _key(about)
        known = self._known.get(key)
        if known is None:
            return self._read(path)
        self._used[key] = known
        return FileSums(f"sha256:{known[_MD5:].hex()}", known[:_MD5].hex(), about.st_size)

    def _read(self, path: Path) -> FileSums:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            begun = time.time_ns()
            before = os.fstat(handle)
            found = files.sums_of(handle)
            after = os.fstat(handle)
        finally:
            os.close(handle)
        key = _key(before)
        settled = max(before.st_mtime_ns, before.st_ctime_ns) < begun - _SETTLED_NS
        if settled and key == _key(after) and found.size == before.st_size and _is_ours_alone(before):
            self._used[key] = bytes.fromhex(found.md5 + found.sha256.removeprefix("sha256:"))
            self._new = True
        return found

    def save(self) -> None:
        """Write what is new. A folder that cannot be written to is no error."""
        if self._path is None or not self._new:
            return
        kept = list({**self._used, **self._known}.items())[:_MOST]
        cachefiles.write(self._path, _of(self._path), b"".join(key + known for key, known in kept))


@contextlib.contextmanager
def opened(git_dir: Path, environment: Mapping[str, str]) -> Iterator[SumCache]:
    """Open what is remembered of a clone's files, and write what is new of it at the end.

    Args:
        git_dir: the clone's Git folder.
        environment: says where the cache is, and whether there is one.
    """
    remembered = SumCache(cachefiles.place(git_dir, environment, "sums"))
    yield remembered
    remembered.save()


def _of(path: Path) -> str:
    """Return the format, and of which clone it is: a file that was carried to another one says nothing there."""
    return f"{_FORMAT} {path.stem}"


def _read(path: Path) -> dict[bytes, bytes]:
    """Return digests by key; nothing if there are none that can be relied on."""
    entries = bytes(cachefiles.read(path, _of(path), (_MOST + 1) * _ENTRY) or b"")
    if len(entries) % _ENTRY:
        return {}
    starts = range(0, len(entries), _ENTRY)
    return {entries[start : start + _KEY_SIZE]: entries[start + _KEY_SIZE : start + _ENTRY] for start in starts}


def _key(about: os.stat_result) -> bytes:
    return _KEY.pack(about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)


def _is_ours_alone(about: os.stat_result) -> bool:
    """Tell whether a plain file is this user's, and nobody else can write to it."""
    if not stat.S_ISREG(about.st_mode) or about.st_uid != os.getuid() or about.st_mode & stat.S_IWOTH:
        return False
    return not about.st_mode & stat.S_IWGRP or about.st_gid == _own_group()


@cache
def _own_group() -> int | None:
    """Return the user's group of one, as many systems give everybody one and let it write; None if there is none."""
    import grp
    import pwd

    try:
        user = pwd.getpwuid(os.getuid())
        group = grp.getgrgid(user.pw_gid)
    except KeyError:
        return None
    return group.gr_gid if group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name} else None
