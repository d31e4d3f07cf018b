"""``govkit reproduce`` on real pipelines: faithful ones, forged ones, and runs from which nothing can be told.

Everything is made up once: a repository with a version for each case, most of whose ``dvc.lock`` are forged with
``dvc commit -f``, which is quicker than running a pipeline. Tests run on copies of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from world import MODEL, TRAIN, Result, World, copy

from govkit.core import canonical
from govkit.core.reproduction import SCHEMA
from tests.integration.test_how_to import commands, run

FAITHFUL, WEIGHTS, METRICS, FAILING, UNSTEADY, FROZEN, SLOW = (f"1.{number}.0" for number in range(7))
WARM = "import random\n" + TRAIN.replace('{"slope": slope', '{"slope": slope + random.random() / 1000')
NAMES = "import os, sys\nprint('ENVIRONMENT', sorted(os.environ))\nprint('\\x1b[31mred')\nsys.exit(3)\n"
SLEEP = "import os, pathlib, time\npathlib.Path(os.environ['MARK']).write_text(str(os.getpid()))\ntime.sleep(60)\n"


def forge(world: World, version: str, *stages: str, **texts: str) -> None:
    """Write files, let DVC believe that DVC stages made them, or used them, and register that as a version."""
    for name, text in texts.items():
        path = world.repo / {"model": "model.json", "metrics": "reports/metrics.json"}[name]
        path.unlink()
        path.write_text(text)
    world.shell("dvc", "commit", "-q", "-f", *stages)
    publish(world, version)


def replace(world: World, version: str, code: str, *, frozen: bool = False) -> None:
    """Give the faithful version another ``train.py``, with a lock that says so, as ``dvc commit -f`` writes it."""
    world.git("checkout", "-q", f"{MODEL}@v{FAITHFUL}", "--", ".")
    (world.repo / "train.py").write_text(code)
    lock, pipeline = world.repo / "dvc.lock", world.repo / "dvc.yaml"
    old, new = (hashlib.md5(text.encode()).hexdigest() for text in (TRAIN, code))
    text = lock.read_text().replace(f"{old}\n      size: {len(TRAIN)}", f"{new}\n      size: {len(code)}")
    lock.write_text(text)
    assert new in text
    if frozen:
        pipeline.write_text(pipeline.read_text().replace("  evaluate:\n", "  evaluate:\n    frozen: true\n"))
    publish(world, version)


def publish(world: World, version: str) -> None:
    """Make the card of what lies there, commit it, and register it."""
    world.govkit("hook", MODEL)
    world.commit(f"Version {version}")
    world.register(version)


@pytest.fixture(scope="module")
def _scene(_governed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template") / "versions"
    world = copy(_governed, folder)
    world.let_record("reproduction.recorded", "validator")
    asked = world.govkit("policy", "propose", "-m", "change", "--format", "json", as_="rita").json
    world.govkit("approve", f"policy#{asked['index']}", as_="victor")
    world.govkit("policy", "adopt", as_="rita")
    world.commit("Policy")
    world.register(FAITHFUL)
    model, metrics = world.repo / "model.json", world.repo / "reports" / "metrics.json"
    weights, report = model.read_text(), metrics.read_text()
    forge(world, METRICS, "evaluate", metrics=report.replace("0.8", "0.99"))
    # Here nobody made the weights, and everything agrees with them.
    forge(world, WEIGHTS, "train", "evaluate", model='{"slope": 0.99, "rows": 1}')
    model.unlink()
    model.write_text(weights)
    replace(world, FAILING, NAMES)
    replace(world, UNSTEADY, WARM)
    replace(world, SLOW, SLEEP)
    replace(world, FROZEN, TRAIN, frozen=True)
    return folder


@pytest.fixture
def world(_scene: Path, tmp_path: Path) -> World:
    """A copy of the scene, with a folder of its own for temporary files."""
    found = copy(_scene, tmp_path / "world")
    (tmp_path / "tmp").mkdir()
    found.env["TMPDIR"] = str(tmp_path / "tmp")
    return found


def reproduce(world: World, version: str, code: int, *words: str, as_: str = "victor") -> Result:
    """Run a version again; whatever comes of it, nothing is left behind, and the repository is as it was."""
    before = _state(world)
    with pytest.MonkeyPatch.context() as patch:  # tempfile remembers where it was
        patch.setattr("tempfile.tempdir", world.env["TMPDIR"])
        result = world.govkit("reproduce", f"{MODEL}@{version}", *words, as_=as_, expect=code)
    assert not list(Path(world.env["TMPDIR"]).iterdir())
    assert _state(world) == before
    return result


def _state(world: World) -> tuple[Any, ...]:
    """Return what a run must not touch: refs but the log's, working files, and DVC's cache and remote."""
    refs = [line for line in world.git("for-each-ref").splitlines() if not line.endswith("govkit/log")]
    kept = [
        (str(path), path.stat().st_mtime_ns)
        for folder in (world.repo / ".dvc" / "cache", world.folder / "remote")
        for path in folder.rglob("*")
        if path.is_file()
    ]
    return refs, world.git("status", "--porcelain", "--ignored"), sorted(kept)


def event(world: World) -> dict[str, Any]:
    """Return the body of the log's last event, with its report."""
    judged = world.last()
    assert (judged.status, judged.event.type, judged.event.actor) == ("good", "reproduction.recorded", "victor")
    log = world.log()
    raw = log.evidence(
        world.repository(), judged.index, "reproduction.json", judged.event.evidence["reproduction.json"]
    )
    return {**judged.event.body, "report": canonical.decode(raw)}


