"""Repositories as users bring them: years old, governed by nobody, with GTO's tags and people's comments."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.world import World

#: Two models, comments in every place, a template, and a metric that an old hand put beside its outs.
DVC_YAML = """\
# Owned by team Risk. Ask before you touch it!
vars:
  - rows: data/rows.csv # where they come from

stages:
  prepare: # drops the first row
    cmd: python prepare.py
    deps:
    - prepare.py   # unusual spacing   stays
    - data/rows.csv
    outs:
    - data/train.csv
    - data/test.csv
  # the next one takes an hour
  train:
    cmd: python train.py
    deps: [train.py, data/train.csv]
    params: [slope]
    outs:
    - models/scorer.pkl   # what serves
  evaluate:
    cmd: python evaluate.py
    deps: [evaluate.py, models/scorer.pkl, data/test.csv]
    metrics:
    - reports/metrics.json: {cache: false}
    plots:
    - reports/roc.csv:
        cache: false
        x: fpr

# What we serve. The order matters to nobody but us.
artifacts:
  scorer: {path: models/scorer.pkl, type: model, desc: "Scores people"} # live since 2024
  rows:
    path: data/rows.csv
    type: dataset
"""

PRICING_YAML = """\
# Prices, in a folder of their own
stages:
    train:
        cmd: python train.py
        deps:
            - train.py
        outs:
            - price.pkl
        metrics:
            - metrics.json:
                cache: false
artifacts:
    price:
        path: price.pkl
        type: model
"""

PROGRAMS = {
    "prepare.py": """\
        import pathlib
        rows = pathlib.Path("data/rows.csv").read_text().split()
        pathlib.Path("data/train.csv").write_text("\\n".join(rows[1:]))
        pathlib.Path("data/test.csv").write_text(rows[0])
        """,
    "train.py": """\
        import pathlib
        with open("trained.log", "a") as log: log.write("scorer\\n")
        pathlib.Path("models").mkdir(exist_ok=True)
        pathlib.Path("models/scorer.pkl").write_text(pathlib.Path("params.yaml").read_text())
        """,
    "evaluate.py": """\
        import json, pathlib
        pathlib.Path("reports").mkdir(exist_ok=True)
        pathlib.Path("reports/metrics.json").write_text(json.dumps({"auc": 0.8}))
        pathlib.Path("reports/roc.csv").write_text("fpr,tpr\\n0,0\\n1,1\\n")
        """,
    "pricing/train.py": """\
        import json, pathlib
        with open("../trained.log", "a") as log: log.write("price\\n")
        pathlib.Path("price.pkl").write_text("1")
        pathlib.Path("metrics.json").write_text(json.dumps({"rmse": 3}))
        """,
}


def start(folder: Path) -> World:
    """Make a Git repository of Sam's without anything in it."""
    world = World(folder)
    world.repo.mkdir(parents=True)
    world.git("init", "-q", "-b", "main")
    world.git("config", "user.name", "Sam Solo")
    world.git("config", "user.email", "sam@example.org")
    world.key_path("sam")  # the same in every copy
    return world


def put(world: World, files: dict[str, str]) -> None:
    """Write files; the indentation of the whole text goes away."""
    import textwrap

    for name, text in files.items():
        path = world.repo / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


def gto(world: World, *words: str) -> str:
    """Run the real GTO in the repository and return what it printed."""
    environment = {**world.env, "GTO_NO_ANALYTICS": "1"}
    done = subprocess.run(["gto", *words], cwd=world.repo, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tag(world: World, name: str, line: str, second: int) -> None:
    """Make an annotated tag as GTO makes it, at a time of its own: GTO orders tags by their seconds."""
    date = {"GIT_COMMITTER_DATE": f"{1_700_000_000 + second} +0000"}
    words = ["git", "tag", "-a", "-m", line, name]
    subprocess.run(words, cwd=world.repo, env={**world.env, **date}, check=True, capture_output=True)


def old(folder: Path) -> World:
    """Make an old repository: two models in two ``dvc.yaml``, run years ago, tagged by GTO, cached, and tidy."""
    world = start(folder)
    world.shell("dvc", "init", "-q")
    put(world, {"dvc.yaml": DVC_YAML, "pricing/dvc.yaml": PRICING_YAML, **PROGRAMS})
    put(world, {"params.yaml": "slope: 1\n", "data/rows.csv": "1\n2\n3\n", ".gitattributes": "* text=auto\n"})
    put(world, {".gitignore": "trained.log\n"})
    world.shell("dvc", "add", "-q", "data/rows.csv")
    world.shell("dvc", "repro", "-q", "-P")
    world.commit("An old repository", author="Sam Solo <sam@example.org>")
    tag(world, "scorer@v1.0.0", "Registering artifact scorer version v1.0.0", 0)
    tag(world, "scorer#staging#1", "Assigning stage staging to artifact scorer", 1)
    tag(world, "pricing=price@v0.1.0", "Registering artifact pricing=price version v0.1.0", 2)
    tag(world, "pricing=price#production#1", "Assigning stage production to artifact pricing=price", 3)
    tag(world, "scorer#archive#3", "Assigning stage archive to artifact scorer", 6)
    tag(world, "scorer#archive!#4", "Unassigning stage 'archive' to artifact scorer", 7)
    put(world, {"README.md": "An old hand's notes\n"})
    world.commit("Notes", author="Sam Solo <sam@example.org>")
    tag(world, "scorer@v1.1.0", "Registering artifact scorer version v1.1.0", 8)
    tag(world, "scorer#production#2", "Assigning stage production to artifact scorer", 9)
    return world


def trained(world: World) -> str:
    """Return what was trained so far, one line each time."""
    path = world.repo / "trained.log"
    return path.read_text() if path.exists() else ""
