"""What ``govkit verify --dir`` costs at the start of a serving process, beyond hashing its files.

Three ways, each a process of its own, in turn: a bare ``python -c 'import click, yaml'``; the same that hashes the
delivered files with hashlib, one after the other; and ``govkit verify --dir --record`` over the same folder. What is
promised: hashing plus 0.15 s. Weights are one file, then the same bytes in eight, where each processor hashes its own.

Seconds by the clock are medians, and the least of them too: on a machine that does other things they say little, and
the seconds of processor time say more.

Run with ``python benchmarks/verify_dir.py [MEGABYTES]``.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP))

RUNS = 15
#: Seconds beyond hashing.
BEYOND = 0.15
HASH = """
import hashlib, pathlib, sys, click, yaml
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*")):
    if path.is_file():
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")
"""


def deliver(folder: Path, size: int, files: int) -> tuple[Path, str]:
    """Make a governed repository whose weights have so many bytes; return what ``get`` made, and the record."""
    from tests import world as worlds

    world = worlds.build(folder / "world")
    train, yaml = world.repo / "train.py", world.repo / "dvc.yaml"
    code = f"\nout = pathlib.Path('m')\nout.mkdir(exist_ok=True)\nfor n in range({files}):\n"
    code += f"    (out / str(n)).write_bytes(bytes([n]) * {size // files})\n"
    if files == 1:
        code = f"\npathlib.Path('model.json').open('ab').write(b' ' * {size})\n"
    else:
        text = yaml.read_text().replace("    outs:\n      - model.json", "    outs:\n      - model.json\n      - m")
        text = text.replace("path: model.json", "path: m")
        yaml.write_text(text.replace("      - evaluate.py\n", "      - evaluate.py\n      - m\n", 1))
    train.write_text(train.read_text() + code)
    world.retrain(0.81)
    world.release("1.0.0")
    words = ("get", worlds.MODEL, "--stage", "production", "-o", str(folder / "served"), "--format", "json")
    return folder / "served", str(world.govkit(*words).json["verdict"]["promotion"])


def timed(words: list[str]) -> tuple[float, float]:
    """Return how many seconds a command takes, by the clock and of processor time."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(words, cwd="/", env=environment, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, used


def measure(served: Path, record: str) -> float:
    """Measure the three ways over a folder, and print; returns what the least of each leave beyond hashing."""
    python = sys.executable
    govkit = [python, "-m", "govkit.cli.main", "verify", "--dir", str(served), "--record", record]
    ways = {
        "bare": [python, "-c", "import click, yaml"],
        "hashing": [python, "-c", HASH, str(served)],
        "verify --dir": govkit,
    }
    took: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for _ in range(RUNS):
        for way, words in ways.items():
            took[way].append(timed(words))
    clock = {way: statistics.median(run[0] for run in found) for way, found in took.items()}
    least = {way: min(run[0] for run in found) for way, found in took.items()}
    used = {way: min(run[1] for run in found) for way, found in took.items()}
    for way in ways:
        times = f"{clock[way]:6.3f} s, at least {least[way]:6.3f} s, of processors {used[way]:6.3f} s"
        print(f"  {way:13} {times}   {least[way] / least['bare']:4.1f} times a bare start of Python")
    beyond = {name: found["verify --dir"] - found["hashing"] for name, found in (("least", least), ("used", used))}
    print(f"  beyond hashing: {beyond['least']:.3f} s, of processors {beyond['used']:.3f} s")
    return min(beyond.values())


def main() -> int:
    """Measure and print; 1 if it costs more than is promised."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    worst = 0.0
    for files in (1, 8):
        with tempfile.TemporaryDirectory() as name:
            served, record = deliver(Path(name), megabytes << 20, files)
            print(f"{megabytes} MiB of weights in {files} file{'' if files == 1 else 's'}, {RUNS} runs")
            worst = max(worst, measure(served, record))
    return 0 if worst <= BEYOND else 1


if __name__ == "__main__":
    sys.exit(main())
