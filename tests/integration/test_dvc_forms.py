"""Every form of DVC repository: the card's lineage is what DVC's own index says, digest by digest.

Each repository is made by real dvc commands (:mod:`dvcscene`). Where a piece of lineage cannot be known the card says
so, and the lineage gate is inconclusive.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvcscene import ARTIFACTS, MODEL, Scene, said_by_dvc
from s3server import S3Server

from govkit.core import digests
from govkit.core.card import Card
from govkit.core.gates.base import Context, Verdict
from govkit.core.gates.lineage import LineageGate

TRAIN = {"cmd": "cat train.py data.csv > model.txt", "deps": ["train.py", "data.csv"], "outs": ["model.txt"]}
FORMS: dict[str, Callable[[Scene], None]] = {}


def form(build: Callable[[Scene], None]) -> Callable[[Scene], None]:
    """Put a form into the matrix."""
    FORMS[build.__name__] = build
    return build


def begin(scene: Scene) -> None:
    """Write code, and data under ``dvc add``."""
    scene.write("train.py", "code\n")
    scene.write("data.csv", "a,b\n1,2\n")
    scene.dvc("add", "-q", "data.csv")


@form
def plain(scene: Scene) -> None:
    """One DVC stage, one ``.dvc`` file."""
    begin(scene)
    scene.pipeline({"train": TRAIN})
    scene.repro()


@form
def subfolders(scene: Scene) -> None:
    """Several ``dvc.yaml`` that read each other's outputs."""
    begin(scene)
    prepare = {"cmd": "cp ../data.csv rows.csv", "deps": ["../data.csv", "prepare.py"], "outs": ["rows.csv"]}
    scene.write("prep/prepare.py", "prepare\n")
    scene.pipeline({"prepare": prepare}, path="prep/dvc.yaml", artifacts={})
    train = {
        "cmd": "cp ../prep/rows.csv ../model.txt",
        "deps": ["../prep/rows.csv", "../train.py"],
        "outs": ["../model.txt"],
    }
    evaluate = {
        "cmd": "echo '{}' > metrics.json",
        "deps": ["../model.txt"],
        "metrics": [{"metrics.json": {"cache": False}}],
    }
    scene.pipeline({"train": train}, path="fit/dvc.yaml", artifacts={MODEL: {"path": "../model.txt", "type": "model"}})
    scene.pipeline({"evaluate": evaluate}, path="eval/dvc.yaml", artifacts={MODEL: ARTIFACTS[MODEL] | {"path": "x"}})
    scene.pipeline({})
    scene.dvc("repro", "-q", "-P")
    scene.commit()


@form
def foreach(scene: Scene) -> None:
    """DVC stages from lists and mappings."""
    begin(scene)
    scene.write("params.yaml", "seed: 3\nregions: [north, south]\n")
    split = {"cmd": "cat data.csv > ${item}.csv", "deps": ["data.csv"], "outs": ["${item}.csv"], "params": ["seed"]}
    fit = {
        "cmd": "cat train.py ${item.from}.csv > fit/${key}.txt",
        "deps": ["train.py", "${item.from}.csv"],
        "outs": ["fit/${key}.txt"],
    }
    count = {
        "cmd": "echo '{\"n\": ${item.n}}' > n${key}.json",
        "deps": ["model.txt"],
        "metrics": [{"n${key}.json": {"cache": False}}],
    }
    scene.pipeline(
        {
            "split": {"foreach": "${regions}", "do": split},
            "fit": {"foreach": {"a": {"from": "north"}, "b": {"from": "south"}}, "do": fit},
            "join": {
                "cmd": "cat fit/a.txt fit/b.txt > model.txt",
                "deps": ["fit/a.txt", "fit/b.txt"],
                "outs": ["model.txt"],
            },
            "count": {"foreach": {"x": {"n": 1}, "y": {"n": 2.50}}, "do": count},
            "each": {
                "foreach": [{"n": 1}],
                "do": {"cmd": "echo ${item.n} > each", "deps": ["model.txt"], "outs": ["each"]},
            },
        }
    )
    (scene.project / "fit").mkdir()
    scene.repro()


