"""The folder in which a repository's commands are run again: what it holds, what it keeps apart, and that it goes."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from govkit.core import digests
from govkit.core.dvcmd5 import md5
from govkit.core.errors import Refused, Undecided, Usage
from govkit.core.reproduction import Sums
from govkit.storage import reruns
from govkit.storage.dvcbytes import Found


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder that stands for a clone, with a link of the commit's that leads out of it, and a file out there."""
    place = tmp_path / "run" / reruns.CLONE
    place.mkdir(parents=True)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("precious")
    (place / "link").symlink_to(outside)
    return place


def test_workspace_goes_whatever_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what was made read-only, and also when an error leaves it; what links lead to stays."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    (outside / "kept").chmod(0o400)

    def fill() -> None:
        with reruns.workspace() as folder:
            assert folder.stat().st_mode & 0o077 == 0
            (folder / "deep" / "er").mkdir(parents=True)
            (folder / "deep" / "er" / "file").write_text("x")
            (folder / "deep" / "link").symlink_to(outside)
            (folder / "deep" / "er").chmod(0)
            (folder / "deep").chmod(0o500)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill()
    assert list(tmp_path.iterdir()) == [outside]
    assert (outside / "kept").stat().st_mode & 0o777 == 0o400


def test_workspace_that_is_kept(tmp_path: Path) -> None:
    """It is made where it is wanted, stays, and is not one that is in use."""
    with reruns.workspace(tmp_path / "a" / "b") as folder:
        (folder / "file").write_text("x")
    assert (tmp_path / "a" / "b" / "file").read_text() == "x"
    for place in (tmp_path / "a" / "b", tmp_path / "a" / "b" / "file"):
        with pytest.raises(Usage, match="is not an empty folder"), reruns.workspace(place):
            pass


@pytest.mark.parametrize(
    "path", ["link/precious", "../outside/precious", "/etc/hostname", "link/new/deep", "a/../../b"]
)
def test_nothing_leads_out_of_the_clone(clone: Path, path: str) -> None:
    """Neither a link of the commit's nor a path of its DVC files has anything removed, written or read out there."""
    own = clone.parent.parent / "own"
    own.write_text("own")
    with pytest.raises(Refused):
        reruns.clear(clone, path)
    with pytest.raises(Refused):
        reruns.put(clone, path, Found("", 3, {"": own}))
    with pytest.raises(Refused):
        reruns.sums(clone, path)
    assert (clone.parent.parent / "outside" / "precious").read_text() == "precious"
    assert [each.name for each in (clone.parent.parent / "outside").iterdir()] == ["precious"]


def test_link_itself_is_removed_and_not_followed(clone: Path) -> None:
    """What a DVC stage would write over is taken away first, and that is the link."""
    reruns.clear(clone, "link")
    assert not (clone / "link").is_symlink()
    assert (clone.parent.parent / "outside" / "precious").exists()


def test_digests(clone: Path) -> None:
    """A file and a folder are digested as cards do it, and as DVC does; nothing is nothing; a link is none of both."""
    (clone / "f").write_text("x")
    assert reruns.sums(clone, "f") == Sums(digests.sha256(b"x"), md5(b"x"))
    assert reruns.sums(clone, "none") is None
    (clone / "d" / "e").mkdir(parents=True)
    (clone / "d" / "b").write_text("b")
    (clone / "d" / "e" / "a").write_text("a")
    listing = b'[{"md5": "92eb5ffee6ae2fec3ad71c777531578f", "relpath": "b"}, '
    listing += b'{"md5": "0cc175b9c0f1b6a831c399e269772661", "relpath": "e/a"}]'
    found = reruns.sums(clone, "d")
    wanted = digests.directory(
        [
            {"path": "b", "sha256": digests.sha256(b"b"), "size": 1},
            {"path": "e/a", "sha256": digests.sha256(b"a"), "size": 1},
        ]
    )
    assert found == Sums(wanted, f"{md5(listing)}.dir", is_folder=True)
    (clone / "d" / "e" / "l").symlink_to("a")
    for path in ("d", "link"):
        with pytest.raises(Undecided, match="cannot be compared"):
            reruns.sums(clone, path)


def test_bytes_are_copied_and_not_linked(clone: Path, tmp_path: Path) -> None:
    """A command that writes into what it reads must not write into the cache."""
    source = tmp_path / "cached"
    source.write_text("x")
    reruns.put(clone, "data/d", Found("", 1, {"a/b": source}))
    (clone / "data" / "d" / "a" / "b").write_text("y")
    assert source.read_text() == "x"


