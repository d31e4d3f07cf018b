"""One signed event at the end of a log of 10,000: sign, validate, commit, move the branch, against ``git commit -S``.

As a whole command, and within a process that goes on, as ``promote --ready`` and the review server do.

Run with ``python benchmarks/append.py``.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from unittest import mock

from harness import BARE, GOVKIT, Race

RUNS = 7


def main() -> int:
    """Measure and print; 1 if something was promised in vain."""
    race = Race("What does one signed event cost?")
    from govkit.workflow import deployments
    from govkit.workflow.plans import Options
    from govkit.workflow.session import Session
    from tests import filler
    from tests import world as worlds

    size = 10_000 if not race.quick else 1_000
    with tempfile.TemporaryDirectory() as name:
        world = worlds.build(Path(name) / "world")
        world.release("1.0.0")
        filler.fill(world, size)
        world.git("repack", "-adq")
        race.sizes["events"] = world.log().head.size
        key = str(world.key_path("remy"))
        where = {**world.env, "XDG_CACHE_HOME": str(Path(name) / "cache"), "GIT_CONFIG_GLOBAL": os.devnull}
        ways = f"govkit record deployment, {size:,} events", "the same in a process that goes on"
        peer = "git commit -S --allow-empty"
        words = [*GOVKIT, "record", "deployment", worlds.MODEL, "--stage", "production", "--environment", "eu"]
        words += ["--status", "succeeded", "--yes", "--key", key]
        signing = ["git", "-c", "gpg.format=ssh", "-c", f"user.signingkey={key}", "commit", "-S", "-q"]
        race.run("the first time", [*GOVKIT, "show"], folder=world.repo, environment=where)
        with mock.patch.dict(os.environ, where):
            about = (worlds.MODEL, "production", "eu")
            session = Session(Options(repo=world.repo, key=key))
            for _ in range(RUNS):
                race.run(ways[0], words, folder=world.repo, environment=where)
            for _ in range(2 * RUNS):
                race.time(ways[1], lambda: deployments.deployment(session, *about, "succeeded"))
                race.run(peer, [*signing, "--allow-empty", "-m", "x"], folder=world.repo, environment=where)
                race.run("bare start of Python", BARE)
    race.at_most(ways[1], peer, 3)
    return race.finish()


if __name__ == "__main__":
    sys.exit(main())
