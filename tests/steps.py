"""Stops one command line at each of its steps in turn, and checks what is left.

Run in a process of its own: ``python tests/steps.py FOLDER kill|full PERSON WORD...``. Prints the steps as JSON.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from crashes import in_fork  # noqa: E402
from world import World, copy  # noqa: E402

#: Git commands that write.
_WRITES = ("hash-object", "unpack-objects", "update-ref", "push", "fetch")


class Steps:
    """Counts the steps of a process, and stops it at one of them.

    Args:
        stop: the number of the step, from 1, at which to stop; 0 for never.
        stopper: stops; called before or after the step.
        is_after: whether the step itself is still done.
        names: takes the name of each step.
    """

    def __init__(self, stop: int, stopper: Callable[[], None], *, is_after: bool, names: list[str]) -> None:
        self.stop, self.stopper, self.is_after, self.names = stop, stopper, is_after, names

    def step(self, name: str, do: Callable[[], Any]) -> Any:
        """Do a step, or stop."""
        self.names.append(name)
        is_last = len(self.names) == self.stop
        if is_last and not self.is_after:
            self.stopper()
        result = do()
        if is_last and self.is_after:
            self.stopper()
        return result

    def watch(self) -> None:
        """Count what this process does from here on."""
        run, replace, unlink = subprocess.run, Path.replace, Path.unlink

        def watched_run(words: Any, *rest: Any, **options: Any) -> Any:
            name = next((word for word in words if word in _WRITES), "") if words[0] == "git" else ""
            do = lambda: run(words, *rest, **options)  # noqa: E731
            return self.step(f"git {name}", do) if name else do()

        def watched_replace(path: Path, target: Any) -> Any:
            return self.step(f"put {Path(target).name}", lambda: replace(path, target))

        def watched_unlink(path: Path, missing_ok: bool = False) -> None:
            self.step(f"remove {path.name}", lambda: unlink(path, missing_ok=missing_ok))

        subprocess.run, Path.replace, Path.unlink = watched_run, watched_replace, watched_unlink  # type: ignore


def kill() -> None:
    """Die, with all children."""
    os.killpg(0, signal.SIGKILL)


def full() -> None:
    """Have the disk full from here on: for this process, and for every Git command that writes."""

    def no_space(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    Path.replace = no_space  # type: ignore
    run = subprocess.run

    def failing(words: Any, *rest: Any, **options: Any) -> Any:
        if words[0] == "git" and any(word in _WRITES for word in words):
            return subprocess.CompletedProcess(words, 128, b"", b"fatal: write error: No space left on device\n")
        return run(words, *rest, **options)

    subprocess.run = failing  # type: ignore


def size(world: World) -> int:
    """Fetch what a remote took of a push that was cut off, prove the log, and return how many events it has."""
    if "origin" in world.git("remote").split():
        time.sleep(0.3)
        world.govkit("log", "sync")
    value = world.govkit("log", "verify", "--format", "json").json
    assert value["counts"]["good"] == value["head"]["size"], value
    return int(value["head"]["size"])


def attempt(folder: Path, mode: str, who: str, words: list[str], stop: int, *, is_after: bool) -> list[str] | None:
    """Stop a command at a step and check what is left; return the names of all steps if it got through, else None."""
    shutil.rmtree(folder.parent / "attempt", ignore_errors=True)
    world = copy(folder, folder.parent / "attempt")
    if "origin" in world.git("remote").split():
        world.git("remote", "set-url", "origin", str(world.folder / "origin.git"))
    before = size(world)
    listed = folder.parent / "steps.json"
    listed.unlink(missing_ok=True)

    def work() -> None:
        names: list[str] = []
        steps = Steps(stop, kill if mode == "kill" else full, is_after=is_after, names=names)
        steps.watch()
        result = world.govkit(*words, as_=who, expect=None)
        if result.code != 0:
            assert "No space left" in result.text, result.text
            assert "went wrong inside govkit" not in result.text, result.text
        elif len(names) < stop:
            listed.write_text(json.dumps(names))

    child = in_fork(work)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, f"step {stop}: exit {os.WEXITSTATUS(status)}"
    now = size(world)
    assert now in (before, before + 1), f"step {stop}: {before} events became {now}"
    if now == before:
        world.govkit(*words, as_=who)
        assert size(world) == before + 1
    if listed.exists():
        found: list[str] = json.loads(listed.read_text())
        return found
    return None


def main() -> None:
    """Go through all steps."""
    folder, mode, who, words = Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
    found: list[str] | None = None
    for is_after in (False, True) if mode == "kill" else (False,):
        stop = 0
        found = None
        while found is None:
            stop += 1
            found = attempt(folder, mode, who, words, stop, is_after=is_after)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