def size(world: World) -> int:
    """Return how many events the log has."""
    return int(world.log().head.size)


def test_page(world: World) -> None:
    """The page's commands, as they stand there: a dry run, everything, a part without a key, within a tolerance."""
    before = size(world)
    run(world, commands("reproduce-a-version.md"), {"govkit reproduce": "victor"}, TMPDIR=world.env["TMPDIR"])
    assert size(world) == before + 1
    body = event(world)
    assert (body["verdict"], body["stages"]) == ("identical", ["train", "evaluate"])
    with world.session() as session:
        registered = session.state.versions[MODEL, FAITHFUL].body
    assert body["outputs"]["model.json"] == registered.weights
    assert set(body["outputs"]) == {"model.json", "reports/metrics.json", "reports/fairness.json"}
    report = body["report"]
    assert (report["schema"], report["runs"], report["numbers"], report["left"]) == (SCHEMA, 1, [], [])
    assert report["card"] == registered.card


def test_forged_weights(world: World) -> None:
    """Weights that nobody trained: the DVC stage and the file are named, and the event says so for ever."""
    result = reproduce(world, WEIGHTS, 1)
    assert "DVC stage 'train' read what is registered and wrote another model.json, twice" in result.text
    assert "'dvc commit -f' does that" in result.text
    body = event(world)
    assert body["verdict"] == "different"
    (weights,) = [file for file in body["report"]["files"] if file["path"] == "model.json"]
    assert (weights["stage"], weights["verdict"], weights["repeated"]) == ("train", "different", True)
    assert weights["made"] == body["outputs"]["model.json"] != weights["recorded"]


def test_forged_metrics(world: World) -> None:
    """A report that somebody made nicer: the weights are what they are, and the report is not theirs."""
    result = reproduce(world, METRICS, 1, "--format", "json")
    report = result.json["report"]
    assert (report["verdict"], report["begins"]) == ("different", ["evaluate"])
    assert result.json["event"]["index"] == size(world) - 1
    verdicts = {file["path"]: file["verdict"] for file in report["files"]}
    assert verdicts == {
        "model.json": "identical",
        "reports/fairness.json": "identical",
        "reports/metrics.json": "different",
    }
    auc = next(one for one in report["numbers"] if one["name"] == "auc")
    assert (auc["recorded"], auc["made"], auc["within"]) == (0.99, 0.8, False)


