"""What serves in a stage, and does everything about it hold: ``govkit verify`` over a log of 10,000 events.

From cold, every event is read and its signature checked; later, what was read before is taken up again, and the proof
itself is made anew. Stock Git checks one tag's signature, or those of a tenth as many commits.

Run with ``python benchmarks/proof.py``.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from harness import BARE, GOVKIT, Race

RUNS = 5


def main() -> int:
    """Measure and print; 1 if something was promised in vain."""
    race = Race("What serves in a stage, and does everything about it hold?")
    from tests import filler
    from tests import world as worlds

    size, twins = (10_000, 1_000) if not race.quick else (1_000, 300)
    with tempfile.TemporaryDirectory() as name:
        world = worlds.build(Path(name) / "world")
        world.release("1.0.0")
        filler.fill(world, size, twins=twins)
        world.git("repack", "-adq")
        race.sizes |= {"events": world.log().head.size, "commits that Git checks": twins}
        cache = Path(name) / "cache"
        where = {**world.env, "XDG_CACHE_HOME": str(cache), "GIT_CONFIG_GLOBAL": os.devnull}
        allowed = Path(name) / "allowed"
        allowed.write_text("".join(f"{who} {world.key(who).public}\n" for who, *_ in worlds.PEOPLE))
        ssh = ["git", "-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={allowed}"]
        verify = [*GOVKIT, "verify", worlds.MODEL, "--stage", "production"]
        cold, warm = (f"govkit verify, {size:,} events, {how}" for how in ("cold", "warm"))
        tag, commits = "git verify-tag, one tag", f"git log --format=%G?, {twins:,} commits"
        for _ in range(RUNS):
            shutil.rmtree(cache, ignore_errors=True)
            race.run(cold, verify, folder=world.repo, environment=where, memory=True)
            race.run(warm, verify, folder=world.repo, environment=where)
            race.run(tag, [*ssh, "verify-tag", f"{worlds.MODEL}#production#2"], folder=world.repo)
            race.run("bare start of Python", BARE)
        marks = race.run(commits, [*ssh, "log", "--format=%G?", "twin"], folder=world.repo)
        if set(marks.split()) != {"G"}:
            sys.exit(f"Git does not find all of them good: {set(marks.split())}")
    race.faster(cold, commits, 4)  # although Git checks fewer
    race.within(cold, 1.2)
    race.within(warm, 0.35)
    return race.finish()


if __name__ == "__main__":
    sys.exit(main())
