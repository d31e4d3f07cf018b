"""The files of a repository as they are in a commit, or as they lie in the working tree."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from govkit.core import yamltext
from govkit.core.errors import Malformed, Usage
from govkit.core.lineage import Project, read_project
from govkit.storage.git import Repository

_LINK, _SUBMODULE = "120000", "160000"


class Tree(Protocol):
    """Files by POSIX path from the top of the repository."""

    def paths(self) -> list[str]:
        """Return every path, sorted; symbolic links and submodules left out."""

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None if there is no such file."""


class CommitTree:
    """The files of one commit, read without a checkout.

    Raises:
        Undecided: if the commit is not in this clone.
    """

    def __init__(self, repository: Repository, commit: str) -> None:
        self._repository = repository
        repository.commit(commit)
        entries = repository.files(commit)
        self._files = {path: e.id for path, e in entries.items() if e.mode not in (_LINK, _SUBMODULE)}

    def paths(self) -> list[str]:
        """See :class:`Tree`."""
        return sorted(self._files)

    def read(self, path: str) -> bytes | None:
        """See :class:`Tree`."""
        identity = self._files.get(path)
        return None if identity is None else self._repository.read(identity)[1]


class WorkTree:
    """The files of the working tree that Git tracks, or would with ``git add --all``."""

    def __init__(self, repository: Repository) -> None:
        self._root = repository.root
        out = repository.run("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
        names = (name.decode("utf-8", "surrogateescape") for name in out.split(b"\0")[:-1])
        self._paths = {name for name in names if self._is_file(self._root / name)}

    def paths(self) -> list[str]:
        """See :class:`Tree`."""
        return sorted(self._paths)

    def read(self, path: str) -> bytes | None:
        """See :class:`Tree`."""
        file = self._root / path
        return file.read_bytes() if path in self._paths and self._is_file(file) else None

    @staticmethod
    def _is_file(file: Path) -> bool:
        return file.is_file() and not file.is_symlink()


def project_of(tree: Tree) -> Project:
    """Read the DVC files of a tree.

    Raises:
        Usage: if there are none, or one of them does not parse; with file and line.
    """
    parsed: dict[str, Any] = {}
    for path in tree.paths():
        name = path.rpartition("/")[2]
        if name in ("dvc.yaml", "dvc.lock") or (name.endswith(".dvc") and name != ".dvc"):
            try:
                parsed[path] = yamltext.load(tree.read(path) or b"", where=path, tolerant=True).value or {}
            except Malformed as error:
                raise Usage(
                    "a DVC file does not parse", why=str(error), fix="restore it from Git, or run 'dvc repro'"
                ) from error
    if not parsed:
        raise Usage(
            "there is no dvc.yaml here", why="govkit governs models of DVC pipelines", fix="run 'dvc init' and add one"
        )
    return read_project(parsed)
