"""Two signature blocks, or text after the signature, in a tag or an event: tools differ in which one they read.

Refused because there is one block, at the end, in OpenSSH's own spelling.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rawlog import decision, promotion, push, push_with_tag, sign_tag, unsigned
from world import World

from govkit.storage.signatures import EVENT_NAMESPACE

Change = Callable[[bytes, bytes], bytes]
NAME = "scorer@1.1.0#production"
BLOCKS: dict[str, tuple[Callable[[World, bytes], bytes], str]] = {
    "two by the same": (
        lambda world, payload: sign_tag(world, "remy", sign_tag(world, "remy", payload)),
        "more than one signature block",
    ),
    "a stranger's before": (
        lambda world, payload: sign_tag(world, "remy", sign_tag(world, "mallory", payload)),
        "more than one signature block",
    ),
    "a stranger's behind": (
        lambda world, payload: sign_tag(world, "mallory", sign_tag(world, "remy", payload)),
        "more than one signature block",
    ),
    "text behind": (
        lambda world, payload: sign_tag(world, "remy", payload) + b"and more\n",
        "text after the signature",
    ),
    "a blank line behind": (
        lambda world, payload: sign_tag(world, "remy", payload) + b"\n",
        "text after the signature",
    ),
    "no last newline": (lambda world, payload: sign_tag(world, "remy", payload)[:-1], "text after the signature"),
}


@pytest.mark.parametrize("case", BLOCKS)
def test_tag_with_more_than_one_block_is_inert(requested: World, case: str) -> None:
    """A promotion whose tag has two blocks, or text behind the one, has no effect, and the tag is named."""
    make, reason = BLOCKS[case]
    requested.approve("1.1.0", "production", "rita", "vera")
    honest = promotion(requested, "1.1.0", "production")
    push_with_tag(requested, honest, make(requested, unsigned(honest.evidence["tag"])))
    assert (requested.last().status, requested.last().reason) == ("inert", f"its tag is malformed: {reason}")
    text = requested.verify().text
    assert "PROVEN: scorer@1.0.0" in text
    assert f"'scorer#production#3' has no effect: the log does not know it: {reason}" in text


@pytest.mark.parametrize(
    "change",
    [
        lambda good, other: good + good,
        lambda good, other: other + good,
        lambda good, other: good + other,
        lambda good, other: good + b"and more\n",
        lambda good, other: b"\n" + good,
        lambda good, other: good.replace(b"\n", b"\r\n"),
        lambda good, other: good[:-1],
        lambda good, other: good[:40] + b"\n" + good[40:],
    ],
    ids=["twice", "stranger before", "stranger behind", "text", "blank before", "CRLF", "no newline", "re-wrapped"],
)
def test_event_signature_in_another_spelling_is_inert(requested: World, change: Change) -> None:
    """A decision whose signature file holds anything but the one block does not count."""
    honest = decision(requested, "rita", NAME)
    other = requested.sign("mallory", honest.content, EVENT_NAMESPACE)
    requested.push_event(honest.content, change(honest.signature, other), honest.evidence)
    assert requested.last().status == "inert"
    assert "its signature is not good: the signature is not" in requested.last().reason
    requested.approve("1.1.0", "production", "vera")
    assert "risk-owner" in requested.promote("1.1.0", "production", expect=1).text


def test_control(requested: World) -> None:
    """With one block each, decisions count, and the promotion is proven."""
    for person in ("rita", "vera"):
        push(requested, decision(requested, person, NAME))
    push(requested, promotion(requested, "1.1.0", "production"))
    assert "PROVEN: scorer@1.1.0" in requested.verify().text
