"""Lineage: which DVC stages, code, data and parameters a model, its metrics and its plots descend from.

Of one tree (a commit or a working tree), whose DVC files :mod:`govkit.core.dvcfiles` reads.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct, field

from govkit.core.ancestry import Ancestry
from govkit.core.errors import Usage
from govkit.core.names import folder_of
from govkit.core.paths import PathSet, within

# DVC 2 wrote no 'hash' key and digested text with CRLF read as LF.
OLD_HASH = "md5-dos2unix"


class LockItem(Struct, frozen=True):
    """A dependency or output as ``dvc.lock`` or a ``.dvc`` file has it; the path is from the top of the repository."""

    path: str
    md5: str | None
    size: int | None
    files: int | None
    hash: str
    source: str = ""

    @property
    def is_directory(self) -> bool:
        """Whether DVC recorded a directory."""
        return self.md5 is not None and self.md5.endswith(".dir")


class Findings(Struct):
    """What is wrong with DVC files: contradictions, and what cannot be known."""

    problems: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)


class Stage(Struct, frozen=True):
    """A DVC stage of the lock file, with what ``dvc.yaml`` adds.

    Attributes:
        params: values by parameter file and name.
        whole: parameter files all of which it depends on.
        uncached: outputs that are kept in Git (``cache: false``).
        metrics: outputs that are DVC metrics.
        plots: outputs that are DVC plots, with their properties.
        reads: paths that it read, or is declared to read.
        findings: what is wrong with its entries.
    """

    name: str
    file: str
    cmd: list[str]
    deps: list[LockItem]
    outs: list[LockItem]
    params: dict[str, dict[str, Any]]
    whole: frozenset[str] = frozenset()
    uncached: frozenset[str] = frozenset()
    metrics: frozenset[str] = frozenset()
    plots: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    reads: frozenset[str] = frozenset()
    findings: Findings = field(default_factory=Findings)

    @property
    def key(self) -> tuple[str, str]:
        """What tells stages apart: file and name."""
        return self.file, self.name


class Artifact(Struct, frozen=True):
    """An entry of type ``model`` under ``artifacts:``."""

    name: str
    file: str
    path: str
    description: str
    labels: list[str]


class Project(Findings, dict=True):
    """All DVC stages, tracked data and models of one tree, and what is wrong with their files.

    Its own findings concern every model; those of a DVC stage only what descends from it.
    """

    stages: list[Stage] = field(default_factory=list)
    tracked: dict[str, LockItem] = field(default_factory=dict)
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    metrics: set[str] = field(default_factory=set)
    plots: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    not_run: dict[str, set[str]] = field(default_factory=dict)
    declared: dict[str, set[str]] = field(default_factory=dict)
    unusable: dict[str, str] = field(default_factory=dict)

    def artifact(self, model: str) -> Artifact:
        """Return a model's declaration.

        Raises:
            Usage: if no ``dvc.yaml`` declares it; names those that are declared.
        """
        if model in self.artifacts:
            return self.artifacts[model]
        known = f"models declared under artifacts: {', '.join(sorted(self.artifacts)) or 'none'}"
        raise Usage(
            f"no model '{model}' in this repository",
            why=self.unusable.get(model, known),
            fix="add it under 'artifacts:' in dvc.yaml with 'type: model' and 'path:', or run 'govkit init'",
        )

    def producer(self, path: str) -> Stage | None:
        """Return the DVC stage whose output ``path`` is, or lies in."""
        return self._ancestry.producer(path)

    def written(self, path: str) -> list[LockItem]:
        """Return the outputs with exactly this path, as ``dvc.lock`` has them; it should have one at most."""
        return self._ancestry.written(path)

    def recorded(self, path: str) -> LockItem | None:
        """Return the output with exactly this path, as ``dvc.lock`` has it."""
        return next(iter(self.written(path)), None)

    def data_file(self, path: str) -> LockItem | None:
        """Return the ``.dvc``-tracked item that ``path`` is, or lies in."""
        return self._ancestry.data_file(path)

    def ancestry(self, model: str) -> list[Stage]:
        """Return the DVC stages that a model's weights, metrics and plots descend from, by file and name.

        Metrics and plots count if their DVC stage reads the weights, directly or not, or helps to make them.
        The hook's own DVC stage never counts: nothing of the model descends from it.
        """
        weights = self.artifact(model).path
        makers = (stage for stage in self.stages if any(within(weights, out.path) for out in stage.outs))
        made_by = self._ancestry.closure(makers)
        telling = [stage for stage in self.stages if self.reports(stage) or stage.metrics or stage.plots]
        reading = self._ancestry.readers(weights)
        reporting = [stage for stage in telling if stage.key in reading]
        found = {**made_by, **self._ancestry.closure(reporting)}
        return [found[key] for key in sorted(found)]

    def touched(self, model: str) -> set[str]:
        """Return every path that the card of a model tells of: what its DVC stages read and write, and parameters.

        Before the pipeline has run, the lock file does not say; then what ``dvc.yaml`` declares counts.
        """
        if not self.stages:
            return {path for paths in self.declared.values() for path in paths if "${" not in path}
        stages = self.ancestry(model)
        items = {item.path for stage in stages for item in (*stage.deps, *stage.outs)}
        return {path for path in items | {file for stage in stages for file in stage.params} if "://" not in path}

    def reports(self, stage: Stage) -> set[str]:
        """Return the outputs of a DVC stage that are metrics or plots."""
        return set(self._reports[stage.key])

    @cached_property
    def weights(self) -> frozenset[str]:
        """The paths of all models' weights."""
        return frozenset(artifact.path for artifact in self.artifacts.values())

    # What was read does not change any more when it is asked, so each of these is made once.

    @cached_property
    def _ancestry(self) -> Ancestry:
        return Ancestry(self.stages, self.tracked)

    @cached_property
    def _reports(self) -> dict[tuple[str, str], set[str]]:
        told, found = PathSet([*self.metrics, *self.plots]), {}
        for stage in self.stages:
            known = (told, PathSet([*stage.metrics, *stage.plots]))
            found[stage.key] = {out.path for out in stage.outs if any(any(each.inside(out.path)) for each in known)}
        return found


def governance_folder(model: str) -> str:
    """Return the folder of a model's governance files: beside its ``dvc.yaml``."""
    folder, name = folder_of(model)
    return posixpath.join(folder, "governance", name)
