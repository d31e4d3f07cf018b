"""The webhook's parts that need no server: routes, sources, and what is known of how old that is."""

from __future__ import annotations

from pathlib import Path

import pytest

from govkit.core.errors import Undecided, Usage
from govkit.integrations.kubernetes import server, source
from govkit.integrations.kubernetes.claims import Claim
from govkit.integrations.kubernetes.messages import Fetched, Heard, Proof, Trouble
from govkit.integrations.kubernetes.server import Call, Response
from govkit.integrations.kubernetes.standing import Standing

OLD, NEW, ROOT = ("sha256:" + digit * 64 for digit in "123")
CLAIM = Claim("m", "prod", OLD)


@pytest.mark.parametrize(
    "address",
    [
        "https://git.example.org/models.git",
        "https://git.example.org:8443/a/b",
        "ssh://git@git.example.org:22/models.git",
        "git@github.com:o/models.git",
        "file:///srv/git/models.git",
        "/srv/git/models.git",
    ],
)
def test_sources_are_read_back(address: str) -> None:
    """What is written is what is read, for every way to a repository and a model in a folder."""
    made = source.Source(address, "models/a=clf", "prod", OLD, ROOT)
    found = source.parse(str(made))
    assert (found.model, found.stage, found.record, found.root) == (made.model, made.stage, made.record, made.root)
    assert str(found) == str(made)


@pytest.mark.parametrize(
    "change",
    [
        ("govkit://", "https://"),
        ("&root=", "&roof="),
        ("sha256:1", "sha256:x"),
        ("stage=prod", "stage=prod&stage=test"),
        ("stage=prod", "stage=../x"),
        ("git.example.org/", "user:password@git.example.org/"),
        ("git.example.org/", "-oProxyCommand=x/"),
        ("git.example.org/", ""),
        ("?model", "?via=ext&model"),
        ("?model", "?user=git&model"),
        ("?model", "?x=y&model"),
        ("m.git", "m\u043e.git"),
    ],
)
def test_other_sources_are_refused(change: tuple[str, str]) -> None:
    """What does not pin everything, says something twice, or would be fetched in another way."""
    good = f"govkit://git.example.org/m.git?model=m&stage=prod&record={OLD}&root={ROOT}"
    assert source.parse(good).repository == "https://git.example.org/m.git"
    assert change[0] in good
    with pytest.raises(Usage):
        source.parse(good.replace(*change, 1))


async def _yes(_: Call) -> Response:
    return Response.text(200, "yes")


def test_routes() -> None:
    """Exact paths, paths below a star, 404 for others and 405 for another method."""
    routes = {("POST", "/flagger/*"): _yes, ("GET", "/healthz"): _yes}
    assert server.route(routes, "POST", "/flagger/confirm-rollout") == (_yes, "confirm-rollout")
    assert server.route(routes, "GET", "/healthz") == (_yes, "")
    for method, path, status in (("GET", "/flagger/x", 405), ("GET", "/healthz/x", 404), ("POST", "/flagger", 404)):
        found = server.route(routes, method, path)
        assert isinstance(found, Response)
        assert found.status == status


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def known(clock: Clock) -> Standing:
    """Return a standing in which one stage is proven."""
    standing = Standing(fresh=10, patience=100, clock=clock, wall=clock)
    standing.take(Heard(5, ROOT, {"m#prod": OLD}, {}, {}))
    standing.take(Proof("m", "prod", OLD, "proven", ROOT, 5, version="1.0.0"))
    standing.take(Fetched(clock.now))
    return standing


def test_age_decides_what_is_said() -> None:
    """Fresh: yes. Stale: yes with a warning. Beyond: no. A remote that answers again: yes."""
    clock = Clock()
    standing = known(clock)
    assert standing.answer(CLAIM).warnings == ()
    clock.now += 11
    standing.take(Trouble("unreachable"))
    assert standing.answer(CLAIM).allowed
    assert "11 s old" in standing.answer(CLAIM).warnings[0]
    clock.now += 90
    assert not standing.answer(CLAIM).allowed
    assert "unreachable" in standing.answer(CLAIM).why
    standing.take(Fetched(clock.now))
    assert standing.answer(CLAIM).allowed


def test_what_no_longer_serves_is_void_at_once() -> None:
    """Before the new promotion is proven, the old one is refused, and the new one waits for its proof."""
    standing = known(Clock())
    standing.take(Heard(6, ROOT, {"m#prod": NEW}, {}, {}))
    assert not standing.answer(CLAIM).allowed
    new = Claim("m", "prod", NEW)
    assert standing.is_open(new)
    assert not standing.answer(new).allowed
    assert not standing.is_open(Claim("m", "prod", OLD))


def test_a_broken_log_proves_nothing_until_another_is_heard() -> None:
    """Though it was proven before, and is fresh."""
    standing = known(Clock())
    standing.take(Trouble("two histories", broken=True))
    assert not standing.answer(CLAIM).allowed
    standing.take(Heard(6, ROOT, {"m#prod": OLD}, {}, {}))
    assert standing.answer(CLAIM).allowed


def test_barred_is_barred_for_ever(tmp_path: Path) -> None:
    """Whatever a later log says, and over restarts."""
    clock = Clock()
    standing = known(clock)
    standing.take(Heard(6, ROOT, {"m#prod": OLD}, {}, {OLD: "m@1.0.0 was revoked by rita: it leaks"}))
    standing.take(Heard(7, ROOT, {"m#prod": OLD}, {}, {}))
    assert "it leaks" in standing.answer(CLAIM).why
    standing.keep(tmp_path / "state.json")
    again = Standing(fresh=10, patience=100, clock=clock, wall=clock)
    again.recall(tmp_path / "state.json")
    assert "it leaks" in again.answer(CLAIM).why


def test_what_is_kept_ages_and_cannot_be_damaged_unseen(tmp_path: Path) -> None:
    """After a restart it is as old as it was; a wall clock that went back makes it older than anything."""
    clock, path = Clock(), tmp_path / "state.json"
    known(clock).keep(path)
    later = Clock()
    later.now += 50
    again = Standing(fresh=10, patience=100, clock=later, wall=later)
    again.recall(path)
    assert again.answer(CLAIM).allowed
    assert "50 s old" in again.answer(CLAIM).warnings[0]
    before = Clock()
    before.now -= 1
    back = Standing(fresh=10, patience=100, clock=before, wall=before)
    back.recall(path)
    assert not back.answer(CLAIM).allowed
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(Undecided):
        again.recall(path)


def test_an_override_ends_by_the_clock() -> None:
    """Without a word from the prover."""
    clock = Clock()
    standing = known(clock)
    standing.take(Proof("m", "prod", OLD, "proven", ROOT, 5, expires="1970-01-01T00:16:45Z"))
    assert standing.answer(CLAIM).allowed
    clock.now += 6
    assert "override" in standing.answer(CLAIM).why
