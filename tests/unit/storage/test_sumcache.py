"""Digests are remembered of what nobody has touched, and of nothing else."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from govkit.storage import cachefiles, files, sumcache

GOOD, EVIL = b"good weights", b"evil weights"


class Scene:
    """A file whose digests are remembered, and how many were read of late."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.file, self.git = folder, folder / "weights", folder / ".git"
        self.environment = {"XDG_CACHE_HOME": str(folder / "cache")}
        self.read = 0
        honest = files.sums_of

        def counting(handle: int) -> files.FileSums:
            self.read += 1
            return honest(handle)

        monkeypatch.setattr(files, "sums_of", counting)
        self.file.write_bytes(GOOD)

    @property
    def cache(self) -> Path:
        """The cache's file."""
        found = cachefiles.place(self.git, self.environment, "sums")
        assert found is not None
        return found

    def sums(self, path: Path | None = None, **more: str) -> files.FileSums:
        """Digest a file as a command does, and see that it is what reading it gives."""
        with sumcache.opened(self.git, {**self.environment, **more}) as remembered:
            found = remembered.sums(path or self.file)
        read = self.read
        assert found == files.sums(path or self.file)
        self.read = read
        return found

    def is_read(self, path: Path | None = None, **more: str) -> bool:
        """Tell whether digesting it reads it."""
        self.read = 0
        self.sums(path, **more)
        return self.read > 0


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A warmed cache. The clock is put ahead instead of waiting for the file to settle."""
    scene = Scene(tmp_path, monkeypatch)
    honest = time.time_ns
    monkeypatch.setattr(sumcache.time, "time_ns", lambda: honest() + 3_000_000_000)
    assert scene.is_read() and not scene.is_read()
    yield scene


def rewrite(scene: Scene) -> None:
    """Write other bytes of the same size in place, and put the times back."""
    about = scene.file.stat()
    time.sleep(0.02)  # more than a tick of the kernel's clock
    scene.file.write_bytes(EVIL)
    os.utime(scene.file, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert scene.file.stat().st_mtime_ns == about.st_mtime_ns


def replace(scene: Scene) -> None:
    """Put another file of the same size and times in its place."""
    about = scene.file.stat()
    other = scene.folder / "other"
    other.write_bytes(EVIL)
    os.utime(other, ns=(about.st_atime_ns, about.st_mtime_ns))
    other.replace(scene.file)


def link(scene: Scene) -> None:
    """Put a symbolic link to other bytes there."""
    (scene.folder / "other").write_bytes(EVIL)
    scene.file.unlink()
    scene.file.symlink_to("other")


def grow(scene: Scene) -> None:
    """Write more."""
    with scene.file.open("ab") as file:
        file.write(b"!")


@pytest.mark.parametrize("change", [rewrite, replace, link, grow])
def test_what_was_touched_is_read_again(scene: Scene, change: Any) -> None:
    """Whatever was done to size and times to hide it; and then that is remembered."""
    change(scene)
    assert scene.is_read()
    assert not scene.is_read()


def test_a_file_that_others_may_write_is_not_remembered(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change through a mapping in somebody's memory leaves no trace; one's own group of one is nobody else."""
    scene.file.chmod(0o666)
    assert scene.is_read() and scene.is_read()
    scene.file.chmod(0o664)
    monkeypatch.setattr(sumcache, "_own_group", lambda: None)
    assert scene.is_read() and scene.is_read()
    monkeypatch.setattr(sumcache, "_own_group", lambda: scene.file.stat().st_gid)
    assert scene.is_read() and not scene.is_read()


