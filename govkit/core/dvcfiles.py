"""Reading a tree's ``dvc.yaml``, ``dvc.lock`` and ``.dvc`` files into a :class:`~govkit.core.lineage.Project`.

Everything that DVC 2 and 3 write is read; ``docs/reference/dvc-support.md`` says form by form what becomes of it.
What they do not say, or say in a way that is not understood here, is written down as a gap; what contradicts itself, as
a problem. The formats: https://dvc.org/doc/user-guide/project-structure.
"""

from __future__ import annotations

import contextlib
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from govkit.core import dvcmd5, limits
from govkit.core.lineage import OLD_HASH, Artifact, Findings, LockItem, Project, Stage
from govkit.core.names import is_model
from govkit.core.templates import DEFAULT, Budget, Templates
from govkit.core.templatetext import Unfilled

Read = Callable[[str], bytes | None]
Json = dict[str, Any]
_SECRET: Final = re.compile(r"(?<=://)[^/@\s]*@")


def read_project(files: Mapping[str, Any], read: Read = lambda _: None) -> Project:
    """Build a project from parsed files.

    Args:
        files: by path from the top of the repository, the parsed content of every ``dvc.yaml``, ``dvc.lock`` and
            ``*.dvc``; None for one that does not parse.
        read: returns the bytes of a file of the same tree, or None; templates take their values from such files.
    """
    project = Project()
    budget = Budget()
    for path, content in sorted(files.items()):
        if not isinstance(content, dict):
            project.problems.append(f"{path} is not a YAML mapping")
        elif path.endswith(".dvc"):
            _read_dvc_file(project, path, content)
        elif posixpath.basename(path) == "dvc.yaml":
            lock_path = posixpath.join(posixpath.dirname(path), "dvc.lock")
            _DvcYaml(project, path, content, files.get(lock_path, {}), read, budget).add()
    return project


# -- .dvc files -----------------------------------------------------------------------------------------------------


def _read_dvc_file(project: Project, path: str, content: Json) -> None:
    folder = _join(posixpath.dirname(path), str(content.get("wdir") or ""))
    if content.get("cmd"):
        project.stages.append(_single_stage(path, folder, content))
        return
    source = path
    for dep in _mappings(content.get("deps")):
        source = _origin(path, dep)
    for out in _list(content.get("outs")):
        item = _item(out, folder, project, path, source=source)
        if item is not None:
            project.tracked[item.path] = item


def _origin(path: str, dep: Json) -> str:
    """Return where a ``.dvc`` file brings its bytes in from; without the name and password that a URL can hold."""
    place = str(dep.get("path") or "")
    repo = _mapping(dep.get("repo"))
    if repo:
        place = f"{place} of {repo.get('url', '')} at {repo.get('rev_lock') or repo.get('rev') or 'no commit'}"
    elif isinstance(dep.get("db"), dict):
        place = "a database"
    return f"{path} ({_SECRET.sub('', place)})" if place else path


def _single_stage(path: str, folder: str, content: Json) -> Stage:
    """Return the DVC stage of a file that ``dvc run`` wrote before there was ``dvc.yaml``, and DVC 2 could still."""
    findings = Findings()
    where = f"DVC stage {path}"
    deps = [dep for dep in _mappings(content.get("deps")) if "params" not in dep]
    params = [dep for dep in _mappings(content.get("deps")) if "params" in dep]
    outs = _mappings(content.get("outs"))
    items = _items(outs, folder, findings, where)
    paths = {flag: _flagged(outs, folder, flag) for flag in ("metric", "plot")}
    read = _items(deps, folder, findings, where)
    return Stage(
        name=posixpath.basename(path),
        file=path,
        cmd=_lines(content["cmd"]),
        deps=read,
        outs=items,
        params={_join(folder, str(dep.get("path") or DEFAULT)): _mapping(dep["params"]) for dep in params},
        uncached=frozenset(_join(folder, str(out.get("path"))) for out in outs if out.get("cache") is False),
        metrics=frozenset(paths["metric"]),
        plots=paths["plot"],
        reads=frozenset(dep.path for dep in read),
        findings=findings,
    )


def _flagged(outs: list[Json], folder: str, flag: str) -> dict[str, Mapping[str, Any]]:
    return {_join(folder, str(out.get("path"))): _mapping(out[flag]) for out in outs if out.get(flag)}


# -- dvc.yaml and dvc.lock ------------------------------------------------------------------------------------------


