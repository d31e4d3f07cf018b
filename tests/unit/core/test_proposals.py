"""Which outputs are proposed as models where none is declared."""

from __future__ import annotations

from typing import Any

import pytest

from govkit.core import proposals
from govkit.core.dvcfiles import read_project
from govkit.core.lineage import Project

Json = dict[str, Any]


def stage(cmd: str, deps: list[str], outs: list[str], *, metrics: tuple[str, ...] = ()) -> Json:
    """Return a DVC stage as ``dvc.yaml`` has it."""
    return {"cmd": cmd, "deps": deps, "outs": outs, "metrics": [{name: {"cache": False}} for name in metrics]}


def project(stages: Json, folder: str = "", tracked: tuple[str, ...] = ()) -> Project:
    """Return a project whose lock agrees with its ``dvc.yaml``."""
    lock = {}
    for name, one in stages.items():
        outs = [*one["outs"], *(path for entry in one["metrics"] for path in entry)]
        items = (
            [{"path": p, "hash": "md5", "md5": "0" * 32, "size": 1} for p in paths] for paths in (one["deps"], outs)
        )
        lock[name] = {"cmd": one["cmd"], **dict(zip(("deps", "outs"), items, strict=True))}
    files: Json = {f"{folder}dvc.yaml": {"stages": stages}, f"{folder}dvc.lock": {"schema": "2.0", "stages": lock}}
    files |= {f"{path}.dvc": {"outs": [{"path": path.rpartition("/")[2], "md5": "0" * 32}]} for path in tracked}
    return read_project(files)


PREPARE = stage("p", ["raw.csv"], ["train.csv", "test.csv"])
TRAIN = stage("t", ["train.csv"], ["out/model.bin"])
EVALUATE = stage("e", ["out/model.bin", "test.csv"], [], metrics=("m.json",))
HOOK = {"cmd": "govkit hook m", "deps": ["out/model.bin"], "outs": ["governance/m/card.html"], "metrics": []}


@pytest.mark.parametrize(
    ("stages", "paths"),
    [
        ({"p": PREPARE, "t": TRAIN, "e": EVALUATE}, ["out/model.bin"]),
        ({"p": PREPARE, "t": TRAIN, "e": EVALUATE, "govern": HOOK}, ["out/model.bin"]),
        ({"p": PREPARE, "t": {**TRAIN, "outs": ["a.pkl", "b.txt"]}}, ["a.pkl", "b.txt"]),
        # Predictions are made with the model, which is named like one; both are proposed, the weights first.
        ({"t": {**TRAIN, "outs": ["z.pkl"]}, "e": stage("e", ["z.pkl"], ["a.csv"])}, ["z.pkl", "a.csv"]),
        ({"t": TRAIN, "e": stage("e", ["out"], ["a.csv"])}, ["a.csv"]),
        ({"e": {**EVALUATE, "deps": []}}, []),
        ({}, []),
    ],
)
def test_paths(stages: Json, paths: list[str]) -> None:
    """The last outputs, on which nothing but reports depends, and what is named like weights; never a hook's."""
    assert [one.path for one in proposals.propose(project(stages), ["dvc.yaml"])] == paths


def test_tracked_weights() -> None:
    """What a ``.dvc`` file tracks is proposed if it is named like weights, for the nearest ``dvc.yaml`` above it."""
    found = proposals.propose(project({}, "a/", ("a/b/net.onnx", "a/rows.csv", "c/x.pt")), ["a/dvc.yaml"])
    assert [(one.name, one.path, one.file) for one in found] == [
        ("net", "a/b/net.onnx", "a/dvc.yaml"),
        ("x", "c/x.pt", "dvc.yaml"),
    ]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("scorer.pkl", "scorer"),
        ("models/credit default_v2.tar.gz", "credit-default-v2"),
        ("ranker/model.pkl", "ranker"),
        ("models/model.pkl", "model"),
        ("out/__.pkl", "model"),
        ("folder/", "folder"),
    ],
)
def test_names(path: str, name: str) -> None:
    """A name that GTO accepts, from the file, or from its folder where the file's says nothing."""
    assert proposals.name_for(path) == name


def test_names_are_free() -> None:
    """Two outputs of one name get two names."""
    found = proposals.propose(project({"t": {**TRAIN, "outs": ["a/x.pkl", "b/x.pkl"]}}), ["dvc.yaml"])
    assert [one.name for one in found] == ["x", "x-2"]
