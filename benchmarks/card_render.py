"""How long the hook takes to render ``card.html`` of the example, beyond reading what it is made from.

Each run is a process of its own, as a hook's is: it reads card, draft and policy, and then imports the renderer and
renders once. The ratio is to ``python -c 'import click, yaml'``, a whole process, in the same run.

Run with ``python benchmarks/card_render.py``.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
RUNS = 7
#: What is promised: seconds, and bytes.
SECONDS, BYTES = 0.3, 400_000
FOLDER = TOP / "governance" / "credit-default"

ONE = f"""
import time
from pathlib import Path
from govkit.core import card, draft, policytext, records
raw = Path({str(FOLDER / "card.json")!r}).read_bytes()
made = card.parse(raw)
asked = records.from_json(Path({str(FOLDER / "request.json")!r}).read_bytes(), draft.Draft)
policy = policytext.read(Path({str(TOP / "governance" / "policy.yaml")!r}).read_bytes(), where="policy.yaml").in_force
start = time.perf_counter()
from govkit.cards import render
page = render.page(made, asked, raw, gates=policy.policy.gates)
print(time.perf_counter() - start, len(page.encode()))
"""


def main() -> int:
    """Measure and print; 1 if it is slower or larger than what is promised."""
    seconds, bare, size = [], [], 0
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import click, yaml"], check=True)
        bare.append(time.perf_counter() - start)
        said = subprocess.run([sys.executable, "-c", ONE], cwd=TOP, check=True, capture_output=True, text=True).stdout
        seconds.append(float(said.split()[0]))
        size = int(said.split()[1])
    took = statistics.median(seconds)
    print(f"card.html              {size:9,} bytes")
    ratio = took / statistics.median(bare)
    print(f"rendered in            {took:9.3f} s   {ratio:.1f} times a bare start of Python (median of {RUNS} runs)")
    return 0 if took <= SECONDS and size <= BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