def test_a_file_of_somebody_else_is_not_remembered(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is a cache that somebody else made used."""
    own = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: own + 1)
    assert scene.is_read() and scene.is_read()


def test_racy_times_are_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written less than two seconds before it was read, by either time, or in the future: not remembered."""
    scene = Scene(tmp_path, monkeypatch)
    os.utime(scene.file, (1, 1))  # its content seems old; that itself was changed just now
    assert scene.is_read() and scene.is_read()
    scene.file.write_bytes(EVIL)
    assert scene.sums().sha256 == files.sums(scene.file).sha256
    now = time.time_ns
    monkeypatch.setattr(sumcache.time, "time_ns", lambda: now() + 3_000_000_000)
    os.utime(scene.file, (time.time() + 60, time.time() + 60))
    assert scene.is_read() and scene.is_read()


def test_what_is_written_while_it_is_read_is_not_remembered(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was digested may be half of the old bytes and half of the new ones."""
    honest = files.sums_of

    def meanwhile(handle: int) -> files.FileSums:
        found = honest(handle)
        time.sleep(0.02)
        scene.file.write_bytes(EVIL)
        return found

    scene.file.write_bytes(GOOD + b"?")
    monkeypatch.setattr(files, "sums_of", meanwhile)
    with sumcache.opened(scene.git, scene.environment) as remembered:
        remembered.sums(scene.file)
    monkeypatch.setattr(files, "sums_of", honest)
    assert scene.sums() == files.sums(scene.file)


def test_a_cache_that_is_not_safe_or_sound_is_not_used(scene: Scene, tmp_path: Path) -> None:
    """Writable by others, a link, in a folder of others, cut, of another format or clone: all is read again."""
    honest = scene.cache.read_bytes()
    other = cachefiles.place(tmp_path / "clone" / ".git", scene.environment, "sums")
    assert other is not None and other != scene.cache

    def put(content: bytes = honest, mode: int = 0o600) -> None:
        scene.cache.unlink(missing_ok=True)
        scene.cache.write_bytes(content)
        scene.cache.chmod(mode)

    put()
    assert not scene.is_read()
    for mode in (0o660, 0o602):
        put(mode=mode)
        assert scene.is_read()
    flipped = honest[:-1] + bytes([honest[-1] ^ 1])
    for content in (
        b"",
        b"junk",
        honest[: len(honest) // 2],
        flipped,
        honest.replace(sumcache._FORMAT.encode(), b"govkit-sum-cache/0"),
    ):
        put(content)
        assert scene.is_read()
    put()
    scene.cache.rename(scene.folder / "elsewhere")
    scene.cache.symlink_to(scene.folder / "elsewhere")
    assert scene.is_read()
    put()
    scene.cache.parent.chmod(0o777)
    assert scene.is_read()
    scene.cache.parent.chmod(0o700)
    put()
    scene.cache.rename(other)  # another clone's
    assert sumcache.SumCache(other)._known == {}


def test_it_can_be_turned_off(scene: Scene) -> None:
    """And where there is no home, or no way to write there, everything is read."""
    assert scene.is_read(GOVKIT_NO_CACHE="1")
    assert scene.is_read(XDG_CACHE_HOME="", HOME="")
    assert scene.is_read(XDG_CACHE_HOME="/proc/nowhere")
    assert not scene.is_read()


def test_it_does_not_grow_without_end(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was used longest ago is forgotten; a file of more is not read."""
    monkeypatch.setattr(sumcache, "_MOST", 2)
    several = [scene.folder / name for name in "abc"]
    for path in several:
        path.write_bytes(path.name.encode())
        assert scene.is_read(path)
    assert scene.is_read(several[0])
    assert not scene.is_read(several[2])
    monkeypatch.setattr(sumcache, "_MOST", 0)
    assert scene.is_read(several[2])


@pytest.mark.parametrize("size", [0, 1, 1 << 16, (1 << 22) - 1, 1 << 22, (1 << 23) + (1 << 19) + 7])
def test_digests_are_those_of_hashlib(tmp_path: Path, size: int) -> None:
    """Of small files and of large ones, which two threads digest; several at once, in their order."""
    import hashlib

    content = os.urandom(size)
    (tmp_path / "file").write_bytes(content)
    sha256, md5 = hashlib.sha256(content).hexdigest(), hashlib.md5(content).hexdigest()
    assert files.sums(tmp_path / "file") == files.FileSums(f"sha256:{sha256}", md5, size)
    assert files.each(lambda n: n * n, range(100)) == [n * n for n in range(100)]
    with pytest.raises(FileNotFoundError):
        files.each(files.sums, [tmp_path / "file", tmp_path / "none"])
