"""How long it takes to verify a log of 10,000 events, against ``git log --format=%G?`` over the same commits.

The log's own commits are not signed as commits (their events are), so Git is given the same commits once more, each
signed with the same key as its event. Git starts a process for each, takes minutes, and as long for the last as for the
first: it gets the first 4,000, and what all take at that pace is told. Machines change their pace, so govkit runs
before Git and after it, and the median counts.

Run with ``python benchmarks/log_verify.py``.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import biglog
from harness import BARE, GOVKIT, Race

#: How many times faster than Git is promised; and of 1,000 events, where the start of a process weighs more.
AT_LEAST, QUICK_AT_LEAST = 60, 12
#: How often govkit runs before Git does, and again after it.
_RUNS = 2


def main() -> int:
    """Measure and print; 1 if it is slower than what is promised."""
    race = Race("How long does it take to verify a whole log?")
    size, twins = (10_000, 4_000) if not race.quick else (1_000, 300)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = biglog.build(folder / "log.git", size, twins=twins)
        commits, cache = log.twins, folder / "cache"
        race.sizes |= {"events": len(log.heads), "tags": len(log.tags), "commits that Git checks": len(commits)}
        cold, later = (f"govkit log verify, {how}" for how in ("cold", "later"))
        stock = f"git log --format=%G?, {len(commits):,} commits"
        root = log.ledger.state.judged[0].id
        verify = [*GOVKIT, "log", "verify", "--repo", str(log.folder), "--root", root]
        allowed = folder / "allowed"
        allowed.write_text("".join(f"{who} {key.public}\n" for who, key in log.keys.items()))
        git = ["git", "-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={allowed}", "log", "--format=%G?"]

        def measure() -> None:
            for _ in range(_RUNS):
                shutil.rmtree(cache, ignore_errors=True)
                race.run("bare start of Python", BARE)
                race.run(cold, verify, environment={"XDG_CACHE_HOME": str(cache)}, memory=True)
                race.run(later, verify, environment={"XDG_CACHE_HOME": str(cache)})

        race.run("the first time, not counted", verify, environment={"GOVKIT_NO_CACHE": "1"})  # warms the disk's cache
        measure()
        marks = race.run(stock, [*git, "twin"], folder=log.folder).split()
        measure()
        whole = f"git log --format=%G?, {len(log.heads):,} commits at that pace"
        race.took(whole, race.median(stock) * len(log.heads) / len(commits))
    if marks != ["G"] * len(commits):
        sys.exit(f"Git does not find all of them good: {set(marks)}")
    race.faster(cold, whole, AT_LEAST if not race.quick else QUICK_AT_LEAST)
    return race.finish()


if __name__ == "__main__":
    sys.exit(main())
