"""``get`` that is stopped or killed while DVC fetches: nothing unproven is ever in its place, and nothing stays."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.world import MODEL, World


class Stalling(ThreadingHTTPServer):
    """A DVC remote over HTTP that sends some bytes of a file, then waits until it is let go on."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()

        class Handler(SimpleHTTPRequestHandler):
            server: Stalling

            def __init__(self, *words: Any) -> None:
                super().__init__(*words, directory=str(folder))

            def copyfile(self, source: Any, outputfile: Any) -> None:
                outputfile.write(source.read(10))
                outputfile.flush()
                self.server.begun.set()
                self.server.go_on.wait(60)
                with contextlib.suppress(OSError):
                    outputfile.write(source.read())

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture
def remote(promoted: World) -> Iterator[Stalling]:
    """The world's remote over HTTP; its cache is empty, so that everything comes from there."""
    server = Stalling(promoted.folder / "remote")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    promoted.shell("dvc", "remote", "modify", "-q", "--local", "store", "url", f"http://127.0.0.1:{server.server_port}")
    promoted.shell("rm", "-r", ".dvc/cache", "model.json")
    yield server
    server.go_on.set()
    server.shutdown()
    server.server_close()


def begin(world: World, remote: Stalling) -> subprocess.Popen[str]:
    """Start ``get`` in a process of its own, and wait until bytes arrive."""
    shelf = world.folder / "shelf"
    words = ("get", MODEL, "--stage", "production", "-o", str(shelf / "deep" / "served"), "--repo", str(world.repo))
    process = subprocess.Popen(
        [sys.executable, "-m", "govkit.cli.main", *words],
        env={**world.env, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if not remote.begun.wait(120):
        process.kill()
        raise AssertionError(process.communicate()[0])
    return process


def everything(folder: Path) -> list[str]:
    """Return what lies in a folder, at any depth."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda sign: sign.name)
def test_stopped_it_leaves_nothing(promoted: World, remote: Stalling, sign: signal.Signals) -> None:
    """Ctrl-C, the end of a container, or of a terminal: neither bytes nor folders stay, and the exit code is not 0."""
    process = begin(promoted, remote)
    process.send_signal(sign)
    text = process.communicate(timeout=60)[0]
    assert process.returncode == 3 and "stopped" in text and "Traceback" not in text
    assert not (promoted.folder / "shelf").exists() or everything(promoted.folder / "shelf") == []


def test_killed_it_leaves_nothing_in_place_and_the_next_one_sweeps(promoted: World, remote: Stalling) -> None:
    """What stays is hidden, closed to others, and gone after the next fetch; one that still runs is let alone."""
    place = promoted.folder / "shelf" / "deep" / "served"
    process = begin(promoted, remote)
    (left,) = place.parent.iterdir()
    assert left.name.startswith(".served.") and left.stat().st_mode & 0o777 == 0o700
    old = time.time() - 60
    os.utime(left, (old, old))
    promoted.govkit("clear", MODEL, "--stage", "production", "-m", "over", as_="remy")
    words = ("get", MODEL, "--stage", "production", "-o", str(place))
    promoted.govkit(*words, expect=1)
    assert left.is_dir(), "somebody still fills it"
    process.kill()
    process.communicate(timeout=60)
    assert not place.exists() and left.is_dir()
    remote.go_on.set()
    os.utime(left, (old, old))
    promoted.govkit(*words, expect=1)
    assert everything(place.parent) == []


def test_in_peace_it_is_delivered(promoted: World, remote: Stalling) -> None:
    """The control: the same remote, let go on."""
    remote.go_on.set()
    process = begin(promoted, remote)
    assert "proven" in process.communicate(timeout=60)[0] and process.returncode == 0
    deep = promoted.folder / "shelf" / "deep"
    names = ["card.json", "govkit-manifest.json", "model.json"]
    assert everything(deep) == ["served", *(f"served/{name}" for name in names)]
    assert (deep / "served").stat().st_mode & 0o777 == 0o755
