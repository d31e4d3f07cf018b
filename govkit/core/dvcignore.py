"""Which files DVC leaves out of a folder: those that ``.dvcignore`` names, in the language of ``.gitignore``.

Matched without regular expressions: whoever can push can write patterns over which those think for ever.
The language: https://git-scm.com/docs/gitignore#_pattern_format.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from msgspec import Struct

from govkit.core.paths import folders, within

NAME: Final = ".dvcignore"
#: What DVC never looks into.
_NEVER: Final = frozenset((".git", ".hg", ".dvc"))
#: Steps of matching that one set of files may take.
_MAX_STEPS: Final = 5_000_000


_Fits = Callable[[str], bool]


class TooMuch(Exception):
    """Patterns that would take too long."""


class _Pattern(Struct, frozen=True):
    folder: str
    parts: tuple[str, ...]
    only_folders: bool
    negated: bool


class DvcIgnore:
    """The rules of a tree.

    Args:
        files: the bytes of every ``.dvcignore`` by path.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._patterns = [
            pattern
            for path in sorted(files, key=lambda path: (path.count("/"), path))
            for line in files[path].decode("utf-8", "replace").splitlines()
            if (pattern := _read(posixpath.dirname(path), line)) is not None
        ]
        self._steps = 0
        self._known: dict[str, bool] = {}

    def kept(self, paths: Iterable[str], folder: str) -> list[str]:
        """Return the paths below ``folder`` that DVC looks at.

        Raises:
            TooMuch: if that would take too long.
        """
        inside = [path for path in paths if not _NEVER.intersection(path[len(folder) :].split("/"))]
        return [path for path in inside if not self._is_ignored(path)] if self._patterns else inside

    def _is_ignored(self, path: str) -> bool:
        return any(self._decide(place, is_folder=True) for place in folders(path)) or self._decide(
            path, is_folder=False
        )

    def _decide(self, path: str, *, is_folder: bool) -> bool:
        key = f"{path}/" if is_folder else path
        if key not in self._known:
            # The last pattern decides that fits this, or a folder that this lies in: so DVC reads a negated one, too.
            around = [(place, True) for place in folders(path)] + [(path, is_folder)]
            self._known[key] = next(
                (
                    not each.negated
                    for each in reversed(self._patterns)
                    if any(self._fits(each, place, folder) for place, folder in around)
                ),
                False,
            )
        return self._known[key]

    def _fits(self, pattern: _Pattern, path: str, is_folder: bool) -> bool:
        self._spend(1)
        if (pattern.only_folders and not is_folder) or (pattern.folder and not within(path, pattern.folder)):
            return False
        relative = path[len(pattern.folder) :].lstrip("/")
        return bool(relative) and self._parts(pattern.parts, tuple(relative.split("/")))

    def _parts(self, pattern: tuple[str, ...], names: tuple[str, ...]) -> bool:
        """Match part by part: the places that are reached so far stand in a set, so that nothing is tried twice."""
        reached = {0}
        for place, part in enumerate(pattern):
            self._spend(len(names) + 1)
            if part == "**":
                last = place == len(pattern) - 1
                reached = {end for start in reached for end in range(start + last, len(names) + 1)}
                continue
            reached = {start + 1 for start in reached if start < len(names) and self._name(part, names[start])}
        return len(names) in reached

    def _name(self, pattern: str, name: str) -> bool:
        reached = {0}
        place = 0
        while place < len(pattern) and reached:
            self._spend(len(reached) + 1)
            if pattern[place] == "*":
                reached = set(range(min(reached), len(name) + 1))
                place += 1
                continue
            length, fits = _letter(pattern, place)
            self._spend(length * len(reached))  # a set of letters is gone through for each
            reached = {start + 1 for start in reached if start < len(name) and fits(name[start])}
            place += length
        return place >= len(pattern) and len(name) in reached

    def _spend(self, steps: int) -> None:
        self._steps += steps
        if self._steps > _MAX_STEPS:
            raise TooMuch


def _letter(pattern: str, place: int) -> tuple[int, _Fits]:
    """Return how long the part of a pattern at a place is that stands for one letter, and which it stands for."""
    sign = pattern[place]
    if sign == "?":
        return 1, lambda _: True
    if sign == "\\" and place + 1 < len(pattern):
        return 2, pattern[place + 1].__eq__
    end = pattern.find("]", place + 2 + (pattern[place + 1 : place + 2] in ("!", "^"))) if sign == "[" else -1
    if end > 0:
        return end + 1 - place, _among(pattern[place + 1 : end])
    return 1, sign.__eq__


def _among(letters: str) -> _Fits:
    negated = letters[:1] in ("!", "^")
    letters = letters[negated:]
    found: list[tuple[str, str]] = []
    place = 0
    while place < len(letters):
        if letters[place + 1 : place + 2] == "-" and place + 2 < len(letters):
            found.append((letters[place], letters[place + 2]))
            place += 3
        else:
            found.append((letters[place], letters[place]))
            place += 1
    return lambda letter: any(low <= letter <= high for low, high in found) != negated


def _read(folder: str, line: str) -> _Pattern | None:
    text = line.strip()  # as DVC does, though Git leaves a space behind a backslash
    if not text or text.startswith("#"):
        return None
    negated = text.startswith("!")
    text = text[negated:]
    if text.startswith(("\\#", "\\!")):
        text = text[1:]
    only_folders = text.endswith("/")
    text = text.rstrip("/")
    anchored = "/" in text
    parts = tuple(part for part in text.split("/") if part)
    if not parts:
        return None
    return _Pattern(folder, parts if anchored else ("**", *parts), only_folders, negated)
