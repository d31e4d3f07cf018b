"""How long it takes to go back: ``govkit rollback``, and ``govkit get`` of what serves then, each a whole process.

The weights are a few bytes in DVC's local cache, so that no transfer is measured. ``gto assign`` on the same repository
is timed beside, which checks nothing and signs nothing. What is promised: both commands in under two seconds.

Run with ``python benchmarks/rollback.py``.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from harness import BARE, GOVKIT, Race

from tests import world as worlds

#: Seconds for both commands, and the same in bare starts of Python, which take 0.06 s.
SECONDS, TIMES = 2.0, 33
ROLLBACK, GET, BOTH = "govkit rollback", "govkit get", "govkit rollback and get"


def main() -> int:
    """Measure and print; 1 if it takes longer than is promised."""
    race = Race("How long does it take to go back to the version before?", ["gto"])
    gto = [str(Path(sys.executable).parent / "gto"), "assign", worlds.MODEL, "--version", "v1.0.0", "--stage"]
    with tempfile.TemporaryDirectory() as name:
        world = worlds.build(Path(name) / "world")
        world.release("1.0.0")
        world.retrain(0.82)
        world.release("1.1.0")
        race.sizes["events"] = world.log().head.size
        where = {**world.env, "GOVKIT_KEY": str(world.key_path("remy"))}
        stage, served = (worlds.MODEL, "--stage", "production"), Path(name) / "served"
        runs = 5 if not race.quick else 3
        for number in range(runs):
            back = [*GOVKIT, "rollback", *stage, "--to", ("1.0.0", "1.1.0")[number % 2], "-m", "back"]
            race.run("bare start of Python", BARE)
            race.run(ROLLBACK, back, folder=world.repo, environment=where)
            race.run(GET, [*GOVKIT, "get", *stage, "-o", str(served)], folder=world.repo, environment=where)
            race.took(BOTH, sum(race.ways[way].seconds[-1] for way in (ROLLBACK, GET)))
            shutil.rmtree(served)
        for number in range(runs):
            race.run("gto assign", [*gto, f"dev{number}"], folder=world.repo, environment=where)
    race.within(BOTH, SECONDS)
    race.at_most(BOTH, "bare start of Python", TIMES)
    return race.finish()


if __name__ == "__main__":
    sys.exit(main())
