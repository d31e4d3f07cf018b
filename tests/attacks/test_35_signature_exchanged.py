"""The signature of a reject or a revocation is replaced by junk, so that it "has no effect".

Refused because the leaves hold the signatures too: whatever was signed on top of it no longer fits.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from rawlog import Raw, entries, find, rewrite
from world import World

JUNK = {
    "junk": b"junk\n",
    "none": None,
    "empty": b"",
    "a stranger's": "mallory",
    "another signer's": "vera",
    "re-spelled": "CRLF",
}


@pytest.fixture
def rejected(requested: World) -> World:
    """1.1.0 is rejected by rita, and vera approves after that."""
    requested.govkit("reject", "scorer@1.1.0#production", "-m", "not yet", as_="rita")
    requested.approve("1.1.0", "production", "vera")
    return requested


@pytest.fixture
def revoked(promoted: World) -> World:
    """1.0.0 is revoked by rita, and a request was signed after that."""
    promoted.push_signed("rita", type="version.revoked", body={"version": "1.0.0", "reason": "leaks"})
    assert promoted.last().status == "good"
    promoted.retrain(0.85)
    promoted.shell("dvc", "push", "-q")
    promoted.register("1.1.0")
    return promoted


def exchange(world: World, at: int, what: str) -> list[Raw]:
    """Return the log's entries with the signature of one replaced."""
    raws, junk = entries(world), JUNK[what]
    good = raws[at].signature or b""
    if junk == "CRLF":
        raws[at] = replace(raws[at], signature=good.replace(b"\n", b"\r\n"))
    elif isinstance(junk, str):
        raws[at] = replace(raws[at], signature=world.sign(junk, raws[at].event))
    else:
        raws[at] = replace(raws[at], signature=junk)
    return raws


@pytest.mark.parametrize("what", JUNK)
def test_reject_without_its_signature(rejected: World, what: str) -> None:
    """The reject is inert then, but the approval after it proves that it was another one: nothing is proven."""
    at = find(entries(rejected), "decision.recorded", decision="reject")
    rewrite(rejected, exchange(rejected, at, what))
    assert rejected.log().state.judged[at].status == "inert"
    text = rejected.verify(expect=1).text
    assert f"event {at + 1} belongs to another history of this log" in text
    assert "vera signed it for another history of this log" in text
    assert f"event {at + 1}: vera signed it" in rejected.govkit("log", "verify", expect=1).text
    assert "belongs to another history" in rejected.promote("1.1.0", "production", expect=1).text


@pytest.mark.parametrize("what", JUNK)
def test_revocation_without_its_signature(revoked: World, what: str) -> None:
    """The same for a revocation: the later registration conflicts."""
    at = find(entries(revoked), "version.revoked")
    rewrite(revoked, exchange(revoked, at, what))
    text = revoked.verify(expect=1).text
    assert f"event {at + 1} belongs to another history of this log" in text
    assert "ada signed it for another history of this log" in text


def test_last_event_is_missed_by_who_has_seen_it(promoted: World) -> None:
    """Where nothing was signed on top, the clone that saw it, or was told its head, refuses."""
    promoted.push_signed("rita", type="version.revoked", body={"version": "1.0.0", "reason": "leaks"})
    promoted.govkit("log", "verify")
    head = promoted.log().head
    at = find(entries(promoted), "version.revoked")
    raws = exchange(promoted, at, "junk")
    rewrite(promoted, raws, forget=False)
    assert f"differs from the rest at event {at}" in promoted.verify(expect=1).text
    rewrite(promoted, raws)
    words = ("verify", "scorer", "--stage", "production", "--min-head", f"{head.size}:{head.root}")
    assert f"the log had another root at size {head.size}" in promoted.govkit(*words, expect=1).text


def test_control_of_the_reject(rejected: World) -> None:
    """Unchanged, the reject holds, and what serves is proven."""
    rewrite(rejected, entries(rejected))
    assert "PROVEN: scorer@1.0.0" in rejected.verify().text
    assert "a reject by rita holds" in rejected.promote("1.1.0", "production", expect=1).text


def test_control_of_the_revocation(revoked: World) -> None:
    """Unchanged, the revocation refuses what serves, for its own reason."""
    rewrite(revoked, entries(revoked))
    assert "revocation: revoked by rita" in revoked.verify(expect=1).text
    revoked.govkit("log", "verify")
