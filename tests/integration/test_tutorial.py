"""The tutorial, run as it stands there, by somebody who has nothing but the built wheel."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests import pages, wheel

PAGE = "tutorial/first-verified-promotion.md"
MARK = "== next block =="
REFUSALS = 5


def go_through(home: Path, source: Path) -> list[str]:
    """Do all that the page says, in one shell of a new user, and return what each block printed on both streams.

    The first block, which installs, is replaced by an environment that is made more quickly, see ``tests/wheel.py``;
    with ``GOVKIT_STRESS=1`` it is run as it stands there, in a clone of this repository.
    """
    first, *rest = pages.scripts(PAGE)
    if os.environ.get("GOVKIT_STRESS"):
        subprocess.run(["git", "clone", "-q", str(pages.ROOT), str(source)], check=True)
    else:
        wheel.install(wheel.build(source), home / "govkit-tutorial" / "venv")
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


# One test rather than three, so that several processes do not each go through the page.
def test_the_tutorial_from_the_wheel(tmp_path: Path) -> None:
    """Every block ends well and prints what the page says; what ran is the wheel, and sees only what it declares."""
    home, source = tmp_path / "home", tmp_path / "source"
    home.mkdir()
    source.mkdir()
    said = go_through(home, source)
    for (block, lines), output in zip(pages.with_answers(PAGE), said, strict=True):
        assert [line for line in lines if not pages.is_said(line, output)] == [], f"{PAGE}:{block.line}\n{output}"
    # Each refusal is one, with exit code 1, and in the end all is proven again.
    everything = "".join(said)
    assert "Traceback" not in everything
    assert everything.count("exit code") == everything.count("exit code 1") == REFUSALS
    assert said[-1].count("PROVEN") == 1
    venv = home / "govkit-tutorial" / "venv"
    look = "import govkit, importlib.util as u; print(govkit.__file__); print(u.find_spec('pytest'))"
    shown = subprocess.run([venv / "bin" / "python", "-I", "-c", look], cwd="/", check=True, capture_output=True)
    file, another = shown.stdout.decode().split()
    assert Path(file).is_relative_to(venv)
    assert another == "None"
