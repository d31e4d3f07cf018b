"""The lineage of a model at the end of 2,000 DVC stages, against the index that ``dvc`` makes of the same files.

Both are whole processes. DVC's index says which DVC stages there are and what they read and write; govkit says beside
that what the model was made from, and whether ``dvc.lock`` agrees with ``dvc.yaml`` and Git. The bytes are not there:
neither digests any.

Run with ``python benchmarks/lineage.py``.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path

from harness import BARE, GOVKIT, PYTHON, Race

RUNS = 2
#: How much faster than DVC's index it is to be; and of half as many DVC stages.
WANTED, QUICK_WANTED = 10, 6
INDEX = "from dvc.repo import Repo; index = Repo().index; print(len(index.stages))"


def write(folder: Path, stages: int) -> None:
    """Write ``dvc.yaml`` and ``dvc.lock``: each DVC stage reads what the one before and the one ten before it wrote."""
    yaml, lock = ["stages:"], ["schema: '2.0'", "stages:"]
    md5 = {place: hashlib.md5(f"{place}".encode(), usedforsecurity=False).hexdigest() for place in range(stages)}
    code = b"import sys\n"
    (folder / "step.py").write_bytes(code)
    (folder / "params.yaml").write_text("rate: 0.5\n")
    script = hashlib.md5(code, usedforsecurity=False).hexdigest()
    for place in range(stages):
        command = f"python step.py {place}"
        yaml += [f"  s{place}:", f"    cmd: {command}", "    deps:", "      - step.py"]
        lock += [f"  s{place}:", f"    cmd: {command}", "    deps:"]
        earlier = sorted(
            {before for before in (place - 1, place - 10) if before >= 0}, key=lambda before: f"o/{before}"
        )
        yaml += [f"      - o/{before}" for before in earlier]
        for before in earlier:
            lock += [f"    - path: o/{before}", "      hash: md5", f"      md5: {md5[before]}", "      size: 10"]
        lock += ["    - path: step.py", "      hash: md5", f"      md5: {script}", f"      size: {len(code)}"]
        yaml += ["    params:", "      - rate", "    outs:", f"      - o/{place}"]
        lock += ["    params:", "      params.yaml:", "        rate: 0.5"]
        lock += ["    outs:", f"    - path: o/{place}", "      hash: md5", f"      md5: {md5[place]}", "      size: 10"]
    yaml += ["artifacts:", "  last:", f"    path: o/{stages - 1}", "    type: model"]
    (folder / "dvc.yaml").write_text("\n".join(yaml) + "\n")
    (folder / "dvc.lock").write_text("\n".join(lock) + "\n")


def main() -> int:
    """Measure and print; 1 if something was promised in vain."""
    race = Race("How long does the lineage of a long pipeline take?", ["dvc"])
    stages = 2_000 if not race.quick else 1_000
    race.sizes["DVC stages"] = stages
    ours, peer = f"govkit lineage, {stages:,} DVC stages", "dvc.repo.Repo().index"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        where = {"XDG_CACHE_HOME": str(folder / ".cache"), "DVC_SITE_CACHE_DIR": str(folder / ".site")}
        for words in (["git", "init", "-q"], [str(Path(PYTHON).parent / "dvc"), "init", "-q"]):
            race.run("making the data", words, folder=folder, environment=where)
        write(folder, stages)
        (folder / ".gitignore").write_text("/o\n/.cache\n/.site\n")
        for _ in range(RUNS):
            race.run("bare start of Python", BARE)
            said = race.run(ours, [*GOVKIT, "lineage", "last"], folder=folder, environment=where)
            index = race.run(peer, [PYTHON, "-c", INDEX], folder=folder, environment=where)
        problems = [line for line in said.splitlines() if "agree" in line or "differs" in line]
        if f"s{stages - 1}" not in said or index.split() != [f"{stages}"] or problems:
            sys.exit(f"they do not tell the same:\n{said[:2000]}\n{index}")
    race.faster(ours, peer, WANTED if not race.quick else QUICK_WANTED)
    return race.finish()


if __name__ == "__main__":
    sys.exit(main())
