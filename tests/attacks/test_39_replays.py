"""A signed event is replayed: in the same log, in a copy of the repository, for a request that has the same name.

Refused because an event is signed for its place, a decision counts once and for one request by its identity, and what
was signed for another history is a conflict.
"""

from __future__ import annotations

import pytest
from rawlog import decision, entries, find, promotion, push
from world import World, copy

NAME = "scorer@1.1.0#production"


def replay(world: World, index: int) -> str:
    """Append an event of the log once more, as it stands, and return why it is inert."""
    raw = entries(world)[index]
    world.push_event(raw.event, raw.signature, raw.evidence)
    assert world.last().status == "inert"
    return str(world.last().reason)


@pytest.mark.parametrize("index", range(11))
def test_event_replayed_in_its_own_log_is_inert(requested: World, index: int) -> None:
    """Every event of the log, appended again, has no effect; what serves stays proven."""
    raw = entries(requested)[index]
    decides = raw.value["type"] == "decision.recorded"
    counted = "a replay: this decision was counted before"
    assert replay(requested, index) == (counted if decides else f"a replay: it was signed for place {index}")
    assert "PROVEN: scorer@1.0.0" in requested.verify().text
    assert "note: event 11 has no effect: a replay" in requested.govkit("status").text


def test_replayed_approval_does_not_end_a_reject(requested: World) -> None:
    """Rita approved, then rejected; her old approval, appended again, does not take the reject back."""
    requested.approve("1.1.0", "production", "rita")
    at = find(entries(requested), "decision.recorded", decision="approve")
    requested.govkit("reject", NAME, "-m", "not yet", as_="rita")
    assert replay(requested, at) == "a replay: this decision was counted before"
    requested.approve("1.1.0", "production", "vera")
    assert "a reject by rita holds" in requested.promote("1.1.0", "production", expect=1).text


def test_promotion_replayed_after_a_newer_one_is_inert(requested: World) -> None:
    """The promotion of 1.0.0, appended again after that of 1.1.0, is no rollback."""
    at = find(entries(requested), "promotion.recorded", stage="production")
    requested.approve("1.1.0", "production", "rita", "vera")
    requested.promote("1.1.0", "production")
    assert replay(requested, at) == f"a replay: it was signed for place {at}"
    assert "PROVEN: scorer@1.1.0" in requested.verify().text


@pytest.mark.parametrize("kind", ["decision", "promotion"])
def test_event_of_a_copy_is_a_conflict(requested: World, kind: str) -> None:
    """What was signed in a copy, after the copy had gone its own way, shows another history and does not count."""
    other = copy(requested.folder, requested.folder.parent / "copy")
    other.approve("1.1.0", "production", "rita", "vera")
    made = decision(other, "victor", NAME) if kind == "decision" else promotion(other, "1.1.0", "production")
    requested.approve("1.1.0", "production", "victor", "rita")
    requested.push_event(made.content, made.signature, made.evidence)
    assert requested.last().status == "conflict"
    assert requested.log().state.champion("scorer", "production").body.version == "1.0.0"
    text = requested.verify(expect=1).text
    assert "event 13 belongs to another history of this log" in text
    assert "signed it for another history of this log" in text


def test_decision_of_a_copy_cannot_be_submitted(requested: World) -> None:
    """The command that carries decisions refuses one from the copy, and writes nothing."""
    other = copy(requested.folder, requested.folder.parent / "copy")
    other.govkit("reject", NAME, "-m", "not yet", as_="rita")
    other.govkit("approve", NAME, "--output", str(other.folder / "yes.json"), as_="vera")
    requested.approve("1.1.0", "production", "victor")
    head = requested.git("rev-parse", "govkit/log")
    text = requested.govkit("submit", str(other.folder / "yes.json"), expect=1).text
    assert "vera signed it for another history of this log" in text
    assert requested.git("rev-parse", "govkit/log") == head
    requested.verify()


def test_approval_of_an_older_request_of_the_same_name_is_inert(requested: World) -> None:
    """Approvals signed for a request do not count for the newer one of the same name, carried before or after it."""
    late = [decision(requested, person, NAME) for person in ("rita", "vera")]
    requested.approve("1.1.0", "production", "victor")
    requested.govkit("withdraw", NAME, as_="ada")
    requested.request("1.1.0", "production")
    for made in late:
        requested.push_event(made.content, made.signature, made.evidence)
        assert (requested.last().status, requested.last().reason) == ("inert", f"{NAME} is withdrawn")
    text = requested.promote("1.1.0", "production", expect=1).text
    assert "approved by nobody" in text
    assert "still needed: risk-owner, validator" in text


def test_approval_file_for_an_older_request_is_refused(requested: World) -> None:
    """The command refuses it as well, with the reason."""
    path = requested.folder / "yes.json"
    requested.govkit("approve", NAME, "--output", str(path), as_="rita")
    requested.govkit("withdraw", NAME, as_="ada")
    requested.request("1.1.0", "production")
    text = requested.govkit("submit", str(path), expect=1).text
    assert f"{NAME} is withdrawn" in text


def test_file_is_carried_once(requested: World) -> None:
    """The same file a second time is refused as a replay."""
    path = requested.folder / "yes.json"
    requested.govkit("approve", NAME, "--output", str(path), as_="rita")
    requested.govkit("submit", str(path))
    assert "this decision was counted before" in requested.govkit("submit", str(path), expect=1).text


def test_control(requested: World) -> None:
    """Decisions signed for this log and this request count wherever they stand later, once, and let 1.1.0 serve."""
    late = [decision(requested, person, NAME) for person in ("rita", "vera")]
    requested.approve("1.1.0", "production", "victor")
    for made in late:
        push(requested, made)
        assert requested.last().status == "good"
    requested.promote("1.1.0", "production")
    assert "PROVEN: scorer@1.1.0" in requested.verify().text
