"""A signature that was made for another purpose, such as a Git commit or a file, is passed off as a decision or a tag.

Refused because events are signed in a namespace of their own, and tags in ``git`` alone.
"""

from __future__ import annotations

import pytest
from rawlog import decision, promotion, push, push_with_tag, sign_tag, unsigned
from world import World

NAME = "scorer@1.1.0#production"


@pytest.mark.parametrize("purpose", ["git", "file", "govkit", "govkit-event ", "GOVKIT-EVENT"])
def test_event_signed_for_another_purpose_is_inert(requested: World, purpose: str) -> None:
    """The right person's signature over the right bytes, made for another purpose, does not count."""
    honest = decision(requested, "rita", NAME)
    requested.push_event(honest.content, requested.sign("rita", honest.content, purpose), honest.evidence)
    reason = f"its signature is not good: signed for the purpose {purpose!r}, not 'govkit-event'"
    assert (requested.last().status, requested.last().reason) == ("inert", reason)
    requested.approve("1.1.0", "production", "vera")
    assert "risk-owner" in requested.promote("1.1.0", "production", expect=1).text
    assert f"note: event 11 has no effect: {reason}" in requested.govkit("status").text


def test_signature_of_a_git_commit_is_inert(requested: World) -> None:
    """The signature block of a commit that rita really signed with Git does not fit a decision of hers."""
    requested.git("config", "gpg.format", "ssh")
    requested.git("config", "user.signingkey", str(requested.key_path("rita")))
    requested.git("commit", "-q", "-S", "--allow-empty", "-m", "Hers")
    raw = requested.git("cat-file", "commit", "HEAD").partition("gpgsig ")[2].partition("\n\n")[0]
    block = "\n".join(line.removeprefix(" ") for line in raw.split("\n") if line.strip()) + "\n"
    honest = decision(requested, "rita", NAME)
    requested.push_event(honest.content, block.encode(), honest.evidence)
    assert requested.last().status == "inert"
    assert "signed for the purpose 'git', not 'govkit-event'" in requested.last().reason


@pytest.mark.parametrize("purpose", ["govkit-event", "file"])
def test_tag_signed_for_another_purpose_is_inert(requested: World, purpose: str) -> None:
    """A promotion whose tag the release engineer signed for another purpose than Git's has no effect."""
    requested.approve("1.1.0", "production", "rita", "vera")
    honest = promotion(requested, "1.1.0", "production")
    push_with_tag(requested, honest, sign_tag(requested, "remy", unsigned(honest.evidence["tag"]), purpose))
    found = (requested.last().status, requested.last().reason)
    assert found == ("inert", "its tag is signed by nobody known, not by remy")
    assert "PROVEN: scorer@1.0.0" in requested.verify().text


def test_event_signature_does_not_sign_its_tag(requested: World) -> None:
    """The good signature of an event, put under its tag, does not make the tag good."""
    requested.approve("1.1.0", "production", "rita", "vera")
    honest = promotion(requested, "1.1.0", "production")
    push_with_tag(requested, honest, unsigned(honest.evidence["tag"]) + honest.signature)
    assert requested.last().reason == "its tag is signed by nobody known, not by remy"


def test_control(requested: World) -> None:
    """The same bytes signed for their own purpose count, and 1.1.0 is promoted and proven."""
    for person in ("rita", "vera"):
        push(requested, decision(requested, person, NAME))
        assert requested.last().status == "good"
    push(requested, promotion(requested, "1.1.0", "production"))
    assert "PROVEN: scorer@1.1.0" in requested.verify().text
