"""A server for one person on their own machine: what reaches it at all, and nothing of what it answers.

Rules that always hold, whatever is served:

- It listens on 127.0.0.1 alone, and answers only to exactly that name with its port: a name on the Internet that is
  made to lead here (DNS rebinding) is refused.
- The address that it prints holds a secret, and works once: it gives the browser a cookie, and whoever comes with the
  same address later is refused, and told that somebody was here before. Without the cookie nothing is served.
- The cookie is sent to this server's own pages only (``SameSite=Strict``, a path that nobody guesses: cookies know no
  ports), and no script can read it.
- A form is taken only from this server's own pages: ``Origin`` must be this server, or, where a browser sends none,
  ``Sec-Fetch-Site`` must say so.
- A request is small, of a known form, and for a known place; every other is answered with a plain page.
- No answer is kept, framed, or shared with other sites, and no page runs or loads anything.
"""

from __future__ import annotations

import hmac
import os
import secrets
import threading
import time
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl

from msgspec import Struct, field
from msgspec.structs import replace

from govkit.core.errors import GovkitError

HOST = "127.0.0.1"
#: A comment of 20,000 characters in a form may take twelve bytes a character.
MAX_BODY = 256 * 1024
_FORM = "application/x-www-form-urlencoded"
#: Seconds after which a connection that says nothing is closed.
_PATIENCE = 15
_TICK = 0.1
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # With 'no-referrer', browsers send 'Origin: null' with forms, which says nothing; this tells others nothing either.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_METHODS = ("HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT")


class Answer(Struct, frozen=True):
    """What is sent back.

    Attributes:
        content: the body.
        status: the status code.
        policy: the content security policy of a page.
        kind: its media type.
        place: where the browser goes next, for an answer that only sends it there; a path below the server's own.
        filename: the name under which a file is saved, or an empty string for a page.
        allow: the methods that a place knows, of an answer that refuses another.
        last: whether nothing need be served after this.
        admits: whether the browser gets the cookie that lets it in.
    """

    content: bytes = b""
    status: int = 200
    policy: str = "default-src 'none'"
    kind: str = "text/html; charset=utf-8"
    place: str | None = None
    filename: str = ""
    allow: str = ""
    last: bool = False
    admits: bool = False


class Site(Protocol):
    """What is served; paths are below the server's own, without a leading slash."""

    def get(self, path: str) -> Answer:
        """Answer a look; raises :class:`NotThere` for another place, :class:`WrongMethod` for one that takes forms."""

    def post(self, path: str, form: dict[str, str]) -> Answer:
        """Answer a form; raises likewise."""

    def error(self, status: int, error: GovkitError) -> Answer:
        """Return the page that tells an error."""

    def welcome(self, address: str) -> Answer:
        """Return the page that leads on to an address of this server."""


class NotThere(GovkitError):
    """There is nothing at this place."""

    def __init__(self) -> None:
        super().__init__("there is no such page", fix="go back to the page that you came from")


class WrongMethod(GovkitError):
    """A place is there, and takes something else."""

    def __init__(self, allow: str) -> None:
        self.allow = allow
        super().__init__("this place is not used in this way", fix="go back to the page that you came from")


class _Barred(GovkitError):
    """A request that is not let in."""

    def __init__(self, status: int, what: str, *, why: str = "", fix: str = "") -> None:
        self.status = status
        super().__init__(what, why=why, fix=fix)


class _Door(Struct):
    """The secrets of one server, and whether its address was used."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    room: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    lock: threading.Lock = field(default_factory=threading.Lock)
    used: bool = False

    @property
    def name(self) -> str:
        """The cookie's name."""
        return "govkit-review"

    @property
    def base(self) -> str:
        """The path below which everything lies."""
        return f"/{self.room}/"

    def open(self, token: str) -> bool:
        """Use the address, if nobody has; tell whether it was good."""
        with self.lock:
            good = hmac.compare_digest(token.encode(), self.token.encode()) and not self.used
            self.used = self.used or good
            return good


