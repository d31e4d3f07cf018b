"""Attack 45: "an event dated back to revive an approval, or ahead to have "served long enough"".

Refused by the effective time, which never runs back, and by the ten-minute bound: nobody writes on a log that is dated
ahead of their clock, and a verifier cannot decide (exit code 3).
"""

from __future__ import annotations

import time
from datetime import timedelta

import forge
import pytest
from world import MODEL, World

from govkit.core import times
from govkit.workflow import decide

REQUEST = f"{MODEL}@1.1.0#production"


@pytest.fixture
def short(requested: World) -> World:
    """A world in which 1.1.0 is approved until three seconds from now."""
    end = forge.now(timedelta(seconds=3))
    assert forge.decision(requested, "rita", REQUEST, role="risk-owner", expires=end).status == "good"
    assert forge.decision(requested, "victor", REQUEST, expires=end).status == "good"
    return requested


def _expire(world: World) -> str:
    """Wait until the approvals have ended; return an instant before that, to which an event can be dated back."""
    before = world.log().state.effective
    time.sleep(4.1)
    return before


def test_used_in_time(short: World) -> None:
    """The control: an approval is used before its end, and what rests on it stays proven after it."""
    assert forge.promotion(short, REQUEST).status == "good"
    _expire(short)
    short.request("1.1.0", "staging")
    assert "PROVEN: scorer@1.1.0" in short.verify().text


def test_used_after_its_end(short: World) -> None:
    """After its end an approval is of no use: gate and promote say so, by their clock, and the ledger too."""
    _expire(short)
    for words in (
        ("gate", f"{MODEL}@1.1.0", "--stage", "production"),
        ("promote", f"{MODEL}@1.1.0", "--stage", "production", "--key", str(short.key_path("remy"))),
    ):
        result = short.govkit(*words, expect=1)
        assert "rita does not count: expired at" in result.text and "victor does not count: expired at" in result.text
    judged = forge.promotion(short, REQUEST)
    assert (str(judged.status), judged.reason) == ("inert", "approvals are missing: risk-owner, validator")


def test_a_promotion_dated_back(short: World) -> None:
    """A promotion dated back to before the end is effective after what stands before it, and so is too late."""
    before = _expire(short)
    short.request("1.1.0", "staging")  # anything that the log holds since
    judged = forge.promotion(short, REQUEST, time=before)
    assert (str(judged.status), judged.reason) == ("inert", "approvals are missing: risk-owner, validator")
    assert judged.event is not None and judged.event.time == before
    assert "PROVEN: scorer@1.0.0" in short.verify().text


def test_the_limit_of_effective_time(short: World) -> None:
    """Where the log holds nothing since the end, who may promote can still date back: time is what signers claim.

    It takes the promoter's own key and honest approvals, nothing may be recorded in between, and the date shows in the
    log; any event since, such as a checkpoint, closes it (the test above).
    """
    before = _expire(short)
    assert forge.promotion(short, REQUEST, time=before).status == "good"


def test_an_approval_dated_back(requested: World) -> None:
    """An approval dated back gains nothing: it is counted from where it stands."""
    judged = forge.decision(requested, "vera", REQUEST, time="2020-01-01T00:00:00Z", expires="2020-01-02T00:00:00Z")
    assert judged.status == "good" and judged.effective > "2026"
    requested.approve("1.1.0", "production", "rita")
    assert "vera does not count: expired at 2020-01-02" in requested.promote("1.1.0", "production", expect=1).text


@pytest.mark.parametrize("end", [timedelta(days=31), timedelta(days=3650)])
def test_an_approval_that_ends_too_late(requested: World, end: timedelta) -> None:
    """An approval cannot give itself longer than the policy does, nor no end at all."""
    judged = forge.decision(requested, "vera", REQUEST, expires=forge.now(end))
    assert (str(judged.status), judged.reason) == ("inert", "an approval must end within 30d")


