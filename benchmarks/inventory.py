"""How long ``govkit inventory`` takes over 50 repositories with 20 versions each, every log verified from cold.

The repositories are copies of one, each read without govkit's cache of the log. It is told in seconds, and as ratio to
what it takes to start Python and import two libraries: machines differ.

Run with ``python benchmarks/inventory.py``.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

import bigsite
from harness import BARE, GOVKIT, Race

RUNS = 3
#: What is promised for 50 repositories with 20 versions each, in seconds on two processors.
MOST = 30


def main() -> int:
    """Measure and print; 1 if it takes longer than is promised."""
    race = Race("What serves where, in many repositories?")
    repositories, versions = (50, 20) if not race.quick else (6, 5)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = bigsite.build(folder / "repository-0.git", 1, versions)
        for number in range(1, repositories):
            shutil.copytree(log.folder, folder / f"repository-{number}.git")
        listed, roots = folder / "repositories.txt", folder / "known_roots"
        listed.write_text("".join(f"repository-{number}.git\n" for number in range(repositories)))
        roots.write_text(f"{log.ledger.state.judged[0].id} https://git.example.org/models\n")
        race.sizes |= {"repositories": repositories, "versions in each": versions, "events in each": len(log.heads)}
        words = [*GOVKIT, "inventory", "--from", str(listed), "--format", "json"]
        for number in range(RUNS):
            where = {"XDG_CACHE_HOME": str(folder / f"cache-{number}"), "GOVKIT_KNOWN_ROOTS": str(roots)}
            out = race.run("govkit inventory", words, environment=where, memory=True)
            race.run("bare start of Python", BARE)
        found = json.loads(out)["repositories"]
        counted = sum(model["versions"] for one in found for model in one["models"])
        verified = sum(one["state"] == "verified" for one in found)
        print(f"  {len(found)} repositories of {len(log.heads)} events, {verified} verified; {counted:,} versions")
        if (len(found), verified, counted) != (repositories, repositories, repositories * versions):
            sys.exit("not every repository and version was found and verified")
    race.within("govkit inventory", MOST)
    return race.finish()


if __name__ == "__main__":
    sys.exit(main())
