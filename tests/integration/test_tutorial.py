"""The tutorial, run as it stands there, by somebody who has nothing but the built wheel."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests import pages, wheel

PAGE = "tutorial/first-verified-promotion.md"
MARK = "== next block =="


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each block of the page printed, on both streams; all of them ran in one shell and ended well."""
    home = tmp_path_factory.mktemp("home")
    first, *rest = pages.scripts(PAGE)
    if os.environ.get("GOVKIT_STRESS"):
        source = tmp_path_factory.mktemp("source")
        subprocess.run(["git", "clone", "-q", str(pages.ROOT), str(source)], check=True)
    else:
        source = home
        wheel.install(wheel.build(tmp_path_factory.mktemp("dist")), home / "govkit-tutorial" / "venv")
        first = ". ~/govkit-tutorial/venv/bin/activate\n"
    script = f"\necho '{MARK}'\n".join(["exec 2>&1", first, *rest])
    kept = [name for name in os.environ if name in ("PATH", "LANG", "LC_ALL", "TMPDIR") or name.startswith("PIP_")]
    env = {
        # Where packages come from is the machine's; all else is that of a new user.
        "PIP_CONFIG_FILE": str(Path.home() / ".config" / "pip" / "pip.conf"),
        **{name: os.environ[name] for name in kept},
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "DVC_NO_ANALYTICS": "1",
        "COLUMNS": "200",
    }
    words = ["bash", "-eu", "-o", "pipefail", "-c", script]
    done = subprocess.run(
        words, check=False, cwd=source, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout.split(MARK)[1:]


def test_the_tutorial_from_the_wheel(said: list[str]) -> None:
    """Every block ends well, in order, and prints what the page says it does; nothing is left undone or untold."""
    told = pages.with_answers(PAGE)
    assert len(told) == len(said)
    missing = [
        (block.line, line, output)
        for (block, lines), output in zip(told, said, strict=True)
        for line in lines
        if not pages.is_said(line, output)
    ]
    assert missing == []


def test_it_ends_as_it_promises(said: list[str]) -> None:
    """The last commands mend what was tampered with; the refusals before are refusals, each with exit code 1."""
    assert "Traceback" not in "".join(said)
    assert said[-1].rstrip().count("PROVEN") == 1
    assert sum(output.count("exit code 1") for output in said) == 5
    assert sum(output.count("exit code") for output in said) == 5


def test_govkit_comes_from_the_wheel(said: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """What ran is the package in the new environment, which cannot see the source tree or what it did not declare."""
    venv = next(tmp_path_factory.getbasetemp().glob("home*/govkit-tutorial/venv"))
    look = "import govkit, importlib.util as u; print(govkit.__file__); print(u.find_spec('pytest'))"
    done = subprocess.run(
        [venv / "bin" / "python", "-I", "-c", look], check=False, cwd="/", capture_output=True, text=True
    )
    file, pytest_there = done.stdout.split()
    assert Path(file).is_relative_to(venv)
    assert pytest_there == "None"
