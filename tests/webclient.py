"""A small browser for tests: it keeps cookies, follows nothing by itself, and reads forms as a browser does."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode


@dataclass
class Form:
    """A form of a page: where it is sent, its fields with their values, and the choices of each radio group."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """An answer of the server."""

    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def place(self) -> str:
        """Where it leads."""
        return self.headers["Location"] or ""

    @property
    def forms(self) -> list[Form]:
        """The forms of the page."""
        reader = _Reader()
        reader.feed(self.text)
        return reader.forms

    @property
    def words(self) -> str:
        """The text of the page, as somebody reads it, with white space folded."""
        reader = _Reader()
        reader.feed(self.text)
        return " ".join("".join(reader.said).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.said: list[str] = []
        self._area, self._style = "", False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self._style = tag == "style"
        if tag in ("p", "li", "dt", "dd", "td", "th", "h1", "h2", "div", "br", "label", "legend"):
            self.said.append(" ")
        if tag == "form":
            assert found["method"] == "post"
            self.forms.append(Form(found["action"]))
        elif tag == "textarea":
            self._area = found["name"]
            self.forms[-1].fields[self._area] = ""
        elif tag == "input" and found["type"] == "radio":
            self.forms[-1].choices.setdefault(found["name"], []).append(found["value"])
        elif tag == "input":
            self.forms[-1].fields[found["name"]] = found["value"]

    def handle_endtag(self, tag: str) -> None:
        self._area, self._style = "", False

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1].fields[self._area] += data.removeprefix("\n")
        elif not self._style:
            self.said.append(data)


class Client:
    """Somebody's browser, for one server."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: list[str] = []

    @property
    def origin(self) -> str:
        """The origin of the server's own pages."""
        return f"http://127.0.0.1:{self.port}"

    def send(
        self, method: str, path: str, body: str | bytes | None = None, headers: Mapping[str, str | None] | None = None
    ) -> Reply:
        """Send a request with this browser's cookies; headers replace the usual ones, and None leaves one out."""
        own: dict[str, str | None] = {"Cookie": "; ".join(self.cookies) or None}
        if body is not None:
            own |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.origin}
        own |= headers or {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {name: value for name, value in own.items() if value is not None})
            answer = connection.getresponse()
            reply = Reply(answer.status, answer.headers, answer.read().decode())
        finally:
            connection.close()
        self.cookies += [line.partition(";")[0] for line in answer.headers.get_all("Set-Cookie") or []]
        return reply

    def get(self, path: str, **headers: str | None) -> Reply:
        """Look at a page."""
        return self.send("GET", path, headers=headers)

    def post(self, form: Form, headers: Mapping[str, str | None] | None = None, /, **fields: str) -> Reply:
        """Fill in a form and send it."""
        return self.send("POST", form.action, urlencode({**form.fields, **fields}), headers)
