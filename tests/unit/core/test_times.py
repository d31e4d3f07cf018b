"""Instants and spans."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.core import times

instants = st.datetimes(timezones=st.just(UTC)).map(lambda instant: instant.replace(microsecond=0))


@given(instants)
def test_round_trip(instant: datetime) -> None:
    """Every instant of every year is written so that it is read back."""
    assert instant == times.parse(times.write(instant))


@given(instants, instants)
def test_sorts_as_text(one: datetime, other: datetime) -> None:
    """Comparing texts compares instants."""
    assert (one < other) == (times.write(one) < times.write(other))


def test_write_cuts_to_seconds_in_utc() -> None:
    """Other time zones are converted, parts of a second cut off."""
    berlin = timezone(timedelta(hours=2))
    assert times.write(datetime(2026, 7, 1, 1, 59, 59, 999_999, tzinfo=berlin)) == "2026-06-30T23:59:59Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-23",
        "2026-11-23T10:15:00",
        "2026-11-23T10:15:00+00:00",
        "2026-11-23T10:15:00.0Z",
        "2026-11-23t10:15:00z",
        "2026-11-23 10:15:00Z",
        "2026-11-23T10:15:00Z\n",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "0000-01-01T00:00:00Z",
        "٢٠٢٦-01-01T00:00:00Z",
        "12026-01-01T00:00:00Z",
    ],
)
def test_other_spellings_are_refused(text: str) -> None:
    """One spelling, and only real dates."""
    with pytest.raises(ValueError, match="instant like|no real date and time"):
        times.parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12h", timedelta(hours=12)),
        ("30d", timedelta(days=30)),
        ("2w", timedelta(weeks=2)),
        ("99999h", timedelta(hours=99999)),
    ],
)
def test_span(text: str, expected: timedelta) -> None:
    """Hours, days and weeks."""
    assert expected == times.span(text)


@pytest.mark.parametrize("text", ["", "0d", "-1d", "1", "d", "1m", "1.5d", "01d", "1d\n", "100000d", "1 d", "٣d"])
def test_no_span(text: str) -> None:
    """An empty or negative span, or another unit, is refused."""
    with pytest.raises(ValueError, match="is not a span like"):
        times.span(text)


def test_add_and_epoch() -> None:
    """Adding crosses months; the epoch is Git's."""
    assert times.add("2026-01-31T10:00:00Z", times.span("1d")) == "2026-02-01T10:00:00Z"
    assert times.add("0998-12-31T00:00:00Z", times.span("1d")) == "0999-01-01T00:00:00Z"
    assert times.epoch("1970-01-01T00:01:00Z") == 60
    assert timedelta(minutes=10) == times.MAX_AHEAD


def test_add_ends_with_the_calendar() -> None:
    """What lies beyond the year 9999 is an error that callers know of."""
    with pytest.raises(ValueError, match="beyond the year 9999"):
        times.add("9999-12-31T00:00:00Z", times.span("1d"))


def test_start_of_a_day() -> None:
    """A day begins with its first second; an instant is itself; anything else is refused."""
    assert times.start("2026-11-23") == "2026-11-23T00:00:00Z"
    assert times.start("2026-11-23T10:15:00Z") == "2026-11-23T10:15:00Z"
    for text in ("2026-11-31", "7d", "yesterday", "2026-11-23T10:15"):
        with pytest.raises(ValueError, match="neither"):
            times.start(text)
