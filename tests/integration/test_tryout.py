"""``govkit tryout``: the whole story on a copy of somebody's repository, of which nothing changes and nothing stays."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from govkit.core.errors import Refused
from govkit.storage.scratch import Scratch, redirect
from tests import world as worlds
from tests.integration.test_how_to import commands
from tests.world import DVC_YAML, MODEL, World

GOVKIT = (sys.executable, "-m", "govkit.cli.main")


def everything(*folders: Path) -> dict[str, str]:
    """Return a digest, with mode and time of change, of every file below some folders."""
    found = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                state = path.stat()
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                found[str(path)] = f"{digest} {state.st_mode} {state.st_mtime_ns}"
    return found


def _hears_ctrl_c() -> None:
    """Let a process be interrupted, also where this one runs in the background and cannot be."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Home:
    """A person's machine: their repository, remote, cache, keys and configuration, and a folder for temporary files."""

    def __init__(self, world: World) -> None:
        self.world, self.temporary = world, world.folder.parent / "tmp"
        self.temporary.mkdir()
        # Git looks at its files first when it is asked what changed, and writes down what it saw.
        world.git("status")
        self.before = self.state()

    def state(self) -> dict[str, str]:
        """Return the state of everything that is theirs."""
        return everything(self.world.folder)

    @contextlib.contextmanager
    def running(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """Run a tryout in a process group of its own."""
        environment = {**self.world.env, "TMPDIR": str(self.temporary)}
        with subprocess.Popen(
            [*GOVKIT, "tryout", *words],
            cwd=self.world.repo,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=_hears_ctrl_c,  # noqa: PLW1509 - no thread runs here
        ) as process:
            yield process

    def run(self, *words: str, expect: int = 0) -> str:
        """Run a tryout to its end, and return what it printed."""
        with self.running(*words) as process:
            out, err = process.communicate(timeout=300)
        assert process.returncode == expect, out + err
        assert "Traceback" not in out + err
        return out + err

    def is_untouched(self) -> bool:
        """Tell whether everything is as it was, and nothing is left behind."""
        after = self.state()
        assert {name for name in self.before.keys() | after.keys() if self.before.get(name) != after.get(name)} == set()
        return not any(self.temporary.iterdir())


def ungoverned(template: Path, folder: Path) -> World:
    """Return a DVC repository that never heard of govkit, with a remote, and its weights in the cache alone."""
    world = worlds.copy(template, folder)
    world.git("update-ref", "-d", "refs/heads/govkit/log")
    world.shell("rm", "-rf", "governance", ".git/govkit", "../known_roots", "../keys", "model.json", ".gitattributes")
    (world.repo / "dvc.yaml").write_text(DVC_YAML)
    lock = yaml.safe_load((world.repo / "dvc.lock").read_text())
    del lock["stages"]["govern"]
    (world.repo / "dvc.lock").write_text(yaml.safe_dump(lock))
    world.git("remote", "add", "origin", str(world.folder / "nowhere.git"))
    world.commit("An ordinary repository")
    world.git("tag", "-am", "By GTO", f"{MODEL}@v3.0.0")
    (world.repo / "notes.txt").write_text("not committed\n")
    return world


@pytest.fixture
def plain(_governed: Path, tmp_path: Path) -> Home:
    """The machine of somebody whose repository is not under govkit."""
    return Home(ungoverned(_governed, tmp_path / "home"))


def test_repository_that_never_heard_of_govkit(plain: Home) -> None:
    """All the way: refused, said what was missing, approved, promoted, proven, three tamperings; and nothing stays."""
    said = plain.run()
    assert [line for line in said.splitlines() if line.startswith("[")][-1].startswith("[8/8] Done")
    assert "documented" in said and f"govkit promote {MODEL}@1.1.0" in said
    assert f"PROVEN: {MODEL}@1.1.0 serves in production" in said
    assert said.count("refused (exit code 1); the tampering is undone") == 3
    for found in ("it was moved", "is not what its commit makes", "are not those that were approved"):
        assert found in said
    assert "Proven again" in said
    assert plain.is_untouched()


def test_governed_repository_whose_gates_say_no(_governed: Path, tmp_path: Path) -> None:
    """As the page says it: its own policy is asked, and its no is told; the folder stays, and leads nowhere outside."""
    world = worlds.copy(_governed, tmp_path / "home")
    path = world.repo / "governance" / "policy.yaml"
    path.write_text(path.read_text().replace("metric: auc, min: 0.7,", "metric: auc, min: 0.99,"))
    world.commit("A stricter policy")
    home, kept = Home(world), world.folder / "tryout"
    script = "\n".join(["set -eu", *commands("try-it-on-your-own-repository.md")]).replace("credit-default", MODEL)
    said = world.shell("bash", "-c", script)
    assert "These gates say no to this model: auc." in said
    assert said.count(f"PROVEN: {MODEL}@1.0.0 serves in production") == 2  # in the tryout, and by the page's last line
    repo = kept / "repo"
    assert world.shell("git", "-C", str(repo), "remote") == ""
    config = (repo / ".dvc" / "config").read_text()
    assert [line for line in config.splitlines() if line.startswith(("url", "dir")) and str(kept) not in line] == []
    assert "is in use" in home.run("--keep", str(kept), expect=2)
    assert "lies in the repository" in home.run("--keep", str(world.repo / "new"), expect=2)
    shutil.rmtree(kept)
    assert home.is_untouched()


def test_weights_that_are_not_here(plain: Home) -> None:
    """What to do is said, and nothing is left behind."""
    plain.world.shell("rm", "-rf", ".dvc/cache")
    plain.before = plain.state()
    said = plain.run(expect=2)
    assert f"model.json of {MODEL} is not on this machine" in said and "dvc pull model.json" in said
    assert plain.is_untouched()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_stopped(plain: Home, number: signal.Signals) -> None:
    """Ctrl-C, or being told to end, in the middle: it ends, and nothing is left behind."""
    with plain.running() as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("$ govkit hook"):
                break
        (os.killpg if number is signal.SIGINT else os.kill)(process.pid, number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 3 and "stopped" in err and "Traceback" not in err
    assert plain.is_untouched()


def test_nothing_leads_out_of_the_copy(tmp_path: Path) -> None:
    """Remotes keep their names and nothing else; private settings go; a link where the settings should be is refused."""
    scratch = Scratch(tmp_path)
    folder = scratch.repo / "sub" / ".dvc"
    folder.mkdir(parents=True)
    scratch.git("init", "-q")
    (folder / "config").write_text(
        "[core]\n    remote = store\n    hardlink_lock = true\n"
        "['remote \"store\"']\n    url = s3://bank/models\n    credentialpath = ~/.aws\n[cache]\n    dir = /mnt/shared\n"
    )
    (folder / "config.local").write_text("[cache]\n    dir = /mnt/mine\n")
    with pytest.raises(Refused, match="not cut off"):
        scratch.check_cut_off()
    redirect(scratch)
    scratch.check_cut_off()
    text = (folder / "config").read_text()
    assert "store" in text and not any(word in text for word in ("s3://", "credentialpath", "/mnt", "hardlink"))
    assert not (folder / "config.local").exists()
    scratch.git("remote", "add", "origin", "/somewhere")
    with pytest.raises(Refused, match="not cut off"):
        scratch.check_cut_off()
    (scratch.repo / ".dvc").symlink_to("/etc")
    with pytest.raises(Refused, match="symbolic link"):
        redirect(scratch)
