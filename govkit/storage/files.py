"""Digests of files, and writing them so that a crash leaves the old or the new one, never half of either."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from govkit.core.errors import Malformed, Refused

_BLOCK = 1 << 20


@dataclass(frozen=True)
class FileSums:
    """SHA-256 (``sha256:…``), MD5 (hex) and size in bytes of a file."""

    sha256: str
    md5: str
    size: int


def sums(path: Path) -> FileSums:
    """Return the digests of a file, read once.

    Raises:
        OSError: if it cannot be read.
    """
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            sha256.update(block)
            md5.update(block)
            size += len(block)
    return FileSums(f"sha256:{sha256.hexdigest()}", md5.hexdigest(), size)


class Sum(TypedDict):
    """SHA-256 (``sha256:…``) and size in bytes of a file."""

    sha256: str
    size: int


def sha256(path: Path) -> Sum:
    """Return a file's digest and size, read once; a symbolic link is not followed.

    Raises:
        OSError: if it cannot be read.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0))
    with os.fdopen(handle, "rb", buffering=0) as file:
        found = hashlib.file_digest(file, "sha256")
        return {"sha256": f"sha256:{found.hexdigest()}", "size": file.tell()}


def read_small(path: Path, limit: int) -> bytes:
    """Read a file that somebody handed over.

    Args:
        path: the file.
        limit: the most bytes that are read.

    Raises:
        OSError: if it cannot be read, or is no plain file.
        Malformed: if it has more bytes.
    """
    # A pipe or a device would be waited for, or never end; opening one must not wait either.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no plain file", str(path))
        content = file.read(limit + 1)
    if len(content) > limit:
        raise Malformed(f"it has more than the {limit:,} bytes that are allowed")
    return content


def place(root: Path, path: str) -> Path:
    """Return where a path of the repository lies, for writing to it.

    Raises:
        Refused: if a symbolic link, or the path itself, leads somewhere else.
    """
    target = root / path
    if target.parent.resolve() != root.resolve() / Path(path).parent:
        raise Refused(
            f"{path} is not written",
            why=f"{target.parent} is, or lies behind, a symbolic link",
            fix="put a folder in its place; find out who made the link",
        )
    return target


def write(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Write a file by way of a temporary one beside it, and make its folders.

    Args:
        path: the file.
        content: its bytes.
        mode: its permissions; None for those of the old file, or the usual ones.

    Raises:
        OSError: if that is not possible; the old file is then untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        usual = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        Path(name).chmod(usual if mode is None else mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
