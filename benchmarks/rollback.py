"""How long it takes to go back: ``govkit rollback``, and ``govkit get`` of what serves then, each a whole process.

The weights are a few bytes in DVC's local cache, so that no transfer is measured. ``gto assign`` on the same repository
is timed beside, which checks nothing and signs nothing. What is promised: both commands in under two seconds.

Run with ``python benchmarks/rollback.py``.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP))

RUNS = 5
#: Seconds for both commands.
BOTH = 2.0


def main() -> int:
    """Measure and print; 1 if it takes longer than is promised."""
    from tests import world as worlds

    with tempfile.TemporaryDirectory() as name:
        world = worlds.build(Path(name) / "world")
        for version, slope in (("1.0.0", 0.81), ("1.1.0", 0.82)):
            world.retrain(slope)
            world.release(version)
        environment = {**world.env, "GOVKIT_KEY": str(world.key_path("remy"))}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)

        def timed(*words: str) -> float:
            start = time.perf_counter()
            subprocess.run(words, cwd=world.repo, env=environment, check=True, capture_output=True)
            return time.perf_counter() - start

        govkit = [sys.executable, "-m", "govkit.cli.main"]
        stage = (worlds.MODEL, "--stage", "production")
        took: dict[str, list[float]] = {"bare": [], "rollback": [], "get": [], "gto assign": []}
        for number in range(RUNS):
            version = ("1.0.0", "1.1.0")[number % 2]
            took["bare"].append(timed(sys.executable, "-c", "import click, yaml"))
            took["rollback"].append(timed(*govkit, "rollback", *stage, "--to", version, "-m", "back"))
            served = Path(name) / "served"
            took["get"].append(timed(*govkit, "get", *stage, "-o", str(served)))
            shutil.rmtree(served)
        for number in range(RUNS):
            assign = ("gto", "assign", worlds.MODEL, "--stage", f"dev{number}", "--version", "v1.0.0")
            took["gto assign"].append(timed(*assign))
    median = {way: statistics.median(found) for way, found in took.items()}
    print(f"medians of {RUNS} runs, {os.cpu_count()} processors")
    for way, seconds in median.items():
        print(f"{way:11} {seconds:6.3f} s   {seconds / median['bare']:5.1f} times a bare start of Python")
    both = median["rollback"] + median["get"]
    print(f"rollback and get {both:6.3f} s")
    return 0 if both < BOTH else 1


if __name__ == "__main__":
    sys.exit(main())
