"""How long people wait for a command that hardly does anything: help, version, and ``show`` in a small repository.

Each is a whole process, started in turn with the same of ``gto``, ``dvc`` and ``mlflow``, where these are installed.

Run with ``python benchmarks/start.py``.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from harness import BARE, GOVKIT, Race

from tests import world as worlds

#: Seconds on a quiet machine of two cores, and the same in bare starts of Python, which take 0.06 s there.
HELP, SHOW = 0.15, 0.25
HELP_TIMES, SHOW_TIMES = 2.5, 4.2
PEERS = ("gto", "dvc", "mlflow")


def peers() -> dict[str, str]:
    """Return the commands that are installed beside this Python or on the path, by name; says which are not."""
    found = {}
    for name in PEERS:
        beside = Path(sys.executable).parent / name
        place = str(beside) if beside.exists() else shutil.which(name)
        if place is None:
            print(f"  {name} is not installed, and left out")
        else:
            found[name] = place
    return found


def main() -> int:
    """Measure and print; 1 if something was promised in vain."""
    race = Race("How long does a command take that hardly does anything?", ["gto", "dvc", "mlflow-skinny"])
    others = peers()
    with tempfile.TemporaryDirectory() as name:
        world = worlds.build(Path(name) / "world")
        world.release("1.0.0")
        race.sizes["events"] = world.log().head.size
        for _ in range(5 if race.quick else 11):
            race.run("bare start of Python", BARE)
            for word in ("--help", "--version"):
                race.run(f"govkit {word}", [*GOVKIT, word], environment=world.env)
            race.run("govkit show", [*GOVKIT, "show"], folder=world.repo, environment=world.env)
        others = {peer: place for peer, place in others.items() if peer != "mlflow" or not race.quick}
        for _ in range(1 if race.quick else 2):
            for peer, place in others.items():
                for word in ("--help", "--version"):
                    race.run(f"{peer} {word}", [place, word], folder=world.repo, environment=world.env)
            if "gto" in others:
                race.run("gto show", [others["gto"], "show"], folder=world.repo, environment=world.env)
    race.within("govkit --help", HELP)
    race.within("govkit show", SHOW)
    race.at_most("govkit --help", "bare start of Python", HELP_TIMES)
    race.at_most("govkit show", "bare start of Python", SHOW_TIMES)
    for peer in others:
        race.faster("govkit --help", f"{peer} --help", 1)
    if "gto" in others:
        race.faster("govkit show", "gto show", 1)
    return race.finish()


if __name__ == "__main__":
    sys.exit(main())
