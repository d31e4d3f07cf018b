"""Coverage-guided fuzzing of every reader of hostile bytes, with atheris.

``python benchmarks/fuzz.py TARGET [OPTIONS]``, or ``python benchmarks/fuzz.py [--seconds N]``.
With a target, options are libFuzzer's own, such as ``-max_total_time=60``. Without one, all targets run in turn, each
in a process of its own, for ``--seconds`` seconds each, and a table tells what was run and found. Memory is limited to
512 MiB and one input to ten seconds; what breaks either, or raises what it may not, is a finding, and its bytes are
left in ``build/fuzz/TARGET/``. Put them, made small, into ``tests/fuzz/corpus/TARGET/``.
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOUND = ROOT / "build" / "fuzz"
LIMITS = ("-rss_limit_mb=512", "-timeout=10", "-max_len=65536", "-print_final_stats=1")


def one(name: str, options: list[str]) -> None:
    """Fuzz one target; does not return."""
    import atheris

    with atheris.instrument_imports(include=["govkit", "yaml", "tomllib", "csv", "configparser", "pickletools"]):
        from tests.fuzz import mutate, targets

    found = targets.TARGETS[name]

    def run(data: bytes) -> None:
        targets.check(found, data)

    def change(data: bytes, size: int, seed: int) -> bytes:
        if seed % 2:
            return bytes(atheris.Mutate(data, size))
        return mutate.mutate(bytes(data), found.seeds, random.Random(seed))[:size]  # noqa: S311

    artifacts = FOUND / name
    artifacts.mkdir(parents=True, exist_ok=True)
    corpus = Path(tempfile.mkdtemp(prefix=f"govkit-fuzz-{name}-"))
    for number, seed in enumerate(found.seeds):
        (corpus / f"{number:03d}").write_bytes(seed)
    words = [sys.argv[0], *LIMITS, f"-artifact_prefix={artifacts}/", *options, str(corpus)]
    atheris.Setup(words, run, custom_mutator=change)
    atheris.Fuzz()


def everything(seconds: int, names: list[str]) -> int:
    """Fuzz all targets in turn and print a table; returns 1 if something was found."""
    from tests.fuzz import targets

    print(f"{'target':<20} {'runs':>10} {'seconds':>8} {'peak MB':>8}  found")
    bad = 0
    for name in names or sorted(targets.TARGETS):
        start = time.monotonic()
        done = subprocess.run(
            [sys.executable, __file__, name, f"-max_total_time={seconds}"],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd=ROOT,
        )
        took, said = time.monotonic() - start, done.stdout + done.stderr
        runs, peak = (_number(said, rf"stat::{key}:\s+(\d+)") for key in ("number_of_executed_units", "peak_rss_mb"))
        kept = re.search(r"Test unit written to (\S+)", said)
        what = "nothing" if done.returncode == 0 else kept[1] if kept else f"exit code {done.returncode}"
        bad += done.returncode != 0
        print(f"{name:<20} {runs:>10} {took:>8.0f} {peak:>8}  {what}", flush=True)
        if done.returncode != 0:
            print(
                "\n".join(f"    {line}" for line in said.splitlines() if re.match(r"\s*(\w+Error|=== |  File)", line))
            )
    return 1 if bad else 0


def _number(text: str, pattern: str) -> int:
    found = re.search(pattern, text)
    return int(found[1]) if found else 0


def main() -> None:
    """Read the command line."""
    sys.path.insert(0, str(ROOT))
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-") and "--seconds" not in sys.argv:
        one(sys.argv[1], sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", help="these only")
    parser.add_argument("--seconds", type=int, default=20, help="how long each is fuzzed")
    given = parser.parse_args()
    sys.exit(everything(given.seconds, given.targets))


if __name__ == "__main__":
    main()
