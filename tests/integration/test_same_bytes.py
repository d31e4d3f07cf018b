"""The same commit, policy and champion give the same cards and pages, byte by byte, on every Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from world import MODEL, World

TOP = Path(__file__).resolve().parents[2]
#: All that rendering needs; not DVC, which the hook never calls.
NEEDED = (
    "click",
    "gitpython",
    "jinja2",
    "jsonschema",
    "msgspec",
    "packaging",
    "pyyaml",
    "rfc8785",
    "rich",
    "filelock",
    "pynacl",
)


def newest() -> str | None:
    """Return the newest Python on this machine that is newer than this one, or None."""
    for minor in range(20, sys.version_info.minor, -1):
        name = f"python3.{minor}"
        pyenv = sorted((Path.home() / ".pyenv" / "versions").glob(f"3.{minor}.*/bin/{name}"))
        for found in (shutil.which(name), *map(str, pyenv[-1:])):
            # What lies on the path may be a launcher that leads nowhere.
            if found and subprocess.run([found, "-c", "import venv, ensurepip"], check=False).returncode == 0:
                return found
    return None


def digests(python: str | Path, world: World, **environment: str) -> dict[str, str]:
    """Return the digests of everything that a Python renders of a world, by name."""
    words = [str(python), str(TOP / "tests" / "pages_of.py"), str(world.repo), MODEL, f"{MODEL}@1.1.0#production"]
    done = subprocess.run(
        words,
        env={**world.env, "PYTHONPATH": str(TOP), "GOVKIT_NO_CACHE": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)["digests"]
    assert {"card.json", "card.md", "card.html", "request.json", "1.0.0.html", "1.1.0.html"} == found.keys()
    return found


def test_same_bytes_in_another_place_and_order(requested: World) -> None:
    """Neither the order of hashing, nor language, time zone or width of the terminal changes a byte."""
    requested.approve("1.1.0", "production", "rita")
    first = digests(sys.executable, requested, PYTHONHASHSEED="1", TZ="UTC", LC_ALL="C", COLUMNS="40")
    second = digests(sys.executable, requested, PYTHONHASHSEED="2", TZ="Asia/Tokyo", LC_ALL="C.UTF-8", COLUMNS="300")
    assert first == second


@pytest.mark.slow
def test_same_bytes_on_the_newest_python(requested: World, tmp_path: Path) -> None:
    """The newest Python at hand renders what this one renders, with the same versions of what it needs."""
    python = newest()
    if python is None:
        pytest.skip(f"there is no Python newer than {sys.version_info.major}.{sys.version_info.minor} on this machine")
    subprocess.run([python, "-m", "venv", str(tmp_path / "venv")], check=True)
    other = tmp_path / "venv" / "bin" / "python"
    words = [str(other), "-m", "pip", "install", "-q", "-c", str(TOP / "constraints.txt"), *NEEDED]
    subprocess.run(words, check=True, env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    requested.approve("1.1.0", "production", "rita")
    assert digests(other, requested) == digests(sys.executable, requested)
