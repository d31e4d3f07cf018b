"""A lightweight or unsigned tag in GTO's grammar claims that another version serves.

GTO takes it. govkit reports it, and it has no effect: only what the log recorded counts.
"""

from __future__ import annotations

import pytest
from rawlog import gto_serves, promotion, push_with_tag, set_tag, sign_tag, unsigned
from world import World

MESSAGE = "Assigning stage production to artifact scorer"
#: GTO orders tags by their dates, and passes over lightweight ones.
LATE = "2035-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "a lightweight tag on a commit, unsigned"),
        (("-a", "-m", MESSAGE), "the message is not GTO's first line, a blank line and one record"),
    ],
    ids=["lightweight", "annotated"],
)
def test_unsigned_tag_is_reported_and_has_no_effect(requested: World, options: tuple[str, ...], reason: str) -> None:
    """GTO lets 1.1.0 serve by the unsigned tag that is dated last; govkit proves 1.0.0 and names the tag."""
    requested.env["GIT_COMMITTER_DATE"] = LATE
    requested.git("tag", *options, "scorer#production#3", "scorer@v1.1.0^{}")
    if options:
        assert gto_serves(requested) == "scorer@v1.1.0"
    text = requested.verify().text
    assert "PROVEN: scorer@1.0.0 serves in production" in text
    assert f"the tag 'scorer#production#3' has no effect: the log does not know it: {reason}" in text
    assert f"note: tag 'scorer#production#3': the log does not know it: {reason}" in requested.govkit("status").text
    assert requested.govkit("show", "--format", "json").json["items"][0]["version"] == "1.0.0"


def test_unsigned_version_tag_does_not_register(requested: World) -> None:
    """A version that only an unsigned tag names is one to GTO, and none to govkit."""
    requested.env["GIT_COMMITTER_DATE"] = LATE
    requested.commit("Something new")
    requested.git("tag", "-a", "-m", "Registering artifact scorer version v2.0.0", "scorer@v2.0.0")
    assert requested.shell("gto", "show", "scorer@latest", "--ref").strip() == "scorer@v2.0.0"
    words = ("request", "scorer@2.0.0", "--stage", "production", "-m", "please")
    refused = requested.govkit(*words, as_="ada", expect=1).text
    assert "the tag 'scorer@v2.0.0' cannot be made" in refused
    assert "'scorer@v2.0.0' stands in its way, and the log does not know it" in refused
    assert "note: tag 'scorer@v2.0.0': the log does not know it" in requested.govkit("status").text
    requested.verify()


def test_unsigned_govkit_record_is_called_unsigned(requested: World) -> None:
    """A tag with a faultless record and no signature is reported as unsigned."""
    requested.approve("1.1.0", "production", "rita", "vera")
    payload = unsigned(promotion(requested, "1.1.0", "production").evidence["tag"])
    set_tag(requested, "scorer#production#3", requested.repository().write_object("tag", payload))
    text = requested.verify().text
    assert "PROVEN: scorer@1.0.0 serves in production" in text
    assert "the tag 'scorer#production#3' has no effect: the log does not know it: unsigned" in text


@pytest.mark.parametrize("signer", [None, "mallory"])
def test_event_with_an_unsigned_tag_is_inert(requested: World, signer: str | None) -> None:
    """A promotion signed by the release engineer with a tag that nobody known signed has no effect."""
    requested.approve("1.1.0", "production", "rita", "vera")
    honest = promotion(requested, "1.1.0", "production")
    payload = unsigned(honest.evidence["tag"])
    push_with_tag(requested, honest, sign_tag(requested, signer, payload) if signer else payload)
    found = (requested.last().status, requested.last().reason)
    assert found == ("inert", "its tag is signed by nobody known, not by remy")
    assert "PROVEN: scorer@1.0.0" in requested.verify().text


def test_control(requested: World) -> None:
    """The promotion by the release engineer, with a signed tag, lets 1.1.0 serve, to GTO and to govkit."""
    requested.approve("1.1.0", "production", "rita", "vera")
    requested.promote("1.1.0", "production")
    assert gto_serves(requested) == "scorer@v1.1.0"
    assert "PROVEN: scorer@1.1.0 serves in production" in requested.verify().text


def test_flood_of_tags_buries_nothing(promoted: World) -> None:
    """Thousands of such tags are summed up beside the proof, and named by the check of the whole log."""
    head = promoted.git("rev-parse", "HEAD")
    flood = "".join(f"create refs/tags/scorer#x#{number} {head}\n" for number in range(100, 1100))
    promoted.git("update-ref", "--stdin", stdin=flood.encode())
    text = promoted.verify().text
    assert "980 more tags have no effect: 'govkit log verify' names them" in text
    assert len(text) < 20_000
    assert text.count("'scorer#x#") == 20
    assert promoted.govkit("log", "verify").text.count("'scorer#x#") == 1000
