"""Whether ``dvc.lock`` agrees with the tree that it lies in, and its DVC stages with each other.

A contradiction is a problem; what cannot be held against anything is a gap. DVC calls a lock file that somebody edited
or wrote with ``dvc commit -f`` clean, so this is looked at here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from govkit.core import canonical, dvcmd5, measures
from govkit.core.dvcignore import DvcIgnore, TooMuch
from govkit.core.errors import Malformed
from govkit.core.lineage import OLD_HASH, Findings, LockItem, Project, Stage

_NOTHING: Final = object()
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


def check_code(
    findings: Findings, stage: Stage, dep: LockItem, contents: Mapping[str, bytes], ignore: DvcIgnore
) -> None:
    """Hold the MD5 that ``dvc.lock`` has for a file or folder in Git against the bytes in Git.

    Args:
        findings: where to write down what is wrong.
        stage: the DVC stage that read it.
        dep: what ``dvc.lock`` has.
        contents: the bytes in Git by path: one file, or those of the folder.
        ignore: what DVC leaves out of a folder.
    """
    if not contents:
        findings.gaps.append(f"{dep.path}, read by DVC stage '{stage.name}', is neither in Git nor in DVC")
        return
    try:
        kept = _kept(dep, contents, ignore)
    except TooMuch:
        findings.gaps.append(f"{dep.path}: .dvcignore would take too long to be worked out")
        return
    if dep.md5 is None or dep.md5 in _dvc_md5(dep, kept):
        return
    if dep.is_directory and dep.path not in kept and dep.files is not None and dep.files > len(kept):
        # What else lay there (compiled code, mostly) is part of DVC's digest, so that cannot be held against anything.
        findings.gaps.append(
            f"{dep.path} held {dep.files} files when DVC stage '{stage.name}' ran, and Git has {len(kept)}: "
            "put the others under Git or into .dvcignore"
        )
        return
    findings.problems.append(
        f"{dep.path} is not what DVC stage '{stage.name}' ran with: dvc.lock has MD5 {dep.md5[:12]}…"
    )


def check_output(
    findings: Findings, stage: Stage, out: LockItem, contents: Mapping[str, bytes], ignore: DvcIgnore
) -> None:
    """Hold an output in Git, a file or a folder, against the MD5 that ``dvc.lock`` has for it."""
    try:
        same = out.md5 is None or out.md5 in _dvc_md5(out, _kept(out, contents, ignore))
    except TooMuch:
        same = False
    if not same:
        findings.problems.append(f"{out.path} was changed after DVC stage '{stage.name}' wrote it")


def check_report(findings: Findings, stage: Stage, out: LockItem, content: bytes) -> None:
    """Hold a report against the MD5 that ``dvc.lock`` has for it."""
    if out.md5 is not None and out.md5 not in _dvc_md5(out, {out.path: content}):
        findings.problems.append(f"{out.path} was changed after DVC stage '{stage.name}' wrote it")


def check_tracked(findings: Findings, item: LockItem, content: bytes) -> None:
    """Hold a file that lies both in Git and under ``dvc add`` against what its ``.dvc`` file has for it."""
    if item.md5 is not None and item.md5 not in _dvc_md5(item, {item.path: content}):
        findings.problems.append(f"{item.path} in Git is not what {item.source} tracks")


def _kept(item: LockItem, contents: Mapping[str, bytes], ignore: DvcIgnore) -> dict[str, bytes]:
    paths = ignore.kept(contents, item.path) if item.is_directory else list(contents)
    return {path: contents[path] for path in paths}


def check_between_stages(findings: Findings, project: Project, stages: list[Stage]) -> None:
    """What one DVC stage read must be what another wrote, or what the ``.dvc`` file tracks."""
    for stage in stages:
        for dep in stage.deps:
            written = project.written(dep.path)
            tracked = project.data_file(dep.path)
            if tracked is not None and tracked.path == dep.path:
                written.append(tracked)
            known = [item.md5 for item in written if item.md5 is not None]  # one without is a gap already
            if dep.md5 is not None and any(md5 != dep.md5 for md5 in known):
                findings.problems.append(
                    f"{dep.path}: DVC stage '{stage.name}' read other bytes than dvc.lock says exist"
                )


def check_params(
    findings: Findings, stage: Stage, file: str, content: bytes | None, parse: Callable[[str, bytes], Any]
) -> None:
    """Hold the parameters that a DVC stage ran with against the parameter file of the same tree.

    Args:
        findings: where to write down what is wrong.
        stage: the DVC stage.
        file: the parameter file's path.
        content: its bytes in the tree, or None if it is not there.
        parse: as :func:`govkit.core.measures.load`; many DVC stages have one parameter file.
    """
    if content is None:
        findings.gaps.append(f"{file}, the parameters of DVC stage '{stage.name}', is not in Git")
        return
    try:
        parsed = parse(file, content)
    except Malformed as error:
        findings.problems.append(str(error))
        return
    whole = file in stage.whole and isinstance(parsed, Mapping)
    names = stage.params[file].keys() | parsed.keys() if whole else stage.params[file].keys()
    for name in sorted(names):
        now = parsed.get(name, _NOTHING) if whole else _look_up(parsed, name)
        if not _same(now, stage.params[file].get(name, _NOTHING)):
            findings.problems.append(f"{file}: '{name}' was changed after DVC stage '{stage.name}' ran")


def _same(now: Any, then: Any) -> bool:
    """Hold two values together as canonical JSON has them: in Python, 1 equals true.

    Stops at the first difference, as a few letters in ``dvc.lock`` can name all of a large file of parameters.
    """
    if isinstance(now, Mapping) and isinstance(then, Mapping):
        return now.keys() == then.keys() and all(_same(now[key], then[key]) for key in now)
    if isinstance(now, list) and isinstance(then, list):
        return len(now) == len(then) and all(map(_same, now, then))
    if isinstance(now, (Mapping, list)) or isinstance(then, (Mapping, list)):
        return False
    if now is _NOTHING or then is _NOTHING:
        return now is then
    if type(now) is type(then) is float and now == then:
        return True
    return canonical.encode(measures.plain(now)) == canonical.encode(measures.plain(then))


def _look_up(parsed: Any, name: str) -> Any:
    """Follow a dotted parameter name as DVC does; None where it leads nowhere."""
    for part in name.split("."):
        if isinstance(parsed, Mapping) and part in parsed:
            parsed = parsed[part]
        elif isinstance(parsed, list) and _INDEX.fullmatch(part) and int(part) < len(parsed):
            parsed = parsed[int(part)]
        else:
            return None
    return parsed


def _dvc_md5(item: LockItem, contents: Mapping[str, bytes]) -> set[str]:
    """Return the MD5s by which DVC may know a file, or a folder given by the bytes of its files."""
    spellings = [dvcmd5.md5, dvcmd5.old_md5] if item.hash == OLD_HASH else [dvcmd5.md5]
    if not item.is_directory:
        return {spell(content) for spell in spellings for content in contents.values()} if len(contents) == 1 else set()
    inside = {path[len(item.path) + 1 :]: data for path, data in contents.items()}
    return {dvcmd5.of_folder({path: spell(data) for path, data in inside.items()}) for spell in spellings}
