"""Kills govkit again and again, at random points or at every step, and checks that nothing is half-done.

Run in a process of its own (``python tests/crashes.py FOLDER SEED COUNT [remote]``), so that forks start from a process
without threads: each command line runs in a fork, in a process group that is killed with SIGKILL. After each kill:

- the log is proven, and has either the events from before or one more, with its tag;
- the same command, if it did not happen, works now without any mending.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from world import MODEL, World  # noqa: E402

Command = tuple[str, ...]


class Story:
    """One version after the other, from its commit to staging, with a finding: five commands that write, in turn."""

    def __init__(self, world: World) -> None:
        self.world, self.number = world, 0
        self.next_version()

    def next_version(self) -> None:
        """Make a commit to register."""
        self.number += 1
        self.world.git("commit", "-qm", f"Version {self.number}", "--allow-empty")
        if "origin" in self.world.git("remote").split():
            self.world.git("push", "-q", "origin", "main")

    def commands(self) -> list[tuple[str, Command]]:
        """Return who runs which commands for the present version."""
        version = f"{MODEL}@9.{self.number}.0"
        return [
            ("ada", ("register", version)),
            ("ada", ("request", version, "--stage", "staging", "-m", "please")),
            ("victor", ("approve", f"{version}#staging")),
            ("vera", ("finding", "open", version, "--owner", "ada", "--due", "2099-01-01", "-m", "look again")),
            ("remy", ("promote", version, "--stage", "staging")),
        ]


def in_fork(work: Callable[[], None]) -> int:
    """Run something in a fork that leads a process group; return its id."""
    child = os.fork()
    if child == 0:
        try:
            os.setpgid(0, 0)
            work()
        except BaseException as error:
            sys.stderr.write(f"{error}\n")
            os._exit(99)
        os._exit(0)
    # Here as well: the child may be killed before it gets to it.
    with contextlib.suppress(OSError):
        os.setpgid(child, child)
    return child


def killed(child: int, after: float, *, group: bool) -> bool:
    """Kill a fork after some seconds, its whole group or itself alone; tell whether it was still at work."""
    deadline = time.monotonic() + after
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            assert status == 0, f"a command failed by itself: {status}"
            return False
        time.sleep(0.001)
    (os.killpg if group else os.kill)(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def command_lines() -> list[bytes]:
    """Return the command lines of all processes."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_bytes())
    return found


class Hunt:
    """Runs commands, kills them, and checks."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.random, self.story = world, random.Random(seed), Story(world)
        self.kills = self.happened = 0
        self.took: dict[str, float] = {}

    def settle(self) -> None:
        """Let the remote's end of a push that was cut off come to its end, and fetch what it took."""
        if "origin" not in self.world.git("remote").split():
            return
        origin = str(self.world.folder / "origin.git").encode()
        while any(b"receive-pack" in words and origin in words for words in command_lines()):
            time.sleep(0.005)
        self.world.govkit("log", "sync")

    def size(self) -> int:
        """Prove the log, and return how many events it has."""
        self.settle()
        value = self.world.govkit("log", "verify", "--format", "json").json
        counts = value["counts"]
        assert counts["good"] == value["head"]["size"], counts
        assert not [name for name in value["notes"] if "tag" in name], value["notes"]
        return int(value["head"]["size"])

    def run(self, count: int) -> None:
        """Kill ``count`` times."""
        size = self.size()
        while self.kills < count:
            for who, words in self.story.commands():
                size = self.until_done(who, words, size, count)
            self.story.next_version()

    def until_done(self, who: str, words: Command, size: int, count: int) -> int:
        """Kill a command until it has happened; return the size of the log after it."""
        kind = words[0]
        if kind not in self.took:
            start = time.monotonic()
            self.world.govkit(*words, as_=who)
            self.took[kind] = time.monotonic() - start
            return size + 1
        while self.kills < count:
            point = self.random.uniform(0, self.took[kind] * 1.1)
            child = in_fork(lambda: self.world.govkit(*words, as_=who) and None)
            was_killed = killed(child, point, group=self.random.random() < 0.7)
            self.kills += was_killed
            now = self.size()
            assert now in (size, size + 1), f"{size} events became {now}"
            if now == size + 1:
                self.happened += was_killed
                return now
            assert was_killed
        self.world.govkit(*words, as_=who)
        return size + 1


def main() -> None:
    """Hunt, and print what was done."""
    folder, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    hunt = Hunt(World(folder), seed)
    hunt.run(count)
    print(json.dumps({"kills": hunt.kills, "happened": hunt.happened, "size": hunt.size()}))


if __name__ == "__main__":
    main()
