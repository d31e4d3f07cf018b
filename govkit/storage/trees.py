"""The files of a repository as they are in a commit, or as they lie in the working tree."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from govkit.core import dvcignore, limits, yamltext
from govkit.core.dvcfiles import read_project
from govkit.core.errors import Malformed, Usage
from govkit.core.lineage import Project
from govkit.storage.git import Repository

_LINK, _SUBMODULE = "120000", "160000"


class Tree(Protocol):
    """Files by POSIX path from the top of the repository."""

    def paths(self) -> list[str]:
        """Return every path, sorted; symbolic links and submodules left out."""

    def size(self, path: str) -> int | None:
        """Return a file's size in bytes, without reading it; None if there is no such file."""

    def read(self, path: str, *, limit: int) -> bytes | None:
        """Return a file's bytes, or None if there is no such file.

        Args:
            path: the file.
            limit: the largest size in bytes of a file of its kind (:mod:`govkit.core.limits`).

        Raises:
            Usage: if it is larger; nothing is read then.
        """


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

    def size(self, path: str) -> int | None:
        """See :class:`Tree`."""
        identity = self._files.get(path)
        return None if identity is None else self._repository.size(identity)

    def read(self, path: str, *, limit: int) -> bytes | None:
        """See :class:`Tree`."""
        size = self.size(path)
        if size is None:
            return None
        _refuse_larger(path, size, limit)
        return self._repository.read(self._files[path])[1]


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

    def size(self, path: str) -> int | None:
        """See :class:`Tree`."""
        file = self._root / path
        return file.stat().st_size if path in self._paths and self._is_file(file) else None

    def read(self, path: str, *, limit: int) -> bytes | None:
        """See :class:`Tree`."""
        size = self.size(path)
        if size is None:
            return None
        _refuse_larger(path, size, limit)
        return (self._root / path).read_bytes()

    @staticmethod
    def _is_file(file: Path) -> bool:
        return file.is_file() and not file.is_symlink()


def _refuse_larger(path: str, size: int, limit: int) -> None:
    if size > limit:
        raise Usage(
            f"{path} is too large to be read",
            why=f"it has {size:,} bytes, and a file of its kind at most {limit:,}",
            fix="find out who made it so large; data and weights belong under DVC",
        )


def project_of(tree: Tree) -> Project:
    """Read the DVC files of a tree.

    Raises:
        Usage: if there are none, they are too many or too large, or one does not parse; with file and line.
    """
    every = tree.paths()
    paths = _seen_by_dvc(tree, every, [path for path in every if _is_dvc_file(path.rpartition("/")[2])])
    together = 0 if len(paths) > limits.DVC_FILE_COUNT else sum(tree.size(path) or 0 for path in paths)
    if len(paths) > limits.DVC_FILE_COUNT or together > limits.DVC_FILES:
        most = f"{limits.DVC_FILE_COUNT:,} files and {limits.DVC_FILES:,} bytes are allowed"
        raise Usage(
            "the DVC files here are too many or too large to be read",
            why=f"{len(paths):,} files{f' of {together:,} bytes' if together else ''}; {most}",
            fix="track folders instead of single files, or split the repository",
        )
    parsed: dict[str, Any] = {}
    for path in paths:
        try:
            content = tree.read(path, limit=limits.GENERATED) or b""
            parsed[path] = yamltext.load(content, where=path, dvc=True).value or {}
        except Malformed as error:
            raise Usage(
                "a DVC file does not parse", why=str(error), fix="restore it from Git, or run 'dvc repro'"
            ) from error
    if not parsed:
        raise Usage(
            "there is no dvc.yaml here", why="govkit governs models of DVC pipelines", fix="run 'dvc init' and add one"
        )

    def values(path: str) -> bytes | None:
        """Return a file from which templates take values; not one that is too large, which is then a gap."""
        return tree.read(path, limit=limits.GENERATED) if (tree.size(path) or 0) <= limits.GENERATED else None

    return read_project(parsed, values)


def _seen_by_dvc(tree: Tree, every: list[str], paths: list[str]) -> list[str]:
    """Leave out the DVC files that ``.dvcignore`` names, as DVC does: examples and templates of such files, mostly."""
    rules = [path for path in every if path.rpartition("/")[2] == dvcignore.NAME]
    ignore = dvcignore.DvcIgnore({path: tree.read(path, limit=limits.CONFIG) or b"" for path in rules})
    try:
        return ignore.kept(paths, "")
    except dvcignore.TooMuch as error:
        raise Usage(
            "the files .dvcignore here cannot be worked out",
            why=f"their patterns would take too long on {len(paths):,} DVC files",
            fix="write fewer or shorter patterns",
        ) from error


def _is_dvc_file(name: str) -> bool:
    return name in ("dvc.yaml", "dvc.lock") or (name.endswith(".dvc") and name != ".dvc")
