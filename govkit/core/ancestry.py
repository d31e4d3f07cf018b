"""Which DVC stage writes a path and which read it, looked up instead of searched for.

Whoever writes ``dvc.lock`` can name tens of thousands of files in it, each of which is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from govkit.core.paths import folders, within

if TYPE_CHECKING:
    from govkit.core.lineage import LockItem, Stage

Key = tuple[str, str]


class Ancestry:
    """What DVC stages and ``.dvc`` files write; they do not change any more once they are here."""

    def __init__(self, stages: Iterable[Stage], tracked: Mapping[str, LockItem]) -> None:
        self._stages = list(stages)
        self._tracked = tracked
        self._exact: dict[str, int] = {}
        self._folders: dict[str, int] = {}
        self._outs: dict[Key, dict[str, list[LockItem]]] = {}
        for place, stage in enumerate(self._stages):
            outs = self._outs.setdefault(stage.key, {})
            for out in stage.outs:
                self._exact.setdefault(out.path, place)
                self._folders.setdefault(out.path.rstrip("/"), place)
                outs.setdefault(out.path, []).append(out)
        self._data: dict[str, str] = {}
        for path in sorted(tracked):
            self._data.setdefault(path.rstrip("/"), path)
        self._before: dict[Key, list[Stage]] = {}
        for stage in self._stages:
            makers = {maker.key: maker for path in stage.reads if (maker := self.producer(path))}
            self._before[stage.key] = [makers[key] for key in sorted(makers)]

    def producer(self, path: str) -> Stage | None:
        """Return the DVC stage whose output ``path`` is, or lies in; the first of several."""
        places = [self._folders[folder] for folder in folders(path) if folder in self._folders]
        places += [self._exact[path]] if path in self._exact else []
        return self._stages[min(places)] if places else None

    def written(self, path: str) -> list[LockItem]:
        """Return the outputs with exactly this path; a lock file that somebody wrote can have more than one."""
        producer = self.producer(path)
        return self._outs[producer.key].get(path, []) if producer else []

    def data_file(self, path: str) -> LockItem | None:
        """Return the ``.dvc``-tracked item that ``path`` is, or lies in; the outermost of several."""
        found = [self._data[folder] for folder in folders(path) if folder in self._data]
        found += [path] if path in self._tracked else []
        return self._tracked[min(found)] if found else None

    def closure(self, start: Iterable[Stage]) -> dict[Key, Stage]:
        """Return DVC stages and all that they descend from."""
        found: dict[Key, Stage] = {}
        waiting = list(start)
        while waiting:
            stage = waiting.pop()
            if stage.key not in found:
                found[stage.key] = stage
                waiting += self._before[stage.key]
        return found

    def readers(self, weights: str) -> set[Key]:
        """Return the DVC stages that read a path, or what was made from it."""
        after: dict[Key, list[Key]] = {}
        for key, makers in self._before.items():
            for maker in makers:
                after.setdefault(maker.key, []).append(key)
        found: set[Key] = set()
        waiting = [
            stage.key
            for stage in self._stages
            if any(within(path, weights) or within(weights, path) for path in stage.reads)
        ]
        while waiting:
            key = waiting.pop()
            if key not in found:
                found.add(key)
                waiting += after.get(key, [])
        return found