class Loopback:
    """A server for one person; see the module.

    Args:
        site: what it serves.
        port: the port; 0 for one that is free.
        idle: seconds without a request after which it ends.
        linger: seconds for which it still answers after its last page.

    Raises:
        OSError: if the port is taken.
    """

    def __init__(self, site: Site, *, port: int = 0, idle: float = 3600, linger: float = 10) -> None:
        self._door, self._idle, self._linger = _Door(), idle, linger
        self._working = threading.Lock()
        self._ends = time.monotonic() + idle
        self._server = _Server((HOST, port), _handler(self, site))
        self._server.timeout = _TICK
        self._stopped = False

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    @property
    def authority(self) -> str:
        """Its own name and port, as the Host header must have them."""
        return f"{HOST}:{self.port}"

    @property
    def base(self) -> str:
        """The path below which its pages lie."""
        return self._door.base

    @property
    def address(self) -> str:
        """The address to open, which works once."""
        return f"http://{self.authority}/open/{self._door.token}"

    @property
    def door(self) -> _Door:
        """Its secrets."""
        return self._door

    def serve(self) -> None:
        """Answer until the last page was shown, nobody has asked for long, or :meth:`stop` is called."""
        try:
            while not self._stopped and time.monotonic() < self._ends:
                self._server.handle_request()
        finally:
            self._server.server_close()
            # What is being signed is finished, or has failed, before the process goes.
            if self._working.acquire(timeout=_PATIENCE):
                self._working.release()

    def stop(self) -> None:
        """End :meth:`serve` soon."""
        self._stopped = True

    def working(self, step: Callable[[], Answer]) -> Answer:
        """Do one thing at a time, and note that somebody is there."""
        with self._working:
            answer = step()
        self._ends = time.monotonic() + (self._linger if answer.last else self._idle)
        return answer