@form
def matrix(scene: Scene) -> None:
    """DVC stages from the product of lists."""
    begin(scene)
    scene.write("params.yaml", "rates: [0.1, 1e-3]\n")
    fit = {
        "matrix": {"kind": ["tree", "line"], "rate": "${rates}", "deep": [{"n": 1}]},
        "cmd": "cat train.py data.csv > ${key}.txt; echo ${item.kind} ${item.rate} ${item.deep.n} >> ${key}.txt",
        "deps": ["train.py", "data.csv"],
        "outs": ["${key}.txt"],
    }
    names = [f"{kind}-{rate}-deep0.txt" for kind in ("tree", "line") for rate in ("0.1", "0.001")]
    best = {"cmd": "cat *deep0.txt > model.txt", "deps": names, "outs": ["model.txt"]}
    scene.pipeline({"fit": fit, "best": best})
    scene.repro()


@form
def templates(scene: Scene) -> None:
    """Templated values, ``vars`` from files and in place, in every section."""
    begin(scene)
    scene.write("params.yaml", "train: {rate: 0.1, deep: {layers: 3}, on: true, names: [a, b c]}\nout: model\n")
    scene.write("more.json", '{"paths": {"data": "data.csv"}, "unused": 1}')
    scene.write("conf/local.toml", 'word = "it\'s"\n')
    scene.pipeline(
        {
            "train": {
                "vars": ["conf/local.toml", {"n": 2}],
                "cmd": [
                    "cat train.py ${paths.data} > ${out}.txt",
                    'echo "${train.rate} ${train.names[1]} ${on} ${word} ${n} \\${HOME}" >> ${out}.txt',
                    "echo ${train} >> ${out}.txt",
                ],
                "deps": ["train.py", "${paths.data}"],
                "params": ["train.deep", {"more.json": ["paths.data"]}],
                "outs": [{"${out}.txt": {"desc": "the ${out}"}}],
            },
            "evaluate": {
                "wdir": "${folder}",
                "cmd": "echo '{\"a\": 1}' > metrics.json",
                "deps": ["../${out}.txt"],
                "metrics": [{"metrics.json": {"cache": False}}],
            },
        },
        vars=["more.json:paths", {"on": True, "folder": "eval"}],
        artifacts={MODEL: {"path": "${out}.txt", "type": "model"}},
    )
    (scene.project / "eval").mkdir()
    scene.repro()


@form
def params(scene: Scene) -> None:
    """Parameters from YAML, JSON, TOML and Python; single ones, and whole files."""
    begin(scene)
    scene.write(
        "params.yaml",
        "seed: 3\ntree: {depth: 4, names: [x, y]}\nfew: 1e-3\nno: off\nyes: True\nmask: 0x1F\nmany: 1_000\n",
    )
    scene.write("p.json", '{"a": {"b": 1.0}, "c": "x"}')
    scene.write("p.toml", 'a = 0x10\n[t]\nx = 1\ns = "y"\n')
    scene.write(
        "p.py",
        "N = 3\nL = [1, 2.5]\nclass Conf:\n    rate = 0.1\n    def __init__(self):\n        self.deep = {'a': True}\n",
    )
    scene.write("whole.yaml", "a: 1\nb: &b {c: [1, 2]}\nd: {<<: *b, e: ~}\nk.d: 3\n")
    scene.write("whole.py", "import os\nA = 1\nB: int = 2\nC = {'x': 1}\nT = (1, 2)\nD = os.sep\n")
    names = ["seed", "tree.depth", "tree.names.1", "tree", "few", "no", "yes", "mask", "many"]
    named = [*names, {"p.json": ["a.b", "c"]}, {"p.toml": ["t.x", "t", "a"]}]
    whole = [{"p.py": ["N", "L", "Conf.rate", "Conf.deep"]}, {"whole.yaml": None}, {"whole.py": None}]
    scene.pipeline({"train": TRAIN | {"params": [*named, *whole]}})
    scene.repro()


