"""A mirror in a folder: of a disk that is mounted, of a share, of a medium that is written once."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from govkit.core import mirrored
from govkit.core.mirrorurl import MirrorUrl
from govkit.storage.mirrors.base import MAX_OBJECTS, Differs, Stored, Survey, Unreachable

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: Nothing that somebody put in a file's place may make a reader wait, or lead it elsewhere.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_TEMPORARY = ".tmp-"
_NOT_PLAIN = "it is no plain file"


class FileMirror:
    """A log's mirror in a folder.

    Files are made beside their place and linked there, which never replaces one; each is read-only, and on the disk
    before the next one is begun.

    Args:
        url: where.
        log: the log's root of trust.
    """

    locks = False
    at_once = 8

    def __init__(self, url: MirrorUrl, log: str) -> None:
        self.url = url.text
        self._base = Path(url.path)
        self._folder = mirrored.folder(log)

    def names(self) -> frozenset[str]:
        """See :class:`govkit.storage.mirrors.base.Mirror`."""
        return self.survey().names

    def survey(self) -> Survey:
        """See :class:`govkit.storage.mirrors.base.Mirror`."""
        names: set[str] = set()
        alarms: dict[str, list[str]] = {}
        strange: list[str] = []
        for kind in ("events", "heads"):
            with self._reaching(), contextlib.suppress(FileNotFoundError), self._open(kind) as folder:
                for item in os.scandir(folder):
                    name = f"{kind}/{item.name}"
                    if len(names) + len(strange) > MAX_OBJECTS:
                        raise Unreachable(f"the mirror {self.url} holds too many files")
                    if mirrored.number(name) is None:
                        strange += [] if item.name.startswith(_TEMPORARY) else [name]
                        continue
                    names.add(name)
                    if not item.is_file(follow_symlinks=False):
                        alarms[name] = [_NOT_PLAIN]
        return Survey(frozenset(names), alarms, sorted(strange))

    def read(self, name: str) -> Stored | None:
        """See :class:`govkit.storage.mirrors.base.Mirror`."""
        kind, _, file_name = name.partition("/")
        with self._reaching():
            try:
                with self._open(kind) as folder:
                    found = _content(file_name, folder)
            except FileNotFoundError:
                return None
        return Stored(b"", [_NOT_PLAIN]) if found is None else Stored(found[0], written=found[1])

    def put(self, name: str, content: bytes) -> bool:
        """See :class:`govkit.storage.mirrors.base.Mirror`."""
        kind, _, file_name = name.partition("/")
        with self._reaching(), self._open(kind, make=True) as folder:
            temporary = f"{_TEMPORARY}{file_name}-{secrets.token_hex(8)}"
            try:
                _write(temporary, content, folder)
                os.link(temporary, file_name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
                os.fsync(folder)
                return True
            except FileExistsError:
                pass
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary, dir_fd=folder)
        stored = self.read(name)
        if stored is None or stored.content != content:
            raise Differs(name, stored.content if stored else b"")
        return False

    @contextlib.contextmanager
    def _open(self, kind: str, *, make: bool = False) -> Iterator[int]:
        """Open the folder of a kind of objects by way of those above it; only the mirror's own may be a link."""
        opened = []
        try:
            opened.append(os.open(self._base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        except FileNotFoundError as error:
            # Made by hand: where a disk is not mounted, a folder of that name would hold the mirror instead.
            raise Unreachable(
                f"there is no folder {self._base}", why="it is never made by govkit", fix="mount it, or make it"
            ) from error
        try:
            for part in (self._folder, kind):
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, dir_fd=opened[-1])
                        os.fsync(opened[-1])
                opened.append(os.open(part, _FOLDER, dir_fd=opened[-1]))
            yield opened[-1]
        finally:
            for descriptor in opened:
                os.close(descriptor)

    @contextlib.contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            # What was opened is a number here, which says nothing to anybody.
            place = f": {error.filename}" if isinstance(error.filename, str) else ""
            raise Unreachable(
                f"the mirror {self.url} cannot be used",
                why=f"{error.strerror or error}{place}",
                fix="check the folder and its permissions",
            ) from error


def _write(name: str, content: bytes, folder: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, 0o444, dir_fd=folder), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _content(name: str, folder: int) -> tuple[bytes, datetime | None] | None:
    """Return what a plain file holds, up to just above the limit, and when it was written, as the file system says.

    None if it is a link, a pipe or the like.

    Raises:
        FileNotFoundError: if there is nothing.
        OSError: if it cannot be read.
    """
    try:
        descriptor = os.open(name, _FILE, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            return None
        raise
    with os.fdopen(descriptor, "rb", closefd=True) as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            return None
        return file.read(mirrored.MAX_OBJECT + 1), _when(found)


def _when(found: os.stat_result) -> datetime | None:
    try:
        return datetime.fromtimestamp(found.st_mtime, UTC)
    except (OverflowError, ValueError, OSError):  # a file system can say anything
        return None
