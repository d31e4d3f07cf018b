"""What serves where, of many models with many tags: ``govkit show``, ``gto show``, and reading the tags alone.

govkit reads a log that it has read before, as every command but the first does, and proves nothing less for that; how
long the first one takes is told, too. Git reads the content of every tag and does nothing with it.

Run with ``python benchmarks/show.py``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import biglog
from harness import BARE, GOVKIT, Race

RUNS = 5


def race_gto(race: Race, folder: Path, models: int, tags: int) -> None:
    """Fifty models: against ``gto`` and ``git``."""
    log = biglog.registry(folder / "log.git", models, tags)
    race.sizes |= {"models": models, "tags": len(log.tags), "events": len(log.heads)}
    names = [f"govkit show, {len(log.tags):,} tags", "gto show", "git for-each-ref with contents"]
    where = {"XDG_CACHE_HOME": str(folder / "cache")}
    words = [*GOVKIT, "show", "--root", log.ledger.state.judged[0].id]
    race.run(f"{names[0]}, the first time", words, folder=log.folder, environment=where)
    for _ in range(RUNS):
        race.run("bare start of Python", BARE)
        race.run(names[0], words, folder=log.folder, environment=where, memory=True)
        refs = ["git", "for-each-ref", "--format=%(refname) %(contents)", "refs/tags"]
        race.run(names[2], refs, folder=log.folder)
    clone = folder / "clone"  # gto wants a working tree
    race.run("git clone, for gto", ["git", "clone", "-q", "--no-checkout", str(log.folder), str(clone)])
    race.run(names[1], [str(Path(sys.executable).parent / "gto"), "show"], folder=clone)
    race.faster(names[0], names[1], 150 if not race.quick else 10)
    if not race.quick:  # of few tags, what is measured is the start of a process
        race.at_most(names[0], names[2], 3, beyond=0.15)


def main() -> int:
    """Measure and print; 1 if something was promised in vain."""
    race = Race("What serves where, of many models with many tags?", ["gto"])
    with tempfile.TemporaryDirectory() as name:
        race_gto(race, Path(name), 50 if not race.quick else 10, 10_050 if not race.quick else 1_500)
    return race.finish()


if __name__ == "__main__":
    sys.exit(main())
