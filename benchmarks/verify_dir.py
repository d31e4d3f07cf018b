"""What ``govkit verify --dir`` costs at the start of a serving process, beyond hashing its files.

Three ways, each a process of its own, in turn: a bare start of Python; the same that hashes the delivered files with
hashlib, one after the other; and ``govkit verify --dir --record`` over the same folder. What is promised: hashing plus
0.15 s. Weights are one file, then the same bytes in eight, where each processor hashes its own.

The least of the runs counts, by the clock or of processor time: on a machine that does other things, medians of what
is a small difference between large numbers say little.

Run with ``python benchmarks/verify_dir.py``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from harness import BARE, GOVKIT, PYTHON, Race

from tests import world as worlds

#: Seconds beyond hashing, and the same in bare starts of Python, which take 0.06 s.
BEYOND, TIMES = 0.15, 2.5
HASH = """
import hashlib, pathlib, sys, click, yaml
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*")):
    if path.is_file():
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")
"""


def deliver(template: Path, folder: Path, size: int, files: int) -> tuple[Path, str]:
    """Release weights of so many bytes in a copy of a world; return what ``get`` made, and the record."""
    world = worlds.copy(template, folder / "world")
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


def measure(race: Race, served: Path, record: str, weights: str) -> None:
    """Run the three ways over a folder, and promise what verifying costs beyond hashing."""
    bare, hashing, verify = "bare start of Python", f"hashing {weights}", f"govkit verify --dir, {weights}"
    words = [*GOVKIT, "verify", "--dir", str(served), "--record", record]
    for _ in range(15 if not race.quick else 5):
        race.run(bare, BARE, folder=Path("/"))
        race.run(hashing, [PYTHON, "-c", HASH, str(served)], folder=Path("/"))
        race.run(verify, words, folder=Path("/"))
    race.adds(verify, hashing, bare, BEYOND, TIMES)


def main() -> int:
    """Measure and print; 1 if it costs more than is promised."""
    race = Race("What does it cost to verify what is about to serve, beyond hashing it?")
    mebibytes = 200 if not race.quick else 20
    race.sizes["mebibytes of weights"] = mebibytes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        template = worlds.build(folder / "world").folder
        for files, weights in ((1, "one file"), (8, "eight files")):
            served, record = deliver(template, folder / str(files), mebibytes << 20, files)
            measure(race, served, record, weights)
    return race.finish()


if __name__ == "__main__":
    sys.exit(main())
