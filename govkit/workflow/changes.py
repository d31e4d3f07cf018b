"""Changes to files of the working tree, gathered before any is written: looked at as a diff, then written together."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from govkit.core.errors import Usage
from govkit.storage import files
from govkit.storage.git import Repository
from govkit.storage.trees import WorkTree


class Changes:
    """The working tree as it will be: a :class:`govkit.storage.trees.Tree` with some files changed.

    Args:
        repository: whose working tree it is.
    """

    def __init__(self, repository: Repository) -> None:
        self._root = repository.root
        self._base = WorkTree(repository)
        self._new: dict[str, bytes] = {}

    @property
    def changed(self) -> Mapping[str, bytes]:
        """The new bytes of the files that change, by path."""
        return {path: content for path, content in sorted(self._new.items()) if content != self._old(path)}

    def put(self, path: str, content: bytes) -> None:
        """Let a file have other bytes.

        Raises:
            Refused: if the path leads through a symbolic link.
        """
        files.place(self._root, path)
        self._new[path] = content

    def now(self, path: str) -> bytes | None:
        """Return a file's bytes as they will be, also those of a file that Git ignores; None if there is none."""
        return self._new.get(path, self._old(path))

    def diff(self) -> str:
        """Return the unified diff of all changes, empty if there are none."""
        return "".join(_diff(path, self._old(path), new) for path, new in self.changed.items())

    def write(self) -> None:
        """Write all changes.

        Raises:
            Usage: if a file cannot be written.
        """
        for path, content in self.changed.items():
            try:
                files.write(files.place(self._root, path), content)
            except OSError as error:
                raise Usage(f"{path} cannot be written", why=str(error)) from error

    def _old(self, path: str) -> bytes | None:
        file = files.place(self._root, path)
        return file.read_bytes() if file.is_file() else None

    # -- as a tree ----------------------------------------------------------------------------------------------

    def paths(self) -> list[str]:
        """See :class:`govkit.storage.trees.Tree`."""
        return sorted({*self._base.paths(), *self._new})

    def size(self, path: str) -> int | None:
        """See :class:`govkit.storage.trees.Tree`."""
        return len(self._new[path]) if path in self._new else self._base.size(path)

    def read(self, path: str, *, limit: int) -> bytes | None:
        """See :class:`govkit.storage.trees.Tree`."""
        return self._new[path] if path in self._new else self._base.read(path, limit=limit)


def _diff(path: str, before: bytes | None, after: bytes) -> str:
    old = [] if before is None else before.decode("utf-8", "replace").splitlines(keepends=True)
    new = after.decode("utf-8", "replace").splitlines(keepends=True)
    start = "/dev/null" if before is None else f"a/{path}"
    lines = difflib.unified_diff(old, new, start, f"b/{path}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
