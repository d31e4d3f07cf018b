"""Runs every benchmark, one after the other, and ends with one table.

    python benchmarks/all.py [--quick] [--only NAME]...     run them; results in build/benchmarks/NAME.json
    python benchmarks/all.py --keep                         take these results over into benchmarks/results
    python benchmarks/all.py --table [--check]              make docs/explanation/measured.md of benchmarks/results

The exit code is 1 if a benchmark failed, or with ``--check`` if the page is not what the results make.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import figure

TOP = Path(__file__).resolve().parents[1]
HERE = TOP / "benchmarks"
BUILD, RESULTS, PAGE = TOP / "build" / "benchmarks", HERE / "results", TOP / "docs" / "explanation" / "measured.md"
SCALE = TOP / "docs" / "explanation" / "scale.md"
#: All of them, in the order in which they are run and told.
RACES = (
    *("start", "show", "proof", "log_verify", "append", "promote", "rollback", "lifecycle", "card_render"),
    *("hashing", "lineage", "hook", "verify_dir", "admission", "site_build", "inventory", "growth", "huge"),
)
#: Those that compare, with little data, in little time, with room before their bounds.
QUICK = ("start", "show", "proof", "log_verify", "append", "promote", "card_render", "lineage")

HEAD = """\
<!-- Made by benchmarks/all.py --table from benchmarks/results; run `make bench-table` after a change. -->

# What was measured

