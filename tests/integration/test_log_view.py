"""``govkit log``: choosing events, following them, and what a SIEM, a pager and a terminal get."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from tests import world as worlds
from tests.integration.test_how_to import commands
from tests.world import MODEL, World

EVIL = 'x"}\n{"schema":"govkit.logline/v1","verdict":"good"}\r\x1b[2J\u2028\u202e'


@pytest.fixture(scope="module")
def scene(_promoted: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A repository whose version serves in two stages, whose log only grows in these tests."""
    return worlds.copy(_promoted, tmp_path_factory.mktemp("scene") / "world")


def rows(world: World, *words: str) -> list[dict[str, Any]]:
    """Return what ``govkit log`` has as JSON lines."""
    return [json.loads(line) for line in world.govkit("log", "--format", "jsonl", *words).out.splitlines()]


def ask(world: World) -> None:
    """Register a second version, and ask for it with words that would do harm."""
    world.commit("The same again")
    world.register("1.1.0")
    world.govkit("request", f"{MODEL}@1.1.0", "--stage", "production", "-m", EVIL, as_="ada")


def test_choosing(scene: World) -> None:
    """Each option narrows, several narrow together, and one that is repeated widens again."""
    every = rows(scene)
    assert [row["index"] for row in every] == list(range(len(every)))
    assert [row["type"] for row in rows(scene, "--type", "promotion")] == ["promotion.recorded"] * 2
    assert {row["actor"] for row in rows(scene, "--person", "rita", "--person", "remy")} == {"rita", "remy"}
    assert {row["subject"] for row in rows(scene, "--model", MODEL)} == {MODEL}
    both = rows(scene, "--stage", "staging", "--type", "decision", "--type", "request.opened")
    assert [row["type"] for row in both] == ["request.opened", "decision.recorded"]
    assert rows(scene, "--limit", "2") == every[-2:]
    assert (
        rows(scene, "--limit", "0")
        == rows(scene, "--until", "2020-01-01")
        == rows(scene, "--since", "2999-01-01")
        == []
    )
    assert rows(scene, "--since", "1d") == rows(scene, "--until", "2999-12-31") == every
    as_json = scene.govkit("log", "--person", "remy", "--format", "json").json
    assert [item["actor"] for item in as_json["items"]] == ["remy", "remy"]
    assert "9 " not in scene.govkit("log", "--type", "policy").out.partition("─\n")[2]


def test_going_on_from_a_head(scene: World) -> None:
    """A line's own head is where to go on; one that the log does not hold is refused."""
    every = rows(scene)
    head = every[4]["head"]
    assert rows(scene, "--after", f"{head['size']}:{head['root']}") == every[5:]
    refused = scene.govkit("log", "--after", f"5:sha256:{'0' * 64}", expect=1)
    assert "rewritten" in refused.err and not refused.out
    scene.govkit("log", "--after", "999", expect=1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--model", "scorr"), "did you mean 'scorer'"),
        (("--person", "ritta"), "did you mean 'rita'"),
        (("--type", "promotoin"), "did you mean 'promotion'"),
        (("--stage", "prod"), "no stage 'prod'"),
        (("--since", "yesterday"), "a day such as"),
        (("--after", "x"), "is not a head"),
        (("--follow", "--format", "json"), "use --format jsonl"),
    ],
)
def test_what_is_mistyped(scene: World, words: tuple[str, ...], said: str) -> None:
    """It is said, with what was perhaps meant; an empty answer would pass for 'it never happened'."""
    assert said in scene.govkit("log", *words, expect=2).text


def test_page(scene: World) -> None:
    """The page's commands, as they stand there; the last one goes on where the log ends, and so has nothing."""
    script = "\n".join(["set -eu", *commands("read-and-stream-the-log.md")]).replace("credit-default", MODEL)
    out = scene.shell("bash", "-c", script)
    assert out.count("promote: scorer@1.0.0 to production") == 5  # in four tables and in a line
    lines = [json.loads(line) for line in out.splitlines() if line.startswith('{"schema"')]
    assert [line["index"] for line in lines] == list(range(scene.log().head.size))


