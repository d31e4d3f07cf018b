"""Digests of files, and writing them so that a crash leaves the old or the new one, never half of either."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from io import BufferedReader, FileIO
from pathlib import Path
from typing import TypedDict, TypeVar

from msgspec import Struct

from govkit.core.errors import Malformed, Refused

Item = TypeVar("Item")
Made = TypeVar("Made")
_LEAST, _BLOCK = 1 << 16, 1 << 19
#: From so many bytes on, a second thread is worth its start.
_LARGE = 1 << 22
#: What lies at the top of a file system of its own, for root to mend it.
VOLUME_FOLDER = "lost+found"


class FileSums(Struct, frozen=True):
    """SHA-256 (``sha256:…``), MD5 (hex) and size in bytes of a file."""

    sha256: str
    md5: str
    size: int


def sums(path: Path) -> FileSums:
    """Return the digests of a file, read once.

    Raises:
        OSError: if it cannot be read.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0))
    try:
        return sums_of(handle)
    finally:
        os.close(handle)


def sums_of(handle: int) -> FileSums:
    """Return the digests of an open file, from where it stands to its end.

    Raises:
        OSError: if it cannot be read.
    """
    known = os.fstat(handle).st_size
    if known >= _LARGE:
        return _sums_of_large(handle)
    # More is asked for than there should be, so that one call gives a small file and shows that it ends there.
    block = os.read(handle, max(known + 1, _LEAST))
    sha256, md5, size = hashlib.sha256(block), hashlib.md5(block, usedforsecurity=False), len(block)
    while size != known and (block := os.read(handle, _LEAST)):
        sha256.update(block)
        md5.update(block)
        size += len(block)
    return FileSums(f"sha256:{sha256.hexdigest()}", md5.hexdigest(), size)


def _sums_of_large(handle: int) -> FileSums:
    """Digest a file, read once: MD5 here, and on another processor SHA-256, which is the faster, and reading on."""
    from concurrent.futures import ThreadPoolExecutor

    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    now, then = memoryview(bytearray(_BLOCK)), memoryview(bytearray(_BLOCK))

    def beside(block: memoryview, following: memoryview) -> int:
        sha256.update(block)
        return file.readinto(following)

    total = 0
    with FileIO(handle, closefd=False) as file, ThreadPoolExecutor(max_workers=1) as helper:
        size = file.readinto(now)
        while size:
            total += size
            later = helper.submit(beside, now[:size], then)
            md5.update(now[:size])
            size = later.result()
            now, then = then, now
    return FileSums(f"sha256:{sha256.hexdigest()}", md5.hexdigest(), total)


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
    total, done, telling = sum(size or 0 for size in sizes.values()), 0, threading.Lock()

    def one(path: str) -> Sum | str:
        nonlocal done
        found = _sum(folder / path, sizes[path])
        with telling:
            done += sizes[path] or 0
            if watch is not None:
                watch("checking files", done, total)
        return found

    return dict(zip(paths, each(one, paths), strict=True))


def each(function: Callable[[Item], Made], items: Sequence[Item]) -> list[Made]:
    """Map over items, one on each processor at a time; hashlib and reading let other threads run meanwhile.

    Each thread takes the next item when it is done with one: to hand over thousands of small files one by one would
    take longer than to digest them.
    """
    count = min(os.cpu_count() or 1, 8, len(items))
    if count < 2:
        return [function(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor

    todo, made = deque(enumerate(items)), dict[int, Made]()

    def work() -> None:
        while True:
            try:
                index, item = todo.popleft()
            except IndexError:
                return
            made[index] = function(item)

    with ThreadPoolExecutor(max_workers=count) as pool:
        workers = [pool.submit(work) for _ in range(count)]
        try:
            for worker in workers:
                worker.result()
        finally:
            todo.clear()  # whoever stops it, or an error, does not wait for the rest
    return [made[index] for index in range(len(items))]


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
