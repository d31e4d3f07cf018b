"""Which moment of a log somebody means: a time, a day, an event by its number or identity; or now.

A time is judged by what signers claim. Claimed times may run backwards, while the order of the log is proven; so an
event counts from its effective time, the later of its own and its predecessor's, and whatever that changes is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from msgspec import Struct

from govkit.core import times
from govkit.core.errors import Usage
from govkit.core.judged import Judged, Status
from govkit.core.state import State

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_IDENTITY = re.compile(r"(?:sha256:)?([0-9a-f]{7,64})")
_HOW = "write a time such as 2026-11-23T10:15:00Z, a day such as 2026-11-23, or an event's number as in 'govkit log'"
#: How many events that claim another order are named.
_MANY = 5


class Moment(Struct, frozen=True):
    """A moment of a log.

    Attributes:
        asked: what somebody wrote, or an empty string for now.
        index: the last event that counts; -1 where the moment lies before everything.
        instant: the time that was meant, or None where an event was named, or nothing.
        notes: what to know about it, in words.
    """

    asked: str
    index: int
    instant: str | None
    notes: list[str]


def read(state: State, asked: str | None, now: str, subject: str) -> Moment:
    """Return the moment that somebody means.

    Args:
        state: what the log says at its end.
        asked: a time, a day, an event's number, or its identity or the beginning of it; None for now.
        now: the reader's clock, as records write it.
        subject: the model that is asked about.

    Raises:
        Usage: if it is none of these, or there is no such event.
    """
    if asked is None:
        return Moment("", len(state.judged) - 1, None, [])
    text = asked.strip()
    if _DAY.fullmatch(text) or _TIME.fullmatch(text):
        return _at_time(state, asked, _instant(text), now, subject)
    return _at_event(asked, _find(state, text))


def _instant(text: str) -> str:
    """Return the instant that a time or a day means: of a day its last second, of a time without a zone that in UTC."""
    try:
        if _DAY.fullmatch(text):
            return times.end(text)
        found = datetime.fromisoformat(text)
        return times.write(found if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise Usage(f"'{text}' is no real date and time", why=str(error), fix=_HOW) from error


def _find(state: State, text: str) -> Judged:
    size = len(state.judged)
    if text.isascii() and text.isdigit():
        if len(text) < 10 and int(text) < size:
            return state.judged[int(text)]
        raise Usage(f"there is no event {text}", why=f"the log has {size} events, from 0 to {size - 1}", fix=_HOW)
    named = _IDENTITY.fullmatch(text)
    if named is None:
        raise Usage(f"'{text}' is neither a time nor an event", fix=_HOW)
    found = [judged for judged in state.judged if judged.id.partition(":")[2].startswith(named[1])]
    if len(found) != 1:
        many = f"{len(found)} events begin so: {', '.join(str(judged.index) for judged in found[:_MANY])}"
        raise Usage(f"'{text}' names no one event", why=many if found else "no event begins so", fix=_HOW)
    return found[0]


def _at_event(asked: str, judged: Judged) -> Moment:
    notes = []
    if judged.status is not Status.GOOD:
        notes.append(f"Event {judged.index} has no effect: {judged.reason}. The answer is as of the events before it.")
    return Moment(asked, judged.index, None, notes)


def _at_time(state: State, asked: str, instant: str, now: str, subject: str) -> Moment:
    good = [judged for judged in state.judged if judged.status is Status.GOOD]
    index = max((judged.index for judged in good if judged.effective <= instant), default=-1)
    notes = []
    if index < 0:
        notes.append(
            f"{instant} lies before everything that the log holds: its first event says {state.judged[0].effective}. "
            "Of earlier times it knows nothing."
        )
    elif instant > now:
        notes.append(f"{instant} lies ahead of this machine's clock ({now}): it is answered as far as is known by now.")
    return Moment(asked, index, instant, [*notes, *_backwards(good, instant, subject)])


def _backwards(good: list[Judged], instant: str, subject: str) -> Iterator[str]:
    """Say which events claim to be of before the instant and stand behind one that says it is of after it."""
    found = [
        judged
        for judged in good
        if judged.event and judged.event.subject in (subject, "*") and judged.event.time <= instant < judged.effective
    ]
    for judged in found[:_MANY]:
        yield backwards(judged)
    if len(found) > _MANY:
        yield f"{len(found) - _MANY} more events claim a time before {instant} and stand behind later ones."


def backwards(judged: Judged) -> str:
    """Say from when an event counts whose claimed time is before that of an event that it stands behind."""
    claimed = judged.event.time if judged.event else ""
    return (
        f"Claimed times run backwards: event {judged.index} says {claimed}, and stands behind one that says "
        f"{judged.effective}. The order of the events is proven, their times are not, so it counts from "
        f"{judged.effective}."
    )
