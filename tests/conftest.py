"""Fixtures: worlds at three points of the story, each test with a copy of its own."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import s3server
import world as worlds
from hypothesis import settings

# Whoever starts the tests in the background of a shell has them, and what they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes by the clock on the wall is nobody's fault where others use the machine, too.
settings.register_profile("shared", deadline=None)
settings.load_profile("shared")


@pytest.fixture(scope="session")
def _governed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template") / "governed"
    worlds.build(folder)
    return folder


@pytest.fixture(scope="session")
def _promoted(_governed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template") / "promoted"
    world = worlds.copy(_governed, folder)
    world.release("1.0.0")
    return folder


@pytest.fixture(scope="session")
def _requested(_promoted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template") / "requested"
    world = worlds.copy(_promoted, folder)
    world.retrain(0.85)
    world.shell("dvc", "push", "-q")
    world.register("1.1.0")
    world.request("1.1.0", "production")
    return folder


@pytest.fixture(scope="session")
def _replaced(_requested: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template") / "replaced"
    world = worlds.copy(_requested, folder)
    world.approve("1.1.0", "production", "rita", "victor")
    world.promote("1.1.0", "production")
    return folder


@pytest.fixture
def governed(_governed: Path, tmp_path: Path) -> worlds.World:
    """A repository with an open log and a committed card; nothing is registered."""
    return worlds.copy(_governed, tmp_path / "world")


@pytest.fixture
def promoted(_promoted: Path, tmp_path: Path) -> worlds.World:
    """A repository whose version 1.0.0 serves in staging and production."""
    return worlds.copy(_promoted, tmp_path / "world")


@pytest.fixture
def requested(_requested: Path, tmp_path: Path) -> worlds.World:
    """As ``promoted``, with 1.1.0 registered and asked for in production, nobody having decided."""
    return worlds.copy(_requested, tmp_path / "world")


@pytest.fixture
def replaced(_replaced: Path, tmp_path: Path) -> worlds.World:
    """As ``requested``, with 1.1.0 serving in production instead of 1.0.0, which serves in staging."""
    return worlds.copy(_replaced, tmp_path / "world")


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[s3server.S3Server]:
    """A real S3 server with Object Lock; each test takes a bucket of its own."""
    with s3server.running(tmp_path_factory.mktemp("s3") / "data") as server:
        yield server
