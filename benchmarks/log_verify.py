"""How long it takes to verify a log of 10,000 events, against ``git log --format=%G?`` over the same commits.

The log's own commits are not signed as commits (their events are), so Git is given the same commits once more, each
signed with the same key as its event. Both run in one go, on one machine; what counts is the ratio.

Run with ``make bench``, or ``python benchmarks/log_verify.py [EVENTS]``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import biglog

from govkit.core import events

#: The ratio that is promised.
AT_LEAST = 40


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
        verify = [sys.executable, "-m", "govkit.cli.main", "log", "verify", "--repo", str(log.folder), "--root", root]
        allowed = f"gpg.ssh.allowedSignersFile={folder / 'allowed'}"
        git = ["git", "-c", "gpg.format=ssh", "-c", allowed, "log", "--format=%G?", "twin"]
        cold, said = timed(verify, folder, environment)
        later, _ = timed(verify, folder, environment)
        stock, marks = timed(git, log.folder, environment)
        good = marks.split().count("G")
        print(said.splitlines()[0])
        print(f"git log --format=%G?   {stock:7.2f} s   {good:,} of {len(log.heads):,} good")
        print(f"govkit, from cold      {cold:7.2f} s   {stock / cold:.0f} times faster")
        print(f"govkit, later          {later:7.2f} s   {stock / later:.0f} times faster")
        print(f"(events of schema {events.SCHEMA}; {len(log.tags):,} tags are checked, too)")
        return 0 if stock / cold >= AT_LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