def test_stage_that_fails(world: World, tmp_path: Path) -> None:
    """Nothing is known then; what it printed is told as text, and its environment held no key, agent or token."""
    before = size(world)
    world.env |= {"SSH_AUTH_SOCK": "/nowhere", "AWS_SECRET_ACCESS_KEY": "x", "GITHUB_TOKEN": "x", "NEEDED": "x"}
    world.env["GOVKIT_KEY"] = str(world.key_path("victor"))
    keep = tmp_path / "kept"
    result = world.govkit("reproduce", f"{MODEL}@{FAILING}", "--keep", str(keep), "--env", "NEEDED", expect=3)
    assert "DVC stage 'train' failed" in result.text
    assert "\x1b" not in result.err
    assert "<U+001B>[31mred" in result.err
    (line,) = [line for line in (keep / "run.log").read_text().splitlines() if line.startswith("ENVIRONMENT")]
    seen = set(json.loads(line.partition(" ")[2].replace("'", '"')))
    assert {"PATH", "HOME", "NEEDED"} <= seen
    assert not {name for name in seen if name.startswith(("SSH_", "GOVKIT_", "AWS_", "GITHUB_"))}
    clone = keep / "repository"
    words = ("git", "-C", str(clone), "for-each-ref")
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == ""
    assert not (clone / ".git" / "hooks").exists()
    assert "remote" not in (clone / ".git" / "config").read_text()
    assert size(world) == before
    text = world.govkit("reproduce", f"{MODEL}@{FAILING}", "--keep", str(keep), "--no-record", expect=2).text
    assert "is not an empty folder" in text


def test_unsteady_pipeline(world: World) -> None:
    """What comes out differently each time contradicts nobody; with a tolerance its numbers can bear it out."""
    before = size(world)
    result = reproduce(world, UNSTEADY, 3)
    assert "DVC stage 'train' gives something else each time" in result.text
    assert "--tolerance" in result.text
    assert size(world) == before
    result = reproduce(world, UNSTEADY, 0, "--tolerance", "auc=0.01")
    assert "WITHIN TOLERANCE" in result.text
    body = event(world)
    assert (body["verdict"], body["report"]["tolerance"]) == ("within-tolerance", ["auc=0.01"])


def test_data_from_the_remote_and_from_nowhere(world: World) -> None:
    """What is not here comes from the DVC remote; what is nowhere, or was exchanged, stops the run."""
    (world.repo / "data" / "rows.csv").unlink()
    shutil.rmtree(world.repo / ".dvc" / "cache")
    world.git("checkout", "-q", "--", ".")
    world.govkit("reproduce", f"{MODEL}@{FAITHFUL}", "--no-record")
    shutil.rmtree(world.repo / ".dvc" / "cache", ignore_errors=True)
    (stored,) = [
        path for path in (world.folder / "remote").rglob("*") if path.is_file() and b"\n99" in path.read_bytes()
    ]
    stored.chmod(0o644)
    stored.write_text("others")
    assert "data/rows.csv" in world.govkit("reproduce", f"{MODEL}@{FAITHFUL}", as_="victor", expect=3).text
    shutil.rmtree(world.repo / ".dvc" / "cache", ignore_errors=True)
    stored.unlink()
    result = reproduce(world, FAITHFUL, 3)
    assert "data/rows.csv, which the run needs, is not to be had" in result.text
    assert "dvc push" in result.text


def test_nothing_is_run(world: World) -> None:
    """Not a frozen DVC stage, not what is unknown, not what is not proven, and not by whom it is not allowed to record."""
    world.env["DVC_ROOT"] = "/nowhere"
    assert "DVC stage 'evaluate' is frozen" in reproduce(world, FROZEN, 3).text
    assert "did you mean 'evaluate'" in reproduce(world, FAITHFUL, 2, "--only", "evalute").text
    assert "no number 'acu'" in reproduce(world, FAITHFUL, 2, "--tolerance", "acu=1%").text
    assert "is not passed on" in reproduce(world, FAITHFUL, 2, "--env", "GOVKIT_KEY").text
    assert "lets only validator" in reproduce(world, FAITHFUL, 1, as_="ada").text
    assert "no key to sign with" in reproduce(world, FAITHFUL, 2, as_="").text
    plan = reproduce(world, FAITHFUL, 0, "--dry-run", "--format", "json").json
    assert [stage["name"] for stage in plan["stages"]] == ["train", "evaluate"]
    assert plan["needs"] == ["data/rows.csv"]
    text = reproduce(world, FAITHFUL, 0, "--dry-run", "--no-record", "--only", "evaluate", as_="").text
    assert "evaluate: python evaluate.py" in text
    assert "with model.json from DVC" in text
    world.git("tag", "-f", f"{MODEL}@v{FAITHFUL}", f"{MODEL}@v{WEIGHTS}")
    assert "the registration of scorer@1.0.0 is not proven" in reproduce(world, FAITHFUL, 1, "--no-record", as_="").text


