"""Many Git objects at a time, through ``git cat-file --batch-check`` and ``--batch``.

Sizes are asked before contents are, so that an object that somebody made huge is never read.
"""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from govkit.core import digests, limits
from govkit.core.errors import Refused, Undecided

#: Ids asked for at once: their lines fit into a pipe's buffer, so that neither side waits for the other.
_AT_ONCE = 1000
#: Objects are read together up to so many bytes.
_GROUP_BYTES = 4 * limits.MIB
_DIGITS = 40
_MAX_LISTING = 64 * limits.MIB


class RawObject(NamedTuple):
    """An object: its kind (``missing`` if it is not there), its size in bytes, its bytes unless there are too many."""

    kind: str
    size: int
    content: bytes | None


class Reader:
    """Two processes of Git that serve one reader: one tells sizes, the other contents. A context manager.

    Args:
        command: how Git is called, with its safe settings.
        folder: where.
        environment: the environment of the processes.
    """

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self._sizes = Batch([*command, "cat-file", "--batch-check"], folder, environment)
        self._contents = Batch([*command, "cat-file", "--batch"], folder, environment)

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._sizes.close()
        self._contents.close()

    def read(self, ids: Iterable[str], limit: int) -> Iterator[tuple[str, RawObject]]:
        """Yield objects by id, in the order asked for; read them to the end before you ask for others.

        Args:
            ids: object ids of 40 hex digits.
            limit: the size in bytes above which an object is not read.
        """
        wanted = list(ids)
        for start in range(0, len(wanted), _AT_ONCE):
            chunk = wanted[start : start + _AT_ONCE]
            self._sizes.ask(chunk)
            lines = self._sizes.lines(len(chunk))
            for group in _groups(zip(chunk, lines, strict=True), limit):
                yield from self._read_group(group, limit)

    def _read_group(self, group: Sequence[tuple[str, bytes, str, int]], limit: int) -> Iterator[tuple[str, RawObject]]:
        """Read objects whose kinds and sizes are known: Git answers with the same line, the bytes, and LF for each."""
        wanted = [one for one, _, kind, size in group if _fits(kind, size, limit)]
        self._contents.ask(wanted)
        total = sum(len(line) + size + 1 for _, line, kind, size in group if _fits(kind, size, limit))
        data, start = self._contents.take(total), 0
        for one, line, kind, size in group:
            if not _fits(kind, size, limit):
                yield one, RawObject(kind, size, None)
                continue
            begin = start + len(line)
            content = data[begin : begin + size]
            if data[start:begin] != line:
                raise _stopped()
            check_id(one, kind, content)
            yield one, RawObject(kind, size, content)
            start = begin + size + 1


def _groups(told: Iterable[tuple[str, bytes]], limit: int) -> Iterator[list[tuple[str, bytes, str, int]]]:
    """Yield objects with Git's line, kind and size of each, in groups that are read at once."""
    group: list[tuple[str, bytes, str, int]] = []
    room = _GROUP_BYTES
    for one, line in told:
        kind, size = _head(line)
        room -= size if _fits(kind, size, limit) else 0
        if group and room < 0:
            yield group
            group, room = [], _GROUP_BYTES - size
        group.append((one, line, kind, size))
    yield group


def _fits(kind: str, size: int, limit: int) -> bool:
    return kind != "missing" and size <= limit


def listing(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], *, most: int = limits.ENTRIES
) -> bytes:
    """Return what a command lists, with a NUL behind each entry, ending it where that is more than anybody needs.

    Equal folders are one object in Git, so that a tree of ten objects can list ten billion files. What is too much is
    seen while it is read, so that nobody waits for the end of it.

    Raises:
        Refused: if it is too much, or the command fails.
    """
    with subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        pieces, size, entries = [], 0, 0
        while piece := process.stdout.read(limits.MIB) if process.stdout else b"":
            pieces.append(piece)
            size, entries = size + len(piece), entries + piece.count(b"\0")
            if size <= _MAX_LISTING and entries <= most:
                continue
            process.kill()
            raise Refused(
                "a commit holds more files than govkit reads",
                why=f"its listing is over {most:,} files or {_MAX_LISTING:,} bytes",
                fix="find out who made such a commit; data belongs under DVC",
            )
    if process.returncode != 0:
        raise Refused("git cannot list a commit's files", why=f"exit code {process.returncode}")
    return b"".join(pieces)


def check_id(identity: str, kind: str, content: bytes) -> None:
    """Make sure that an object's bytes are those that its id stands for, as Git does not when it reads one.

    Raises:
        Refused: if somebody changed it on disk.
    """
    if digests.git_object_id(kind, content) != f"git-sha1:{identity}":
        raise Refused(
            f"Git object {identity[:12]} was changed on disk",
            why="its bytes are not those that its id stands for",
            fix="find out who wrote to .git/objects with 'git fsck', and clone again",
        )


def absent(identity: str) -> Undecided:
    """Return the error for an object that is not here."""
    return Undecided(
        f"Git object {identity[:12]} is not in this clone",
        why="the clone is shallow, partial or damaged",
        fix="run 'git fetch --unshallow', or clone again without --depth",
    )


def _stopped() -> Undecided:
    """Return the error for a Git that ends in the middle, as in a partial clone whose remote it must not ask."""
    why = "Git stopped reading: the clone is partial or damaged"
    return Undecided("an object of this repository is not in this clone", why=why, fix="clone again without --filter")


class Batch:
    """One ``git cat-file`` at work.

    Args:
        command: how it is called.
        folder: where.
        environment: the environment of the process.
    """

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    @property
    def has_ended(self) -> bool:
        """Whether it answers no more."""
        return self._process.poll() is not None

    def header(self, name: str) -> tuple[str, int] | None:
        """Ask for one object by any name that Git resolves, and return its kind and size; None if there is none."""
        if "\n" in name or "\0" in name:
            return None
        try:
            self.ask([name])
            words = self._out.readline().split()
        except OSError:
            words = []
        # A name can hold spaces, and Git repeats it where it finds nothing.
        if len(words) != 3 or len(words[0]) != _DIGITS or not words[2].isdigit():
            if not words:
                self.close()
            return None
        return words[1].decode(), int(words[2])

    def object(self, name: str) -> tuple[str, bytes] | None:
        """Ask for one object, and return its kind and bytes; None if there is none."""
        head = self.header(name)
        return (head[0], self.take(head[1] + 1)[:-1]) if head else None

    @property
    def _out(self) -> IO[bytes]:
        if self._process.stdout is None:
            raise OSError("git cat-file has no output")
        return self._process.stdout

    def ask(self, ids: Sequence[str]) -> None:
        """Ask for objects; their answers are then read one by one."""
        if ids and self._process.stdin is not None:
            self._process.stdin.write(("\n".join(ids) + "\n").encode())
            self._process.stdin.flush()

    def lines(self, count: int) -> list[bytes]:
        """Return the next lines."""
        found = list(itertools.islice(self._out, count))
        if len(found) != count:
            raise _stopped()
        return found

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        found = self._out.read(size)
        if len(found) != size:
            raise _stopped()
        return found


def _head(line: bytes) -> tuple[str, int]:
    """Read the line in which Git tells kind and size of an object, or that it is missing."""
    words = line.split()
    if len(words) == 2:
        return "missing", 0
    if len(words) != 3:
        raise _stopped()
    return words[1].decode(), int(words[2])
