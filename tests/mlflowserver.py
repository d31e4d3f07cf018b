"""A real MLflow server for tests, on an SQLite database of its own and a free port of this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

#: It imports for many seconds on a busy machine.
_START_SECONDS = 240


@contextlib.contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run a server whose data lie in a folder, give its URI, and stop it at the end."""
    folder.mkdir(parents=True)
    for attempt in range(3):
        port, out = free_port(), folder / f"out-{attempt}"
        server = _start(folder, port, out)
        try:
            if _is_up(server, port):
                yield f"http://127.0.0.1:{port}"
                return
        finally:
            _stop(server)
    raise AssertionError(f"MLflow did not start:\n{out.read_text()[-3000:]}")


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _start(folder: Path, port: int, out: Path) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    words += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.sqlite", "--no-serve-artifacts"]
    env = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "COV_"))}
    # Its eight job runners cost more than all the rest, and nothing is to be told to its makers.
    env |= {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    # It finds uvicorn by name.
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    with out.open("wb") as log:
        return subprocess.Popen(
            words, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, start_new_session=True
        )


def _is_up(server: subprocess.Popen[bytes], port: int) -> bool:
    end = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < end:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer,
        ):
            if answer.status == 200:
                return True
        time.sleep(0.2)
    return False


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End the server and what it started; they are a session of their own."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(5)
