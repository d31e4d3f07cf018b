"""What the hook of the worked example costs beyond hashing, against what ``dvc repro`` costs by itself.

The same repository, with the example's own files, is reproduced with its last DVC stage being the hook, and with the
same DVC stage running ``true``. Weights and data do not change, so their digests are remembered and nothing is
hashed again; only that one DVC stage is run, by ``--force --single-item``. The whole ``dvc repro`` that runs ``true``
is the peer: start, lock, checks and cache of DVC.

Run with ``python benchmarks/hook.py``; it trains the example once.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import BARE, GOVKIT, PYTHON, TOP, Race

RUNS = 7
#: So many hundredths of what ``dvc repro`` costs are allowed.
WANTED = 15
MODEL = "credit-default"
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
    race.run("making the data", [dvc, "repro", "-q"], folder=repo, environment=environment)
    return repo


def main() -> int:
    """Measure and print; 1 if something was promised in vain."""
    race = Race("What does the hook cost beyond hashing?", ["dvc"])
    dvc = [str(Path(PYTHON).parent / "dvc"), "repro", "-q", "--force", "--single-item", "govern"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = f"{Path(PYTHON).parent}{os.pathsep}{os.environ['PATH']}"
        where = {"XDG_CACHE_HOME": str(folder / "cache"), "DVC_SITE_CACHE_DIR": str(folder / "site"), "PATH": path}
        where["PYTHONPATH"] = str(TOP)
        repo = build(race, folder, where)
        yaml = (repo / "dvc.yaml").read_text()
        plain = yaml.replace(f"cmd: govkit hook {MODEL}", "cmd: 'true'")
        if plain == yaml:
            sys.exit("the example has no such hook any more")
        time.sleep(2.5)  # what was written a moment ago is not remembered
        race.run("the first time", [*GOVKIT, "hook", MODEL], folder=repo, environment=where)
        for _ in range(RUNS if not race.quick else 5):
            race.run("bare start of Python", BARE)
            race.run("govkit hook", [*GOVKIT, "hook", MODEL], folder=repo, environment=where)
            (repo / "dvc.yaml").write_text(yaml)
            race.run("dvc repro, with the hook", dvc, folder=repo, environment=where)
            # DVC takes the outputs away first; a DVC stage that makes none of them would fail.
            (repo / "dvc.yaml").write_text(without_outputs(plain))
            race.run("dvc repro, with true", dvc, folder=repo, environment=where)
            (repo / "dvc.yaml").write_text(yaml)
    race.beyond("dvc repro, with the hook", "dvc repro, with true", "dvc repro, with true", WANTED)
    return race.finish()


def without_outputs(yaml: str) -> str:
    """Return the pipeline with outputs of its last DVC stage that stay where they are between runs."""
    stage = yaml.index("  govern:\n")
    head, tail = yaml[:stage], yaml[stage:]
    tail = tail.replace("/card.html\n", "/card.html:\n          persist: true\n", 1)
    return head + tail.replace("cache: false\n", "cache: false\n          persist: true\n")


if __name__ == "__main__":
    sys.exit(main())
