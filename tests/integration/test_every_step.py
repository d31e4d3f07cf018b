"""SIGKILL at every step of every writing command, and a disk that fills up at every step.

A step is whatever changes something outside of the process: a Git command that writes, a file put into its place.
Each command is killed before and after its first step, its second step, and so on, until it gets through.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from world import MODEL, World, copy

RUNNER = Path(__file__).resolve().parents[1] / "steps.py"
PRODUCTION = f"{MODEL}@1.1.0#production"
POLICY = "governance/policy.yaml"

#: Who runs what, on a world in which 1.1.0 is asked for in production.
COMMANDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "register": ("ada", ("register", f"{MODEL}@2.0.0")),
    "request": ("ada", ("request", f"{MODEL}@2.0.0", "--stage", "staging", "-m", "new")),
    "approve": ("vera", ("approve", PRODUCTION)),
    "reject": ("rita", ("reject", PRODUCTION, "-m", "no")),
    "withdraw": ("ada", ("withdraw", PRODUCTION, "-m", "no")),
    "promote": ("remy", ("promote", f"{MODEL}@1.1.0", "--stage", "production")),
    "propose": ("rita", ("policy", "propose", "-m", "looser")),
    "adopt": ("rita", ("policy", "adopt")),
    "submit": ("", ("submit",)),
}


def prepare(world: World, name: str) -> tuple[str, tuple[str, ...]]:
    """Bring a world to where a command can run; return who runs it and how."""
    who, words = COMMANDS[name]
    if name == "register" or name == "request":
        world.retrain(0.9)
    if name == "request":
        world.register("2.0.0")
    if name == "promote":
        world.approve("1.1.0", "production", "rita", "vera")
    if name in ("propose", "adopt"):
        path = world.repo / POLICY
        path.write_text(path.read_text().replace("min: 0.7,", "min: 0.69,"))
    if name == "adopt":
        index = world.govkit("policy", "propose", "-m", "looser", "--format", "json", as_="rita").json["index"]
        world.govkit("approve", f"policy#{index}", as_="victor")
    if name == "submit":
        file = world.folder / "decision.json"
        world.govkit("approve", PRODUCTION, "--output", str(file), as_="vera")
        words = (*words, str(file))
    return who, words


def steps(world: World, mode: str, who: str, words: tuple[str, ...]) -> list[str]:
    """Run a command again and again, stopped at one step later each time; return the steps' names.

    The runner itself checks after each that all or nothing happened, and that the command then works.
    """
    command = [sys.executable, str(RUNNER), str(world.folder), mode, who, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=world.env)
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_killed_at_every_step(requested: World, name: str) -> None:
    """All or nothing, whichever step is the last."""
    who, words = prepare(requested, name)
    found = steps(requested, "kill", who, words)
    assert any("update-ref" in step for step in found)
    assert any("unpack-objects" in step for step in found)


def test_killed_at_every_step_with_a_remote(requested: World) -> None:
    """With a push among the steps."""
    origin = requested.folder / "origin.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(requested.repo), str(origin)], check=True, env=requested.env)
    requested.git("remote", "add", "origin", str(origin))
    requested.git("config", "remote.origin.receivepack", "setsid git-receive-pack")
    who, words = prepare(requested, "promote")
    found = steps(requested, "kill", who, words)
    assert any("push" in step for step in found)


@pytest.mark.parametrize("name", ["approve", "promote", "register"])
def test_full_disk_at_every_step(requested: World, name: str) -> None:
    """Whichever write finds the disk full: a clear error, and nothing happened, or all of it."""
    who, words = prepare(requested, name)
    assert len(steps(requested, "full", who, words)) > 2


def test_copy_is_whole(requested: World) -> None:
    """The runner works on copies: the world that it was given is left alone."""
    before = requested.git("for-each-ref")
    who, words = prepare(requested, "approve")
    steps(requested, "kill", who, words)
    assert requested.git("for-each-ref") == before
    assert copy(requested.folder, requested.folder.parent / "again").git("for-each-ref") == before
