"""The server that serves one person: what reaches it at all. The real server, over real HTTP, with a small site."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from webclient import Client

from govkit.core.errors import GovkitError, Refused
from govkit.web.loopback import MAX_BODY, Answer, Loopback, NotThere, WrongMethod


class Small:
    """A site with a page, a form, and an error of each kind; remembers what reached it."""

    def __init__(self) -> None:
        self.reached: list[tuple[str, str]] = []

    def get(self, path: str) -> Answer:
        self.reached.append(("GET", path))
        if path == "sign":
            raise WrongMethod("POST")
        if path == "refused":
            raise Refused("<b>no</b>")
        if path == "broken":
            raise RuntimeError("secret detail")
        if path not in ("", "last"):
            raise NotThere
        return Answer(b"page", last=path == "last")

    def post(self, path: str, form: dict[str, str]) -> Answer:
        self.reached.append(("POST", path))
        return Answer(repr(sorted(form.items())).encode())

    def error(self, status: int, error: GovkitError) -> Answer:
        return Answer(f"{error.what}: {error.why}".encode(), status=status)

    def welcome(self, address: str) -> Answer:
        return Answer(address.encode())


@pytest.fixture
def site() -> Small:
    return Small()


@pytest.fixture
def server(site: Small) -> Iterator[Loopback]:
    running = Loopback(site)
    thread = threading.Thread(target=running.serve)
    thread.start()
    yield running
    running.stop()
    thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def stranger(server: Loopback) -> Client:
    """A browser that was not let in."""
    return Client(server.port)


@pytest.fixture
def reader(server: Loopback) -> Client:
    """A browser that was let in."""
    client = Client(server.port)
    assert client.get(_path(server)).status == 200
    return client


def _path(server: Loopback) -> str:
    return server.address.removeprefix(f"http://127.0.0.1:{server.port}")


def _sign(client: Client, server: Loopback, **headers: str | None) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.send("POST", f"{server.base}sign", "a=1", named).status


def test_listens_on_the_loopback_alone(server: Loopback) -> None:
    """No other address of this machine answers."""
    assert server._server.server_address[0] == "127.0.0.1"


def test_the_address_works_once(server: Loopback, stranger: Client) -> None:
    """The first visit lets the browser in; the second, by anybody, is refused; with the cookie all goes on."""
    assert stranger.get(server.base).status == 403
    first = stranger.get(_path(server))
    again = Client(server.port).get(_path(server))
    assert (first.status, first.text, again.status) == (200, server.base, 403)
    assert "used before" in again.text
    assert again.headers["Set-Cookie"] is None
    assert (stranger.get(server.base).status, Client(server.port).get(server.base).status) == (200, 403)


def test_the_cookie_is_kept_from_scripts_and_other_servers(server: Loopback, stranger: Client) -> None:
    """Cookies know no ports, so its path is one that no other server on this machine is asked for."""
    given = stranger.get(_path(server)).headers["Set-Cookie"].split("; ")
    assert given[1:] == ["HttpOnly", "SameSite=Strict", f"Path={server.base}"]
    assert len(server.base) > 15


@pytest.mark.parametrize("token", ["", "x", "%00", "%C3%A9", "x" * 5000, "../.."])
def test_another_token_opens_nothing(server: Loopback, stranger: Client, token: str) -> None:
    """Whatever is guessed, nobody is let in, and the address still works afterwards."""
    reply = stranger.get(f"/open/{token}")
    assert reply.status in (403, 404)
    assert reply.headers["Set-Cookie"] is None
    assert stranger.get(_path(server)).status == 200


@pytest.mark.parametrize("cookie", ["govkit-review=", "govkit-review=x", "other=x", "govkit-review", ";;=;"])
def test_a_made_up_cookie_opens_nothing(server: Loopback, site: Small, stranger: Client, cookie: str) -> None:
    """Only the cookie that the address gave is one."""
    assert stranger.get(server.base, Cookie=cookie).status == 403
    assert site.reached == []


HOSTS = ["evil.example", "localhost:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1:{port}.evil.example", "", None]


@pytest.mark.parametrize("host", HOSTS)
def test_answers_to_its_own_name_alone(server: Loopback, site: Small, reader: Client, host: str | None) -> None:
    """A name that somebody makes lead here gets nothing, with the cookie or the address."""
    named = host.format(port=server.port) if host is not None else ""
    for path in (server.base, _path(server)):
        head = f"GET {path} HTTP/1.1\r\n" + ("" if host is None else f"Host: {named}\r\n")
        assert _raw(server, f"{head}Cookie: {reader.cookies[0]}\r\n\r\n").startswith(b"HTTP/1.0 421")
    assert site.reached == []


def test_two_hosts_are_none(server: Loopback, site: Small, reader: Client) -> None:
    """A second Host header hides nothing behind the first."""
    own = f"Host: {server.authority}\r\n"
    text = f"GET {server.base} HTTP/1.1\r\n{own}Host: evil.example\r\nCookie: {reader.cookies[0]}\r\n\r\n"
    assert _raw(server, text).startswith(b"HTTP/1.0 421")
    assert site.reached == []


def _raw(server: Loopback, text: str) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(text.encode())
        connection.shutdown(socket.SHUT_WR)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def test_takes_forms_of_its_own_pages(server: Loopback, site: Small, reader: Client) -> None:
    """The control: with the own origin, or, where none is sent, with the browser's word that it is the same."""
    assert _sign(reader, server) == 200
    assert _sign(reader, server, Sec_Fetch_Site="same-origin") == 200
    assert _sign(reader, server, Origin=None, Sec_Fetch_Site="same-origin") == 200
    assert site.reached == [("POST", "sign")] * 3


