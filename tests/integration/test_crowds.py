"""Many writers at once, in one repository and in clones of one: every event arrives once, none is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from world import World

RUNNER = Path(__file__).resolve().parents[1] / "crowd.py"
#: Events of each writer; ``make stress`` asks for 16 times 50, and 8 times 25.
EACH, EACH_IN_CLONES = (50, 25) if os.environ.get("GOVKIT_STRESS") else (5, 4)


@pytest.fixture
def busy(governed: World) -> World:
    """A world with a version, in which validators may open findings."""
    governed.change_policy("records:\n", "records:\n  finding.opened: [validator]\n")
    governed.register("1.0.0")
    return governed


def crowd(world: World, repositories: list[Path], count: int) -> None:
    """Let one process for each repository write ``count`` events, all at the same time."""
    words = [
        [sys.executable, str(RUNNER), str(world.folder), str(r), f"w{i}", str(count)]
        for i, r in enumerate(repositories)
    ]
    running = [subprocess.Popen(one, env=world.env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) for one in words]
    said = [process.communicate()[1].decode() for process in running]
    failed = [text[-1500:] for text, one in zip(said, running, strict=True) if one.returncode]
    assert not failed, failed[0]


def findings(world: World) -> Counter[str]:
    """Return how often each finding stands in the log, and prove the log."""
    world.govkit("log", "verify")
    assert all(judged.status == "good" for judged in world.log().state.judged)
    return Counter(one.text for one in world.log().state.findings.values())


def expected(writers: int, count: int) -> Counter[str]:
    """Return every finding, once."""
    return Counter(f"w{writer}-{number}" for writer in range(writers) for number in range(count))


@pytest.mark.slow
def test_sixteen_processes_in_one_repository(busy: World) -> None:
    """Every event once, whoever waits for whom."""
    crowd(busy, [busy.repo] * 16, EACH)
    assert findings(busy) == expected(16, EACH)


@pytest.mark.slow
def test_eight_clones_of_one_repository(busy: World) -> None:
    """Every event once, on the remote and in every clone."""
    origin = busy.folder / "origin.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(busy.repo), str(origin)], check=True, env=busy.env)
    clones = [busy.folder / f"clone{number}" for number in range(8)]
    for clone in clones:
        subprocess.run(["git", "clone", "-q", str(origin), str(clone)], check=True, env=busy.env)
    crowd(busy, clones, EACH_IN_CLONES)
    for clone in clones[:2]:
        other = World(busy.folder)
        other.repo = clone
        other.govkit("log", "sync")
        assert findings(other) == expected(8, EACH_IN_CLONES)