@form
def imports(scene: Scene) -> None:
    """``.dvc`` files from ``add``, ``import`` and ``import-url``."""
    other = Scene(scene.root.parent / (scene.root.name + "-other"))
    other.write("shared/rows.csv", "rows\n")
    other.write("kept.csv", "kept\n")
    other.dvc("add", "-q", "shared")
    other.commit()
    begin(scene)
    away = scene.root.parent / (scene.root.name + "-away.csv")
    away.write_text("away\n")
    scene.dvc("import", "-q", str(other.root), "shared", "-o", "in")
    scene.dvc("import", "-q", str(other.root), "kept.csv")
    scene.dvc("import-url", "-q", str(away), "url.csv")
    deps = ["train.py", "data.csv", "in/rows.csv", "kept.csv", "url.csv"]
    scene.pipeline({"train": TRAIN | {"cmd": f"cat {' '.join(deps)} > model.txt", "deps": deps}})
    scene.repro()


@form
def not_downloaded(scene: Scene) -> None:
    """An ``import-url`` whose newest bytes nobody has."""
    away = scene.root.parent / (scene.root.name + "-away.csv")
    away.write_text("away\n")
    begin(scene)
    scene.dvc("import-url", "-q", str(away), "url.csv")
    scene.pipeline({"train": TRAIN | {"deps": [*TRAIN["deps"], "url.csv"]}})
    scene.repro()
    away.write_text("newer\n")
    scene.dvc("update", "-q", "--no-download", "url.csv.dvc")
    scene.commit()


@form
def folders(scene: Scene) -> None:
    """Outputs that are directories, files in them as dependencies, and directories of code and of data."""
    begin(scene)
    scene.write("src/a.py", "a\n")
    scene.write("src/deep/b.py", "b\n")
    scene.write("src/deep/__pycache__/b.pyc", "machine code\n")
    scene.write("src/notes.tmp", "not for DVC\n")
    scene.write(".gitignore", "__pycache__/\ndata.csv\n")
    scene.write(".dvcignore", "__pycache__/\n*.tmp\n")
    for name in ("x", "y/z"):
        scene.write(f"rows/{name}.csv", name)
    scene.dvc("add", "-q", "rows")
    split = {
        "cmd": "mkdir -p parts && cp -r rows parts/all && cp data.csv parts/one.csv",
        "deps": ["rows", "data.csv"],
        "outs": ["parts"],
    }
    train = {
        "cmd": "mkdir -p model && cat parts/one.csv > model/w.txt && cat parts/all/y/z.csv > model/v.txt",
        "deps": ["src", "parts/one.csv", "parts/all/y"],
        "outs": ["model"],
    }
    scene.pipeline({"split": split, "train": train}, artifacts={MODEL: {"path": "model", "type": "model"}})
    scene.repro()


@form
def ignored(scene: Scene) -> None:
    """DVC files that ``.dvcignore`` hides from DVC: an example that does not even parse, and one that would clash."""
    begin(scene)
    scene.write("examples/dvc.yaml", "stages: {{ cookiecutter.stages }}: [\n")
    scene.write("old/data.csv.dvc", {"outs": [{"path": "../data.csv", "md5": "0" * 32, "hash": "md5"}]})
    scene.write(".dvcignore", "examples/\n/old/*.dvc\n")
    scene.pipeline({"train": TRAIN})
    scene.repro()


@form
def in_both(scene: Scene) -> None:
    """Data that somebody has put under Git, too."""
    begin(scene)
    scene.pipeline({"train": TRAIN})
    scene.dvc("repro", "-q")
    scene.git("add", "-f", "data.csv")
    scene.commit()


