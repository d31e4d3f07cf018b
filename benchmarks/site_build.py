"""How long ``govkit site build`` takes for a registry of 50 models with 40 versions each, and again after one change.

Both are told in seconds, and as ratio to what it takes to start Python and import two libraries: machines differ.
The log is read without govkit's cache for the first build, and with it for the second, as it is in real life.

Run with ``make bench-site``, or ``python benchmarks/site_build.py [MODELS] [VERSIONS]``.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bigsite

#: What is promised for 50 models with 40 versions, in seconds on two processors.
FIRST, AGAIN = 60, 5
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
    models, versions = (int(word) for word in (*sys.argv[1:], "50", "40")[:2])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = bigsite.build(folder / "log.git", models, versions)
        environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "GIT_CONFIG_GLOBAL": os.devnull}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed comes with its bytecode
        root, site = log.ledger.state.judged[0].id, folder / "site"
        words = [sys.executable, "-m", "govkit.cli.main", "site", "build", "-o", str(site)]
        words += ["--repo", str(log.folder), "--root", root, "--format", "json"]
        timed([sys.executable, "-m", "govkit.cli.main", "--help"], environment)  # warms the disk's cache
        unit = statistics.median(timed(_YARDSTICK, environment)[0] for _ in range(7))
        print(f"{models} models with {versions} versions each, {len(log.heads):,} events, {os.cpu_count()} processors")
        first = told("first build", words, environment, unit)
        told("nothing changed", words, environment, unit)
        log.add("model-00", versions)
        log.finish()
        again = told("one more version", words, environment, unit)
        pages = [path.stat().st_size for path in site.rglob("*.html")]
        print(f"(python -c 'import click, yaml' takes {unit:.3f} s; {sum(pages) / 1e6:.0f} MB in {len(pages):,} pages)")
        return 0 if first < FIRST and again < AGAIN else 1


def told(what: str, words: list[str], environment: dict[str, str], unit: float) -> float:
    """Build the site, say how long it took and how many pages were written, and return the seconds."""
    took, out = timed(words, environment)
    found = json.loads(out)
    counts = f"{len(found['written']):,} pages written, {found['kept']:,} kept"
    print(f"{what:18s} {took:6.2f} s, {took / unit:5.0f} times the start of Python; {counts}", flush=True)
    return took


if __name__ == "__main__":
    sys.exit(main())
