"""The webhook's HTTPS server: a table of routes on aiohttp, with a bound for everything that a client can do.

TLS only. The certificate is loaded anew when its files change. A connection that brings no whole request in time is
closed, however slowly it says something; bodies are bounded before they are read. One thread answers: nothing here
waits for Git.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from govkit.core.errors import Usage

if TYPE_CHECKING:
    from aiohttp import web

#: Seconds for a TLS handshake; for a first or next request; for a body; and for which a quiet connection is kept.
HANDSHAKE: Final = 5.0
FIRST: Final = 15.0
BODY: Final = 5.0
QUIET: Final = 90.0
#: Open connections; an API server keeps a handful.
MAX_CONNECTIONS: Final = 512
_TICK: Final = 0.5
_RELOAD: Final = 5.0
TEXT: Final = "text/plain; charset=utf-8"
JSON: Final = "application/json"


class Call(Struct, frozen=True):
    """A request.

    Attributes:
        method: its method.
        path: its path, without the query.
        tail: what follows a route that ends in ``*``.
        body: its body.
    """

    method: str
    path: str
    tail: str
    body: bytes


class Response(Struct, frozen=True):
    """What is sent back: the status code, the body, and its media type."""

    status: int = 200
    body: bytes = b""
    kind: str = TEXT

    @classmethod
    def text(cls, status: int, text: str) -> Response:
        """Return a line of text."""
        return cls(status, f"{text}\n".encode("utf-8", "replace"))


Handler = Callable[[Call], Awaitable[Response]]
#: Handlers by method and path; a path that ends in ``*`` takes everything below it.
Routes = Mapping[tuple[str, str], Handler]


def route(routes: Routes, method: str, path: str) -> tuple[Handler, str] | Response:
    """Return the handler of a request and the rest of its path, or the refusal: 404, or 405 for another method."""
    known = False
    for (verb, pattern), handler in routes.items():
        below = pattern.endswith("*") and path.startswith(pattern[:-1])
        if path == pattern or below:
            known = True
            if verb == method:
                return handler, path[len(pattern) - 1 :] if below else ""
    return Response.text(405, "this place takes another method") if known else Response.text(404, "nothing is here")


class Certificate:
    """The server's certificate and key, loaded anew when their files change.

    Args:
        cert: the certificate with its chain, as PEM.
        key: its private key, as PEM.

    Raises:
        Usage: if they are not a pair.
    """

    def __init__(self, cert: Path, key: Path) -> None:
        self._cert, self._key = cert, key
        self.context = _context()
        self._digest = self._load(self.context)

    def refresh(self) -> str:
        """Load the files if they changed; return why they cannot be loaded, or an empty string."""
        try:
            if self._read() == self._digest:
                return ""
            # First into a context of its own: half a pair, in the moment of a change, must not end the server.
            self._load(_context())
            self._digest = self._load(self.context)
        except (Usage, OSError) as error:
            return str(error)
        return ""

    def _read(self) -> bytes:
        return hashlib.sha256(self._cert.read_bytes() + b"\0" + self._key.read_bytes()).digest()

    def _load(self, context: ssl.SSLContext) -> bytes:
        try:
            found = self._read()
            # An encrypted key would ask for its passphrase where nobody is.
            context.load_cert_chain(self._cert, self._key, password=lambda: b"")
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            raise Usage(
                f"{self._cert} and {self._key} are no certificate with its key",
                why=str(error),
                fix="name a certificate and a key in PEM, without a passphrase, with --cert and --key-file",
            ) from error
        return found


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    return context


class Doors(Struct):
    """A running server.

    Args:
        routes: what it answers.
        max_body: bytes of a body.
        tell: called with what whoever runs it should know, a line each.
    """

    routes: Routes
    max_body: int
    tell: Callable[[str], None] = lambda _: None
    closed: int = 0
    _since: dict[object, tuple[float, bool]] = field(default_factory=dict)

    @contextlib.asynccontextmanager
    async def open(self, host: str, port: int, certificate: Certificate) -> AsyncIterator[int]:
        """Listen; gives the port.

        Raises:
            OSError: if the port is taken.
        """
        from aiohttp import web

        server = web.Server(self._answer, access_log=None, auto_decompress=False, keepalive_timeout=QUIET)
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(
            server, host, port, ssl=certificate.context, ssl_handshake_timeout=HANDSHAKE, ssl_shutdown_timeout=1.0
        )
        keepers = [asyncio.create_task(self._watch(server)), asyncio.create_task(self._renew(certificate))]
        try:
            yield int(listening.sockets[0].getsockname()[1])
        finally:
            listening.close()
            for keeper in keepers:
                keeper.cancel()
            server.pre_shutdown()
            await server.shutdown(5.0)

    async def _watch(self, server: web.Server) -> None:
        """Close connections that bring nothing whole in time, and those beyond the bound."""
        while True:
            await asyncio.sleep(_TICK)
            now, open_ = time.monotonic(), server.connections
            self._since = {one: self._since.get(one, (now, False)) for one in open_}
            ages = sorted(open_, key=lambda one: self._since[one][0], reverse=True)
            late = {one for one in open_ if now - self._since[one][0] > (QUIET if self._since[one][1] else FIRST)}
            # Those that never brought a request go first, the newest before older ones.
            silent = [one for one in ages if not self._since[one][1]]
            late |= set(silent[: max(0, len(open_) - MAX_CONNECTIONS)])
            for one in late:
                self.closed += 1
                if one.transport is not None:
                    one.transport.abort()

    async def _renew(self, certificate: Certificate) -> None:
        said = ""
        while True:
            await asyncio.sleep(_RELOAD)
            problem = certificate.refresh()
            if problem and problem != said:
                self.tell(f"the old certificate is served on: {problem}")
            said = problem

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        from aiohttp import web

        response = await self._respond(request)
        self._since[request.protocol] = (time.monotonic(), True)
        headers = {"Content-Type": response.kind, "X-Content-Type-Options": "nosniff", "Server": "govkit"}
        answer = web.Response(status=response.status, body=response.body, headers=headers)
        if response.status in (400, 408, 411, 413, 415):
            answer.force_close()
        return answer

    async def _respond(self, request: web.BaseRequest) -> Response:
        if len(self._since) > 2 * MAX_CONNECTIONS:
            return Response.text(503, "too many connections")
        found = route(self.routes, request.method, request.path)
        if isinstance(found, Response):
            return found
        try:
            async with asyncio.timeout(BODY):
                body = await self._body(request)
        except TimeoutError:
            return Response.text(408, f"the body did not come within {BODY:g} s")
        if isinstance(body, Response):
            return body
        handler, tail = found
        try:
            return await handler(Call(request.method, request.path, tail, body))
        except Exception as error:
            # Whoever asks learns nothing of the inside, and nothing is let in by an error.
            self.tell(f"something went wrong inside govkit: {type(error).__name__}: {error}")
            return Response.text(500, "something went wrong inside govkit's webhook; nothing was admitted")

    async def _body(self, request: web.BaseRequest) -> bytes | Response:
        """Return a request's body, or the refusal."""
        if request.headers.get("Content-Encoding", "identity").casefold() != "identity":
            return Response.text(415, "a compressed body is not taken")
        if (request.content_length or 0) > self.max_body:
            return Response.text(413, f"a body has at most {self.max_body} bytes")
        parts, size = [], 0
        async for part in request.content.iter_any():
            size += len(part)
            if size > self.max_body:
                return Response.text(413, f"a body has at most {self.max_body} bytes")
            parts.append(part)
        return b"".join(parts)
