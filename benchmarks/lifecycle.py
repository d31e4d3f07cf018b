"""A version from its registration to production: govkit's command line against MLflow's client on SQLite.

govkit registers, asks, approves twice and promotes, each a whole process that checks, signs and commits. MLflow does
what its users do for the same: register a version, set three tags (asked, approved by two), set an alias; each a Python
process of its own with its client, as from a CI job or a shell, without a server between. Nothing of it is signed.

Run with ``python benchmarks/lifecycle.py``.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from pathlib import Path

from harness import BARE, GOVKIT, PYTHON, Race, Way

from tests import world as worlds

START = "from mlflow import MlflowClient\nclient = MlflowClient(tracking_uri={uri!r}, registry_uri={uri!r})\n"
STEPS = (
    ("register", "client.create_model_version('scorer', 'file:///models/{version}', tags={{'commit': 'abc'}})"),
    ("ask", "client.set_model_version_tag('scorer', '{version}', 'requested', 'production')"),
    ("approve", "client.set_model_version_tag('scorer', '{version}', 'approved-by-rita', 'yes')"),
    ("approve", "client.set_model_version_tag('scorer', '{version}', 'approved-by-victor', 'yes')"),
    ("promote", "client.set_registered_model_alias('scorer', 'production', '{version}')"),
)
GOVKIT_ALL, MLFLOW_ALL = "govkit: all five", "MLflow: all five"


def govkit(race: Race, world: worlds.World, version: str) -> None:
    """Take one version to production: by ada, rita, victor and remy."""
    name = f"{worlds.MODEL}@{version}"
    steps = (
        ("register", "ada", ("register", name)),
        ("ask", "ada", ("request", name, "--stage", "production", "-m", "better")),
        ("approve", "rita", ("approve", f"{name}#production")),
        ("approve", "victor", ("approve", f"{name}#production")),
        ("promote", "remy", ("promote", name, "--stage", "production")),
    )
    for step, who, words in steps:
        key = ("--key", str(world.key_path(who)), "--yes")
        race.run(f"govkit: {step}", [*GOVKIT, *words, *key], folder=world.repo, environment=world.env)


def mlflow(race: Race, folder: Path, version: int) -> None:
    """Do the same in MLflow, as far as it knows of it."""
    start = START.format(uri=f"sqlite:///{folder / 'mlflow.db'}")
    for step, code in STEPS:
        race.run(f"MLflow: {step}", [PYTHON, "-c", start + code.format(version=version)], folder=folder)


def total(race: Race, name: str, who: str, runs: int) -> None:
    """Add up what the five steps took, run by run."""
    way = race.ways.setdefault(name, Way())
    steps = {key: value.seconds for key, value in race.ways.items() if key.startswith(f"{who}: ") and key != name}
    # There are two approvals in each run.
    way.seconds = [
        sum(sum(took[n * len(took) // runs : (n + 1) * len(took) // runs]) for took in steps.values())
        for n in range(runs)
    ]


def main() -> int:
    """Measure and print; 1 if something was promised in vain."""
    race = Race("How long does a version take from its registration to production?", ("mlflow-skinny", "sqlalchemy"))
    runs = 1 if race.quick else 3
    race.sizes["versions"] = runs
    has_peer = all(importlib.util.find_spec(name) for name in ("mlflow", "sqlalchemy", "alembic"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = worlds.build(folder / "world")
        if has_peer:  # its tables are made beforehand, and are not counted
            uri = f"sqlite:///{folder / 'mlflow.db'}"
            code = START.format(uri=uri) + "client.create_registered_model('scorer')"
            race.run("MLflow: tables, not counted", [PYTHON, "-c", code], folder=folder)
            race.ways["(tables of MLflow)"] = race.ways.pop("MLflow: tables, not counted")
        else:
            print("  mlflow with SQLAlchemy is not installed, and left out")
        for number in range(1, runs + 1):
            race.run("bare start of Python", BARE)
            govkit(race, world, f"1.{number}.0")
            if has_peer:
                mlflow(race, folder, number)
            world.retrain(0.8 + number / 100)
    total(race, GOVKIT_ALL, "govkit", runs)
    if has_peer:
        total(race, MLFLOW_ALL, "MLflow", runs)
        race.at_most(GOVKIT_ALL, MLFLOW_ALL, 1)
    return race.finish()


if __name__ == "__main__":
    sys.exit(main())