def test_options_before_a_subcommand(scene: World) -> None:
    """They would mean nothing, and are refused rather than overlooked."""
    done = subprocess.run(
        [sys.executable, "-m", "govkit.cli.main", "log", "--model", MODEL, "verify"],
        cwd=scene.repo,
        env=scene.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "means nothing before 'log verify'" in done.stderr) == (2, True)


def _hears_ctrl_c() -> None:
    """Let a process be interrupted, also where this one runs in the background and cannot be."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Following:
    """A ``govkit log --follow`` that runs, and the lines that it has written."""

    def __init__(self, world: World, *words: str, cwd: Path | None = None) -> None:
        self._seen: dict[int, bytearray] = {}
        command = [sys.executable, "-m", "govkit.cli.main", "log", "--follow", "--interval", "0.1", *words]
        self.process = subprocess.Popen(
            command,
            cwd=cwd or world.repo,
            env=world.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=_hears_ctrl_c,  # noqa: PLW1509 - no thread runs here
        )

    def line(self) -> str:
        """Return the next line of the events."""
        assert self.process.stdout is not None
        return self._next(self.process.stdout)

    def complaint(self) -> str:
        """Return the next line of what is said beside the events."""
        assert self.process.stderr is not None
        return self._next(self.process.stderr)

    def _next(self, stream: IO[str]) -> str:
        # Not with the stream's own readline, which would take more than the line, unseen by select.
        seen = self._seen.setdefault(stream.fileno(), bytearray())
        while b"\n" not in seen:
            assert select.select([stream], [], [], 30.0)[0], f"no line came, but {bytes(seen)!r}"
            part = os.read(stream.fileno(), 65536)
            assert part, f"it ended with {bytes(seen)!r}"
            seen += part
        line, _, rest = bytes(seen).partition(b"\n")
        seen[:] = rest
        return line.decode()

    def stop(self) -> tuple[int, str, str]:
        """Press Ctrl-C, as a terminal does to the whole group; return exit code, the rest, and what was said."""
        os.killpg(self.process.pid, signal.SIGINT)
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out, err

    def ended(self) -> tuple[int, str]:
        """Wait until it ends by itself; return exit code and what was said."""
        _, err = self.process.communicate(timeout=20)
        return self.process.returncode, err


@pytest.fixture
def shared(_promoted: Path, tmp_path: Path) -> Iterator[tuple[World, Path]]:
    """A repository with a remote, and a clone of somebody who follows the log."""
    world = worlds.copy(_promoted, tmp_path / "world")
    world.shell("git", "clone", "-q", "--bare", f"file://{world.repo}", str(world.folder / "bare.git"))
    world.git("remote", "add", "origin", f"file://{world.folder / 'bare.git'}")
    world.govkit("log", "sync", as_="remy")
    clone = world.folder / "reader"
    world.shell("git", "clone", "-q", f"file://{world.folder / 'bare.git'}", str(clone))
    yield world, clone


def test_following_a_remote(shared: tuple[World, Path]) -> None:
    """What others push comes as lines, each once, whatever stands in it; Ctrl-C ends it without a word; a cut loudly.

    A remote that is away is said, and waited for.
    """
    world, clone = shared
    follower = Following(world, "--format", "jsonl", "--limit", "1", cwd=clone)
    last = json.loads(follower.line())
    assert last["type"] == "promotion.recorded"
    ask(world)
    assert json.loads(follower.line())["type"] == "version.registered"
    opened = json.loads(follower.line())
    assert (opened["index"], opened["type"], opened["verdict"]) == (last["index"] + 2, "request.opened", "good")
    assert (opened["words"], opened["version"], opened["stage"]) == (EVIL, "1.1.0", "production")
    code, rest, err = follower.stop()
    assert (code, rest, err) == (0, "", "")

    follower = Following(world, "--limit", "1", cwd=clone)
    away = (world.folder / "bare.git").rename(world.folder / "away.git")
    assert "cannot be reached" in follower.complaint()
    away.rename(world.folder / "bare.git")
    assert follower.line().startswith(f"{opened['index']} ")
    other = world.clone("other")
    bare = world.folder / "bare.git"
    world.shell("git", f"--git-dir={bare}", "update-ref", "refs/heads/govkit/log", f"{_log(world, other)}~2")
    code, err = follower.ended()
    assert code == 1 and "cut short" in err and "Traceback" not in err


def _log(world: World, clone: Path) -> str:
    return world.shell("git", f"--git-dir={clone}/.git", "rev-parse", "refs/remotes/origin/govkit/log").strip()


def test_following_without_a_remote(_promoted: Path, tmp_path: Path) -> None:
    """Conflicts are lines, and said once; the stream goes on and ends with 1. Cutting what was shown ends it at once."""
    world = worlds.copy(_promoted, tmp_path / "world")
    follower = Following(world, "--format", "jsonl", "--limit", "1")
    size = json.loads(follower.line())["head"]["size"]
    fork = {"size": size - 1, "root": "sha256:" + "0" * 64}
    body = {"reason": "x", "version": "1.0.0"}
    world.push_signed("rita", type="version.revoked", body=body, log=fork)
    assert json.loads(follower.line())["verdict"] == "conflict"
    world.push_event(b"junk", None)
    assert json.loads(follower.line())["verdict"] == "inert"
    code, _, err = follower.stop()
    assert (code, err.count("belongs to another history")) == (1, 1)
    follower = Following(world, "--format", "jsonl", "--limit", "1")
    follower.line()
    world.forget()  # as in a clone that nothing was proven in yet
    world.git("update-ref", "refs/heads/govkit/log", "refs/heads/govkit/log~3")
    code, err = follower.ended()
    assert code == 1 and "does not begin with" in err


def test_following_needs_a_pin(scene: World, tmp_path: Path) -> None:
    """Without one nothing is proven, and nothing is shown."""
    done = subprocess.run(
        [sys.executable, "-m", "govkit.cli.main", "log", "--follow", "--format", "jsonl"],
        cwd=scene.repo,
        env={**scene.env, "GOVKIT_KNOWN_ROOTS": str(tmp_path / "none")},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert (done.returncode, done.stdout) == (3, "") and "pinned" in done.stderr


def on_a_terminal(world: World, *words: str, lines: int = 24, **environment: str) -> str:
    """Run a command on a terminal, with a pager that says when it is used, and return what the terminal got."""
    pager = world.folder / "pager"
    pager.write_text("#!/bin/sh\necho PAGED\nexec cat\n")
    pager.chmod(0o755)
    size = {"LINES": str(lines), "COLUMNS": "200", "TERM": "xterm", "PAGER": str(pager)}
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "govkit.cli.main", *words]
    process = subprocess.Popen(
        command, cwd=world.repo, env={**world.env, **size, **environment}, stdin=child, stdout=child, stderr=child
    )
    os.close(child)
    found = b""
    while True:
        try:
            part = os.read(parent, 65536)
        except OSError:  # the terminal's other end is closed
            break
        if not part:
            break
        found += part
    os.close(parent)
    assert process.wait() == 0
    return found.decode()


def test_pager_and_colours(scene: World) -> None:
    """A pager where it does not fit on the terminal, colours where there is one; neither where somebody says no."""
    usual = on_a_terminal(scene, "log", lines=5)
    assert "PAGED" in usual and "promote: scorer@1.0.0" in usual
    fits = on_a_terminal(scene, "log", lines=100)
    assert "\x1b[32m" in fits and "PAGED" not in fits
    plain = on_a_terminal(scene, "log", "--no-pager", lines=5, NO_COLOR="1")
    assert "PAGED" not in plain and "\x1b" not in plain
    assert "PAGED" in on_a_terminal(scene, "history", MODEL, lines=5)
    assert "\x1b" not in scene.govkit("log").out


def test_hostile_text_on_a_terminal(_promoted: Path, tmp_path: Path) -> None:
    """It is shown as text in every form: no escape of somebody else's, no line that they begin."""
    world = worlds.copy(_promoted, tmp_path / "world")
    ask(world)
    for words in (("log",), ("log", "--format", "jsonl"), ("history", MODEL)):
        out = world.govkit(*words).out
        assert not re.search("[\x00-\x09\x0b-\x1f\u2028\u202e]", out)
        assert not [line for line in out.splitlines() if line.startswith('{"schema":"govkit.logline/v1","verdict"')]
    seen = on_a_terminal(world, "log", lines=100)
    assert "\x1b[2J" not in seen and "<U+001B>[2J" in seen