class _DvcYaml:
    """Reads one ``dvc.yaml`` with its lock into a project."""

    def __init__(self, project: Project, path: str, content: Json, lock: Any, read: Read, budget: Budget) -> None:
        self._project, self._path, self._content = project, path, content
        self._folder = posixpath.dirname(path)
        lock = lock if isinstance(lock, dict) else {}
        self._locked = _mapping(lock.get("stages")) if str(lock.get("schema", "")).startswith("2") else lock
        self._stages = _mapping(content.get("stages"))
        self._templates = Templates(self._folder, content, read, budget)

    def add(self) -> None:
        """Put its models, metrics, plots and DVC stages into the project."""
        for name, entry in _mapping(self._content.get("artifacts")).items():
            self._artifact(str(name), _mapping(entry))
        self._project.metrics |= {_join(self._folder, str(path)) for path in _list(self._top("metrics"))}
        self._project.plots.update(_declared(self._top("plots"), self._folder))
        entries = 0
        for name, entry in sorted(self._locked.items()):
            declared, why = self._find(str(name))
            entries += sum(len(_list(section)) for section in (declared or {}).values())
            if entries > limits.VALUES:  # one declaration can stand for any number of locked DVC stages
                self._project.problems.append(f"{self._path} and its lock have more DVC stages than can be read")
                break
            if declared is not None:
                self._add_stage(str(name), _mapping(entry), declared, why)
        self._not_run()

    def _top(self, section: str) -> Any:
        """Return a section from outside of the DVC stages; a gap, and nothing, if its templates cannot be filled in."""
        try:
            return self._templates.top(self._content.get(section))
        except Unfilled as error:
            self._project.gaps.append(f"{self._path}: its {section} are templated: {error}")
            return None

    def _artifact(self, name: str, entry: Json) -> None:
        model = f"{self._folder}={name}" if self._folder else name
        try:
            name, entry = str(self._templates.top(name)), _mapping(self._templates.top(entry))
        except Unfilled as error:
            self._project.unusable[model] = f"artifact '{name}' of {self._path} is templated: {error}"
            return
        if entry.get("type") == "model" and isinstance(entry.get("path"), str):
            _read_artifact(self._project, self._path, name, entry)

    def _find(self, name: str) -> tuple[Json | None, str]:
        """Return what is declared of a locked DVC stage, and why its templates could not be filled in.

        None for one that nothing declares any more: DVC leaves such entries in the lock file.
        """
        group = name if name in self._stages else name.rpartition("@")[0]
        template = _mapping(self._stages.get(group))
        do = template.get("do")
        template = do if isinstance(do, dict) else template
        if group in self._templates.unknown:
            return template, self._templates.unknown[group]
        try:
            return self._templates.stage(name), ""
        except KeyError:
            return ({} if name in self._stages and not {"foreach", "matrix"} & template.keys() else None), ""
        except Unfilled as error:
            return template, str(error)

    def _add_stage(self, name: str, lock: Json, declared: Json, why: str) -> None:
        findings = Findings()
        where = f"DVC stage '{name}' of {self._path}"
        folder = _join(self._folder, str(declared.get("wdir") or ""))
        sections = {key: _declared(declared.get(key), folder) for key in ("deps", "outs", "metrics", "plots")}
        written = {path: props for key in ("outs", "metrics", "plots") for path, props in sections[key].items()}
        deps = _items(lock.get("deps"), folder, findings, where)
        outs = _items(lock.get("outs"), folder, findings, where)
        params = {_join(folder, str(file)): _mapping(values) for file, values in _mapping(lock.get("params")).items()}
        named = {} if why else _declared_params(declared.get("params"), folder)
        if why:
            findings.gaps.append(f"{where} is templated, and not compared with dvc.lock: {why}")
        else:
            if not self._ran(name, _lines(lock.get("cmd")), declared):
                findings.problems.append(f"{where}: its command was changed after it ran")
            _compare(findings, f"{where}: its deps were", {dep.path for dep in deps}, sections["deps"])
            _compare(findings, f"{where}: its outs were", {out.path for out in outs}, written)
            params = _declared_only(findings, where, params, named)
        self._project.stages.append(
            Stage(
                name=name,
                file=self._path,
                cmd=_lines(lock.get("cmd")),
                deps=deps,
                outs=outs,
                params=params,
                whole=frozenset(file for file, names in named.items() if not names),
                uncached=frozenset(path for path, props in written.items() if props.get("cache") is False),
                metrics=frozenset(sections["metrics"]),
                plots=sections["plots"],
                reads=frozenset({dep.path for dep in deps} | set(sections["deps"])),
                findings=findings,
            )
        )

    def _ran(self, name: str, locked: list[str], declared: Json) -> bool:
        """Tell whether a command is the one that is declared; DVC's settings say how a mapping is spelt in it."""
        if locked == _lines(declared.get("cmd")):
            return True
        with contextlib.suppress(Unfilled, KeyError):
            return any(locked == _lines(cmd) for cmd in self._templates.commands(name))
        return False

    def _not_run(self) -> None:
        for name in self._templates.names():
            if name in self._locked:
                continue
            declared = self._find(name)[0] or {}
            folder = _join(self._folder, str(declared.get("wdir") or ""))
            outs = {out for key in ("outs", "metrics", "plots") for out in _declared(declared.get(key), folder)}
            self._project.not_run[f"'{name}' of {self._path}"] = outs
            self._project.declared[name] = outs | _declared_inputs(declared, folder)
        for name, why in self._templates.unknown.items():
            self._project.gaps.append(f"{self._path}: it is not known for what '{name}' stands: {why}")


