"""What a run of a pipeline says of a version: which files came out as they were registered, and which numbers.

The commands of a version are run again at its commit; here what came of it is held against the registered card.
An output is the same if its bytes are. Where it is not, its numbers may lie within a tolerance that somebody named.
Two runs that differ from each other as much as from the card prove nothing of it: a pipeline must repeat itself before
it can contradict anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct

from govkit.core.card import Card, DvcStage, Item
from govkit.core.errors import Usage
from govkit.core.paths import within
from govkit.core.records import Digest, GitId, Model, Record, Version
from govkit.core.tolerances import Key, NumberResult, Tolerance
from govkit.core.wording import suggest

SCHEMA: Final = "govkit.reproduction/v1"
Verdict = Literal["identical", "within-tolerance", "different"]
FileVerdict = Literal["identical", "different", "missing", "unknown"]


class FileResult(Record, frozen=True):
    """An output of a DVC stage beside what was registered of it.

    Attributes:
        path: POSIX path from the top of the repository.
        stage: the DVC stage that writes it, as :func:`label` names it.
        recorded: SHA-256 in the registered card, or null where the card has none.
        made: SHA-256 of what the run wrote, or null where it wrote nothing.
        verdict: whether both are the same; ``unknown`` where the card says nothing that could be compared.
        repeated: whether a second run gave the same as the first; null where there was none.
    """

    path: str
    stage: str
    recorded: Digest | None
    made: Digest | None
    verdict: FileVerdict
    repeated: bool | None = None


class Reproduction(Record, frozen=True):
    """``govkit.reproduction/v1``: what came of running a version's DVC stages again.

    Attributes:
        model: the model.
        version: the version.
        commit: its commit.
        card: the digest of the registered card.
        stages: the DVC stages that were run again, in that order.
        left: the DVC stages of the version that were not.
        files: everything that they wrote.
        numbers: the numbers in reports that are not the same bytes.
        begins: the DVC stages from which the differences come: they read what was registered and wrote something else.
        tolerance: what was allowed, as it was said; empty for nothing.
        runs: how often the commands were run.
        environment: where: versions of DVC and Python, system and machine, by name.
        verdict: how it came out.
    """

    schema: Literal["govkit.reproduction/v1"]
    model: Model
    version: Version
    commit: GitId
    card: Digest
    stages: list[str]
    left: list[str]
    files: list[FileResult]
    numbers: list[NumberResult]
    begins: list[str]
    tolerance: list[str]
    runs: int
    environment: dict[str, str]
    verdict: Verdict


def label(stage: DvcStage) -> str:
    """Return how people name a DVC stage: by its name, with its file where that is not the ``dvc.yaml`` at the top."""
    return stage.name if stage.file == "dvc.yaml" else f"{stage.file}:{stage.name}"


# -- which DVC stages ----------------------------------------------------------------------------------------------


def choose(stages: Sequence[DvcStage], only: Sequence[str]) -> list[DvcStage]:
    """Return the DVC stages to run again, each after those whose outputs it reads.

    Args:
        stages: those that the version descends from.
        only: the names that were asked for; all if empty. A template's name means all that come of it.

    Raises:
        Usage: if one of the names is none of theirs; says which there are.
    """
    chosen = list(stages)
    if only:
        unknown = [name for name in only if not any(name in _names(stage) for stage in stages)]
        if unknown:
            known = sorted(label(stage) for stage in stages)
            raise Usage(
                f"no DVC stage '{unknown[0]}' of this version{suggest(unknown[0], known)}",
                why=f"it descends from: {', '.join(known)}",
                fix="name some of them: --only evaluate,fairness",
            )
        chosen = [stage for stage in stages if _names(stage) & set(only)]
    return _ordered(chosen)


def _names(stage: DvcStage) -> set[str]:
    """Return the names that mean a DVC stage: its label, its name, and that of the template that it comes of."""
    found = {label(stage), stage.name, f"{stage.file}:{stage.name}"}
    return found | {name.partition("@")[0] for name in found if "@" in stage.name}


def _ordered(stages: Sequence[DvcStage]) -> list[DvcStage]:
    """Sort DVC stages so that each comes after those that it reads from; where they go round in circles, by name."""
    waiting = sorted(stages, key=lambda stage: (stage.file, stage.name))
    found: list[DvcStage] = []
    while waiting:
        ready = [stage for stage in waiting if not any(reads(stage, other) for other in waiting if other is not stage)]
        found += ready or waiting
        waiting = [stage for stage in waiting if stage not in found]
    return found


def reads(stage: DvcStage, other: DvcStage) -> bool:
    """Tell whether a DVC stage reads what another writes, or a folder around it or something in it."""
    return any(touches(dep, out) for dep in stage.deps for out in other.outs)


def touches(one: str, other: str) -> bool:
    """Tell whether one of two paths is the other, or lies in it."""
    return within(one, other) or within(other, one)


def downstream(begins: Iterable[DvcStage], stages: Sequence[DvcStage]) -> list[DvcStage]:
    """Return some DVC stages and all that read from them, directly or not; ``stages`` are in their order."""
    found = list(begins)
    for stage in stages:
        if stage not in found and any(reads(stage, other) for other in found):
            found.append(stage)
    return [stage for stage in stages if stage in found]


# -- files ---------------------------------------------------------------------------------------------------------


class Sums(Struct, frozen=True):
    """Digests of a file or folder: SHA-256, DVC's MD5 (ends in ``.dir`` for a folder), either if it is known."""

    sha256: str | None
    md5: str | None = None
    is_folder: bool = False