@form
def uncached(scene: Scene) -> None:
    """Weights, an intermediate file and a folder in Git: ``cache: false``."""
    begin(scene)
    split = {
        "cmd": "cp data.csv part.csv; mkdir -p d; cp data.csv d/x",
        "deps": ["data.csv"],
        "outs": [{"part.csv": {"cache": False}}, {"d": {"cache": False}}],
    }
    train = {
        "cmd": "cat part.csv d/x > model.txt",
        "deps": ["part.csv", "d", "train.py"],
        "outs": [{"model.txt": {"cache": False}}],
    }
    scene.pipeline({"split": split, "train": train})
    scene.repro()


@form
def persist(scene: Scene) -> None:
    """An output that a DVC stage adds to, and one that is never pushed."""
    begin(scene)
    train = TRAIN | {
        "cmd": "cat data.csv train.py >> model.txt; echo x > log",
        "outs": [{"model.txt": {"persist": True}}, {"log": {"push": False}}],
    }
    scene.pipeline({"train": train | {"always_changed": True, "desc": "adds", "meta": {"a": [1]}}})
    scene.repro()
    scene.repro()


@form
def external(scene: Scene) -> None:
    """Dependencies and outputs outside of the repository."""
    begin(scene)
    away = scene.root.parent / (scene.root.name + "-away")
    away.mkdir()
    (away / "in.csv").write_text("in\n")
    train = TRAIN | {
        "deps": [*TRAIN["deps"], f"{away}/in.csv"],
        "outs": ["model.txt", {f"{away}/out.txt": {"cache": False}}],
    }
    scene.pipeline({"train": train | {"cmd": f"cat data.csv > model.txt; cp model.txt {away}/out.txt"}})
    scene.repro()


@form
def outside(scene: Scene) -> None:
    """Paths that climb out of the repository."""
    begin(scene)
    name = scene.root.name + "-away.csv"
    (scene.root.parent / name).write_text("in\n")
    scene.pipeline({"train": TRAIN | {"deps": [*TRAIN["deps"], f"../{name}"]}})
    scene.repro()


@form
def frozen(scene: Scene) -> None:
    """A frozen DVC stage whose dependency has changed, and a frozen ``.dvc`` import."""
    begin(scene)
    scene.write("raw.txt", "1\n")
    prepare = {"cmd": "cp raw.txt rows.csv", "deps": ["raw.txt"], "outs": ["rows.csv"]}
    scene.pipeline(
        {"prepare": prepare, "train": TRAIN | {"cmd": "cat rows.csv > model.txt", "deps": ["rows.csv", "train.py"]}}
    )
    scene.repro()
    scene.dvc("freeze", "prepare")
    scene.repro()


@form
def wdir(scene: Scene) -> None:
    """A DVC stage with a working folder, its parameters and reports in it."""
    begin(scene)
    scene.write("sub/params.yaml", "a: 1\n")
    train = {
        "wdir": "sub",
        "cmd": "cat ../data.csv > ../model.txt",
        "deps": ["../data.csv", "../train.py"],
        "params": ["a"],
        "outs": ["../model.txt"],
    }
    evaluate = {
        "wdir": "./sub/.",
        "cmd": "echo '{\"a\": 1}' > m.json",
        "deps": ["../model.txt"],
        "metrics": [{"m.json": {"cache": False}}],
    }
    scene.pipeline({"train": train, "evaluate": evaluate})
    scene.repro()


@form
def old_lock(scene: Scene) -> None:
    """DVC 2's lock: no ``hash:`` key, and text digested without its carriage returns."""
    scene.write("train.py", "a\r\nb\r\n")
    scene.write("src/a.py", "a\r\nb\r\n")
    scene.write("data.csv", "a,b\r\n1,2\r\n")
    scene.dvc("add", "-q", "data.csv")
    scene.pipeline({"train": TRAIN | {"deps": [*TRAIN["deps"], "src"]}})
    scene.repro()
    make_old(scene)
    scene.commit()