FOREIGN: list[dict[str, str | None]] = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "null", "Sec_Fetch_Site": "same-origin"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://localhost:{port}"},
    {"Origin": "https://127.0.0.1:{port}"},
    {"Origin": "http://127.0.0.1:{port}/"},
    {"Origin": "http://evil.example", "Sec_Fetch_Site": "same-origin"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
    {"Sec_Fetch_Site": "none"},
    {"Origin": None},
    {"Origin": None, "Sec_Fetch_Site": "cross-site"},
    {"Origin": None, "Sec_Fetch_Site": "none"},
    {"Origin": ""},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_takes_no_form_of_another_page(
    server: Loopback, site: Small, reader: Client, headers: dict[str, str | None]
) -> None:
    """Another page's form is not taken, though the browser sends the cookie along."""
    filled = {name: value.format(port=server.port) if value else value for name, value in headers.items()}
    assert _sign(reader, server, **filled) == 403
    assert site.reached == []


def test_takes_no_form_without_the_cookie(server: Loopback, site: Small, stranger: Client) -> None:
    """The origin alone lets nobody in."""
    assert _sign(stranger, server) == 403
    assert site.reached == []


BODIES = {
    "large": ("a=" + "x" * MAX_BODY, {}, 413),
    "claims-to-be-large": ("a=1", {"Content-Length": str(MAX_BODY + 1)}, 413),
    "no-length": ("a=1", {"Content-Length": "x"}, 411),
    "negative": ("a=1", {"Content-Length": "-1"}, 411),
    "chunked": ("3\r\na=1\r\n0\r\n\r\n", {"Transfer-Encoding": "chunked", "Content-Length": None}, 411),
    "chunked-and-length": ("a=1", {"Transfer-Encoding": "chunked"}, 411),
    "json": ("{}", {"Content-Type": "application/json"}, 415),
    "plain": ("a=1", {"Content-Type": "text/plain"}, 415),
    "multipart": ("a=1", {"Content-Type": "multipart/form-data; boundary=x"}, 415),
    "twice": ("a=1&a=2", {}, 400),
    "many": ("&".join(f"a{n}=1" for n in range(21)), {}, 400),
    "not-utf-8": ("a=%ff", {}, 400),
    "no-form": ("nonsense", {}, 400),
    "cut-short": ("a=1", {"Content-Length": "10"}, 400),
}


@pytest.mark.parametrize("name", BODIES)
def test_takes_small_plain_forms_alone(server: Loopback, site: Small, reader: Client, name: str) -> None:
    """Every other body is refused, by its size before it is read."""
    body, headers, status = BODIES[name]
    lines = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body)), **headers}
    head = [f"POST {server.base}sign HTTP/1.1", f"Host: {server.authority}", f"Origin: {reader.origin}"]
    head += [f"Cookie: {reader.cookies[0]}", *(f"{key}: {value}" for key, value in lines.items() if value is not None)]
    text = "\r\n".join([*head, "", body[: 1000 if status == 413 else None]])
    assert _raw(server, text).startswith(f"HTTP/1.0 {status}".encode())
    assert site.reached == []


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW"])
def test_knows_two_methods(server: Loopback, site: Small, reader: Client, method: str) -> None:
    """Every other is refused, everywhere."""
    assert reader.send(method, server.base).status == 405
    assert site.reached == []


