"""How long ``govkit site build`` takes for a registry of 50 models with 40 versions each, and again after one change.

The log is read without govkit's cache for the first build, and with it for the others, as it is in real life.

Run with ``python benchmarks/site_build.py``.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import bigsite
from harness import BARE, GOVKIT, Race

#: What is promised for 50 models with 40 versions, in seconds on two processors.
FIRST, AGAIN = 60, 5
#: The same in bare starts of Python, which take 0.06 s; and for the 5 models with 10 versions of a quick run.
TIMES, QUICK_TIMES = (1000, 83), (60, 25)


def build(race: Race, what: str, words: Sequence[str], where: Mapping[str, str]) -> None:
    """Build the site once, and say how many pages were written."""
    found = json.loads(race.run(what, words, environment=where, memory=True))
    print(f"  {what}: {len(found['written']):,} pages written, {found['kept']:,} kept", flush=True)


def main() -> int:
    """Measure and print; 1 if it takes longer than is promised."""
    race = Race("How long does it take to build the site of a registry?")
    models, versions = (50, 40) if not race.quick else (5, 10)
    first, same, again = "the first build", "nothing changed", "one more version"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = bigsite.build(folder / "log.git", models, versions)
        race.sizes |= {"models": models, "versions of each": versions, "events": len(log.heads)}
        where = {"XDG_CACHE_HOME": str(folder / "cache")}
        words = [*GOVKIT, "site", "build", "-o", str(folder / "site"), "--repo", str(log.folder)]
        words += ["--root", log.ledger.state.judged[0].id, "--format", "json"]
        for _ in range(7):
            race.run("bare start of Python", BARE)
        race.run("govkit --help", [*GOVKIT, "--help"])  # warms the disk's cache
        build(race, first, words, where)
        build(race, same, words, where)
        log.add("model-00", versions)
        log.finish()
        build(race, again, words, where)
        pages = [path.stat().st_size for path in (folder / "site").rglob("*.html")]
        race.sizes |= {"pages": len(pages), "bytes of all pages": sum(pages)}
    goals = zip((first, again), (FIRST, AGAIN), QUICK_TIMES if race.quick else TIMES, strict=True)
    for way, seconds, times in goals:
        race.within(way, seconds)
        race.at_most(way, "bare start of Python", times)
    return race.finish()


if __name__ == "__main__":
    sys.exit(main())
