"""Which outputs of a pipeline may be models, where none is declared: proposals for people, never a decision.

The last outputs count, on which nothing depends but DVC stages that only report (metrics, plots, files in Git); and
whatever has a name that frameworks give to weights.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from msgspec import Struct

from govkit.core import names
from govkit.core.ancestry import Ancestry
from govkit.core.lineage import Project, Stage
from govkit.core.paths import folders, within

#: What frameworks write weights to. JSON, text and Parquet are left out: most such files are data.
_WEIGHTS = (
    *(".bst", ".cbm", ".ckpt", ".gguf", ".h5", ".hdf5", ".joblib", ".keras", ".mlmodel", ".model", ".onnx", ".pb"),
    *(".pickle", ".pkl", ".pmml", ".pt", ".pth", ".rds", ".safetensors", ".skops", ".tflite", ".ubj"),
)
_HOOK = re.compile(r"\bgovkit +hook\b")
_DULL = {"model", "weights", "classifier", "regressor", "estimator", "best", "final", "checkpoint"}


class Proposal(Struct, frozen=True):
    """An output that may be a model.

    Attributes:
        name: a name for it.
        path: the output, from the top of the repository.
        file: the ``dvc.yaml`` to declare it in.
        why: why it is proposed, for people.
    """

    name: str
    path: str
    file: str
    why: str


def is_hook(stage: Stage) -> bool:
    """Tell whether a DVC stage is a hook of govkit's."""
    return any(_HOOK.search(line) for line in stage.cmd)


def propose(project: Project, files: Iterable[str]) -> list[Proposal]:
    """Return what may be a model, the likeliest first.

    Args:
        project: the tree's DVC files.
        files: every ``dvc.yaml`` of the tree.
    """
    files = list(files)
    stages = [stage for stage in project.stages if not is_hook(stage)]
    last = _last(project, stages)
    found: dict[str, tuple[str, str]] = {}
    for stage in stages:
        for path in _made(project, stage):
            if _looks_like_weights(path):
                found[path] = (stage.file, f"made by DVC stage '{stage.name}', and named like weights")
    for path, stage in last.items():
        word = "which nothing but reports depends on"
        why = f"made by DVC stage '{stage.name}', {word}" + (", and named like weights" if path in found else "")
        found[path] = (stage.file, why)
    for path, item in project.tracked.items():
        if _looks_like_weights(path):
            found.setdefault(path, (home(project, path, files), f"tracked by {item.source.partition(' ')[0]}"))
    order = sorted(found, key=lambda path: (not _looks_like_weights(path), path not in last, path))
    taken = set(project.artifacts)
    proposals = []
    for path in order:
        file, why = found[path]
        name = _free(name_for(path), file, taken)
        proposals.append(Proposal(name, path, file, why))
    return proposals


def home(project: Project, path: str, files: Iterable[str]) -> str:
    """Return the ``dvc.yaml`` to declare a path in: its DVC stage's, else the nearest one above it.

    Where no ``dvc.yaml`` lies above it, that is one at the top.

    Args:
        project: the tree's DVC files.
        path: an output, tracked data, or a file in Git.
        files: every ``dvc.yaml`` of the tree.
    """
    producer = project.producer(path)
    if producer is not None:
        return producer.file
    above = [file for file in files if not posixpath.dirname(file) or within(path, posixpath.dirname(file))]
    return max(above, key=len, default="dvc.yaml")


def name_for(path: str) -> str:
    """Return a name that GTO accepts for what lies at a path: the file's, or its folder's if that says more."""
    folder, base = posixpath.split(path.rstrip("/"))
    stem = base.partition(".")[0]
    if stem.lower() in _DULL and folder and posixpath.basename(folder).lower() not in {"models", "model", "outputs"}:
        stem = posixpath.basename(folder)
    name = re.sub(r"[^A-Za-z0-9-]+", "-", stem).strip("-")
    return name if names.is_model(name) else "model"


def _last(project: Project, stages: list[Stage]) -> dict[str, Stage]:
    """Return the outputs on which only reporting DVC stages depend, those of earlier DVC stages left out."""
    working = [stage for stage in stages if _made(project, stage)]
    graph = Ancestry(working, {})
    used = {key for stage in working for key in _parents(graph, stage)}
    read = {path for stage in working for path in stage.reads}  # a folder may be read that holds the output
    ends = [stage for stage in working if stage.key not in used]
    return {path: s for s in ends for path in _made(project, s) if not any(f in read for f in folders(path))}


def _parents(graph: Ancestry, stage: Stage) -> set[tuple[str, str]]:
    makers = (graph.producer(path) for path in stage.reads)
    return {maker.key for maker in makers if maker is not None and maker.key != stage.key}


def _made(project: Project, stage: Stage) -> list[str]:
    """Return the outputs of a DVC stage that are no reports."""
    told = project.reports(stage)
    return [out.path for out in stage.outs if out.path not in told | stage.uncached]


def _looks_like_weights(path: str) -> bool:
    return posixpath.splitext(path.lower())[1] in _WEIGHTS


def _free(name: str, file: str, taken: set[str]) -> str:
    folder = posixpath.dirname(file)
    wanted, number = name, 2
    while (f"{folder}={wanted}" if folder else wanted) in taken:
        wanted, number = f"{name}-{number}", number + 1
    taken.add(f"{folder}={wanted}" if folder else wanted)
    return wanted