def test_an_approval_at_the_end_of_time(requested: World) -> None:
    """An event dated to the last second there is breaks nothing: its end cannot be told, and it is inert."""
    last = "9999-12-31T23:59:59Z"
    judged = forge.decision(requested, "vera", REQUEST, time=last, expires=last)
    assert judged.status == "inert" and judged.reason.startswith("its end cannot be told")
    requested.verify()


@pytest.mark.parametrize("text", ["2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "0000-01-01T00:00:00Z"])
def test_a_date_that_there_is_not(requested: World, text: str) -> None:
    """A date that no calendar has makes an event malformed."""
    judged = forge.decision(requested, "vera", REQUEST, time=text)
    assert judged.status == "inert" and judged.reason.startswith("malformed: ")
    requested.verify()


def _stopped(world: World) -> None:
    """Assert that nobody writes on this log and nobody proves anything from it, until its time has come."""
    for words, person in (
        (("verify", MODEL, "--stage", "production"), ""),
        (("get", MODEL, "--stage", "production", "-o", str(world.folder / "served")), ""),
        (("log", "verify"), ""),
        (("approve", REQUEST), "rita"),
        (("request", f"{MODEL}@1.1.0", "--stage", "staging", "-m", "x"), "ada"),
        (("promote", f"{MODEL}@1.0.0", "--stage", "staging"), "remy"),
    ):
        head = world.git("rev-parse", "govkit/log")
        result = world.govkit(*words, as_=person, expect=3)
        assert "ahead of this clock" in result.text
        assert world.git("rev-parse", "govkit/log") == head
    assert not (world.folder / "served").exists()


def test_an_event_by_a_clock_that_is_ahead(requested: World) -> None:
    """A decision signed by govkit itself on a machine an hour ahead stops writers and verifiers with exit code 3."""
    with requested.session("vera", ahead=timedelta(hours=1)) as session:
        decide.decide(session, REQUEST, "approve")
    assert requested.last().status == "good"
    _stopped(requested)
    assert "ahead of this clock" in requested.govkit("status", expect=1).text


def test_an_event_pushed_with_a_date_ahead(requested: World) -> None:
    """The same by a raw event, eleven minutes ahead."""
    assert forge.decision(requested, "vera", REQUEST, time=forge.now(timedelta(minutes=11))).status == "good"
    _stopped(requested)


def test_a_clock_a_little_ahead(requested: World) -> None:
    """The control: nine minutes are within what clocks differ by; the next event is dated after it, not before."""
    ahead = forge.now(timedelta(minutes=9))
    assert forge.decision(requested, "vera", REQUEST, time=ahead).status == "good"
    requested.approve("1.1.0", "production", "rita")
    assert requested.last().event.time == ahead
    requested.promote("1.1.0", "production")
    assert requested.last().event.time >= ahead
    assert "PROVEN: scorer@1.1.0" in requested.verify().text


def test_an_event_ahead_that_has_no_effect(requested: World) -> None:
    """Somebody without a role cannot stop the clocks: an inert event moves no time."""
    far = "2999-01-01T00:00:00Z"
    assert forge.decision(requested, "remy", REQUEST, time=far).status == "inert"
    assert forge.decision(requested, "mallory", REQUEST, time=far, actor="vera").status == "inert"
    requested.push_event(requested.make_event(actor="vera", type="checkpoint.recorded", time=far), None)
    assert requested.log().state.effective < "2999"
    requested.approve("1.1.0", "production", "rita", "vera")
    requested.promote("1.1.0", "production")
    requested.verify()


def test_when_its_time_has_come(requested: World) -> None:
    """The control: what stopped everybody is good once the clocks have caught up with it."""
    with requested.session("vera", ahead=timedelta(hours=1)) as session:
        decide.decide(session, REQUEST, "approve")
    with requested.session("rita", ahead=timedelta(hours=1)) as session:
        decide.decide(session, REQUEST, "approve")
    with requested.session(ahead=timedelta(minutes=55)) as session:
        session.check_history()
        assert times.write(session.now()) < session.state.effective
