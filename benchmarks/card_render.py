"""How long the hook takes to render ``card.html`` of the example, beyond reading what it is made from.

Each run is a process of its own, as a hook's is: it reads card, draft and policy, and then imports the renderer and
renders once. That alone is timed, in the process itself.

Run with ``python benchmarks/card_render.py``.
"""

from __future__ import annotations

import json
import sys

from harness import BARE, PYTHON, TOP, Race

RUNS = 7
#: What is promised: seconds, the same in bare starts of Python, which take 0.06 s, and bytes.
SECONDS, TIMES, BYTES = 0.3, 5, 400_000
FOLDER = TOP / "governance" / "credit-default"

ONE = f"""
import json, time
from pathlib import Path
from govkit.core import card, draft, policytext, records
raw = Path({str(FOLDER / "card.json")!r}).read_bytes()
made = card.parse(raw)
asked = records.from_json(Path({str(FOLDER / "request.json")!r}).read_bytes(), draft.Draft)
policy = policytext.read(Path({str(TOP / "governance" / "policy.yaml")!r}).read_bytes(), where="policy.yaml").in_force
start = time.perf_counter()
from govkit.cards import render
page = render.page(made, asked, raw, gates=policy.policy.gates)
print(json.dumps([time.perf_counter() - start, len(page.encode())]))
"""


def main() -> int:
    """Measure and print; 1 if it is slower or larger than what is promised."""
    race = Race("How long does it take to render a card?")
    race.sizes["bytes of card.json"], size = (FOLDER / "card.json").stat().st_size, 0
    for _ in range(RUNS):
        race.run("bare start of Python", BARE)
        seconds, size = json.loads(race.run("a whole process that renders", [PYTHON, "-c", ONE], folder=TOP))
        race.took("rendering the card", seconds)
    race.within("rendering the card", SECONDS)
    race.at_most("rendering the card", "bare start of Python", TIMES)
    race.weighs("card.html", size, BYTES)
    return race.finish()


if __name__ == "__main__":
    sys.exit(main())
