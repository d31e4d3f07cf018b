"""What was read of a log is remembered in the user's own cache: later, only what is new is read."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from unittest import mock

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import biglog

from govkit.storage import log as log_storage
from govkit.storage import logcache, objects
from govkit.storage.git import Repository


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> biglog.BigLog:
    """A log of 301 events, in a bare repository."""
    return biglog.build(tmp_path_factory.mktemp("big") / "log.git", 300)


class Counted:
    """Reads a log, and counts the objects that it asks Git for."""

    def __init__(self, big: biglog.BigLog, cache: Path) -> None:
        self.big, self.cache, self.asked = big, cache, 0

    def read(self, **environment: str) -> log_storage.Log:
        """Read."""
        self.asked, honest = 0, objects.Reader.read

        def counting(reader: objects.Reader, ids: object, limit: int) -> object:
            wanted = list(ids)  # type: ignore
            self.asked += len(wanted)
            return honest(reader, wanted, limit)

        values = {"XDG_CACHE_HOME": str(self.cache), **environment}
        with mock.patch.dict(os.environ, values), mock.patch.object(objects.Reader, "read", counting):
            return log_storage.read(Repository(self.big.folder))

    @property
    def file(self) -> Path:
        """The cache's file."""
        return next((self.cache / "govkit").glob("*.log"))


@pytest.fixture
def counted(big: biglog.BigLog, tmp_path: Path) -> Counted:
    """A reader with an empty cache."""
    return Counted(big, tmp_path)


def test_only_what_is_new_is_read(counted: Counted) -> None:
    """The first time everything is read, then nothing, then the three objects and more of one new event."""
    first = counted.read()
    assert counted.asked > 1000
    assert counted.read().head == first.head
    assert counted.asked == 0
    counted.big.version(1000)
    counted.big.finish()
    later = counted.read()
    assert later.head.size == first.head.size + 4
    assert counted.asked <= 4 * 6
    assert counted.read(GOVKIT_NO_CACHE="1").head == later.head
    assert counted.asked > 1000


def test_cache_that_others_can_write_is_not_used(counted: Counted) -> None:
    """Nor is one that is damaged; everything is read again then."""
    head = counted.read().head
    counted.file.chmod(0o666)
    assert counted.read().head == head
    assert counted.asked > 1000
    counted.file.unlink(missing_ok=True)
    counted.read()
    honest = counted.file.read_bytes()
    for content in (
        b"",
        b"junk",
        honest[: len(honest) // 2],
        honest.replace(logcache._FORMAT.encode(), b"govkit-log-cache/0"),
    ):
        counted.file.write_bytes(content)
        counted.file.chmod(0o600)
        assert counted.read().head == head
        assert counted.asked > 1000


def test_other_history_at_the_same_place(counted: Counted, tmp_path: Path) -> None:
    """A cache is of commits: for another log under the same path nothing of it counts."""
    counted.read()
    with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(counted.cache)}):
        known = logcache.load(counted.big.folder, os.environ)
        assert len(known.commits) >= 301
    ref = counted.big.folder / "packed-refs"
    refs = ref.read_text()
    ref.write_text(refs.replace(counted.big.heads[-1], counted.big.heads[-3]))
    assert counted.read().commits == counted.big.heads[:-2]
    ref.write_text(refs)
    assert counted.read().commits == counted.big.heads