def test_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Unknown variables stay behind, others come along by name, and those of keys never."""
    for name in ("SSH_AUTH_SOCK", "GOVKIT_KEY", "GIT_DIR", "AWS_PROFILE", "MINE", "LC_ALL", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "x")
    found = reruns.environment(tmp_path)
    assert {"PATH", "LC_ALL", "OMP_NUM_THREADS"} <= found.keys()
    assert not {"SSH_AUTH_SOCK", "GOVKIT_KEY", "GIT_DIR", "AWS_PROFILE", "MINE"} & found.keys()
    assert all(str(tmp_path) in found[f"DVC_{name}_DIR"] for name in ("GLOBAL_CONFIG", "SYSTEM_CONFIG", "SITE_CACHE"))
    assert reruns.environment(tmp_path, ["MINE", "AWS_PROFILE"])["MINE"] == "x"
    for name in ("SSH_AUTH_SOCK", "GOVKIT_KEY", "GIT_DIR", "NOWHERE"):
        with pytest.raises(Usage):
            reruns.environment(tmp_path, [name])


def test_check_out(tmp_path: Path) -> None:
    """One commit, no other branch, no hook, no remote; one that is not there cannot be told of."""
    source = tmp_path / "a repository"
    words = ["git", "-C", str(source), "-c", "user.name=A", "-c", "user.email=a@example.org"]

    def git(*more: str) -> str:
        return subprocess.run([*words, *more], check=True, capture_output=True, text=True).stdout.strip()

    source.mkdir()
    git("init", "-q")
    (source / "f").write_text("1")
    git("add", "f")
    git("commit", "-qm", "1")
    first = git("rev-parse", "HEAD")
    (source / "f").write_text("2")
    git("commit", "-qam", "2")
    hook = source / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    folder = tmp_path / "run"
    folder.mkdir()
    clone = reruns.check_out(source / ".git", first, folder)
    assert (clone / "f").read_text() == "1"
    assert not (tmp_path / "ran").exists()
    assert not (clone / ".git" / "hooks").exists()
    done = subprocess.run(["git", "-C", str(clone), "for-each-ref"], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    with pytest.raises(Undecided, match="cannot be checked out"):
        reruns.check_out(source / ".git", "1" * 40, tmp_path / "other")


def test_settings_come_after_those_of_the_repository(clone: Path) -> None:
    """Whatever stands in the place of DVC's local settings is replaced; a project's folder that is a link is none."""
    (clone / ".dvc").mkdir()
    (clone / ".dvc" / "config.local").symlink_to(clone.parent.parent / "outside" / "precious")
    assert reruns.prepare(clone, "sub/deep") == clone
    text = (clone / ".dvc" / "config.local").read_text()
    assert f'dir = "{clone.parent}/dvc/cache"' in text
    assert (clone.parent.parent / "outside" / "precious").read_text() == "precious"
    (clone / "sub").mkdir()
    (clone / "sub" / ".dvc").symlink_to(clone / ".dvc")
    assert reruns.prepare(clone, "sub") == clone
    (clone / ".dvc").rename(clone / "elsewhere")
    with pytest.raises(Undecided, match="no DVC project"):
        reruns.prepare(clone, "sub")


def test_what_a_command_leaves_running_is_ended(clone: Path) -> None:
    """A process in the background must not go on writing where files are compared, or keep the run from ending."""
    mark = clone.parent / "pid"
    words = f"sleep 60 & echo $! > {mark}; exit 3"
    process = subprocess.Popen(["sh", "-c", words], start_new_session=True, stdout=subprocess.DEVNULL)
    process.wait()
    reruns._end(process)
    until = time.monotonic() + 10
    stat = Path(f"/proc/{mark.read_text().strip()}/stat")
    while time.monotonic() < until:
        try:
            os.kill(int(mark.read_text()), 0)
            if stat.exists() and stat.read_text().rpartition(") ")[2].startswith("Z"):
                return
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError("it goes on")


def test_what_a_run_printed_is_told_as_it_comes(tmp_path: Path) -> None:
    """Names of DVC stages are read line by line, also where a line comes in two pieces or never ends."""
    log, heard = tmp_path / "log", []
    log.write_bytes(b"Running stage 'a':\n> cmd\nRunning stage")
    place = reruns._told(log, 0, heard.append)
    with log.open("ab") as file:
        file.write(b" 'b':\n" + b"x" * 200_000)
    for _ in range(5):
        place = reruns._told(log, place, heard.append)
    with log.open("ab") as file:
        file.write(b"\nRunning stage 'c':\n")
    for _ in range(3):
        place = reruns._told(log, place, heard.append)
    assert heard == ["a", "b", "c"]
    assert place == log.stat().st_size
