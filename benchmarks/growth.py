"""How cost grows with size: tags, events, models, and a card's metrics.

Every command is a whole process. What is measured are seconds of a processor, of it and of the processes that it
starts: they count work, and depend less than a clock on what else the machine does. What it takes at the smallest size
counts as its fixed cost. The slope is the exponent of a fit to what more of the subject adds: 1 is linear. A command
may be linear in its own subject and no worse; with a warm state, one more event of the log may cost no more than a
tenth of what it costs to read it.

Run with ``python benchmarks/growth.py``; ``--full`` goes to 100,000 tags and events. Without ``--quick``, it writes the
plots in ``docs/images``.
"""

from __future__ import annotations

import math
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import biglog
import msgspec
import plots
from harness import GOVKIT, TOP, Goal, Race, Way

from tests import filler
from tests import world as worlds

#: What the exponent of a fit may be, for noise; what a warm state may add of what reading adds.
LINEAR, WARM = 1.15, 0.1
#: Less than this part of the fixed cost is noise, and no growth.
_NOISE = 0.15
#: Up to this size, the least of several runs counts; noise is little beyond.
_OFTEN = 10_000
IMAGES = TOP / "docs" / "images"
Found = dict[str, list[tuple[float, float]]]


class Growth:
    """Measures commands at growing sizes.

    Args:
        race: where results go.
        folder: for data.
    """

    def __init__(self, race: Race, folder: Path) -> None:
        self.race, self.folder, self.runs = race, folder, 2 if race.quick else 3

    def command(
        self, name: str, size: int, words: Sequence[str], where: Path, environment: Mapping[str, str]
    ) -> tuple[float, float]:
        """Run a command with nothing remembered and again; returns the least seconds of both."""
        cache = self.folder / "cache"
        for _ in range(self.runs if size <= _OFTEN else 1):
            shutil.rmtree(cache, ignore_errors=True)
            for state in ("cold", "warm"):
                given = {**environment, "XDG_CACHE_HOME": str(cache)}
                self._run(f"{name}, {state}", [*GOVKIT, *words], where, given)
        return self.least(f"{name}, cold"), self.least(f"{name}, warm")

    def _run(self, name: str, words: Sequence[str], where: Path, environment: Mapping[str, str]) -> None:
        self.race.run(name, words, folder=where, environment=environment)
        way = self.race.ways[name]
        way.seconds[-1] = way.processors[-1]

    def least(self, name: str) -> float:
        """Return the least seconds of a way: others use the machine, too."""
        return min(self.race.ways[name].seconds)

    def tags(self, sizes: Sequence[int]) -> Found:
        """``show`` with growing tags, of 20 models."""
        return self._registries("tags", sizes, lambda size: (20, size))

    def models(self, sizes: Sequence[int]) -> Found:
        """``show`` with growing models, of a few tags each."""
        return self._registries("models", sizes, lambda size: (size, 2 * size))

    def _registries(self, subject: str, sizes: Sequence[int], shape: Callable[[int], tuple[int, int]]) -> Found:
        found: Found = {"cold": [], "warm": []}
        for size in sizes:
            models, tags = shape(size)
            log = biglog.registry(self.folder / f"{subject}-{size}.git", models, tags, served=False)
            packed = sum(path.stat().st_size for path in (log.folder / "objects" / "pack").glob("*.pack"))
            self.race.sizes["bytes in Git for a registered version, with tag and signatures"] = packed // size
            words = ("show", "--root", log.ledger.state.judged[0].id)
            cold, warm = self.command(f"show, {size:,} {subject}", size, words, log.folder, {})
            found["cold"].append((size, cold))
            found["warm"].append((size, warm))
        return found

    def events(self, sizes: Sequence[int]) -> Found:
        """``verify`` of one stage while the log grows with records of other things."""
        world = worlds.build(self.folder / "world")
        world.release("1.0.0")
        found: Found = {"cold": [], "warm": []}
        for size in sizes:
            filler.fill(world, size)
            world.git("repack", "-adq")
            words = ("verify", worlds.MODEL, "--stage", "production")
            cold, warm = self.command(f"verify, {size:,} events", size, words, world.repo, world.env)
            found["cold"].append((size, cold))
            found["warm"].append((size, warm))
        return found

    def metrics(self, sizes: Sequence[int]) -> Found:
        """Rendering a card whose metrics grow, in this process."""
        from govkit.cards import render
        from govkit.core import card

        raw = (TOP / "governance" / "credit-default" / "card.json").read_bytes()
        example = card.parse(raw)
        found: Found = {"render": []}
        render.page(example, None, raw)  # imports and templates are not counted
        for size in sizes:
            many = [msgspec.structs.replace(example.metrics[0], name=f"metric_{number}") for number in range(size)]
            larger = msgspec.structs.replace(example, metrics=many)
            for _ in range(self.runs):
                start = time.process_time()
                render.page(larger, None, raw)
                way = self.race.ways.setdefault(f"render, {size:,} metrics", Way())
                way.seconds.append(time.process_time() - start)
            found["render"].append((size, self.least(f"render, {size:,} metrics")))
        return found


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the exponent of what more of a subject adds to the cost at the smallest size; 0 if that is noise."""
    (least, fixed), *more = points
    grown = [(math.log(size - least), math.log(cost - fixed)) for size, cost in more if cost - fixed > _NOISE * fixed]
    if len(grown) < 2:
        return 0.0
    mean_x, mean_y = (sum(values) / len(grown) for values in zip(*grown, strict=True))
    return sum((x - mean_x) * (y - mean_y) for x, y in grown) / sum((x - mean_x) ** 2 for x, _ in grown)


def share(found: Found) -> float:
    """Return what more events add with a warm state, as a part of what they add from cold."""
    cold, warm = (found[state][-1][1] - found[state][0][1] for state in ("cold", "warm"))
    return max(warm, 0.0) / max(cold, 1e-9)


def judge(race: Race, what: str, subject: str, found: Found) -> None:
    """Hold slopes against what is promised, and print what one more of a subject costs."""
    for state, points in found.items():
        name = what if state == "render" else f"{what}, {state}"
        race.goals.append(Goal(f"{name}: exponent of its growth with {subject}", slope(points), LINEAR, "times"))
        (low, start), (high, end) = points[0], points[-1]
        each = max(end - start, 0.0) / (high - low)
        print(f"  {name}: {start:.3f} s at {low:,} {subject}, {end:.3f} s at {high:,}; {each * 1e6:,.0f} µs each")
        race.sizes[f"{name}: microseconds for one more of {subject}"] = round(each * 1e6)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 if something was promised in vain."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    full = "--full" in words
    race = Race("How does cost grow with size?", arguments=[word for word in words if word != "--full"])
    steps = [100, 300, 1_000] if race.quick else [100, 300, 1_000, 3_000, 10_000]
    steps += [30_000, 100_000] if full else []
    models = [1, 10, 50] if race.quick else [1, 10, 50, 150, 500]
    with tempfile.TemporaryDirectory() as name:
        growth = Growth(race, Path(name))
        results = [
            ("govkit show", "tags", growth.tags(steps)),
            ("govkit show", "models", growth.models(models)),
            ("govkit verify of one stage", "events", growth.events(steps)),
            ("rendering a card", "metrics", growth.metrics([10, 50, 200] if race.quick else [10, 50, 200, 700, 2_000])),
        ]
    for what, subject, found in results:
        judge(race, what, subject, found)
        if not race.quick:
            title = f"{what}: seconds of a processor by number of {subject}"
            (IMAGES / f"growth-{subject}.svg").write_text(plots.chart(title, subject, found), encoding="utf-8")
    if not race.quick:  # a thousand events are read in no time, so a share of that would be noise
        warm = share(results[2][2])
        race.goals.append(Goal("verify: what an event adds when warm, of what it adds when cold", warm, WARM, "times"))
    return race.finish()


if __name__ == "__main__":
    sys.exit(main())
