"""Asking a set of paths which of them lie in a folder, or around a path, without looking at each of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Final

#: Longer paths are nowhere: Linux opens none, and each of a path's parts is looked up.
MAX_LENGTH: Final = 4096


def within(path: str, folder: str) -> bool:
    """Tell whether a path is a folder or lies in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def folders(path: str) -> Iterator[str]:
    """Yield the folders that a path lies in, the outermost first."""
    place = path.find("/") if len(path) <= MAX_LENGTH else -1
    while place >= 0:
        yield path[:place]
        place = path.find("/", place + 1)


class PathSet:
    """A set of paths that do not change."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._sorted = sorted(set(paths))
        self._all = frozenset(self._sorted)

    def __contains__(self, path: str) -> bool:
        return path in self._all

    def inside(self, folder: str) -> Iterator[str]:
        """Yield the paths that are a folder or lie in it, sorted."""
        if folder in self._all:
            yield folder
        start = folder.rstrip("/") + "/"
        for place in range(bisect_left(self._sorted, start), len(self._sorted)):
            path = self._sorted[place]
            if not path.startswith(start):
                return
            if path != folder:
                yield path