def _declared_inputs(entry: Json, folder: str) -> set[str]:
    """Return the paths that a DVC stage declares to read: dependencies and parameter files."""
    return {*_declared(entry.get("deps"), folder), *_declared_params(entry.get("params"), folder)}


def _declared_params(entries: Any, folder: str) -> dict[str, set[str]]:
    """Return the names of parameters by file; none for a whole file."""
    found: dict[str, set[str]] = {}
    for entry in _list(entries):
        for file, names in (entry if isinstance(entry, dict) else {DEFAULT: [entry]}).items():
            found.setdefault(_join(folder, str(file)), set()).update(map(str, _list(names)))
    return found


def _declared_only(
    findings: Findings, where: str, locked: dict[str, dict[str, Any]], declared: Mapping[str, set[str]]
) -> dict[str, dict[str, Any]]:
    """Return the parameters that count: DVC leaves those in the lock file that nothing declares any more.

    One that is declared and not there was declared after the DVC stage ran.
    """
    if any(not names <= locked.get(file, {}).keys() or file not in locked for file, names in declared.items()):
        findings.problems.append(f"{where}: its params were changed after it ran")
    return {
        file: {name: value for name, value in values.items() if name in declared[file] or not declared[file]}
        for file, values in locked.items()
        if file in declared
    }


def _read_artifact(project: Project, file: str, name: str, entry: Json) -> None:
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


def _lines(cmd: Any) -> list[str]:
    return [str(line) for line in cmd] if isinstance(cmd, list) else [str(cmd or "")]


def _compare(findings: Findings, what: str, locked: Iterable[str], declared: Iterable[str]) -> None:
    """What ``dvc.yaml`` declares must be what ran."""
    if set(locked) != set(declared):
        findings.problems.append(f"{what} changed after it ran")


# -- entries --------------------------------------------------------------------------------------------------------


def _items(entries: Any, folder: str, findings: Findings, where: str) -> list[LockItem]:
    items = [_item(entry, folder, findings, where) for entry in _list(entries)]
    return [item for item in items if item is not None]


def _item(entry: Any, folder: str, findings: Findings, where: str, source: str = "") -> LockItem | None:
    path = _mapping(entry).get("path")
    if not isinstance(path, str) or not path:
        findings.problems.append(f"{where}: an entry without a path")
        return None
    md5, size, files = entry.get("md5"), _count(entry.get("size")), _count(entry.get("nfiles"))
    listed = _mappings(entry.get("files"))
    if listed and not isinstance(md5, str):  # a cloud-versioned folder has no digest of all
        sizes = [size for file in listed if (size := _count(file.get("size"))) is not None]
        md5, size, files = _of_files(listed), sum(sizes) if len(sizes) == len(listed) else None, len(listed)
    item = LockItem(
        path=_join(folder, path),
        md5=md5 if isinstance(md5, str) else None,
        size=size,
        files=files,
        hash=str(entry.get("hash") or OLD_HASH),
        source=source,
    )
    if item.md5 is None:
        findings.gaps.append(f"{where}: {item.path} has no MD5")
    return item


def _of_files(listed: list[Json]) -> str | None:
    """Return the MD5 that DVC gives a folder, worked out from those of its files; None if one is missing."""
    found = {file["relpath"]: file["md5"] for file in listed if {"relpath", "md5"} <= file.keys()}
    plain = all(isinstance(path, str) and isinstance(known, str) for path, known in found.items())
    return dvcmd5.of_folder(found) if plain and len(found) == len(listed) else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


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


def _mapping(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mappings(value: Any) -> list[Json]:
    return [entry for entry in _list(value) if isinstance(entry, dict)]
