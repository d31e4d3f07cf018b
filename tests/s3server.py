"""A real S3 server with Object Lock for tests: SeaweedFS, all of its ports chosen anew, so that several run at once."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KEYS = {"AWS_ACCESS_KEY_ID": "govkit-tests", "AWS_SECRET_ACCESS_KEY": "not-a-secret-anywhere"}
_START_SECONDS = 60


@dataclass
class S3Server:
    """The server.

    Attributes:
        port: where it speaks S3.
        filer: its back door, where no lock holds.
    """

    port: int
    filer: int
    _made: list[str] = field(default_factory=list)

    @property
    def env(self) -> dict[str, str]:
        """What the standard AWS variables must be to reach it."""
        return {**KEYS, "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self.port}", "AWS_DEFAULT_REGION": "us-east-1"}

    def client(self) -> Any:
        """Return a client with all rights."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
            region_name="us-east-1",
            config=Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 1}),
        )

    def bucket(self, *, lock: bool = True) -> str:
        """Make a new bucket and return its name."""
        name = f"bucket-{len(self._made)}"
        self._made.append(name)
        self.client().create_bucket(Bucket=name, ObjectLockEnabledForBucket=lock)
        return name

    def back_door(self, method: str, path: str, content: bytes | None = None) -> bytes:
        """Ask the storage below S3 to do something to a file or folder, past every lock."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.filer}{path}", data=content, method=method)
        request.add_header("Accept", "application/json")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read()  # type: ignore[no-any-return]


def _ports(count: int) -> list[int]:
    """Return ports that are free; all are held until the last is found, so that they differ."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@contextlib.contextmanager
def running(folder: Path) -> Iterator[S3Server]:
    """Run a server whose data lie in a folder, and stop it at the end."""
    for attempt in range(3):
        server, found, out = _start(folder / str(attempt))
        if _is_up(server, found):
            break
        # Somebody else may have taken one of the ports that were free a moment ago.
        _stop(server)
    else:
        raise AssertionError(f"the S3 server did not start:\n{out.read_text()[-3000:]}")
    try:
        yield found
    finally:
        _stop(server)
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path) -> tuple[subprocess.Popen[bytes], S3Server, Path]:
    names = ("s3", "filer", "master", "volume", "admin")
    ports = _ports(2 * len(names))
    words = [str(Path(sys.executable).parent / "weed"), "mini", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}"]
    words += ["-admin.ui=false", "-webdav=false", "-master.telemetry=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    for place, name in enumerate(names):
        words += [f"-{name}.port={ports[2 * place]}", f"-{name}.port.grpc={ports[2 * place + 1]}"]
    folder.mkdir(parents=True)
    env = {**{k: v for k, v in os.environ.items() if not k.startswith("AWS_")}, **KEYS}
    with (folder / "out").open("wb") as out:
        server = subprocess.Popen(words, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder)
    return server, S3Server(ports[0], ports[2]), folder / "out"


def _is_up(server: subprocess.Popen[bytes], found: S3Server) -> bool:
    end = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < end:
        with contextlib.suppress(Exception):
            found.bucket()
            return True
        time.sleep(0.2)
    return False


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End the server; it takes its time, and nothing of it is kept."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(2)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
