"""Digests of files, and writing them so that a crash leaves the old or the new one, never half of either."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import TypedDict

from govkit.core.errors import Malformed, Refused

_BLOCK = 1 << 20
#: What lies at the top of a file system of its own, for root to mend it.
VOLUME_FOLDER = "lost+found"


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


def sha256(path: Path, *, size: int | None = None) -> Sum:
    """Return a file's digest and size, read once; a symbolic link is not followed, and nothing is waited for.

    Args:
        path: the file.
        size: how many bytes it must have; None for any.

    Raises:
        OSError: if it cannot be read.
        Malformed: if it is no plain file, has another size, or became another while it was read.
    """
    with _opened(path, follow=False) as file:
        before = os.fstat(file.fileno())
        if size not in (None, before.st_size):
            raise Malformed(f"has {before.st_size:,} bytes instead of {size:,}")
        found = hashlib.file_digest(file, "sha256").hexdigest()
        read = file.tell()
    if _state(path.lstat()) != _state(before) or read != before.st_size:
        raise Malformed("was changed while it was read")
    return {"sha256": f"sha256:{found}", "size": read}


def _state(found: os.stat_result) -> tuple[int, ...]:
    # Not its inode: mounted object stores give a file another one each time that they are asked.
    return found.st_size, found.st_mtime_ns


def sha256_all(
    folder: Path,
    sizes: Mapping[str, int | None],
    *,
    watch: Callable[[str, int, int], None] | None = None,
) -> dict[str, Sum | str]:
    """Digest many files, one on each processor at a time.

    Args:
        folder: where they lie.
        sizes: how many bytes each must have, by path in the folder; None for any.
        watch: called with a title, how many bytes were read, and of how many.

    Returns:
        By path its digest and size, or in words why there is none.
    """
    # The largest first, so that no processor is left with one when the others are done.
    paths = sorted(sizes, key=lambda path: -(sizes[path] or 0))
    total, done = sum(size or 0 for size in sizes.values()), 0
    found: dict[str, Sum | str] = {}
    for path, one in zip(paths, _each(lambda path: _sum(folder / path, sizes[path]), paths), strict=True):
        found[path] = one
        done += sizes[path] or 0
        if watch is not None:
            watch("checking files", done, total)
    return found


def _each(function: Callable[[str], Sum | str], paths: list[str]) -> Iterator[Sum | str]:
    """Map over paths; hashlib lets other threads run while it works, and one path needs none."""
    if len(paths) < 2:
        yield from map(function, paths)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, 8)) as pool:
        yield from pool.map(function, paths)


def _sum(path: Path, size: int | None) -> Sum | str:
    try:
        return sha256(path, size=size)
    except Malformed as error:
        return str(error)
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"


def _opened(path: Path, *, follow: bool = True) -> BufferedReader:
    """Open a plain file to be read.

    A pipe or a device would be waited for, or never end; opening one must not wait either.

    Raises:
        OSError: if it cannot be opened.
        Malformed: if it is no plain file.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        handle = os.open(path, flags | (0 if follow else getattr(os, "O_NOFOLLOW", 0)))
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Malformed("is a symbolic link") from error
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise Malformed("is no plain file")
    return os.fdopen(handle, "rb")


def read_small(path: Path, limit: int, *, follow: bool = True) -> bytes:
    """Read a file that somebody handed over.

    Args:
        path: the file.
        limit: the most bytes that are read.
        follow: whether it may be a symbolic link.

    Raises:
        OSError: if it cannot be read, or is no plain file.
        Malformed: if it has more bytes, or is a symbolic link that is not followed.
    """
    try:
        file = _opened(path, follow=follow)
    except Malformed as error:
        if not follow:
            raise
        raise OSError(errno.EINVAL, "it is no plain file", str(path)) from error
    with file:
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