@pytest.mark.parametrize("path", ["/", "/favicon.ico", "//evil.example/", "/..", "http://evil.example/", "*"])
def test_knows_no_other_place(server: Loopback, site: Small, reader: Client, path: str) -> None:
    """What is not below the path that nobody guesses is not there."""
    assert reader.send("GET", path).status in (404, 421)
    assert site.reached == []


def test_nothing_is_kept_framed_or_shared(server: Loopback, reader: Client) -> None:
    """Every answer says so, an error too."""
    for path in (server.base, "/nowhere", f"{server.base}nowhere", f"{server.base}broken"):
        headers = reader.get(path).headers
        assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        found = {name: headers[name] for name in ("X-Content-Type-Options", "X-Frame-Options", "Cache-Control")}
        assert [*found.values()] == ["nosniff", "DENY", "no-store"]
        assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert (headers["Referrer-Policy"], headers["Server"]) == ("same-origin", "govkit")
        assert headers["Access-Control-Allow-Origin"] is None


def test_errors_are_told_without_a_traceback(server: Loopback, reader: Client, capfd: pytest.CaptureFixture) -> None:
    """A refusal and a fault say what happened; nothing of the code is shown, here or in the terminal."""
    refused, broken = reader.get(f"{server.base}refused"), reader.get(f"{server.base}broken")
    assert (refused.status, broken.status) == (409, 500)
    assert "Traceback" not in broken.text
    assert reader.get(f"{server.base}sign").headers["Allow"] == "POST"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "text", ["\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", f"GET /{'x' * 70000} HTTP/1.1\r\n\r\n"]
)
def test_nonsense_is_told_in_plain_words(server: Loopback, text: str, capfd: pytest.CaptureFixture) -> None:
    """What is no request ends in a plain answer or none, and the server goes on."""
    assert b"Traceback" not in _raw(server, text)
    assert b"<html" not in _raw(server, text)
    assert Client(server.port).get(_path(server)).status == 200
    assert capfd.readouterr() == ("", "")


def test_who_says_nothing_keeps_nobody_waiting(server: Loopback, reader: Client) -> None:
    """Connections that are opened and left alone, as browsers do, are in nobody's way."""
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    started = time.monotonic()
    assert reader.get(server.base).status == 200
    assert time.monotonic() - started < 20
    for one in silent:
        one.close()


def test_ends_when_the_last_page_was_shown(site: Small) -> None:
    """After the last page, and by itself when nobody comes, it ends and the port is free."""
    for path, idle in (("last", 3600.0), (None, 0.1)):
        server = Loopback(site, idle=idle, linger=0)
        thread = threading.Thread(target=server.serve)
        thread.start()
        if path is not None:
            client = Client(server.port)
            client.get(_path(server))
            assert client.get(server.base + path).status == 200
        thread.join(10)
        assert not thread.is_alive()
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", server.port))


def test_one_thing_at_a_time(site: Small) -> None:
    """Two requests never work at once: a repository and a key are one person's."""
    at_once = []
    lock = threading.Lock()

    def slow(path: str) -> Answer:
        at_once.append(lock.acquire(blocking=False))
        time.sleep(0.05)
        lock.release()
        return Answer(b"page")

    site.get = slow  # type: ignore[method-assign]
    server = Loopback(site)
    thread = threading.Thread(target=server.serve)
    thread.start()
    client = Client(server.port)
    client.get(_path(server))
    visits = [threading.Thread(target=client.get, args=(server.base,)) for _ in range(5)]
    for one in visits:
        one.start()
    for one in visits:
        one.join()
    server.stop()
    thread.join(10)
    assert at_once == [True] * 5
