"""A log of 100,000 events with as many tags: what serves, and whether all of it holds. Time and memory.

The log is verified from cold at a tenth of the size, too: ten times the log may take ten times as long.

Run with ``python benchmarks/huge.py``.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import biglog
from harness import BARE, GOVKIT, Race

RUNS = 2


def measure(race: Race, folder: Path, tags: int, runs: int) -> str:
    """Make a log of so many events, and time both commands over it; returns what the second is called."""
    log = biglog.registry(folder / f"{tags}.git", 500, tags, served=False)
    cache, root = folder / f"cache-{tags}", log.ledger.state.judged[0].id
    show, verify = f"govkit show, {len(log.tags):,} tags", f"govkit log verify, {len(log.heads):,} events, from cold"
    where = {"XDG_CACHE_HOME": str(cache)}
    for _ in range(runs):
        shutil.rmtree(cache, ignore_errors=True)
        words = [*GOVKIT, "log", "verify", "--root", root]
        race.run(verify, words, folder=log.folder, environment=where, memory=True)
        race.run(show, [*GOVKIT, "show", "--root", root], folder=log.folder, environment=where, memory=True)
        race.run("bare start of Python", BARE)
    race.sizes |= {f"tags {tags}": len(log.tags), f"events {tags}": len(log.heads)}
    return verify


def main() -> int:
    """Measure and print; 1 if something was promised in vain."""
    race = Race("Do 100,000 events and tags take ten times what 10,000 do, and how much memory?")
    many = 100_000 if not race.quick else 3_000
    with tempfile.TemporaryDirectory() as name:
        small, large = measure(race, Path(name), many // 10, RUNS), measure(race, Path(name), many, 1)
    race.at_most(large, small, 11.5 if not race.quick else 15)
    if not race.quick:
        race.within(f"govkit show, {many:,} tags", 4)
        race.holds(f"govkit show, {many:,} tags", 600)
        race.holds(large, 700)
    return race.finish()


if __name__ == "__main__":
    sys.exit(main())