class _Server(ThreadingHTTPServer):
    """The standard library's server, which says nothing of browsers that hang up."""

    daemon_threads = True
    #: On Windows, this would let another process listen on the same port.
    allow_reuse_address = os.name != "nt"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Write nothing: what went wrong here is a connection that ended, and everything else is answered."""


def _handler(server: Loopback, site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        def __init__(self, *args: Any, **words: Any) -> None:
            self.home, self.site = server, site
            super().__init__(*args, **words)

    for method in _METHODS:
        setattr(Handler, f"do_{method}", _Handler.do_other)
    return Handler


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    home: Loopback
    site: Site
    timeout = _PATIENCE

    def do_GET(self) -> None:
        """Answer a look."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """Answer a form."""
        self._answer(self._post)

    def do_other(self) -> None:
        """Refuse another method, whatever it is for."""
        self.close_connection = True
        self._send(self._refusal(WrongMethod("GET, POST")))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Tell in our own words what the standard library refuses: a request line or headers that are none."""
        self.close_connection = True
        error = GovkitError("this is no request that this server takes", why=message or explain or "")
        self._send(self.site.error(405 if code == 501 else code, error))

    def version_string(self) -> str:
        """Name the program, without versions."""
        return "govkit"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        """Write nothing: the log of a request would hold the secret of the address."""

    # -- who comes in -----------------------------------------------------------------------------------------------

    def _get(self) -> Answer:
        self._check_host()
        start, _, token = self.path.rpartition("/")
        if start == "/open":
            if not self.home.door.open(token):
                raise _Barred(
                    403,
                    "this address does not work",
                    why="it works once, and either it was used before or it is not the one that was printed",
                    fix="if it was not you who used it, somebody else on this machine did: end 'govkit review' with "
                    "Ctrl-C, and start it again",
                )
            return replace(self.site.welcome(self.home.base), admits=True)
        path = self._room()
        return self.home.working(lambda: self.site.get(path))

    def _post(self) -> Answer:
        self._check_host()
        path = self._room()
        self._check_origin()
        form = self._form()
        return self.home.working(lambda: self.site.post(path, form))

    def _check_host(self) -> None:
        """Refuse a request for another name: a page elsewhere may have made it lead here."""
        if self.headers.get_all("Host") != [self.home.authority]:
            raise _Barred(421, "this server answers to its own address only", fix="open the address that it printed")

    def _room(self) -> str:
        """Return the path below the server's own, if the cookie that the address gave is there."""
        base = self.home.base
        if not self.path.startswith(base):
            raise NotThere
        cookies = [part.strip() for line in self.headers.get_all("Cookie") or [] for part in line.split(";")]
        mine = [part.partition("=")[2] for part in cookies if part.partition("=")[0] == self.home.door.name]
        if not any(hmac.compare_digest(one.encode("utf-8", "replace"), self.home.door.cookie.encode()) for one in mine):
            raise _Barred(
                403, "this browser was not let in", fix="open the address that 'govkit review' printed, in one browser"
            )
        return self.path.removeprefix(base)

    def _check_origin(self) -> None:
        """Refuse a form that comes from another page than this server's own."""
        origins, sites = self.headers.get_all("Origin") or [], self.headers.get_all("Sec-Fetch-Site") or []
        own = [f"http://{self.home.authority}"]
        fits = origins == own and sites in ([], ["same-origin"])
        if not fits and not (not origins and sites == ["same-origin"]):
            raise _Barred(
                403,
                "this form does not come from this server's own page, so it was not taken",
                why="another page sent it, or a program between the browser and this server took the origin away",
                fix="nothing was signed; if you did not send it, tell whoever looks after security where you are",
            )

    def _form(self) -> dict[str, str]:
        """Return a form's fields, each of them once."""
        length = self.headers.get_all("Content-Length") or []
        if self.headers.get("Transfer-Encoding") is not None or len(length) != 1 or not _is_number(length[0]):
            raise _Barred(411, "a form must say how long it is")
        if int(length[0]) > MAX_BODY:
            raise _Barred(413, "this form is too large", why=f"{MAX_BODY:,} bytes are allowed", fix="write less")
        if self.headers.get_content_type() != _FORM:
            raise _Barred(415, "this is no form")
        body = self.rfile.read(int(length[0]))
        if len(body) != int(length[0]):
            raise _Barred(400, "this form is cut short")
        try:
            pairs = parse_qsl(
                body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=20
            )
        except ValueError as error:
            raise _Barred(400, "this form cannot be read", why=str(error)) from error
        form = dict(pairs)
        if len(form) != len(pairs):
            raise _Barred(400, "this form says something twice")
        return form

    # -- what goes out ----------------------------------------------------------------------------------------------

    def _answer(self, step: Callable[[], Answer]) -> None:
        self.close_connection = True
        try:
            answer = step()
        except GovkitError as error:
            answer = self._refusal(error)
        except Exception as error:
            # Nobody is shown where it went wrong but the person at the terminal, who may ask for it.
            answer = self.site.error(500, _unexpected(error))
        self._send(answer)

    def _refusal(self, error: GovkitError) -> Answer:
        known = {NotThere: 404, WrongMethod: 405}
        status = error.status if isinstance(error, _Barred) else known.get(type(error), 409)
        answer = self.site.error(status, error)
        return replace(answer, allow=error.allow) if isinstance(error, WrongMethod) else answer

    def _send(self, answer: Answer) -> None:
        door = self.home.door
        self.send_response(answer.status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Security-Policy", f"{answer.policy}; frame-ancestors 'none'")
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.content)))
        if answer.place is not None:
            self.send_header("Location", door.base + answer.place)
        if answer.allow:
            self.send_header("Allow", answer.allow)
        if answer.filename:
            self.send_header("Content-Disposition", f'attachment; filename="{answer.filename}"')
        if answer.admits:
            cookie = f"{door.name}={door.cookie}; HttpOnly; SameSite=Strict; Path={door.base}"
            self.send_header("Set-Cookie", cookie)
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.content)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def _unexpected(error: Exception) -> GovkitError:
    if os.environ.get("GOVKIT_DEBUG"):
        traceback.print_exception(error)
    return GovkitError(
        "something went wrong inside govkit",
        why=f"{type(error).__name__}: {error}",
        fix="look at 'govkit log' whether something was written; run it with GOVKIT_DEBUG=1 and report it",
    )