def make_old(scene: Scene) -> None:
    """Write lock and ``.dvc`` file as DVC 2 did, with the digests that DVC itself works out for them."""
    from dvc_data.hashfile.build import build
    from dvc_data.hashfile.db import HashFileDB
    from dvc_objects.fs.local import LocalFileSystem
    from dvc_objects.fs.memory import MemoryFileSystem

    fs = LocalFileSystem()

    def old(entry: dict[str, Any]) -> dict[str, Any]:
        odb = HashFileDB(MemoryFileSystem(), "memory://old", hash_name="md5-dos2unix")
        _, _, found = build(odb, str(scene.project / entry["path"]), fs, "md5-dos2unix", dry_run=True)
        return {key: value for key, value in entry.items() if key != "hash"} | {"md5": found.hash_info.value}

    lock = yaml.safe_load((scene.project / "dvc.lock").read_text())
    for stage in lock["stages"].values():
        for key in ("deps", "outs"):
            stage[key] = [old(entry) for entry in stage[key]]
    scene.write("dvc.lock", lock)
    added = yaml.safe_load((scene.project / "data.csv.dvc").read_text())
    scene.write("data.csv.dvc", {"outs": [old(entry) for entry in added["outs"]]})


@form
def merged(scene: Scene) -> None:
    """Two branches that each ran another DVC stage, and whose locks were merged."""
    begin(scene)
    other = {"cmd": "cp data.csv other.txt", "deps": ["data.csv"], "outs": ["other.txt"]}
    stages = {"zzz": other, "mid": TRAIN | {"outs": ["mid"], "cmd": "cp data.csv mid"}, "train": TRAIN}
    scene.pipeline(stages)
    scene.repro()
    scene.git("switch", "-q", "-c", "one")
    scene.pipeline(stages | {"zzz": other | {"cmd": "cat data.csv data.csv > other.txt"}})
    scene.repro()
    scene.git("switch", "-q", "main")
    scene.write("train.py", "better\n")
    scene.repro()
    scene.git("merge", "-q", "--no-edit", "one")


@form
def subdir(scene: Scene) -> None:
    """A DVC project in a subfolder of the Git repository, and a second one beside it."""
    begin(scene)
    scene.write("params.yaml", "a: 1\n")
    scene.pipeline({"train": TRAIN | {"params": ["a"]}})
    scene.repro()


@form
def symlinks(scene: Scene) -> None:
    """A cache elsewhere, whose files the working tree links to."""
    scene.dvc("config", "cache.type", "symlink")
    scene.dvc("config", "cache.dir", str(scene.root.parent / (scene.root.name + "-cache")))
    begin(scene)
    split = {"cmd": "mkdir -p d; cp data.csv d/x", "deps": ["data.csv"], "outs": ["d"]}
    scene.pipeline({"split": split, "train": TRAIN | {"deps": [*TRAIN["deps"], "d"]}})
    scene.repro()
    assert (scene.project / "model.txt").is_symlink()


@form
def reflinks(scene: Scene) -> None:
    """Copies on write where the file system can, hard links elsewhere."""
    scene.dvc("config", "cache.type", "reflink,hardlink,copy")
    begin(scene)
    scene.pipeline({"train": TRAIN})
    scene.repro()


@form
def experiment(scene: Scene) -> None:
    """A branch made from an experiment."""
    begin(scene)
    scene.write("params.yaml", "a: 1\n")
    scene.pipeline({"train": TRAIN | {"cmd": "cat params.yaml train.py data.csv > model.txt", "params": ["a"]}})
    scene.repro()
    scene.dvc("exp", "run", "-q", "-n", "try-2", "-S", "a=2")
    scene.dvc("exp", "branch", "-q", "try-2", "tried")
    scene.git("stash", "-q")
    scene.git("switch", "-q", "tried")


