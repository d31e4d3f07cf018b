"""The folder of a site: what was made there before, and writing and removing nothing but that.

``.govkit-site.json`` (``govkit.site/v1``) says what each page was made of and which bytes it had. Whoever can write to
the folder can write to that file, too: so it is believed only where that does no harm. A path in it counts only if a
page of a site can have it, nothing is written or removed behind a symbolic link, and what does not begin as govkit's
pages do is neither replaced nor removed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from govkit.core import digests, limits
from govkit.core.errors import Refused, Usage
from govkit.core.records import Digest, Record
from govkit.storage import files
from govkit.web import paths

SCHEMA: Final = "govkit.site/v1"
MANIFEST = ".govkit-site.json"
#: What is in the first bytes of all of govkit's pages: see :func:`govkit.cards.render.csp`.
_MARK, _MARK_WITHIN = b"default-src &#39;none&#39;; style-src &#39;sha256-", 1000


class Page(Record, frozen=True):
    """A page: the digest of all that it is made of, and of its bytes; both null as long as it is in the making."""

    inputs: Digest | None = None
    sha256: Digest | None = None


class Manifest(Record, frozen=True):
    """``.govkit-site.json``.

    Attributes:
        root: the root of trust of the log whose registry this is.
        pages: what was made, by path.
    """

    schema: Literal["govkit.site/v1"]
    root: Digest
    pages: dict[Annotated[str, msgspec.Meta(max_length=300)], Page]


class Folder:
    """A folder that holds a site, or will.

    Args:
        path: the folder.
        root: the root of trust of the log.

    Raises:
        Usage: if it is no folder, holds something else than a site, or the site of another log.
    """

    def __init__(self, path: Path, root: str) -> None:
        self.path = path.resolve()
        self.root = root
        self._seen: set[Path] = set()
        self.before: dict[str, Page] = self._load()

    def _load(self) -> dict[str, Page]:
        if not self.path.exists():
            return {}
        if not self.path.is_dir():
            raise Usage(f"{self.path} is no folder", fix="name a folder with -o")
        file = self.path / MANIFEST
        if file.is_symlink() or not file.is_file():
            if any(self.path.iterdir()):
                raise Usage(
                    f"{self.path} is not empty, and no site of govkit's",
                    why=f"it has no {MANIFEST}, so what is there is somebody else's",
                    fix="name an empty folder, or one that does not exist",
                )
            return {}
        found = self._parse(file)
        if found.root != self.root:
            raise Usage(
                f"{self.path} holds the site of another log",
                why=f"its root of trust is {found.root}, this log's is {self.root}",
                fix="name another folder",
            )
        return {path: page for path, page in found.pages.items() if paths.is_page(path)}

    def _parse(self, file: Path) -> Manifest:
        try:
            if file.stat().st_size > limits.MIB * 64:
                raise ValueError("it is too large")
            return msgspec.convert(json.loads(file.read_bytes()), Manifest)
        except (ValueError, RecursionError, msgspec.ValidationError) as error:
            raise Usage(
                f"{file} is not the record that it should be",
                why=str(error),
                fix="remove the folder, and build it anew",
            ) from error

    def check(self, planned: Iterable[str]) -> None:
        """Make sure that every page can be put where it belongs, before any is.

        Raises:
            Usage: if there is something at its place that no site made.
            Refused: if a symbolic link leads somewhere else.
        """
        for path in planned:
            target = self._place(path)
            there = target.is_symlink() or target.exists()
            if there and not (path in self.before and self._is_ours(target)):
                raise Usage(
                    f"{target} is in the way",
                    why="a page belongs there, and no site of govkit's made what is there now",
                    fix="move it away, or name an empty folder",
                )

    def holds(self, path: str, inputs: str) -> bool:
        """Tell whether a page is there that was made of the same, and is still as it was written."""
        known = self.before.get(path)
        if known is None or known.sha256 is None or known.inputs != inputs:
            return False
        return self._digest(path) == known.sha256

    def write(self, path: str, content: bytes) -> tuple[str, bool]:
        """Write a page, if it is not there with the same bytes; return its digest and whether it was written.

        Raises:
            Refused: if a symbolic link leads somewhere else.
        """
        digest = digests.sha256(content)
        if self._digest(path) == digest:
            return digest, False
        files.write(self._place(path), content)
        return digest, True

    def remove(self, path: str) -> bool:
        """Remove a page of a former build, if it is as that wrote it; return whether it is gone."""
        known, target = self.before[path], self.path / path
        if known.sha256 is None or self._digest(path) != known.sha256 or not self._is_ours(target):
            return not target.exists()
        target.unlink()
        parent = target.parent
        if parent != self.path and not any(parent.iterdir()):
            parent.rmdir()
        return True

    def save(self, pages: Mapping[str, Page]) -> None:
        """Write the manifest, if it changed."""
        made = Manifest(schema=SCHEMA, root=self.root, pages=dict(sorted(pages.items())))
        content = json.dumps(msgspec.to_builtins(made), indent=0).encode() + b"\n"
        target = self._place(MANIFEST)
        if target.is_symlink() or not target.is_file() or target.read_bytes() != content:
            files.write(target, content)

    def _place(self, path: str) -> Path:
        """Return where a page lies; each folder is looked at once.

        Raises:
            Refused: if a symbolic link leads somewhere else.
        """
        target = self.path / path
        if target.parent not in self._seen:
            files.place(self.path, path)
            self._seen.add(target.parent)
        return target

    def _digest(self, path: str) -> str | None:
        """Return the digest of a page's bytes; None if it is no plain file, or lies behind a symbolic link."""
        try:
            target = self._place(path)
            if target.is_symlink() or not target.is_file():
                return None
            return digests.sha256(target.read_bytes())
        except (OSError, Refused):
            return None

    def _is_ours(self, target: Path) -> bool:
        """Tell whether a file begins as govkit's pages do."""
        if target.is_symlink() or not target.is_file():
            return False
        with target.open("rb") as file:
            return _MARK in file.read(_MARK_WITHIN)
