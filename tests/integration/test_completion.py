"""Shell completion, asked as a shell asks: quick, from the repository, and never a word too many."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest
from click.shell_completion import shell_complete

from govkit.cli import completing
from govkit.cli.main import cli
from tests import world as worlds
from tests.world import MODEL, World

GOVKIT = (sys.executable, "-m", "govkit.cli.main")
BREAKS = " \t\n\"'@><=;|&(:"


@pytest.fixture(scope="module")
def scene(_promoted: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A repository with a version, and hostile names among its tags."""
    world = worlds.copy(_promoted, tmp_path_factory.mktemp("scene") / "world")
    for name in ("a$(touch\x7f)".replace("\x7f", "x"), "m;reboot@v1.0.0", "x`id`#prod#1", f"{MODEL}@v1.0.0-$HOME"):
        world.git("update-ref", f"refs/tags/{name}", "HEAD")
    return world


def ask(world: World, line: str, **more: str) -> tuple[list[str], subprocess.CompletedProcess[str]]:
    """Complete a line as Bash asks; return the answers, and what came of it."""
    environment = {
        **world.env,
        "_GOVKIT_COMPLETE": "bash_complete",
        "COMP_LINE": line,
        "COMP_WORDBREAKS": BREAKS,
        **more,
    }
    done = subprocess.run(GOVKIT, cwd=world.repo, env=environment, capture_output=True, text=True, check=False)
    return [answer.partition(",")[2] for answer in done.stdout.splitlines() if answer], done


@pytest.mark.parametrize(
    ("line", "answers"),
    [
        ("govkit pro", ["promote"]),
        ("govkit log ver", ["verify"]),
        ("govkit show ", [MODEL]),
        ("govkit promote sc", [MODEL, f"{MODEL}@1.0.0"]),
        # Bash puts the answer in the place of what begins with the '@'.
        (f"govkit promote {MODEL}@1", ["@1.0.0"]),
        (f"govkit promote '{MODEL}@1", [f"{MODEL}@1.0.0"]),
        (f"govkit promote {MODEL}@1.0.0 --stage pr", ["production"]),
        (f"govkit verify {MODEL} --stage=st", ["staging"]),
        (f"govkit approve {MODEL}@1.0.0#p", ["@1.0.0#production"]),
        ("govkit log --person r", ["rita", "remy"]),
        ("govkit log --type finding.", ["finding.opened", "finding.closed"]),
        ("govkit help exit", ["exit-codes"]),
        ("govkit approve x --role va", ["validator"]),
        ("govkit show nothing", []),
        ("govkit show 'un", []),
    ],
)
def test_answers(
    scene: World, line: str, answers: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Commands, options' values, and names from the repository; nothing where nothing fits, and never an error."""
    monkeypatch.chdir(scene.repo)
    with mock.patch.dict(os.environ, {**scene.env, "COMP_LINE": line, "COMP_WORDBREAKS": BREAKS}, clear=True):
        shell_complete(cli, {}, "govkit", completing.VARIABLE, "bash_complete")
    shown = capsys.readouterr()
    found = [answer.partition(",")[2] for answer in shown.out.splitlines() if answer]
    assert (sorted(found), shown.err) == (sorted(answers), "")


def test_names_that_would_act(scene: World) -> None:
    """Of what others push, only names of the one grammar reach a shell."""
    found, done = ask(scene, "govkit register ")
    assert done.stderr == ""
    assert sorted(found) == [MODEL, f"{MODEL}@1.0.0"]


def test_nothing_is_said_where_there_is_nothing(scene: World, tmp_path: Path) -> None:
    """No repository, a broken one, or a damaged policy: no answer, and no word."""
    for folder in (tmp_path, tmp_path / "missing"):
        found, done = ask(scene, f"govkit show --repo {folder} ")
        assert (found, done.stderr) == ([], "")
    (tmp_path / ".git").write_text("gitdir: /nowhere\n")
    assert ask(scene, f"govkit show --repo {tmp_path} ")[1].stderr == ""


def test_quick(scene: World) -> None:
    """Less than 0.3 seconds of work, start of Python and all, also with 3,000 tags: somebody waits."""
    head = scene.git("rev-parse", "HEAD")
    lines = "".join(f"create refs/tags/other@v1.{number}.0 {head}\n" for number in range(3000))
    scene.git("-c", "core.fsync=none", "update-ref", "--stdin", stdin=lines.encode())
    scene.git("pack-refs", "--all")
    found, _ = ask(scene, f"govkit promote {MODEL}@")
    assert found == ["@1.0.0"]
    least = _work(lambda: subprocess.run([*GOVKIT, "--version"], env=scene.env, capture_output=True, check=True))
    # On a slow machine Python's own start takes longer than that.
    assert _work(lambda: ask(scene, f"govkit promote {MODEL}@")) < max(0.3, 1.7 * least)


def _work(run: Callable[[], object]) -> float:
    """Return how many seconds of work a process is, at best: others may use the machine, too."""
    times = []
    for _ in range(3):
        before = os.times()
        run()
        after = os.times()
        times.append(sum(after[2:4]) - sum(before[2:4]))
    return min(times)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts(scene: World, shell: str) -> None:
    """Each shell gets a script that names the command, and that the shell itself can read where it is here."""
    done = subprocess.run([*GOVKIT, "completion", shell], env=scene.env, capture_output=True, text=True, check=True)
    assert "_GOVKIT_COMPLETE" in done.stdout and f"{shell}_complete" in done.stdout
    if subprocess.run(["sh", "-c", f"command -v {shell}"], capture_output=True, check=False).returncode == 0:
        subprocess.run([shell, "-n"], input=done.stdout, text=True, check=True)


def test_in_a_real_bash(scene: World) -> None:
    """Somebody types a line in an interactive Bash and presses Tab."""
    script = scene.folder / "completion.bash"
    done = subprocess.run([*GOVKIT, "completion", "bash"], env=scene.env, capture_output=True, text=True, check=True)
    script.write_text(done.stdout)
    parent, child = pty.openpty()
    environment = {**scene.env, "PS1": "READY ", "TERM": "dumb", "HISTFILE": ""}
    bash = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"],
        cwd=scene.repo,
        env=environment,
        stdin=child,
        stdout=child,
        stderr=child,
        start_new_session=True,
    )
    os.close(child)
    try:
        _until(parent, "READY ")
        os.write(parent, f"source {script}\n".encode())
        _until(parent, "READY ")
        os.write(parent, f"echo govkit; govkit verify {MODEL} --stage pro\t".encode())
        assert "production" in _until(parent, "production")
        os.write(parent, b"\x15govkit approve " + f"{MODEL}@1.0.0#pro\t".encode())
        assert _shown(_until(parent, "#production")).endswith(f"govkit approve {MODEL}@1.0.0#production")
    finally:
        bash.kill()
        bash.wait()
        os.close(parent)


def _shown(written: str) -> str:
    """Return what stands on a line after what a shell wrote, with its steps back."""
    line: list[str] = []
    place = 0
    for sign in written.rpartition("\r")[2].rstrip():
        if sign == "\b":
            place -= 1
        else:
            line[place : place + 1] = [sign]
            place += 1
    return "".join(line)


def _until(terminal: int, text: str, patience: float = 20.0) -> str:
    """Read from a terminal until a text came."""
    seen, end = "", time.monotonic() + patience
    while text not in seen and time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            seen += os.read(terminal, 4096).decode(errors="replace")
    assert text in seen, seen
    return seen
