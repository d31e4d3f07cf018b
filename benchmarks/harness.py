"""Runs commands side by side, and says how they compare: medians, ratios, peak memory.

A benchmark answers one question. It makes its own data, runs govkit and what people would use instead in turn, in one
go on one machine, and holds what it finds against goals. Times depend on the machine and on what else it does, so a
goal is a ratio wherever there is somebody to compare with.

Each script is run as ``python benchmarks/NAME.py [--quick] [--json FILE]``: quick ones are small, and fail only where a
ratio is worse than half of its goal.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOP), str(TOP / "benchmarks")]

SCHEMA = "govkit.benchmark/v1"
PYTHON = sys.executable
#: As people call it.
GOVKIT = [str(Path(PYTHON).parent / "govkit")]
#: What every time is also compared with: to start Python and import two libraries.
BARE = [PYTHON, "-c", "import click, yaml"]
_SAMPLE_SECONDS = 0.02
#: What is installed comes with its bytecode, so that commands never run with this.
_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"


@dataclass
class Way:
    """How often and how long one way took.

    Attributes:
        seconds: wall time of each run.
        mebibytes: the most memory that a run held, all its processes together; 0 where it was not looked at.
        processors: processor time of each run, all its processes together, in seconds; of commands alone.
    """

    seconds: list[float] = field(default_factory=list)
    mebibytes: float = 0.0
    processors: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Goal:
    """What is promised.

    Attributes:
        what: in words.
        found: what was measured.
        wanted: the bound.
        unit: ``times faster`` and ``% of the peer`` (at least); ``times``, ``%``, ``s``, ``MiB``, ``bytes`` (at most).
    """

    what: str
    found: float
    wanted: float
    unit: str

    @property
    def score(self) -> float:
        """1 or more if it is met; 0.5 if it is twice as bad as promised."""
        least = self.unit in ("times faster", "% of the peer")
        return self.found / self.wanted if least else self.wanted / max(self.found, 1e-9)

    @property
    def is_ratio(self) -> bool:
        """Whether it says something on any machine."""
        return self.unit not in ("s", "MiB")


class Race:
    """One benchmark: runs ways in turn, collects, prints, and ends with an exit code.

    Args:
        question: what it answers, in one line.
        peers: distributions whose versions are told.
        arguments: of the command line; None for the process's own.
    """

    def __init__(self, question: str, peers: Sequence[str] = (), arguments: Sequence[str] | None = None) -> None:
        parser = argparse.ArgumentParser(description=question)
        parser.add_argument("--quick", action="store_true", help="small data; fails only at twice what is promised")
        parser.add_argument("--json", type=Path, help="write what was found there")
        said = parser.parse_args(arguments)
        self.quick: bool = said.quick
        self._file: Path | None = said.json
        self.question, self._peers = question, ("dvc-govkit", *peers)
        self.sizes: dict[str, int | str] = {}
        self.ways: dict[str, Way] = {}
        self.goals: list[Goal] = []
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "GOVKIT_"))}
        # Configuration of whoever runs this must not count.
        self.environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "DVC_NO_ANALYTICS": "1"}
        print(f"{question}", flush=True)

    def run(
        self,
        name: str,
        words: Sequence[str],
        *,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        memory: bool = False,
        codes: Sequence[int] = (0,),
    ) -> str:
        """Run a command once for a way, and return what it printed.

        Raises:
            SystemExit: if it ends with another exit code than ``codes``.
        """
        given = {**self.environment, **(environment or {})}
        given.pop(_NO_BYTECODE, None)
        used, start = _used(), time.perf_counter()
        process = subprocess.Popen(
            words,
            cwd=folder,
            env=given,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        watch = _Memory(process.pid) if memory else None
        out, err = process.communicate()
        seconds = time.perf_counter() - start
        way = self.ways.setdefault(name, Way())
        way.seconds.append(seconds)
        way.processors.append(_used() - used)
        if watch is not None:
            way.mebibytes = max(way.mebibytes, watch.stop())
        if process.returncode not in codes:
            sys.exit(f"{name}: {' '.join(words)} ended with {process.returncode}\n{out}{err}")
        return out

    def time(self, name: str, action: Callable[[], Any]) -> Any:
        """Do something in this process once for a way, and return what it returns."""
        start = time.perf_counter()
        found = action()
        self.ways.setdefault(name, Way()).seconds.append(time.perf_counter() - start)
        return found

    def cpu(self, name: str, action: Callable[[], Any]) -> Any:
        """Do something in this process once for a way, as :meth:`time`; what counts is the time of the processors."""
        start = time.process_time()
        found = action()
        self.took(name, time.process_time() - start)
        return found

    def took(self, name: str, seconds: float) -> None:
        """Note what one run of a way took."""
        self.ways.setdefault(name, Way()).seconds.append(seconds)

    def median(self, name: str) -> float:
        """Return the median of a way, in seconds."""
        return self.ways[name].median

    def faster(self, name: str, peer: str, wanted: float) -> None:
        """Promise that a way is at least so many times as fast as its peer."""
        self._goal(f"{name}: times faster than {peer}", self.median(peer) / self.median(name), wanted, "times faster")

    def at_most(self, name: str, peer: str, wanted: float, beyond: float = 0.0) -> None:
        """Promise that a way takes at most so many times as long as its peer, with ``beyond`` seconds not counted."""
        found = max(self.median(name) - beyond, 0.0) / self.median(peer)
        without = f", {beyond:g} s not counted" if beyond else ""
        self._goal(f"{name}: times as long as {peer}{without}", found, wanted, "times")

    def reaches(self, name: str, peer: str, wanted: float) -> None:
        """Promise that a way is as fast as so many hundredths of its peer."""
        found = 100 * self.median(peer) / self.median(name)
        self._goal(f"{name}: per cent of the rate of {peer}", found, wanted, "% of the peer")

    def beyond(self, name: str, base: str, peer: str, wanted: float) -> None:
        """Promise that what a way takes longer than ``base`` is at most so many hundredths of what its peer takes."""
        found = 100 * max(self.median(name) - self.median(base), 0.0) / self.median(peer)
        self._goal(f"{name}, beyond {base}: per cent of {peer}", found, wanted, "%")

    def adds(self, name: str, base: str, peer: str, seconds: float, times: float) -> None:
        """Promise what a command takes longer than ``base``: in seconds, and in times of what its peer takes.

        The least of all runs counts, by the clock or of the processors, whichever is less: what else the machine does
        only ever adds to both.
        """
        ways = [self.ways[one] for one in (name, base, peer)]
        kinds = [min(way.seconds) for way in ways], [min(way.processors) for way in ways]
        more = [(max(longer - least, 0.0), unit) for longer, least, unit in kinds]
        what = f"{name}, beyond {base}"
        self._goal(f"{what}: seconds", min(found for found, _ in more), seconds, "s")
        self._goal(f"{what}: times as long as {peer}", min(found / unit for found, unit in more), times, "times")

    def within(self, name: str, seconds: float) -> None:
        """Promise that a way takes no longer."""
        self._goal(f"{name}: seconds", self.median(name), seconds, "s")

    def holds(self, name: str, mebibytes: float) -> None:
        """Promise that a way holds no more memory."""
        self._goal(f"{name}: MiB of memory at most", self.ways[name].mebibytes, mebibytes, "MiB")

    def weighs(self, what: str, size: int, most: int) -> None:
        """Promise that something that was made has no more bytes."""
        self._goal(f"{what}: bytes", size, most, "bytes")

    def _goal(self, what: str, found: float, wanted: float, unit: str) -> None:
        self.goals.append(Goal(what, found, wanted, unit))

    def finish(self) -> int:
        """Print what was found, write it if asked to, and return the exit code: 1 if something was promised in vain."""
        bare = self.ways.get("bare start of Python")
        for name, way in self.ways.items():
            times = f"{figure(way.median / bare.median):>8s} x bare" if bare else ""
            memory = f"  {way.mebibytes:6.0f} MiB" if way.mebibytes else ""
            print(f"  {name:44s} {figure(way.median):>9s} s {times}{memory}  ({len(way.seconds)} runs)")
        for goal in self.goals:
            mark = "met  " if goal.score >= 1 else "SHORT"
            print(f"  {mark} {goal.what}: {figure(goal.found)} (promised {figure(goal.wanted)})")
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps(self._value(), indent=2, sort_keys=True) + "\n")
        if self.quick:
            return 1 if any(goal.is_ratio and goal.score < 0.5 for goal in self.goals) else 0
        return 1 if any(goal.score < 1 for goal in self.goals) else 0

    def _value(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "question": self.question,
            "quick": self.quick,
            "sizes": self.sizes,
            "ways": {name: {**asdict(way), "median": way.median} for name, way in self.ways.items()},
            "goals": [{**asdict(goal), "met": goal.score >= 1} for goal in self.goals],
            "versions": {name: _version(name) for name in self._peers}
            | {"git": _git(), "python": platform.python_version()},
            "machine": {"processors": os.cpu_count(), "system": platform.system(), "machine": platform.machine()},
        }


def figure(value: float) -> str:
    """Return a number as people read it: three digits, or all of those before the point."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _used() -> float:
    """Return how many seconds of processor time the commands took that have ended."""
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _git() -> str:
    return subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]


class _Memory:
    """Looks, again and again, at how much memory a process and those below it hold together.

    What processes share after a fork is counted once for each: the figure is never too small. Linux only.
    """

    def __init__(self, pid: int) -> None:
        self._pid, self._most, self._done = pid, 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """Return the most, in MiB."""
        self._done.set()
        self._thread.join()
        return self._most / (1 << 20)

    def _look(self) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while not self._done.wait(_SAMPLE_SECONDS):
            held = 0
            for pid in _tree(self._pid):
                try:
                    held += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page
                except (OSError, IndexError):
                    continue
            self._most = max(self._most, held)


def _tree(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        try:
            for task in Path(f"/proc/{one}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return found
