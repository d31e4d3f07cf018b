"""A folder that is filled out of sight and moved into its place at once, or removed.

It is filled in a folder beside its place, which only its owner may open. A process that is killed cannot clean up after
itself: what it leaves is never in its place, is locked by nobody, and is removed by the next one that fills the same.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from govkit.core.errors import Usage
from govkit.storage import files

#: In how many seconds a process that has made its folder has also locked it.
_GRACE = 5.0


def ready(folder: Path) -> Path:
    """Return where a folder will lie, having seen that nothing is there, and swept up after processes that died.

    Args:
        folder: a folder that does not exist yet, or is empty; a link to one is followed.

    Raises:
        Usage: if it is in use, or a link that leads nowhere.
        OSError: if it cannot be looked into.
    """
    if folder.is_symlink() and not folder.exists():
        raise Usage(f"{folder} is a symbolic link that leads nowhere", fix="remove it, or name another folder with -o")
    place = folder.resolve()
    if place.parent.is_dir():
        _sweep(place)
    if place.exists() and (not place.is_dir() or _entries(place)):
        raise Usage(f"{folder} exists and is not an empty folder", fix="name another with -o, or empty it")
    return place


def _entries(place: Path) -> list[Path]:
    """Return what lies in a folder, beside what a file system of its own brings along where one is mounted there."""
    own = files.VOLUME_FOLDER if place.is_mount() else ""
    return [path for path in place.iterdir() if path.name != own]


@contextlib.contextmanager
def filled(place: Path, *, last: str) -> Iterator[Path]:
    """Give a folder to fill; at the end of the block it is moved to its place, or removed if an error leaves it.

    A folder that something is mounted on cannot be replaced: there its entries are moved in one by one.

    Args:
        place: what :func:`ready` returned.
        last: name of the entry without which the others are worth nothing, which is then moved last.

    Raises:
        Usage: if something else has taken the place meanwhile.
        OSError: if it cannot be written.
    """
    parent, prefix = _around(place)
    made = _make_parents(parent)
    staging = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    done = False
    try:
        with _locked(staging):
            yield staging
            _move(staging, place, last)
        done = True
    finally:
        _remove(staging)
        for folder in [] if done else made:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _around(place: Path) -> tuple[Path, str]:
    """Return in which folder a place is filled, and how the folders begin in which that is done."""
    return (place, ".govkit-") if place.is_mount() else (place.parent, f".{place.name[:100]}.govkit-")


def _make_parents(folder: Path) -> list[Path]:
    """Make a folder and those above it; returns the new ones, the innermost first."""
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return new


def _move(staging: Path, place: Path, last: str) -> None:
    if place.is_mount():
        _move_into(staging, place, last)
        return
    staging.chmod(0o755)
    try:
        staging.rename(place)
    except OSError as error:
        if not place.exists():
            raise
        raise Usage(
            f"{place} cannot be replaced", why=error.strerror or str(error), fix="name another with -o, or empty it"
        ) from error


def _move_into(staging: Path, place: Path, last: str) -> None:
    moved: list[Path] = []
    try:
        for path in sorted(staging.iterdir(), key=lambda each: (each.name == last, each.name)):
            moved.append(place / path.name)
            path.rename(moved[-1])
    except BaseException:
        for path in moved:
            _remove(path)
        raise


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold a folder's lock if that is to be had; the system lets it go when the process ends, however it does."""
    try:
        import fcntl
    except ImportError:  # there are no such locks on Windows, so nothing is ever swept there
        yield False
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_mine = True
        except OSError:
            is_mine = False
        yield is_mine
    finally:
        os.close(handle)


def _sweep(place: Path) -> None:
    """Remove what processes left behind that were killed while they filled this folder."""
    parent, prefix = _around(place)
    for path in parent.iterdir():
        if not path.name.startswith(prefix) or path.is_symlink() or not path.is_dir():
            continue
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _GRACE:
                with _locked(path) as is_mine:
                    if is_mine:
                        _remove(path)


def _remove(path: Path) -> None:
    """Remove a file or a folder with all that is in it; a folder that is being written to is tried again."""
    for _ in range(20):
        if not path.is_dir() or path.is_symlink():
            path.unlink(missing_ok=True)
            return
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
        time.sleep(0.05)