PIPELINE = """\
stages:
  part:
    foreach: [a, b]
    do:
      wdir: work
      cmd: mkdir -p parts/${item}/in && cp ../../data/rows.csv parts/${item}/x && echo ${item} > parts/${item}/in/y
      deps: [../../data/rows.csv]
      outs: ["parts/${item}"]
  train:
    cmd: mkdir -p model && cat work/parts/a/x work/parts/b/in/y > model/w.bin && echo 1 > model/extra
    deps: [work/parts/a, work/parts/b/in/y]
    outs: [model]
  evaluate:
    matrix: {name: [p, q]}
    cmd: 'echo "{\\"${item.name}\\": $(wc -c < model/w.bin)}" > metrics-${item.name}.json'
    deps: [model/w.bin]
    metrics: [{"metrics-${item.name}.json": {cache: false}}]
artifacts:
  other: {path: model, type: model}
"""


def test_templates_and_folders_below_the_top(world: World) -> None:
    """A pipeline in a subfolder, with a working directory, templates, and outputs that are folders; and a part of it."""
    folder = world.repo / "sub"
    for place in (folder / "work", folder / "governance" / "other"):
        place.mkdir(parents=True)
    (folder / "dvc.yaml").write_text(PIPELINE)
    shutil.copy(world.repo / "governance" / MODEL / "model.yaml", folder / "governance" / "other")
    world.shell("dvc", "repro", "-q", "sub/dvc.yaml")
    world.govkit("hook", "sub=other")
    world.commit("Another model")
    world.govkit("register", "sub=other@1.0.0", as_="ada")
    world.govkit("reproduce", "sub=other@1.0.0", as_="victor")
    body = event(world)
    names = ["part@a", "part@b", "train", "evaluate@p", "evaluate@q"]
    assert body["stages"] == [f"sub/dvc.yaml:{name}" for name in names]
    assert {file["verdict"] for file in body["report"]["files"]} == {"identical"}
    # Metrics whose names are templates are in no card, and yet are held against the commit's own files.
    assert all(file["recorded"] for file in body["report"]["files"])
    plan = world.govkit(
        "reproduce", "sub=other", "--only", "train", "--no-record", "--dry-run", "--format", "json"
    ).json
    assert (plan["version"], plan["needs"]) == ("sub=other@1.0.0", ["sub/work/parts/a", "sub/work/parts/b"])


def is_gone(process: int) -> bool:
    """Tell whether a process ends within a few seconds; one that nobody has taken note of is gone."""
    for _ in range(100):
        try:
            os.kill(process, 0)
            if Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].startswith("Z"):
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped(world: World, tmp_path: Path, number: int) -> None:
    """Ctrl-C, and the end of a container, end the commands too, and leave neither folder nor event."""
    mark = tmp_path / "mark"
    before, environment = size(world), {**world.env, "MARK": str(mark), "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    words = ["-m", "govkit.cli.main", "reproduce", f"{MODEL}@{SLOW}", "--env", "MARK", "--repo", str(world.repo)]
    words += ["--key", str(world.key_path("victor"))]
    process = subprocess.Popen([sys.executable, *words], env=environment, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while not (mark.exists() and mark.read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    assert list(Path(world.env["TMPDIR"]).iterdir())
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, "stopped" in said) == (3, True)
    assert not list(Path(world.env["TMPDIR"]).iterdir())
    assert is_gone(int(mark.read_text()))
    assert size(world) == before
