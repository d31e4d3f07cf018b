"""A receiver of webhooks for tests: a real HTTP server that checks signatures as Standard Webhooks says."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"


@dataclass
class Receiver:
    """What was received.

    Attributes:
        url: where it listens.
        events: the CloudEvents whose signature was good, in order.
        refused: why others were not.
        headers: the headers of the last request.
        answers: status codes to answer with, the first one first; 204 when there are no more.
    """

    url: str = ""
    events: list[Any] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    answers: list[int] = field(default_factory=list)

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """Check a delivery and return the status to answer with."""
        self.headers = headers
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = "v1," + base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
        if not hmac.compare_digest(expected, headers["webhook-signature"]):
            self.refused.append("signature")
            return 401
        if abs(time.time() - int(headers["webhook-timestamp"])) > 300:
            self.refused.append("timestamp")
            return 401
        status = self.answers.pop(0) if self.answers else 204
        if status == 204:
            self.events.append(json.loads(body))
        return status


@contextlib.contextmanager
def listening() -> Iterator[Receiver]:
    """Run a receiver."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = receiver.take({key.lower(): value for key, value in self.headers.items()}, body)
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("location", receiver.url + "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
