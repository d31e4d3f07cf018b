"""Lineage: which DVC stages, code, data and parameters a model, its metrics and its plots descend from.

Works on the parsed ``dvc.yaml``, ``dvc.lock`` and ``.dvc`` files of one tree (a commit or a working tree).
DVC's own formats: https://dvc.org/doc/user-guide/project-structure.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from govkit.core import limits
from govkit.core.ancestry import Ancestry
from govkit.core.errors import Usage
from govkit.core.names import folder_of, is_model
from govkit.core.paths import PathSet, within

# DVC 2 wrote no 'hash' key and digested text with CRLF read as LF.
OLD_HASH = "md5-dos2unix"


@dataclass(frozen=True)
class LockItem:
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


@dataclass
class Findings:
    """What is wrong with DVC files: contradictions, and what cannot be known."""

    problems: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Stage:
    """A DVC stage of the lock file, with what ``dvc.yaml`` adds.

    Attributes:
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
    uncached: frozenset[str] = frozenset()
    metrics: frozenset[str] = frozenset()
    plots: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    reads: frozenset[str] = frozenset()
    findings: Findings = field(default_factory=Findings)

    @property
    def key(self) -> tuple[str, str]:
        """What tells stages apart: file and name."""
        return self.file, self.name


@dataclass(frozen=True)
class Artifact:
    """An entry of type ``model`` under ``artifacts:``."""

    name: str
    file: str
    path: str
    description: str
    labels: list[str]


@dataclass
class Project(Findings):
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
        own = PathSet([*stage.metrics, *stage.plots])
        return {out.path for out in stage.outs if any(any(declared.inside(out.path)) for declared in (self._told, own))}

    # What was read does not change any more when it is asked, so each of these is made once.

    @cached_property
    def _ancestry(self) -> Ancestry:
        return Ancestry(self.stages, self.tracked)

    @cached_property
    def _told(self) -> PathSet:
        return PathSet([*self.metrics, *self.plots])


def read_project(files: Mapping[str, Any]) -> Project:
    """Build a project from parsed files.

    Args:
        files: by path from the top of the repository, the parsed content of every ``dvc.yaml``, ``dvc.lock`` and
            ``*.dvc``; None for one that does not parse.
    """
    project = Project()
    for path, content in sorted(files.items()):
        if not isinstance(content, dict):
            project.problems.append(f"{path} is not a YAML mapping")
            continue
        if path.endswith(".dvc"):
            _read_dvc_file(project, path, content)
        elif posixpath.basename(path) == "dvc.yaml":
            lock_path = posixpath.join(posixpath.dirname(path), "dvc.lock")
            _read_dvc_yaml(project, path, content, files.get(lock_path, {}))
    return project


def _read_dvc_file(project: Project, path: str, content: dict[str, Any]) -> None:
    folder = posixpath.join(posixpath.dirname(path), str(content.get("wdir", "")))
    source = path
    for dep in _mappings(content.get("deps")):
        source = f"{path} ({dep.get('path', '')})" if dep.get("path") else path
    for out in _list(content.get("outs")):
        item = _item(out, folder, project, path, source=source)
        if item is not None:
            project.tracked[item.path] = item


def _read_dvc_yaml(project: Project, path: str, content: dict[str, Any], lock: Any) -> None:
    folder = posixpath.dirname(path)
    for name, entry in _mapping(content.get("artifacts")).items():
        _read_artifact(project, path, str(name), _mapping(entry))
    project.metrics |= {_join(folder, str(p)) for p in _list(content.get("metrics"))}
    project.plots.update(_declared(content.get("plots"), folder))
    stages = _mapping(content.get("stages"))
    if not isinstance(lock, dict):
        lock = {}
    locked = _mapping(lock.get("stages")) if str(lock.get("schema", "")).startswith("2") else lock
    entries = 0
    for name, entry in sorted(locked.items()):
        declared = _mapping(stages.get(str(name).partition("@")[0]))
        template = declared.get("do")
        sections = template if isinstance(template, dict) else declared
        entries += sum(len(_list(section)) for section in sections.values())
        if entries > limits.VALUES:  # one declaration can stand for any number of locked DVC stages
            project.problems.append(f"{path} and its lock have more DVC stages than can be read")
            break
        if name in stages or declared:
            project.stages.append(_read_stage(path, str(name), _mapping(entry), declared))
    for name, entry in stages.items():
        if isinstance(entry, dict) and name not in locked and not {"foreach", "matrix"} & entry.keys():
            outs = {out for key in ("outs", "metrics", "plots") for out in _declared(entry.get(key), folder)}
            project.not_run[f"'{name}' of {path}"] = outs
            project.declared[name] = outs | _declared_inputs(entry, folder)


def _declared_inputs(entry: dict[str, Any], folder: str) -> set[str]:
    """Return the paths that a DVC stage declares to read: dependencies and parameter files."""
    deps = {_join(folder, str(dep)) for dep in _list(entry.get("deps"))}
    params = _list(entry.get("params"))
    files = {str(file) for item in params if isinstance(item, dict) for file in item}
    if any(isinstance(item, str) for item in params):
        files.add("params.yaml")
    return deps | {_join(folder, file) for file in files}


