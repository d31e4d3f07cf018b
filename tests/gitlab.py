"""Stands in for GitLab's API in tests, as https://docs.gitlab.com/api/issues/ describes it; no GitLab is behind it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "glpat-for-issues"
ME = 7


@dataclass
class Project:
    """A project with issues.

    Attributes:
        api: the API's address.
        issues: as GitLab shows them.
        notes: what was written under which issue.
        status: what to answer instead, if not 0.
        filters: whether it knows the filters that it is asked for.
    """

    api: str = ""
    issues: list[dict[str, Any]] = field(default_factory=list)
    notes: list[tuple[int, str]] = field(default_factory=list)
    status: int = 0
    filters: bool = True

    def add(self, text: str, author: int = ME, title: str = "") -> dict[str, Any]:
        """Open an issue and return it."""
        number = len(self.issues) + 1
        url = f"https://gitlab.example/acme/models/-/issues/{number}"
        issue = {"iid": number, "state": "opened", "web_url": url, "title": title, "description": text}
        self.issues.append({**issue, "labels": ["govkit-request"], "author": {"id": author}})
        return self.issues[-1]

    def answer(self, method: str, path: str, query: dict[str, str], said: dict[str, Any]) -> Any:
        """Do what a call asks, and return what GitLab answers."""
        issues = "projects/41/issues"
        if (method, path) == ("GET", "user"):
            return {"id": ME}
        if (method, path) == ("GET", issues):
            first = (int(query["page"]) - 1) * int(query["per_page"])
            asked = [
                one
                for one in reversed(self.issues)
                if not self.filters or str(one["author"]["id"]) == query["author_id"]
            ]
            return asked[first : first + int(query["per_page"])]
        if (method, path) == ("POST", issues):
            assert said["labels"] == "govkit-request"
            return self.add(said["description"], title=said["title"])
        number = int(path.split("/")[3])
        if method == "POST":
            self.notes.append((number, said["body"]))
            return {}
        assert (method, said) == ("PUT", {"state_event": "close"})
        self.issues[number - 1]["state"] = "closed"
        return self.issues[number - 1]


@contextmanager
def gitlab() -> Iterator[Project]:
    """Run the stand-in on a port of its own."""
    project = Project()

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status = project.status or (200 if self.headers["private-token"] == TOKEN else 401)
            asked = {key: values[-1] for key, values in parse_qs(parts.query).items()}
            path = parts.path.removeprefix("/api/v4/")
            said: Any = {}
            if status == 200:
                said = project.answer(self.command, path, asked, json.loads(body or b"{}"))
            self.send_response(status)
            if status == 302:
                self.send_header("location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")  # type: ignore[attr-defined]
            self.end_headers()
            self.wfile.write(json.dumps(said).encode())

        do_GET = do_POST = do_PUT = _do  # noqa: N815

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    project.api = f"http://127.0.0.1:{server.server_port}/api/v4"
    try:
        yield project
    finally:
        server.shutdown()
        server.server_close()