def recorded(card: Card, locked: Mapping[str, str | None]) -> dict[str, Sums]:
    """Return what a card says of outputs, by path.

    Args:
        card: the registered card.
        locked: MD5 by path from the commit's ``dvc.lock``, for what the card says nothing of.
    """
    items: list[Item] = [card.weights, *card.lineage.data, *card.lineage.outs]
    found = {path: Sums(None, md5, (md5 or "").endswith(".dir")) for path, md5 in locked.items()}
    found |= {item.path: Sums(item.sha256, item.md5, item.is_folder) for item in items}
    return found | {report.path: Sums(report.sha256) for report in card.reports}


def compare_files(
    stages: Sequence[DvcStage], weights: str, known: Mapping[str, Sums], made: Mapping[str, Sums | None]
) -> list[FileResult]:
    """Hold what DVC stages wrote against what was registered.

    Args:
        stages: those that were run again.
        weights: the path of the weights, which may lie in a folder that one of them writes.
        known: what was registered, by path.
        made: what the run wrote, by path; None for nothing.
    """
    found = []
    for stage in stages:
        for path in outputs(stage, weights):
            is_, was = made.get(path), known.get(path, Sums(None))
            found.append(FileResult(
                path=path,
                stage=label(stage),
                recorded=was.sha256,
                made=is_.sha256 if is_ else None,
                verdict=_verdict(was, is_),
            ))  # fmt: skip
    return found


def outputs(stage: DvcStage, weights: str) -> list[str]:
    """Return the paths of a DVC stage's outputs, with that of the weights where they lie in one of them."""
    inside = any(weights != out and within(weights, out) for out in stage.outs)
    return sorted({*stage.outs, *([weights] if inside else [])})


def _verdict(was: Sums, made: Sums | None) -> FileVerdict:
    if made is None:
        return "missing"
    if was.sha256 is not None:
        return "identical" if (was.sha256, was.is_folder) == (made.sha256, made.is_folder) else "different"
    if was.md5 is not None:
        return "identical" if was.md5 == made.md5 else "different"
    return "unknown"


def begins(stages: Sequence[DvcStage], files: Sequence[FileResult]) -> list[DvcStage]:
    """Return the DVC stages from which differences come: one of their outputs differs, and nothing that they read."""
    changed = [(file.path, file.stage) for file in files if file.verdict in ("different", "missing")]
    return [
        stage
        for stage in stages
        if any(label(stage) == of for _, of in changed)
        and not any(touches(dep, path) for dep in stage.deps for path, of in changed if of != label(stage))
    ]


# -- how it came out -----------------------------------------------------------------------------------------------


def verdict(files: Sequence[FileResult], near: Sequence[NumberResult], allowed: Tolerance) -> Verdict:
    """Say how one run came out.

    Bytes that differ are excused where a tolerance was named, there are numbers that could tell, and all of them lie
    within it. A file that was not written is never excused.
    """
    if files and all(file.verdict == "identical" for file in files):
        return "identical"
    written = bool(files) and all(file.verdict in ("identical", "different") for file in files)
    if written and allowed.said and near and all(number.within for number in near):
        return "within-tolerance"
    return "different"


def repeats(
    files: Sequence[FileResult],
    again: Mapping[str, Sums | None],
    near: Sequence[NumberResult],
    second: Mapping[Key, float | None],
    allowed: Tolerance,
) -> tuple[list[FileResult], bool]:
    """Say whether a second run bears out what the first found different.

    Args:
        files: what the first run wrote.
        again: what the second wrote, by path, as far as it ran.
        near: the numbers of the first.
        second: those of the second.
        allowed: how far numbers may be apart.

    Returns:
        The files, each with what the second run says of it, and whether something that differs from the registered
        card is what both runs gave: the same bytes, or a number that the tolerance does not excuse but that came out
        within it twice.
    """
    told = [_repeated(file, again) for file in files]
    stable = any(file.repeated and file.verdict in ("different", "missing") for file in told)
    far = [number for number in near if not number.within]
    if allowed.said and far:
        keys = [((number.path, number.name), number.made) for number in far]
        return told, any(key in second and allowed.of(key).covers(made, second[key]) for key, made in keys)
    return told, stable


def _repeated(file: FileResult, again: Mapping[str, Sums | None]) -> FileResult:
    if file.path not in again:
        return file
    second = again[file.path]
    same = (second.sha256 if second else None) == file.made
    return FileResult(
        path=file.path, stage=file.stage, recorded=file.recorded, made=file.made, verdict=file.verdict, repeated=same
    )