def _read_artifact(project: Project, file: str, name: str, entry: dict[str, Any]) -> None:
    if entry.get("type") != "model" or not isinstance(entry.get("path"), str):
        return
    folder = posixpath.dirname(file)
    model = f"{folder}={name}" if folder else name
    labels = [str(label) for label in _list(entry.get("labels"))]
    path = _join(folder, entry["path"])
    problem = ""
    if path == ".." or path.startswith(("../", "/")):
        problem = f"artifact '{name}' of {file} lies outside the repository"
    elif not is_model(model):  # names become folders and tags
        problem = f"artifact '{name}' of {file} has a name that GTO, Git or a file system cannot hold"
    if problem:
        project.problems.append(problem)
        project.unusable[model] = problem
        return
    project.artifacts[model] = Artifact(model, file, path, str(entry.get("desc") or ""), labels)


def _read_stage(file: str, name: str, lock: dict[str, Any], declared: dict[str, Any]) -> Stage:
    findings = Findings()
    do = declared.get("do")
    declared = do if isinstance(do, dict) else declared
    where = f"DVC stage '{name}' of {file}"
    wdir = str(declared.get("wdir") or "")
    if "${" in wdir:
        findings.gaps.append(f"{where} has a templated wdir")
    folder = _join(posixpath.dirname(file), wdir)
    sections = {key: _declared(declared.get(key), folder) for key in ("deps", "outs", "metrics", "plots")}
    written = {path: props for key in ("outs", "metrics", "plots") for path, props in sections[key].items()}
    cmd = lock.get("cmd")
    commands = [str(line) for line in cmd] if isinstance(cmd, list) else [str(cmd or "")]
    deps = _items(lock.get("deps"), folder, findings, where)
    outs = _items(lock.get("outs"), folder, findings, where)
    _compare(findings, f"{where}: its command was", commands, _lines(declared.get("cmd")))
    _compare(findings, f"{where}: its deps were", sorted({dep.path for dep in deps}), sorted(sections["deps"]))
    _compare(findings, f"{where}: its outs were", sorted({out.path for out in outs}), sorted(written))
    params = _mapping(lock.get("params")).items()
    return Stage(
        name=name,
        file=file,
        cmd=commands,
        deps=deps,
        outs=outs,
        params={_join(folder, str(params_file)): _mapping(values) for params_file, values in params},
        uncached=frozenset(path for path, props in written.items() if props.get("cache") is False),
        metrics=frozenset(sections["metrics"]),
        plots=sections["plots"],
        reads=frozenset({dep.path for dep in deps} | set(sections["deps"])),
        findings=findings,
    )


def _lines(cmd: Any) -> list[str]:
    return [str(line) for line in cmd] if isinstance(cmd, list) else [str(cmd or "")]


def _compare(findings: Findings, what: str, locked: list[str], declared: list[str]) -> None:
    """What ``dvc.yaml`` declares must be what ran; templated texts cannot be compared here, which is a gap."""
    if "${" in "".join(declared):
        findings.gaps.append(f"{what} templated in dvc.yaml, and not compared with dvc.lock")
    elif locked != declared:
        findings.problems.append(f"{what} changed after it ran")


def _items(entries: Any, folder: str, findings: Findings, where: str) -> list[LockItem]:
    items = [_item(entry, folder, findings, where) for entry in _list(entries)]
    return [item for item in items if item is not None]


def _item(entry: Any, folder: str, findings: Findings, where: str, source: str = "") -> LockItem | None:
    path = _mapping(entry).get("path")
    if not isinstance(path, str) or not path:
        findings.problems.append(f"{where}: an entry without a path")
        return None
    md5 = entry.get("md5")
    size, files = entry.get("size"), entry.get("nfiles")
    item = LockItem(
        path=_join(folder, path),
        md5=md5 if isinstance(md5, str) else None,
        size=size if isinstance(size, int) and not isinstance(size, bool) else None,
        files=files if isinstance(files, int) and not isinstance(files, bool) else None,
        hash=str(entry.get("hash") or OLD_HASH),
        source=source,
    )
    if item.md5 is None:
        findings.gaps.append(f"{where}: {item.path} has no MD5")
    return item


def _declared(entries: Any, folder: str) -> dict[str, Mapping[str, Any]]:
    """Return paths with their properties from a list of ``outs``, ``metrics`` or ``plots``."""
    found: dict[str, Mapping[str, Any]] = {}
    for entry in _list(entries):
        pairs = entry.items() if isinstance(entry, dict) else [(entry, {})]
        for path, props in pairs:
            found[_join(folder, str(path))] = _mapping(props)
    return found


def _join(folder: str, path: str) -> str:
    return path if "://" in path else posixpath.normpath(posixpath.join(folder, path))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in _list(value) if isinstance(entry, dict)]


def governance_folder(model: str) -> str:
    """Return the folder of a model's governance files: beside its ``dvc.yaml``."""
    folder, name = folder_of(model)
    return posixpath.join(folder, "governance", name)