Every line was printed by a script in `benchmarks/` in one run on one machine, govkit and its peer in turn.
Seconds depend on the machine and on what else it does, ratios much less; `make bench` measures yours.
How cost grows with size is in [scale](scale.md).
"""


@dataclass(frozen=True)
class Outcome:
    """How one benchmark ended: its name, exit code and seconds."""

    name: str
    code: int
    seconds: float


def run(names: list[str], *, quick: bool) -> list[Outcome]:
    """Run benchmarks and return how they ended."""
    BUILD.mkdir(parents=True, exist_ok=True)
    done = []
    for name in names:
        print(f"\n== {name}", flush=True)
        result = BUILD / f"{name}.json"
        result.unlink(missing_ok=True)
        words = [*(["--quick"] if quick else []), "--json", str(result)]
        start = time.monotonic()
        code = _once(name, words)
        if quick and code:  # with little data, whoever else uses the machine for a moment can make it fail
            print(f"== {name}, again", flush=True)
            code = _once(name, words)
        done.append(Outcome(name, code, time.monotonic() - start))
    return done


def _once(name: str, words: list[str]) -> int:
    return subprocess.run([sys.executable, str(HERE / f"{name}.py"), *words], cwd=TOP, check=False).returncode


def report(done: list[Outcome]) -> int:
    """Print one table of all; 1 if one failed."""
    print()
    for one in done:
        path = BUILD / f"{one.name}.json"
        goals = json.loads(path.read_text())["goals"] if path.exists() else []
        met = f"{sum(goal['met'] for goal in goals)} of {len(goals)} goals met" if goals else ""
        how = "ok" if one.code == 0 else "short" if goals else "FAILED"
        print(f"{how:6} {one.name:14} {one.seconds:7.1f} s  {met}")
    print(f"{sum(one.seconds for one in done):.0f} s in all")
    return 1 if any(one.code for one in done) else 0


def page(results: list[dict[str, Any]]) -> str:
    """Return the documentation page of some results."""
    lines = [HEAD]
    for result in results:
        lines += [f"\n## {_cell(result['question'])}\n"]
        if result["sizes"]:
            lines += [_sentence(result["sizes"])]
        lines += ["", "| way | median | memory | runs |", "|---|---:|---:|---:|"]
        for name, way in result["ways"].items():
            memory = f"{way['mebibytes']:.0f} MiB" if way["mebibytes"] else ""
            lines.append(f"| {_cell(name)} | {figure(way['median'])} s | {memory} | {len(way['seconds'])} |")
        if result["goals"]:
            lines += ["", "| promised | found | bound | met |", "|---|---:|---:|---|"]
        for goal in result["goals"]:
            bound = f"{'at least' if _is_least(goal['unit']) else 'at most'} {figure(goal['wanted'])}"
            met = "yes" if goal["met"] else "**no**"
            lines.append(f"| {_cell(goal['what'])} | {figure(goal['found'])} | {bound} | {met} |")
        lines += ["", _sentence({**result["versions"], **result["machine"]})]
    return "\n".join(lines) + "\n"


def _is_least(unit: str) -> bool:
    return unit in ("times faster", "% of the peer")


def _sentence(facts: dict[str, Any]) -> str:
    said = {key: f"{value:,}" if isinstance(value, int) else str(value) for key, value in facts.items()}
    return "; ".join(f"{_cell(key)}: {value}" for key, value in said.items()) + "."


def _cell(text: str) -> str:
    return re.sub(r"([|<>_*`\\\[\]])", r"\\\1", text)


#: What growth.py measures, as it names it: the command, how it calls a run of it, and whether to extrapolate to ten
#: times the largest size.
GROWN = (
    ("govkit show", "show, {size} tags, {state}", "tags", True),
    ("govkit verify of one stage", "verify, {size} events, {state}", "events", True),
    ("govkit show", "show, {size} models, {state}", "models", False),
    ("rendering a card", "render, {size} metrics", "metrics", False),
)
BYTES = "bytes in Git for a registered version, with tag and signatures"
_FIGURES = re.compile(r"(<!-- figures -->\n).*?(<!-- /figures -->)", re.DOTALL)


def scaled(text: str, growth: dict[str, Any], huge: dict[str, Any]) -> str:
    """Return the page on scale with what was measured, and a straight line through its ends beyond that."""
    lines = ["| command | measured at the smallest | measured at the largest | exponent, measured | extrapolated |"]
    lines += ["|---|---:|---:|---:|---:|"]
    for what, run, subject, is_extrapolated in GROWN:
        for state in ("cold", "warm") if "{state}" in run else ("",):
            name = f"{what}, {state}" if state else what
            points = _points(growth, run.format(size="SIZE", state=state))
            (low, start), (high, end) = points[0], points[-1]
            goal = next(g for g in growth["goals"] if g["what"] == f"{name}: exponent of its growth with {subject}")
            far = 10 * high
            line = end + (end - start) / (high - low) * (far - high)
            told = f"{line:.1f} s at {far:,} {subject}" if end > start else "no growth was seen"
            beyond = told if is_extrapolated else ""
            row = (
                name,
                f"{start:.2f} s at {low:,} {subject}",
                f"{end:.2f} s at {high:,}",
                f"{goal['found']:.2f}",
                beyond,
            )
            lines.append(f"| {' | '.join(row)} |")
    lines += ["", "Measured once at a hundred thousand, by `benchmarks/huge.py`, in seconds by the clock:", ""]
    lines += ["| command | seconds | memory |", "|---|---:|---:|"]
    for name, way in huge["ways"].items():
        if way["mebibytes"]:
            lines.append(f"| {name} | {figure(way['median'])} | {way['mebibytes']:.0f} MiB |")
    each = growth["sizes"][BYTES]
    lines += ["", f"{BYTES[0].upper()}{BYTES[1:]}: {each:,}, measured; its card is a small one."]
    lines += [f"Ten million of them, extrapolated: {each * 10**7 / 10**9:,.0f} GB in all repositories together."]
    return _FIGURES.sub(lambda found: found[1] + "\n".join(lines) + "\n" + found[2], text)


def _points(growth: dict[str, Any], run: str) -> list[tuple[int, float]]:
    form = re.compile(re.escape(run).replace("SIZE", "([0-9,]+)"))
    found = [(form.fullmatch(name), min(way["seconds"])) for name, way in growth["ways"].items()]
    return sorted((int(match[1].replace(",", "")), least) for match, least in found if match)


def kept() -> list[dict[str, Any]]:
    """Return the committed results, in the order in which they are run."""
    paths = [RESULTS / f"{name}.json" for name in RACES]
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()]


def keep() -> int:
    """Take results over; 1 if there are none, or one is of a quick run, which says little."""
    RESULTS.mkdir(exist_ok=True)
    found = {path.name: path.read_text(encoding="utf-8") for path in sorted(BUILD.glob("*.json"))}
    if not found or any(json.loads(text)["quick"] for text in found.values()):
        print("there are no results of a full run in build/benchmarks: run it without --quick")
        return 1
    for name, text in found.items():
        (RESULTS / name).write_text(text, encoding="utf-8")
    return 0


def table(*, check: bool) -> int:
    """Write both pages, or tell whether they are up to date."""
    made = {PAGE: page(kept())}
    places = [RESULTS / f"{name}.json" for name in ("growth", "huge")]
    if all(place.exists() for place in places):
        growth, huge = (json.loads(place.read_text(encoding="utf-8")) for place in places)
        made[SCALE] = scaled(SCALE.read_text(encoding="utf-8"), growth, huge)
    stale = [path for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if check:
            print(f"{path.relative_to(TOP)} is not what benchmarks/results make; run: make bench-table")
        else:
            path.write_text(made[path], encoding="utf-8")
    return 1 if check and stale else 0


def main() -> int:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small data, for CI")
    parser.add_argument(
        "--only", action="append", choices=RACES, metavar="NAME", help="run this one alone; can be repeated"
    )
    parser.add_argument("--keep", action="store_true", help="take the results of a full run over")
    parser.add_argument("--table", action="store_true", help="make the page of the documentation")
    parser.add_argument("--check", action="store_true", help="with --table: fail if it is not up to date")
    said = parser.parse_args()
    if said.keep:
        return keep()
    if said.table:
        return table(check=said.check)
    names = list(QUICK if said.quick else RACES)
    return report(run(said.only or names, quick=said.quick))


if __name__ == "__main__":
    sys.exit(main())
