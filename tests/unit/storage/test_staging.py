"""A folder that is filled out of sight: in its place all at once, or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from govkit.core.errors import Usage
from govkit.storage import staging


def fill(folder: Path) -> None:
    """Fill a folder with two files."""
    with staging.filled(staging.ready(folder), last="b") as filling:
        assert filling.stat().st_mode & 0o777 == 0o700
        (filling / "b").write_text("2")
        (filling / "a").write_text("1")


def test_it_is_there_at_once(tmp_path: Path) -> None:
    """Also where an empty folder was, or a link to one; nothing is left beside it."""
    fill(tmp_path / "new" / "deep")
    (tmp_path / "empty").mkdir()
    fill(tmp_path / "empty")
    (tmp_path / "linked").mkdir()
    (tmp_path / "link").symlink_to("linked")
    fill(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    for folder in (tmp_path / "new" / "deep", tmp_path / "empty", tmp_path / "linked"):
        assert sorted(path.name for path in folder.iterdir()) == ["a", "b"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "link", "linked", "new"]


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    """Neither the files nor the folders that were made on the way; what was there before stays."""
    (tmp_path / "kept").mkdir()
    with pytest.raises(ValueError, match="no"), staging.filled(tmp_path / "kept" / "new" / "deep", last="a") as filling:
        (filling / "a").write_text("unproven")
        raise ValueError("no")
    assert [path.name for path in tmp_path.rglob("*")] == ["kept"]


def test_a_place_in_use_is_left_alone(tmp_path: Path) -> None:
    """A folder with something in it, a file, a link that leads nowhere; also if that comes in between."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    for name in ("full", "file", "dangling"):
        with pytest.raises(Usage):
            staging.ready(tmp_path / name)
    place = staging.ready(tmp_path / "late")
    with pytest.raises(Usage), staging.filled(place, last="a") as filling:
        (filling / "a").touch()
        place.mkdir()
        (place / "mine").touch()
    assert [path.name for path in place.iterdir()] == ["mine"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dangling", "file", "full", "late"]


def test_what_the_dead_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    """Of this place only, once it is old enough, and no link is followed."""
    old = time.time() - 60
    names = (".served.govkit-dead", ".served.govkit-new", ".other.govkit-dead", "served.govkit-dead")
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "bytes").touch()
        if not name.endswith("new"):
            os.utime(tmp_path / name, (old, old))
    (tmp_path / ".served.govkit-link").symlink_to(names[2])
    staging.ready(tmp_path / "served")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([".served.govkit-link", *names[1:]])


MOUNTED = """
import sys
from pathlib import Path
from govkit.storage import staging
place = Path(sys.argv[1])
assert place.is_mount()
(place / "lost+found").mkdir()
for stop in (True, False):
    try:
        with staging.filled(staging.ready(place), last="b") as filling:
            assert filling.parent == place
            (filling / "b").touch()
            (filling / "a").touch()
            if stop:
                raise ValueError
    except ValueError:
        assert [path.name for path in place.iterdir()] == ["lost+found"]
print(sorted(path.name for path in place.iterdir()))
"""


def test_a_mounted_folder_is_filled_from_within(tmp_path: Path) -> None:
    """It cannot be replaced, as a volume of a container cannot; an error leaves it as it was."""
    place = tmp_path / "models"
    place.mkdir()
    words = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs none "$1" && exec "$2" -c "$3" "$1"', "sh"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    try:
        probe = subprocess.run([*words[:4], 'mount -t tmpfs none "$1"', "sh", str(place)], check=False)
    except FileNotFoundError:
        pytest.skip("there is no unshare here")
    if probe.returncode:
        pytest.skip("nothing can be mounted here")
    done = subprocess.run(
        [*words, str(place), sys.executable, MOUNTED], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "['a', 'b', 'lost+found']"), done.stderr
