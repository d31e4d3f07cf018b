"""An object is edited in place, in ``.git/objects`` or where a clone borrows from: another author under the same id.

Git compares an object with its id when it fetches it, not when it reads it: ``git log`` shows the edited one, and clones
made with ``--shared`` or of a local path take it over. Refused: govkit computes the id of what it reads.
"""

from __future__ import annotations

import zlib

import pytest
from world import MODEL, World

REQUEST = f"{MODEL}@1.1.0#production"


def edit(world: World, identity: str, old: bytes, new: bytes) -> None:
    """Write other bytes where Git keeps an object."""
    kind, content = world.repository().read(identity)
    assert old in content
    content = content.replace(old, new)
    path = world.repo / ".git" / "objects" / identity[:2] / identity[2:]
    path.chmod(0o644)
    path.write_bytes(zlib.compress(f"{kind} {len(content)}\0".encode() + content))


@pytest.fixture
def own(promoted: World) -> tuple[World, str]:
    """A world in which victor wrote a commit of the version that he approved, and that commit."""
    commit = promoted.commit("Mine", author="Victor Validator <victor@example.org>")
    promoted.retrain(0.85)
    promoted.register("1.1.0")
    promoted.request("1.1.0", "production")
    promoted.approve("1.1.0", "production", "rita", "victor")
    return promoted, commit


def test_another_author_under_the_same_id(own: tuple[World, str]) -> None:
    """Git shows ada as the author; govkit refuses to go by that."""
    world, commit = own
    edit(world, commit, b"Victor Validator <victor@example.org>", b"Ada Engineer <ada@example.org>")
    assert world.git("log", "-1", "--format=%ae", commit) == "ada@example.org"
    text = world.promote("1.1.0", "production", expect=1).text
    assert f"Git object {commit[:12]} was changed on disk" in text


@pytest.mark.parametrize("option", ["--shared", "--local"])
def test_clone_that_borrows_objects(own: tuple[World, str], option: str) -> None:
    """A clone that shares or links the objects has the edited one, and says so."""
    world, commit = own
    edit(world, commit, b"Victor Validator <victor@example.org>", b"Ada Engineer <ada@example.org>")
    clone = world.folder / "clone"
    world.shell("git", "clone", "-q", option, str(world.repo), str(clone))
    text = world.govkit("gate", f"{MODEL}@1.1.0", "--stage", "production", repo=clone, expect=1).text
    assert "was changed on disk" in text


def test_event_of_the_log(promoted: World) -> None:
    """Nor is an edited event, policy or card read."""
    log = promoted.log()
    card = log.evidence_id(promoted.repository(), 1, "card.json")
    assert card is not None
    edit(promoted, card, b'"tier":"high"', b'"tier":"lowx"')
    assert "was changed on disk" in promoted.verify(expect=1).text


def test_event_that_was_read_before(promoted: World) -> None:
    """What was read before the edit stays what it was; whoever reads it after that is told."""
    promoted.verify()
    event = promoted.git("rev-parse", "govkit/log~1:event.json")
    edit(promoted, event, b'"actor":"', b'"actor":"x')
    promoted.env["GOVKIT_NO_CACHE"] = "1"
    assert "was changed on disk" in promoted.verify(expect=1).text
    del promoted.env["GOVKIT_NO_CACHE"]
    with promoted.session() as session:
        assert all(judged.event is None or not judged.event.actor.startswith("x") for judged in session.state.judged)


def test_control(own: tuple[World, str]) -> None:
    """Without the edit the author is who wrote the commit, and does not count."""
    world, _ = own
    assert "victor does not count: wrote a commit" in world.promote("1.1.0", "production", expect=1).text
