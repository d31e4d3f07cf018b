"""A recorded tag is deleted and made again, or force-moved, by its rightful signer or by somebody else.

Refused because the log has the id of the tag's object, once.
"""

from __future__ import annotations

import pytest
from rawlog import set_tag, sign_tag, tag_bytes, unsigned
from world import World

NAME = "scorer#production#2"


@pytest.mark.parametrize("signer", ["remy", "mallory"])
def test_tag_made_again_on_another_commit_is_refused(requested: World, signer: str) -> None:
    """The same name on the newer commit is refused, even with a good signature by the release engineer."""
    old, new = requested.git("rev-parse", "HEAD~"), requested.git("rev-parse", "HEAD")
    payload = unsigned(tag_bytes(requested, NAME)).replace(old.encode(), new.encode())
    identity = requested.repository().write_object("tag", sign_tag(requested, signer, payload))
    requested.git("tag", "-d", NAME)
    set_tag(requested, NAME, identity)
    text = requested.verify(expect=1).text
    assert f"'{NAME}': it was moved: the log recorded object" in text
    assert f"points at {identity[:12]}" in text


def test_tag_signed_again_is_refused(requested: World) -> None:
    """The very same words with another person's signature are another object, and refused."""
    payload = unsigned(tag_bytes(requested, NAME))
    set_tag(requested, NAME, requested.repository().write_object("tag", sign_tag(requested, "rita", payload)))
    text = requested.verify(expect=1).text
    assert f"'{NAME}': it was moved" in text
    assert "signed by rita" in text


@pytest.mark.parametrize("options", [(), ("-a", "-m", "Assigning stage production to artifact scorer")])
def test_tag_forced_by_git_is_refused(requested: World, options: tuple[str, ...]) -> None:
    """``git tag -f`` to the newer commit, lightweight or annotated, is refused."""
    requested.git("tag", "-f", *options, NAME, "HEAD")
    assert f"'{NAME}': it was moved" in requested.verify(expect=1).text
    assert f"broken: tag '{NAME}': it was moved" in requested.govkit("status", expect=1).text


def test_registration_tag_moved_is_refused(requested: World) -> None:
    """The registration's tag may not move either, though it is not the one that promotes."""
    requested.git("tag", "-f", "scorer@v1.0.0", "HEAD")
    text = requested.verify(expect=1).text
    assert "'scorer@v1.0.0': it was moved" in text
    assert "a commit and not an annotated tag" in text


def test_control(requested: World) -> None:
    """The tag deleted and put back as the same object passes: nothing has changed."""
    identity = requested.git("rev-parse", f"refs/tags/{NAME}")
    requested.git("tag", "-d", NAME)
    set_tag(requested, NAME, identity)
    assert "PROVEN: scorer@1.0.0 serves in production" in requested.verify().text
