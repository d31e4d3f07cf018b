"""The policy.yaml that goes along for people is strict, and the policy.json that counts is kind.

An approver who reads the YAML out of the log sees another policy than the one that they sign. ``approve`` refuses such a
proposal, and ``log verify`` names it.
"""

from __future__ import annotations

import pytest
from world import World

from govkit.core import digests, policytext
from govkit.core.events import RequestOpened


@pytest.fixture
def two_faced(promoted: World) -> str:
    """A proposal by an administrator whose two files differ; returns its name."""
    strict = (promoted.repo / "governance" / "policy.yaml").read_bytes()
    return propose(promoted, strict, strict.replace(b"min: 0.7,", b"min: 0.1,"))


def propose(world: World, shown: bytes, counts: bytes) -> str:
    """Propose a policy as a modified govkit can, with any YAML beside it."""
    assert shown and counts
    value = policytext.read(counts, where="policy.yaml").canonical
    body = RequestOpened(
        action="policy", reason="words", policy=digests.sha256(value), base=world.log().state.policies[-1][0]
    )
    files = {"policy.json": value, "policy.yaml": shown}
    world.push_signed("rita", files, type="request.opened", subject="*", body=body)
    assert world.last().status == "good"
    return f"policy#{world.last().index}"


def test_it_is_not_approved(promoted: World, two_faced: str) -> None:
    """Nobody signs it by mistake."""
    text = promoted.govkit("approve", two_faced, as_="victor", expect=1).text
    assert "is not what it looks like" in text
    assert "its policy.yaml says something else than the policy.json that counts" in text
    promoted.govkit("reject", two_faced, "-m", "two-faced", as_="victor")


def test_auditor_is_told(promoted: World, two_faced: str) -> None:
    """The check of the whole log names the event, whether it was approved or not."""
    assert two_faced in f"policy#{promoted.last().index}"
    text = promoted.govkit("log", "verify").text
    assert "its policy.yaml says something else than the policy.json that counts" in text


def test_control(promoted: World) -> None:
    """A proposal whose files agree is approved; notes in the YAML make no difference."""
    kinder = (promoted.repo / "governance" / "policy.yaml").read_bytes().replace(b"min: 0.7,", b"min: 0.6,")
    promoted.govkit("approve", propose(promoted, b"# why\n" + kinder, kinder), as_="victor")
    assert "policy.yaml" not in promoted.govkit("log", "verify").text
