"""A tag is signed by somebody else than its event's actor, or is left over from a lost race, without an event.

The first is refused: event and tag are one person's. The second is reported, and without effect: the log decides.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import world as worlds
from rawlog import allowed_signers, promotion, push, push_with_tag, set_tag, sign_tag, stock_accepts, unsigned
from world import World

TAG = "scorer#production#3"


@pytest.fixture(scope="module")
def _approved(_requested: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    requested = worlds.copy(_requested, tmp_path_factory.mktemp("approved") / "world")
    requested.approve("1.1.0", "production", "rita", "vera")
    return requested.folder


@pytest.fixture
def approved(_approved: Path, tmp_path: Path) -> World:
    """1.1.0 may be promoted to production; the next tag is number 3."""
    return worlds.copy(_approved, tmp_path / "world")


@pytest.mark.parametrize("signer", ["ada", "rita", "ci"])
def test_tag_signed_by_somebody_else_is_inert(approved: World, signer: str) -> None:
    """Remy's promotion with a tag that another person of the policy signed has no effect."""
    honest = promotion(approved, "1.1.0", "production")
    push_with_tag(approved, honest, sign_tag(approved, signer, unsigned(honest.evidence["tag"])))
    reason = f"its tag is signed by {signer}, not by remy"
    assert (approved.last().status, approved.last().reason) == ("inert", reason)
    assert "PROVEN: scorer@1.0.0" in approved.verify().text
    assert "note: event 13 has no effect: " + reason in approved.govkit("status").text


def test_event_signed_by_somebody_else_is_inert(approved: World) -> None:
    """Remy's tag under an event that ada signed, in his name or in hers, has no effect."""
    honest = promotion(approved, "1.1.0", "production")
    approved.push_event(honest.content, approved.sign("ada", honest.content), honest.evidence)
    assert (approved.last().status, approved.last().reason) == ("inert", "it names remy and is signed by ada")
    own = honest.content.replace(b'"actor":"remy"', b'"actor":"ada"')
    head = approved.log().head
    own = own.replace(b'"size":13', f'"size":{head.size}'.encode())
    own = own.replace(own.partition(b'"log":{"root":"')[2][:71], head.root.encode())
    approved.push_event(own, approved.sign("ada", own), honest.evidence)
    reason = "ada holds none of the roles release-engineer"
    assert (approved.last().status, approved.last().reason) == ("inert", reason)
    assert "PROVEN: scorer@1.0.0" in approved.verify().text


def test_recorded_tag_signed_by_somebody_else_is_refused(promoted: World) -> None:
    """The recorded tag's words with another person's signature are another object: refused, and the signer named."""
    name = "scorer#production#2"
    payload = unsigned(promoted.repository().read(promoted.git("rev-parse", f"refs/tags/{name}"))[1])
    set_tag(promoted, name, promoted.repository().write_object("tag", sign_tag(promoted, "ada", payload)))
    text = promoted.verify(expect=1).text
    assert f"'{name}': it was moved" in text
    assert "tag: signed by ada" in text


def test_tag_left_over_from_a_lost_race_has_no_effect(approved: World) -> None:
    """A real tag of the release engineer whose event was never appended is reported, and the next number passes it."""
    tag = promotion(approved, "1.1.0", "production").evidence["tag"]
    set_tag(approved, TAG, approved.repository().write_object("tag", tag))
    allowed_signers(approved, "remy")
    assert stock_accepts(approved, "git", "verify-tag", TAG)
    reason = "the log does not know it: left over from a lost race, or made by hand"
    text = approved.verify().text
    assert "PROVEN: scorer@1.0.0 serves in production" in text
    assert f"the tag '{TAG}' has no effect: {reason}" in text
    assert f"note: tag '{TAG}': {reason}" in approved.govkit("status").text
    assert approved.govkit("show", "scorer", "--format", "json").json["items"][0]["version"] == "1.0.0"
    approved.promote("1.1.0", "production")
    assert approved.log().state.champion("scorer", "production").body.tag.name == "scorer#production#4"
    assert "PROVEN: scorer@1.1.0" in approved.verify().text


def test_event_without_its_tag_is_refused(approved: World) -> None:
    """The other half: an event whose tag never arrived does not prove, and says what is missing."""
    honest = promotion(approved, "1.1.0", "production")
    approved.push_event(honest.content, honest.signature, honest.evidence)
    assert approved.last().status == "good"
    text = approved.verify(expect=1).text
    assert f"'{TAG}': it was deleted; the log still has its bytes" in text
    set_tag(approved, TAG, approved.repository().write_object("tag", honest.evidence["tag"]))
    assert "PROVEN: scorer@1.1.0" in approved.verify().text


def test_control(approved: World) -> None:
    """Event and tag of the same person, both there, are proven."""
    push(approved, promotion(approved, "1.1.0", "production"))
    assert approved.last().status == "good"
    assert f"'{TAG}' signed by remy" in approved.verify().text
    assert "note:" not in approved.govkit("status").text
