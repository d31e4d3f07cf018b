"""What ``govkit verify --dir`` costs at the start of a serving process, beyond hashing its files.

Three ways, each a process of its own, in turn: a bare ``python -c 'import click, yaml'``; the same that hashes the
delivered files with hashlib, one after the other; and ``govkit verify --dir --record`` over the same folder. What is
promised: hashing plus 0.15 s.

Run with ``python benchmarks/verify_dir.py [MEGABYTES]``.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP))

RUNS = 9
#: Seconds beyond hashing.
BEYOND = 0.15
GOVKIT = [sys.executable, "-m", "govkit.cli.main"]
HASH = """
import hashlib, pathlib, sys, click, yaml
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")
"""


def deliver(folder: Path, size: int) -> tuple[Path, str]:
    """Make a governed repository whose weights have so many bytes; return what ``get`` made, and the record."""
    from tests import world as worlds

    world = worlds.build(folder / "world")
    train = world.repo / "train.py"
    train.write_text(train.read_text() + f"\npathlib.Path('model.json').open('ab').write(b' ' * {size})\n")
    world.retrain(0.81)
    world.release("1.0.0")
    words = ("get", worlds.MODEL, "--stage", "production", "-o", str(folder / "served"), "--format", "json")
    return folder / "served", str(world.govkit(*words).json["verdict"]["promotion"])


def timed(words: list[str]) -> float:
    """Return how many seconds a command takes."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run(words, cwd="/", env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> int:
    """Measure and print; 1 if it costs more than is promised."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as name:
        served, record = deliver(Path(name), megabytes << 20)
        ways = {
            "bare": [sys.executable, "-c", "import click, yaml"],
            "hashing": [sys.executable, "-c", HASH, str(served)],
            "verify --dir": [
                sys.executable,
                "-m",
                "govkit.cli.main",
                "verify",
                "--dir",
                str(served),
                "--record",
                record,
            ],
        }
        took: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(RUNS):
            for way, words in ways.items():
                took[way].append(timed(words))
    median = {way: statistics.median(found) for way, found in took.items()}
    beyond = median["verify --dir"] - median["hashing"]
    print(f"{megabytes} MiB of weights, medians of {RUNS} runs")
    for way, seconds in median.items():
        print(f"{way:13} {seconds:6.3f} s   {seconds / median['bare']:4.1f} times a bare start of Python")
    print(f"beyond hashing {beyond:6.3f} s")
    return 0 if beyond <= BEYOND else 1


if __name__ == "__main__":
    sys.exit(main())
