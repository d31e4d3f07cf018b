"""How long it takes to verify a log of 10,000 events, against ``git log --format=%G?`` over the same commits.

The log's own commits are not signed as commits (their events are), so Git is given the same commits once more, each
signed with the same key as its event. Both run in one go, on one machine; what counts is the ratio. Git takes minutes
and govkit seconds, and machines change their pace: so govkit runs several times, before and after, and the median
counts.

Run with ``make bench``, or ``python benchmarks/log_verify.py [EVENTS]``.
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

import biglog

from govkit.core import events

#: The ratio that is promised.
AT_LEAST = 40
#: How often govkit runs before Git does, and again after it.
_RUNS = 3


def timed(words: list[str], folder: Path, environment: dict[str, str]) -> tuple[float, str]:
    """Run a command; return its wall time in seconds and its output."""
    start = time.monotonic()
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    took = time.monotonic() - start
    if done.returncode != 0:
        sys.exit(f"{words[0]} failed: {done.stdout}{done.stderr}")
    return took, done.stdout


def main() -> int:
    """Measure, and print the ratio; 1 if it is below what is promised."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = biglog.build(folder / "log.git", size)
        root = log.ledger.state.judged[0].id
        signers = "".join(f"{who} {key.public}\n" for who, key in log.keys.items())
        (folder / "allowed").write_text(signers)
        environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "GIT_CONFIG_GLOBAL": os.devnull}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed comes with its bytecode
        runs: list[tuple[float, float]] = []

        def measure() -> str:
            for _ in range(_RUNS):
                shutil.rmtree(folder / "cache", ignore_errors=True)
                cold, said = timed(verify, folder, environment)
                runs.append((cold, timed(verify, folder, environment)[0]))
            return said

        verify = [sys.executable, "-m", "govkit.cli.main", "log", "verify", "--repo", str(log.folder), "--root", root]
        allowed = f"gpg.ssh.allowedSignersFile={folder / 'allowed'}"
        git = ["git", "-c", "gpg.format=ssh", "-c", allowed, "log", "--format=%G?", "twin"]
        timed(verify, folder, {**environment, "GOVKIT_NO_CACHE": "1"})  # warms the disk's cache
        measure()
        stock, marks = timed(git, log.folder, environment)
        said = measure()
        cold, later = (statistics.median(times) for times in zip(*runs, strict=True))
        good = marks.split().count("G")
        print(said.splitlines()[0])
        print(f"git log --format=%G?   {stock:7.2f} s   {good:,} of {len(log.heads):,} good")
        print(f"govkit, from cold      {cold:7.2f} s   {stock / cold:.0f} times faster (median of {len(runs)} runs)")
        print(f"govkit, later          {later:7.2f} s   {stock / later:.0f} times faster")
        print(f"(events of schema {events.SCHEMA}; {len(log.tags):,} tags are checked, too)")
        return 0 if stock / cold >= AT_LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
