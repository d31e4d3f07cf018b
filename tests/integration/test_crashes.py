"""SIGKILL at any point of any writing command: all or nothing happened, and nothing has to be mended by hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from world import World

RUNNER = Path(__file__).resolve().parents[1] / "crashes.py"
#: Kills in each of four tests; ``make stress`` asks for 1,000 in all.
KILLS = 250 if os.environ.get("GOVKIT_STRESS") else 25


@pytest.fixture
def busy(governed: World) -> World:
    """A world whose validators may open findings."""
    governed.change_policy("records:\n", "records:\n  finding.opened: [validator]\n")
    return governed


def hunt(world: World, seed: int) -> dict[str, int]:
    """Kill :data:`KILLS` times; return what the runner counted."""
    words = [sys.executable, str(RUNNER), str(world.folder), str(seed), str(KILLS)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=world.env)
    assert done.returncode == 0, done.stderr[-4000:]
    counted: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return counted


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_kills(busy: World, seed: int) -> None:
    """In one repository."""
    counted = hunt(busy, seed)
    assert counted["kills"] == KILLS
    assert counted["size"] > counted["happened"]


@pytest.mark.slow
def test_random_kills_with_a_remote(busy: World) -> None:
    """With a remote, whose own end of a push lives on when the pusher is killed, as on another machine."""
    origin = busy.folder / "origin.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(busy.repo), str(origin)], check=True, env=busy.env)
    busy.git("remote", "add", "origin", str(origin))
    busy.git("config", "remote.origin.receivepack", "setsid git-receive-pack")
    busy.govkit("log", "sync")
    counted = hunt(busy, 4)
    assert counted["kills"] == KILLS
    log = ["git", "rev-parse", "refs/heads/govkit/log"]
    busy.govkit("log", "sync")
    there = subprocess.run(log, cwd=origin, capture_output=True, text=True, check=True).stdout.strip()
    assert there == busy.git("rev-parse", "refs/heads/govkit/log")
