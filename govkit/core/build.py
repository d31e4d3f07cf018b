"""The card's builder, ``govkit.card/v1``: a pure function of a tree's files and of the bytes that DVC tracks.

First :func:`plan` says what is needed, then somebody with access gathers it, then :func:`build` makes the card.
No clock, user, host, version, stage, commit id or verdict goes in, so that anyone can make the card again.
This builder is frozen: a card that should look different is a new schema name with a builder of its own.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from govkit.core import agreement, canonical, digests, measures, modelfile, records
from govkit.core.card import SCHEMA, CardModel, CodeFile, DvcStage, Item, Lineage
from govkit.core.dvcignore import NAME as DVCIGNORE
from govkit.core.dvcignore import DvcIgnore
from govkit.core.errors import Malformed
from govkit.core.lineage import Findings, LockItem, Project, Stage
from govkit.core.paths import PathSet, within
from govkit.core.whereabouts import is_data, is_outside, kept_in_git, kind, read_by, report_paths

MAX_REPORT_BYTES = 8 * 1024 * 1024


class Plan(Struct, frozen=True):
    """What a card needs.

    Attributes:
        files: paths whose bytes are needed from the tree (code, parameters, statements, reports kept in Git).
        reports: outputs whose bytes are needed though DVC keeps them.
        items: DVC-tracked things whose SHA-256 is needed.
    """

    files: list[str]
    reports: list[LockItem]
    items: list[LockItem]


class Facts(Struct, frozen=True):
    """What was gathered for a plan.

    Attributes:
        paths: every path of the tree, sorted.
        contents: bytes by path, of files and reports; what could not be had is absent.
        sha256: SHA-256 by path of the items whose bytes were at hand or are claimed.
    """

    paths: list[str]
    contents: Mapping[str, bytes]
    sha256: Mapping[str, str | None]


def plan(project: Project, model: str, paths: Iterable[str]) -> Plan:
    """Say which bytes the card of ``model`` needs.

    Args:
        project: the tree's DVC files.
        model: the model's full name.
        paths: every path of the tree.

    Raises:
        Usage: if no ``dvc.yaml`` declares the model.
    """
    every = sorted(paths)
    stages = project.ancestry(model)
    told = {stage.key: report_paths(project, stage) for stage in stages}
    deps = {dep.path for stage in stages for dep in stage.deps if kind(project, dep) == "code"}
    listed = PathSet(every)
    kept = kept_in_git(stages, listed)
    files = {path for dep in deps for path in listed.inside(dep)}
    files |= {file for stage in stages for file in stage.params}
    files |= {path for paths in told.values() for path in paths}
    files |= {path for out in kept for path in listed.inside(out)}
    files |= {path for path in every if posixpath.basename(path) == DVCIGNORE}
    files.add(modelfile.path_of(model))
    # Folders of requirements and explicit data paths are only known from model.yaml: take what lies in the tree.
    reports = [out for stage in stages for out in stage.outs if out.path in told[stage.key]]
    # What a .dvc file tracks stands in the card as that file has it, whatever part of it a DVC stage read.
    tracked = [project.data_file(path) for path in (project.artifact(model).path, *read_by(stages))]
    data = {item.path: item for item in tracked if item is not None}
    files |= {path for path in data if path in listed}
    # What was written says more of it than what was read.
    both = [*(dep for stage in stages for dep in stage.deps), *(out for stage in stages for out in stage.outs)]
    made = {item.path: item for item in both if is_data(project, item)}
    items = {path: item for path, item in {**made, **data}.items() if path not in kept and path not in listed}
    return Plan(
        sorted(files), [out for out in reports if out.path not in listed], [items[key] for key in sorted(items)]
    )


def build(project: Project, model: str, facts: Facts, cells: measures.Cells = "numbers") -> bytes:
    """Make the card of a model.

    Args:
        project: the tree's DVC files.
        model: the model's full name.
        facts: what :func:`plan` and :func:`extra_files` asked for.
        cells: how cells of metrics in tables are taken; the first cards had them as text, of which no gate had any use.

    Returns:
        The canonical bytes of ``card.json``.

    Raises:
        Usage: if the model is not declared, or ``model.yaml`` cannot be read.
    """
    return _Builder(project, model, facts, cells).card()


class _Builder:
    """Makes one card; what it finds becomes the card's problems and gaps."""

    def __init__(self, project: Project, model: str, facts: Facts, cells: measures.Cells) -> None:
        self.found = Findings()
        self.project, self.model, self.facts, self.cells = project, model, facts, cells
        self.parsed: dict[str, Any] = {}
        self.listed = PathSet(facts.paths)
        self.ignore = DvcIgnore(
            {path: data for path, data in facts.contents.items() if posixpath.basename(path) == DVCIGNORE}
        )

    def card(self) -> bytes:
        artifact = self.project.artifact(self.model)
        self.statements, own = modelfile.read(self.model, self.facts.contents)
        self.stages = self.project.ancestry(self.model)
        self.kept = kept_in_git(self.stages, self.listed)
        self.weights = artifact.path
        for findings in (self.project, *(stage.findings for stage in self.stages)):
            self.found.problems += findings.problems
            self.found.gaps += findings.gaps
        self.found.gaps += self._not_run()
        code = self._code()
        reports = self._reports()
        weights = self._weights()
        data, outs = self._data()
        agreement.check_between_stages(self.found, self.project, self.stages)
        self._check_kept()
        # Before the lineage is written down: these find gaps, too.
        evaluation_data = [self._named_item(path) for path in sorted(set(self.statements.evaluation_data))]
        statements = self._with_requirements()
        lineage = Lineage(
            stages=[self._stage(stage) for stage in self.stages],
            code=code,
            data=data,
            outs=outs,
            params=self._params(),
            problems=sorted(set(self.found.problems)),
            gaps=sorted(set(self.found.gaps)),
        )
        card: dict[str, Any] = {
            "schema": SCHEMA,
            "model": CardModel(
                name=self.model, file=artifact.file, description=artifact.description, labels=artifact.labels
            ),
            "weights": weights,
            "lineage": lineage,
            "evaluation_data": evaluation_data,
            "statements": statements,
            **reports,
            **own,
        }
        return canonical.encode({key: _value(value) for key, value in card.items()})

    def _not_run(self) -> list[str]:
        """A DVC stage that has not run matters if it would write the weights, metrics or plots."""
        watched = PathSet([self.project.artifact(self.model).path, *self.project.metrics, *self.project.plots])
        return [
            f"DVC stage {label} has not run: dvc.lock does not have it"
            for label, outs in self.project.not_run.items()
            if any(any(watched.inside(out)) for out in outs)
        ]

    # -- code ---------------------------------------------------------------------------------------------------

    def _code(self) -> list[CodeFile]:
        found: dict[str, CodeFile] = {}
        for stage in self.stages:
            for dep in stage.deps:
                where = kind(self.project, dep)
                if where == "external":
                    self.found.gaps.append(_outside(dep.path))
                if where == "code":
                    contents = self._in_git(dep.path)
                    agreement.check_code(self.found, stage, dep, contents, self.ignore)
                    found |= {path: self._file(path) for path in contents}
        return [found[path] for path in sorted(found)]

    def _in_git(self, path: str) -> dict[str, bytes]:
        """Return the bytes in Git of a file, or of all in a folder, by path."""
        files = self.listed.inside(path)
        return {file: self.facts.contents[file] for file in files if file in self.facts.contents}

    def _file(self, path: str) -> CodeFile:
        content = self.facts.contents[path]
        return CodeFile(path=path, sha256=digests.sha256(content), size=len(content))

    def _params(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for stage in self.stages:
            for file, values in stage.params.items():
                agreement.check_params(self.found, stage, file, self.facts.contents.get(file), self._load)
                found.setdefault(file, {}).update(measures.plain(values))
        return found

    def _load(self, path: str, content: bytes) -> Any:
        if path not in self.parsed:
            try:
                self.parsed[path] = measures.load(path, content, params=True)
            except Malformed as error:
                self.parsed[path] = error
        found = self.parsed[path]
        if isinstance(found, Malformed):
            raise found
        return found

    # -- data and weights ---------------------------------------------------------------------------------------

    def _weights(self) -> Item:
        producer = self.project.producer(self.weights)
        made = [out for out in producer.outs if out.path == self.weights] if producer else []
        tracked = self.project.data_file(self.weights)
        lock_item = made[0] if made else tracked if tracked and tracked.path == self.weights else None
        if lock_item is not None:
            return self._item(lock_item)
        if self.weights in self.facts.contents:
            gap = f"the weights {self.weights} are kept in Git, so no DVC stage says how they were made"
            self.found.gaps.append(gap)
        else:
            self.found.gaps.append(f"the weights {self.weights} are no output of a DVC stage and not tracked by DVC")
        return self._named_item(self.weights)

    def _data(self) -> tuple[list[Item], list[Item]]:
        """Return data snapshots and the other outputs.

        Snapshots are what ``model.yaml`` names; else what ``.dvc`` files track and what the first DVC stages of the
        graph (those that read no other's output) write, reports and weights apart.
        """
        reports = {path for stage in self.stages for path in report_paths(self.project, stage)}
        outs = {
            out.path: out for stage in self.stages for out in stage.outs if out.path not in reports | {self.weights}
        }
        tracked = {
            item.path: item
            for stage in self.stages
            for dep in stage.deps
            if (item := self.project.data_file(dep.path)) is not None
        }
        if self.statements.data:
            snapshots = set(self.statements.data)
        else:
            first = [s for s in self.stages if not any(self.project.producer(dep.path) for dep in s.deps)]
            snapshots = set(tracked) | ({out.path for s in first for out in s.outs} & outs.keys())
        data = [self._named_item(path) for path in sorted(snapshots)]
        rest = [self._item(item) for path, item in sorted({**outs, **tracked}.items()) if path not in snapshots]
        return data, rest

    def _named_item(self, path: str) -> Item:
        """Return what a path names: an output, tracked data, or a file in Git; else a gap."""
        candidates = [out for stage in self.project.stages for out in stage.outs if out.path == path]
        candidates += [item for where, item in self.project.tracked.items() if where == path]
        if candidates:
            return self._item(candidates[0])
        content = self.facts.contents.get(path)
        if content is None:
            self.found.gaps.append(f"{path} is neither in Git nor in DVC")
            return Item(path=path, md5=None, sha256=None, size=None)
        return Item(path=path, md5=None, sha256=digests.sha256(content), size=len(content), source="git")

    def _item(self, item: LockItem) -> Item:
        sha256, source = self.facts.sha256.get(item.path), item.source
        if sha256 is None and (item.path in self.kept or item.path in self.facts.contents):
            sha256, source = self._digest(item, self._in_git(item.path)), source or "git"
        if is_outside(item.path):
            self.found.gaps.append(_outside(item.path))
        elif sha256 is None:
            self.found.gaps.append(f"the bytes of {item.path} were not at hand, so their SHA-256 is unknown")
        return Item(path=item.path, md5=item.md5, sha256=sha256, size=item.size, files=item.files, source=source)

    def _digest(self, item: LockItem, kept: dict[str, bytes]) -> str:
        """Return the SHA-256 of a file or folder in Git, as :mod:`govkit.core.digests` has it."""
        if item.path in kept:
            return digests.sha256(kept[item.path])
        return digests.directory(
            {"path": path[len(item.path) + 1 :], "sha256": digests.sha256(data), "size": len(data)}
            for path, data in kept.items()
        )

    def _check_kept(self) -> None:
        """Hold outputs and data that lie in Git, reports apart, against what ``dvc.lock`` and ``.dvc`` files have."""
        for path in sorted(set(read_by(self.stages)) & self.facts.contents.keys()):
            tracked = self.project.data_file(path)
            if tracked is not None and tracked.path == path:
                agreement.check_tracked(self.found, tracked, self.facts.contents[path])
        for stage in self.stages:
            told = report_paths(self.project, stage)
            for out in stage.outs:
                if out.path in self.kept and out.path not in told:
                    agreement.check_output(self.found, stage, out, self._in_git(out.path), self.ignore)

    # -- reports ------------------------------------------------------------------------------------------------

    def _reports(self) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {key: [] for key in ("metrics", "fairness", "plots", "profiles", "reports")}
        for stage in self.stages:
            told = report_paths(self.project, stage)
            for out in stage.outs:
                if out.path in told:
                    self._read_report(stage, out, found)
        for entries in found.values():
            entries.sort(key=lambda entry: (entry.path, getattr(entry, "name", "")))
        return found

    def _read_report(self, stage: Stage, out: LockItem, found: dict[str, list[Any]]) -> None:
        content = self.facts.contents.get(out.path)
        if content is None:
            self.found.gaps.append(f"the bytes of {out.path} were not at hand")
            return
        agreement.check_report(self.found, stage, out, content)
        found["reports"].append(self._file(out.path))
        if not measures.is_report(out.path):
            return
        if len(content) > MAX_REPORT_BYTES:
            self.found.gaps.append(f"{out.path} is too large to be read as a report")
            return
        try:
            self._sort_report(stage, out.path, measures.load(out.path, content), found)
        except Malformed as error:
            self.found.problems.append(str(error))

    def _sort_report(self, stage: Stage, path: str, content: Any, found: dict[str, list[Any]]) -> None:
        schema = content.get("schema") if isinstance(content, Mapping) else None
        plots = {**self.project.plots, **stage.plots}
        if schema == measures.FAIRNESS:
            found["fairness"].append(measures.fairness(path, content))
        elif schema == measures.PROFILE:
            found["profiles"].append(measures.profile(path, content))
        elif any(within(path, plot) for plot in plots):
            props = next(plots[plot] for plot in plots if within(path, plot))
            found["plots"].append(measures.plot(path, content, props))
        elif any(within(path, metric) for metric in self.project.metrics | stage.metrics):
            found["metrics"] += measures.metrics(path, content, self.cells)

    # -- the rest -----------------------------------------------------------------------------------------------

    def _stage(self, stage: Stage) -> DvcStage:
        return DvcStage(
            name=stage.name,
            file=stage.file,
            cmd=stage.cmd,
            deps=sorted(dep.path for dep in stage.deps),
            outs=sorted(out.path for out in stage.outs),
            params={file: sorted(values) for file, values in sorted(stage.params.items())},
        )

    def _with_requirements(self) -> dict[str, Any]:
        value: dict[str, Any] = records.to_value(self.statements)
        path = self.statements.contract.requirements
        content = self.facts.contents.get(path) if path else None
        if path and content is None:
            self.found.gaps.append(f"{path}, the requirements of the contract, is not in Git")
        value["contract"]["requirements_sha256"] = None if content is None else digests.sha256(content)
        return value


def _value(value: Any) -> Any:
    if isinstance(value, list):
        return [_value(item) for item in value]
    return records.to_value(value) if isinstance(value, records.Record) else value


def _outside(path: str) -> str:
    return f"{path} lies outside the repository: its bytes are not under Git or DVC"
