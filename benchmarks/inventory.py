"""How long ``govkit inventory`` takes over 50 repositories with 20 versions each.

It is told in seconds, and as ratio to what it takes to start Python and import two libraries: machines differ. Each
repository holds real cards, and every event and tag in it is really signed; they are copies of one, under other names.
govkit's cache of logs is empty.

Run with ``make bench-inventory``, or ``python benchmarks/inventory.py [REPOSITORIES] [VERSIONS]``.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bigsite

#: What is promised for 50 repositories with 20 versions each, in seconds on two processors.
MOST = 30
_YARDSTICK = [sys.executable, "-c", "import click, yaml"]


def timed(words: list[str], environment: dict[str, str]) -> tuple[float, str]:
    """Run a command; return its wall time in seconds and its output."""
    start = time.monotonic()
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    took = time.monotonic() - start
    if done.returncode != 0:
        sys.exit(f"{words} failed: {done.stdout}{done.stderr}")
    return took, done.stdout


def main() -> int:
    """Measure and print; 1 if it takes longer than is promised."""
    repositories, versions = (int(word) for word in (*sys.argv[1:], "50", "20")[:2])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = bigsite.build(folder / "repository-0.git", 1, versions)
        for number in range(1, repositories):
            shutil.copytree(log.folder, folder / f"repository-{number}.git")
        listed, roots = folder / "repositories.txt", folder / "known_roots"
        listed.write_text("".join(f"repository-{number}.git\n" for number in range(repositories)))
        roots.write_text(f"{log.ledger.state.judged[0].id} https://git.example.org/models\n")
        environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "GOVKIT_KNOWN_ROOTS": str(roots)}
        environment |= {"GIT_CONFIG_GLOBAL": os.devnull}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed comes with its bytecode
        words = [sys.executable, "-m", "govkit.cli.main", "inventory", "--from", str(listed), "--format", "json"]
        timed([sys.executable, "-m", "govkit.cli.main", "--help"], environment)  # warms the disk's cache
        unit = statistics.median(timed(_YARDSTICK, environment)[0] for _ in range(7))
        took, out = timed(words, environment)
        found = json.loads(out)["repositories"]
        counted = sum(model["versions"] for one in found for model in one["models"])
        verified = sum(one["state"] == "verified" for one in found)
        print(f"{len(found)} repositories of {len(log.heads)} events, {verified} verified; {counted:,} versions")
        print(f"inventory {took:.2f} s on {os.cpu_count()} processors, {took / unit:.0f} times the start of Python")
        print(f"(python -c 'import click, yaml' takes {unit:.3f} s)")
        return 0 if took < MOST and verified == repositories and counted == repositories * versions else 1


if __name__ == "__main__":
    sys.exit(main())
