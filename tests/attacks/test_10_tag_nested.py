"""A promotion tag is nested (a tag of a tag), or points at a tree or a blob instead of a commit.

Refused because a promotion tag points straight at a commit.
"""

from __future__ import annotations

import re

import pytest
from rawlog import promotion, push, push_with_tag, set_tag, sign_tag, stock_accepts, unsigned
from world import World

KINDS = ("tag", "tree", "blob")


def other_object(world: World, kind: str) -> str:
    """Return the id of an object of another kind than a commit."""
    names = {"tag": "refs/tags/scorer#production#2", "tree": "HEAD^{tree}", "blob": "HEAD:params.yaml"}
    return world.git("rev-parse", names[kind])


def pointed_at(world: World, payload: bytes, kind: str) -> bytes:
    """Return a tag's payload that points at an object of another kind; its record says the same."""
    commit = re.match(rb"object ([0-9a-f]{40})\n", payload)
    assert commit is not None
    changed = payload.replace(commit[1], other_object(world, kind).encode())
    return changed.replace(b"\ntype commit\n", f"\ntype {kind}\n".encode())


@pytest.mark.parametrize("kind", KINDS)
def test_event_with_such_a_tag_is_inert(requested: World, kind: str) -> None:
    """A promotion whose tag points elsewhere has no effect, though the release engineer signed both."""
    requested.approve("1.1.0", "production", "rita", "vera")
    honest = promotion(requested, "1.1.0", "production")
    forged = sign_tag(requested, "remy", pointed_at(requested, unsigned(honest.evidence["tag"]), kind))
    push_with_tag(requested, honest, forged)
    assert stock_accepts(requested, "git", "rev-parse", "scorer#production#3")
    reason = f"its tag is malformed: it points at a {kind}, not straight at a commit"
    assert (requested.last().status, requested.last().reason) == ("inert", reason)
    text = requested.verify().text
    assert "PROVEN: scorer@1.0.0 serves in production" in text
    assert f"'scorer#production#3' has no effect: the log does not know it: it points at a {kind}" in text


@pytest.mark.parametrize("kind", KINDS)
def test_recorded_tag_wrapped_or_redirected_is_refused(requested: World, kind: str) -> None:
    """The recorded tag's ref pointed at a tag of the tag, or straight at the other object, is refused."""
    name = "scorer#production#2"
    requested.git("tag", "-f", "-a", "-m", "wrapped", name, other_object(requested, kind))
    text = requested.verify(expect=1).text
    assert f"'{name}': it was moved: the log recorded object" in text
    set_tag(requested, name, other_object(requested, "tree"))
    assert "a tree and not an annotated tag" in requested.verify(expect=1).text


def test_unrecorded_nested_tag_is_reported(requested: World) -> None:
    """A nested tag that the log does not know is named, and without effect."""
    requested.git("tag", "-a", "-m", "nested", "scorer#production#7", "scorer#production#2")
    assert "note: tag 'scorer#production#7': the log does not know it" in requested.govkit("status").text
    assert "PROVEN: scorer@1.0.0" in requested.verify().text


def test_control(requested: World) -> None:
    """The same promotion with its tag straight on the commit has its effect."""
    requested.approve("1.1.0", "production", "rita", "vera")
    push(requested, promotion(requested, "1.1.0", "production"))
    assert requested.last().status == "good"
    assert "PROVEN: scorer@1.1.0" in requested.verify().text