@form
def datasets(scene: Scene) -> None:
    """A dataset of ``dvc.yaml``, read by its name: its bytes are not under Git or DVC here."""
    other = Scene(scene.root.parent / (scene.root.name + "-other"))
    other.write("rows.csv", "rows\n")
    other.commit()
    begin(scene)
    scene.dvc("dataset", "add", "-q", "rows", "--dvc", str(other.root), "--path", "rows.csv")
    added = yaml.safe_load((scene.project / "dvc.yaml").read_text())
    scene.pipeline({"train": TRAIN | {"deps": [*TRAIN["deps"], "ds://rows"]}}, **added)
    scene.repro()


#: What the card says where not everything can be known, by form: a gap that must be there for each; else none is.
GAPS: dict[str, tuple[str, ...]] = {
    "not_downloaded": ("url.csv.dvc: url.csv has no MD5", "the bytes of url.csv were not at hand"),
    "external": ("in.csv lies outside the repository", "out.txt lies outside the repository"),
    "datasets": ("ds://rows lies outside the repository",),
    "outside": ("../outside-away.csv lies outside the repository",),
}
MODELS = {"subfolders": "fit=m", "subdir": "project=m"}


@pytest.mark.parametrize("name", FORMS)
def test_lineage_is_what_dvc_says(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DVC stages, dependencies, outputs and parameters are those of DVC's index, and so are all their digests."""
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    scene = Scene(tmp_path / name, "project" if name == "subdir" else "")
    FORMS[name](scene)
    model = MODELS.get(name, MODEL)
    card = scene.card(model)
    print(*card.lineage.problems, *card.lineage.gaps, sep="\n")
    check_against_dvc(scene, card, model)
    outcome = LineageGate().decide(Context(card))
    print(outcome)
    if name in GAPS:
        assert outcome.verdict is Verdict.INCONCLUSIVE
        for gap in GAPS[name]:
            assert any(gap in found for found in card.lineage.gaps), (gap, card.lineage.gaps)
    assert [] == card.lineage.problems
    if name not in GAPS:
        assert [] == card.lineage.gaps
        assert outcome.verdict is Verdict.PASS


CHANGES = {
    "frozen": ("raw.txt", "2\n", "raw.txt is not what DVC stage 'prepare' ran with"),
    "templates": (
        "more.json",
        '{"paths": {"data": "other.csv"}}',
        "DVC stage 'train' of dvc.yaml: its command was changed",
    ),
    "matrix": ("params.yaml", "rates: [0.1, 2]\n", "DVC stage 'best' of dvc.yaml: its deps were changed"),
    "params": ("p.py", "N = 4\n", "p.py: 'N' was changed after DVC stage 'train' ran"),
    "folders": ("src/deep/b.py", "c\n", "src is not what DVC stage 'train' ran with"),
    "uncached": ("d/x", "c\n", "d was changed after DVC stage 'split' wrote it"),
    "old_lock": ("src/a.py", "a\r\nc\r\n", "src is not what DVC stage 'train' ran with"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes_since_the_run_are_seen(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was changed and committed without a run is a contradiction in each form, whatever DVC says of it."""
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    scene = Scene(tmp_path / name)
    FORMS[name](scene)
    path, content, problem = CHANGES[name]
    if name == "matrix":  # a value that is used no more takes what ran out of the graph, so somebody changes both
        text = (scene.project / "dvc.yaml").read_text()
        scene.write("dvc.yaml", text.replace("0.001", "2"))
    scene.write(path, content)
    scene.commit()
    card = scene.card()
    assert [found for found in card.lineage.problems if found.startswith(problem)], card.lineage
    assert LineageGate().decide(Context(card)).verdict is Verdict.FAIL


def test_cloud_versioned(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A remote that keeps versions writes them into lock and ``.dvc`` files; a bucket that is read is outside."""
    for name, value in {**s3.env, "DVC_NO_ANALYTICS": "1"}.items():
        monkeypatch.setenv(name, value)
    bucket = s3.bucket()
    s3.client().put_object(Bucket=bucket, Key="raw.csv", Body=b"raw\n")
    scene = Scene(tmp_path / "cloud")
    for name, place in (("store", "store"), ("other", "")):
        scene.dvc("remote", "add", *(["-d"] if place else []), name, f"s3://{bucket}/{place}")
        scene.dvc("remote", "modify", name, "endpointurl", s3.env["AWS_ENDPOINT_URL_S3"])
    scene.dvc("remote", "modify", "store", "version_aware", "true")
    begin(scene)
    scene.write("rows/x.csv", "x\n")
    scene.write("rows/y/z.csv", "z\n")
    scene.dvc("add", "-q", "rows")
    split = {"cmd": "mkdir -p parts && cp -r rows parts/all", "deps": ["rows"], "outs": ["parts"]}
    scene.pipeline({"split": split, "train": TRAIN | {"deps": [*TRAIN["deps"], "parts"]}})
    scene.dvc("repro", "-q")
    scene.dvc("push", "-q")
    scene.commit()
    lock = (scene.project / "dvc.lock").read_text()
    assert ("version_id" in lock, "files:" in lock) == (True, True)
    card = scene.card()
    check_against_dvc(scene, card, MODEL)
    assert ([], []) == (card.lineage.problems, card.lineage.gaps)
    assert LineageGate().decide(Context(card)).verdict is Verdict.PASS
    shutil.rmtree(scene.project / ".dvc" / "cache")  # the listing of a folder is nowhere but there
    assert scene.card().lineage == card.lineage
    scene.dvc("import-url", "-q", "remote://other/raw.csv", "in.csv")
    scene.pipeline({"split": split, "train": TRAIN | {"deps": [*TRAIN["deps"], "in.csv", f"s3://{bucket}/raw.csv"]}})
    scene.repro()
    card = scene.card()
    check_against_dvc(scene, card, MODEL)
    assert [] == card.lineage.problems
    assert f"s3://{bucket}/raw.csv lies outside the repository: its bytes are not under Git or DVC" in card.lineage.gaps
    assert "in.csv.dvc (remote://other/raw.csv)" in {item.source for item in card.lineage.data}
    assert LineageGate().decide(Context(card)).verdict is Verdict.INCONCLUSIVE


def check_against_dvc(scene: Scene, card: Card, model: str) -> None:
    """Hold everything that the card tells of against DVC's index."""
    stages, data = said_by_dvc(scene, card.weights.path)
    assert sorted(stages) == [(stage.file, stage.name) for stage in card.lineage.stages]
    read = {stage.key: stage for stage in scene.lineage().ancestry(model)}
    assert sorted(stages) == sorted(read)
    outs: dict[str, str | None] = dict(data)
    for stage in card.lineage.stages:
        told, locked = stages[stage.file, stage.name], read[stage.file, stage.name]
        assert told.deps == {dep.path: dep.md5 for dep in locked.deps}
        assert told.outs == {out.path: out.md5 for out in locked.outs}
        assert told.params == locked.params
        assert (sorted(told.deps), sorted(told.outs)) == (stage.deps, stage.outs)
        assert {file: sorted(values) for file, values in told.params.items()} == stage.params
        for file, values in told.params.items():
            assert values.keys() <= card.lineage.params[file].keys()
        outs |= told.outs
    items = {item.path: item for item in (card.weights, *card.lineage.data, *card.lineage.outs)}
    reports = {report.path for report in card.reports}
    assert outs.keys() - reports == items.keys()
    assert {path: outs[path] for path in items} == {path: item.md5 for path, item in items.items()}
    check_bytes(scene, card, {path for told in stages.values() for path in told.deps} - outs.keys(), outs)


def check_bytes(scene: Scene, card: Card, others: set[str], outs: dict[str, str | None]) -> None:
    """Hold SHA-256 of weights, data and code against the bytes that lie in the working tree."""
    for item in (card.weights, *card.lineage.data, *card.lineage.outs):
        path = scene.root / item.path
        if item.sha256 is not None and path.is_file():
            assert digests.sha256(path.read_bytes()) == item.sha256
    for file in card.lineage.code:
        assert digests.sha256((scene.root / file.path).read_bytes()) == file.sha256
