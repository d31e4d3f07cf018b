"""Where the bytes of a dependency or output lie: in Git, under DVC, or outside of the repository."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from govkit.core.lineage import LockItem, Project, Stage
from govkit.core.paths import PathSet


def is_outside(path: str) -> bool:
    """Tell whether a path leads out of the repository."""
    return "://" in path or path.startswith(("/", "../"))


def kind(project: Project, dep: LockItem) -> Literal["external", "output", "data", "code"]:
    """Return who has the bytes of a dependency: nobody here, a DVC stage, a ``.dvc`` file, or Git."""
    if is_outside(dep.path):
        return "external"
    if project.producer(dep.path) is not None:
        return "output"
    return "data" if project.data_file(dep.path) is not None else "code"


def is_data(project: Project, item: LockItem) -> bool:
    """Tell whether DVC is asked for the bytes of an item."""
    return kind(project, item) in ("output", "data")


def read_by(stages: Iterable[Stage]) -> Iterator[str]:
    """Yield the paths of all dependencies."""
    yield from (dep.path for stage in stages for dep in stage.deps)


def kept_in_git(stages: Iterable[Stage], listed: PathSet) -> set[str]:
    """Return the outputs that lie in Git: files, and folders that DVC was told not to keep."""
    outs = {out.path: out.path in stage.uncached for stage in stages for out in stage.outs}
    return {path for path, uncached in outs.items() if path in listed or (uncached and any(listed.inside(path)))}


def report_paths(project: Project, stage: Stage) -> set[str]:
    """Return a stage's metrics and plots, and its JSON outputs in Git, which may be a fairness report or profile.

    Weights are none, even if they are JSON and kept in Git.
    """
    kept = {out.path for out in stage.outs if out.path in stage.uncached and out.path.endswith(".json")}
    return project.reports(stage) | (kept - project.weights)
