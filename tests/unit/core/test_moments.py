"""Which moment somebody means: by time, day, number or identity; and what is said where times are not what they seem."""

from __future__ import annotations

import pytest

from govkit.core import moments
from govkit.core.errors import Usage
from govkit.core.moments import Moment
from tests.unit.core.simulator import MODEL, World, good

NOW = "2026-12-01T00:00:00Z"


def read(world: World, asked: str | None) -> Moment:
    """Return the moment of a world's log."""
    return moments.read(world.state, asked, NOW, MODEL)


def test_now_is_the_last_event(serving: World) -> None:
    """Without a word it is all that the log holds."""
    assert read(serving, None) == Moment("", len(serving.state.judged) - 1, None, [])


def test_a_time_cuts_at_the_last_event_of_before(serving: World) -> None:
    """The event of just that second counts, the one a second later does not."""
    third, fourth = serving.state.judged[3:5]
    assert read(serving, third.effective).index == 3
    assert third.effective < fourth.effective
    assert read(serving, fourth.effective).index == 4


@pytest.mark.parametrize(
    ("asked", "instant"),
    [
        ("2026-03-01", "2026-03-01T23:59:59Z"),
        ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z"),
        ("2026-03-01T10:00:00.999999Z", "2026-03-01T10:00:00Z"),
        ("2026-03-01 10:00", "2026-03-01T10:00:00Z"),
        ("2026-03-01T10:00:00+02:00", "2026-03-01T08:00:00Z"),
        (" 2026-03-01T10:00 ", "2026-03-01T10:00:00Z"),
    ],
)
def test_spellings_of_a_time(serving: World, asked: str, instant: str) -> None:
    """A day means its end, a time without a zone is in UTC, and seconds may be left out."""
    assert read(serving, asked).instant == instant


def test_an_event_by_number_and_identity(serving: World) -> None:
    """Its number, its whole identity, with or without what it begins with, and the beginning of it."""
    judged = serving.state.judged[2]
    bare = judged.id.removeprefix("sha256:")
    for asked in ("2", judged.id, bare, judged.id[:20]):
        assert read(serving, asked).index == 2, asked


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("99999", "there is no event 99999"),
        ("9" * 40, "there is no event"),
        ("2026-02-30", "is no real date and time"),
        ("2026-01-01T25:00:00Z", "is no real date and time"),
        ("0000-01-01T00:00:00Z", "is no real date and time"),
        ("9999-12-31T23:59:59-14:00", "is no real date and time"),
        ("yesterday", "is neither a time nor an event"),
        ("", "is neither a time nor an event"),
        ("-1", "is neither a time nor an event"),
        ("\u0661", "is neither a time nor an event"),
        ("2026-03-01T10:00:00Z\nX", "is neither a time nor an event"),
        ("abcdef0", "names no one event"),
        ("sha256:", "is neither a time nor an event"),
    ],
)
def test_what_is_no_moment(serving: World, asked: str, words: str) -> None:
    """Each is refused, with what can be written instead."""
    with pytest.raises(Usage, match=words) as caught:
        read(serving, asked)
    assert "govkit log" in caught.value.fix


def test_ambiguous_beginnings_are_not_guessed(serving: World) -> None:
    """What several identities begin with names none of them."""
    serving.state.judged[1:3] = [
        type(judged)(
            judged.index, f"sha256:{'a' * 63}{number}", judged.status, "", judged.effective, judged.event, None
        )
        for number, judged in enumerate(serving.state.judged[1:3])
    ]
    with pytest.raises(Usage, match="2 events begin so: 1, 2"):
        read(serving, "aaaaaaaa")


def test_before_everything_and_ahead_of_the_clock(serving: World) -> None:
    """Both say so: of the one nothing is known, of the other what is known by now."""
    early = read(serving, "2001-01-01")
    assert (early.index, len(early.notes)) == (-1, 1)
    assert "lies before everything that the log holds" in early.notes[0]
    late = read(serving, "2099-01-01")
    assert late.index == len(serving.state.judged) - 1
    assert "ahead of this machine's clock (2026-12-01T00:00:00Z)" in late.notes[0]


def test_times_that_run_backwards(serving: World) -> None:
    """An event dated back counts where it stands, and a time between says that it claims to be of before."""
    before = serving.now
    serving.sleep("10d")
    last = good(serving.register("1.1.0"))
    claimed = good(serving.clear("production", event={"time": before}))
    assert claimed.event is not None and claimed.event.time == before
    assert claimed.effective == last.effective
    asked = read(serving, before)
    assert asked.index == last.index - 1
    assert asked.notes == [
        f"Claimed times run backwards: event {claimed.index} says {before}, and stands behind one that says "
        f"{last.effective}. The order of the events is proven, their times are not, so it counts from {last.effective}."
    ]
    assert read(serving, last.effective).notes == []
    assert moments.read(serving.state, before, NOW, "other").notes == []


def test_an_event_without_effect_says_so(serving: World) -> None:
    """Naming it is answered as of what stands before it, with the reason why it does not count."""
    serving.fill(1)
    last = read(serving, str(len(serving.state.judged) - 1))
    assert last.index == len(serving.state.judged) - 1
    assert "has no effect: " in last.notes[0]
    assert read(serving, "2099-01-01").index == last.index - 1
