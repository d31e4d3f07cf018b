"""What the hook of the worked example costs beyond hashing, of what ``dvc repro`` itself costs.

The example is trained once. Then its whole pipeline is reproduced again and again by ``dvc repro --force`` with every
command being ``true``, so that what is left is DVC's own work; and the same with the last DVC stage being the hook.
Weights and data do not change, so their digests are remembered and nothing is hashed again. How much of a real run with
training it is, is told beside.

Run with ``python benchmarks/hook.py``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml
from harness import BARE, GOVKIT, PYTHON, TOP, Race

RUNS, QUICK_RUNS = 4, 2
TRAINED = "dvc repro, with training"
#: So many hundredths of what ``dvc repro`` itself costs are allowed.
WANTED = 15
MODEL, STAGE = "credit-default", "govern"
_COPIED = ("data", "governance", "pipelines", "dvc.yaml", "dvc.lock", "params.yaml", ".gitattributes", ".gitignore")


def build(race: Race, folder: Path, environment: dict[str, str]) -> Path:
    """Copy what Git has of the example, and train it."""
    repo = folder / "repo"
    repo.mkdir()
    listed = subprocess.run(["git", "ls-files", "-z", *_COPIED], cwd=TOP, capture_output=True, text=True, check=True)
    for path in listed.stdout.split("\0")[:-1]:
        (repo / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / path, repo / path)
    dvc = str(Path(PYTHON).parent / "dvc")
    for words in (["git", "init", "-q"], [dvc, "init", "-q"], ["git", "add", "-A"]):
        race.run("making the data", words, folder=repo, environment=environment)
    race.run(TRAINED, [dvc, "repro", "-q"], folder=repo, environment=environment)
    return repo


def main() -> int:
    """Measure and print; 1 if something was promised in vain."""
    race = Race("What does the hook cost beyond hashing?", ["dvc"])
    repro = [str(Path(PYTHON).parent / "dvc"), "repro", "-q", "--force"]
    hooked, idle = "dvc repro, with the hook", "dvc repro, with true alone"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = f"{Path(PYTHON).parent}{os.pathsep}{os.environ['PATH']}"
        where = {"XDG_CACHE_HOME": str(folder / "cache"), "DVC_SITE_CACHE_DIR": str(folder / "site"), "PATH": path}
        where["PYTHONPATH"] = str(TOP)
        repo = build(race, folder, where)
        declared = (repo / "dvc.yaml").read_text()
        time.sleep(2.5)  # what was written a moment ago is not remembered
        ways = {hooked: idling(declared, keep=STAGE), idle: idling(declared, keep=None)}
        for number in range((RUNS if not race.quick else QUICK_RUNS) + 1):
            for way, pipeline in ways.items():
                (repo / "dvc.yaml").write_text(pipeline)
                race.run(way if number else "the first time", repro, folder=repo, environment=where)
            race.run("bare start of Python", BARE)
            race.run("govkit hook", [*GOVKIT, "hook", MODEL], folder=repo, environment=where)
    race.beyond(hooked, idle, idle, WANTED)
    return race.finish()


def idling(declared: str, *, keep: str | None) -> str:
    """Return the pipeline with commands that do nothing, but for one DVC stage.

    DVC takes outputs away before it runs a command, and misses them after one that makes none: so they stay.
    """
    pipeline = yaml.safe_load(declared)
    for name, stage in pipeline["stages"].items():
        if name != keep:
            stage["cmd"] = "true"
        for kind in ("outs", "metrics", "plots"):
            stage[kind] = [staying(out) for out in stage.get(kind, [])]
    return yaml.safe_dump(pipeline, sort_keys=False)


def staying(out: str | dict[str, Any]) -> dict[str, Any]:
    """Return the declaration of an output that stays where it is between runs."""
    ((path, about),) = [(out, {})] if isinstance(out, str) else out.items()
    return {path: {**about, "persist": True}}


if __name__ == "__main__":
    sys.exit(main())
