"""The command ``govkit review`` as a process of its own: it prints an address, serves, and ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from unittest import mock

import pytest
from reviewing import REQUEST
from webclient import Client
from world import World

from govkit.storage import clones, repositories
from govkit.workflow.session import Session


class Running:
    """A ``govkit review`` that runs, and a browser that has opened its address."""

    def __init__(self, world: World, folder: Path, *words: str) -> None:
        command = [sys.executable, "-m", "govkit.cli.main", "review", *words, "--no-browser"]
        command += ["--key", str(world.key_path("rita"))]
        env = {**world.env, "TMPDIR": str(folder)}
        self.process = subprocess.Popen(command, cwd=world.repo, env=env, stderr=subprocess.PIPE, text=True)
        self._errors: IO[str] = self.process.stderr  # type: ignore[assignment]
        said = ""
        while not (found := re.search(r"(http://127\.0\.0\.1:(\d+))(/open/\S+)\n", said)):
            line = self._errors.readline()
            assert line, said
            said += line
        self.client = Client(int(found[2]))
        self.home = self.client.get(found[3]).words

    def end(self) -> tuple[int, str]:
        """Press Ctrl-C; return exit code and what was said since the address."""
        self.process.send_signal(signal.SIGINT)
        said = self._errors.read()
        return self.process.wait(30), said


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for temporary files; nothing is left in it."""
    made = tmp_path / "tmp"
    made.mkdir()
    yield made
    assert [*made.iterdir()] == []


def test_serves_until_it_is_ended(requested: World, folder: Path) -> None:
    """It prints its address, lets one browser in, and ends with Ctrl-C, leaving nothing behind."""
    running = Running(requested, folder, REQUEST)
    assert "This browser is let in now" in running.home
    assert running.end() == (0, running_text())
    with pytest.raises(OSError):
        running.client.get("/")


def running_text() -> str:
    """What the terminal shows after the address."""
    return "\nCtrl-C ends it; so does an hour without use (60 minutes).\n\nThe page is no longer served.\n"


def test_knows_what_was_reviewed(requested: World, folder: Path) -> None:
    """A repository that was reviewed is on the list later, wherever one is; the list is its owner's alone."""
    requested.env["XDG_STATE_HOME"] = str(requested.folder / "state")
    Running(requested, folder, REQUEST).end()
    listed = requested.folder / "state" / "govkit" / "repositories.json"
    assert str(requested.repo) in listed.read_text()
    assert listed.stat().st_mode & 0o077 == 0


def test_clones_what_an_address_names(requested: World, folder: Path) -> None:
    """With an address it makes a copy, once, and lists what waits there; a second time it takes the same copy."""
    requested.env |= {
        "XDG_STATE_HOME": str(requested.folder / "state"),
        "XDG_DATA_HOME": str(requested.folder / "data"),
    }
    bare = requested.folder / "bare.git"
    requested.git("clone", "-q", "--bare", str(requested.repo), str(bare))
    for _ in range(2):
        Running(requested, folder, str(bare)).end()
    place = clones.place(requested.env, str(bare))
    assert [*place.parent.iterdir()] == [place]


@pytest.mark.parametrize(
    "words, said",
    [
        (("ext::sh -c touch% pwned",), "is not taken as the address of a repository"),
        (("--", "-uwhatever"), "is not taken as the address of a repository"),
        (("https://a:b@example.org/x",), "it holds a password"),
        (("scorer@9.9.9#production",), "there is no request"),
        ((REQUEST, REQUEST), "name one request"),
        (("--print", "x.html"), "--print needs a request"),
        ((REQUEST, "--statement", "x"), "say who is to sign, and what"),
        ((REQUEST, "--as", "vera"), "go with --statement"),
        ((REQUEST, "--port", "70000"), "70000"),
    ],
)
def test_wrong_words_are_told(requested: World, words: tuple[str, ...], said: str) -> None:
    """What cannot be served is told before anything is served."""
    options = [*words] if "--" not in words else ["--repo", str(requested.repo), *words]
    if "--" in words:
        result = _run(requested, "review", *options)
    else:
        result = requested.govkit("review", *options, expect=2).text
    assert said in result
    assert not (requested.repo / "pwned").exists()


def _run(world: World, *words: str) -> str:
    command = [sys.executable, "-m", "govkit.cli.main", *words]
    done = subprocess.run(command, cwd=world.repo, env=world.env, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    return " ".join(done.stderr.split())


def test_an_untrusted_repository_is_not_served(requested: World) -> None:
    """Without a pin there is no page of a request, and nothing is proven (exit 3)."""
    (requested.folder / "known_roots").write_text("")
    assert "without a pinned root of trust" in requested.govkit("review", REQUEST, as_="rita", expect=3).text


def test_repositories_are_listed_by_their_folders(requested: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one is, is no name of a repository: a page that lists several must tell them apart."""
    from govkit.workflow import waiting
    from govkit.workflow.plans import Options

    (requested.folder / "known_roots").write_text("")
    monkeypatch.chdir(requested.repo)
    with mock.patch.dict(os.environ, requested.env, clear=True):
        assert [name for name, _ in waiting.rows([Session(Options(repo=Path()))])[1]] == [str(requested.repo)]


def test_what_cannot_be_opened_is_listed(requested: World) -> None:
    """A repository that is gone is told; one whose log was cut is never passed over, wherever one is."""
    from govkit.workflow import waiting
    from govkit.workflow.plans import Options

    requested.env["XDG_STATE_HOME"] = str(requested.folder / "state")
    gone = requested.folder / "gone"
    with mock.patch.dict(os.environ, requested.env, clear=True):
        repositories.add(os.environ, gone)
        found, troubles = waiting.sessions(Options(repo=requested.repo), [])
        assert ([one.options.repo for one in found], [name for name, _ in troubles]) == ([requested.repo], [str(gone)])
        requested.govkit("log", "verify")  # this clone has seen the whole log
        requested.git("update-ref", "refs/heads/govkit/log", "refs/heads/govkit/log~1")
        found, troubles = waiting.sessions(Options(repo=requested.repo), [])
    assert found == []
    assert "cut short" in troubles[0][1].what
