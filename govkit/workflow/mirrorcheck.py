"""Comparing a mirror with the log, object by object: what differs, what is missing, what is not locked as it should."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from msgspec import Struct, field

from govkit.core import auditrules, mirrored
from govkit.core.errors import GovkitError
from govkit.core.state import State
from govkit.storage import mirrors
from govkit.storage.mirrors import jobs
from govkit.storage.mirrors.base import Mirror, Stored, Survey
from govkit.workflow.mirrorsource import SECONDS, Source, Watch
from govkit.workflow.session import Session

#: How many faults of a mirror are told; the first ones say what there is to say.
_TOLD = 20


class Comparison(Struct):
    """How a mirror compares with the log here.

    Attributes:
        url: where it is.
        problems: what disproves one of the two, by place: the first index that differs comes first.
        undecided: what could not be found out.
        notes: what is no problem, such as how far it is behind.
    """

    url: str
    problems: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def compare(session: Session, url: str, *, seconds: float = SECONDS, watch: Watch | None = None) -> Comparison:
    """Compare every event and every head that a mirror has with the log.

    Args:
        session: the repository; its log was found to be the pinned one.
        url: where the mirror is.
        seconds: after that many it is given up.
        watch: called as it goes on.

    Raises:
        Usage: if the URL is none, or that of a webhook.
    """
    found, source = Comparison(url), Source(session)
    copy = source.mirror(mirrors.parse(url))
    until = jobs.deadline(seconds)
    work = _Comparing(source, copy, found, until, watch)
    try:
        work.run(jobs.Job(copy.survey).wait(until))
    except TimeoutError:
        found.undecided.append(f"it was not compared after {seconds:g} seconds")
    except GovkitError as error:
        found.undecided.append(f"{error}" + (f" -> {error.fix}" if error.fix else ""))
    for part in (found.problems, found.undecided, found.notes):
        part[:] = [f"mirror {url}: {line}" for line in part]
    return found


class _Comparing(Struct):
    source: Source
    copy: Mirror
    found: Comparison
    until: float
    watch: Watch | None
    faults: list[tuple[int, str]] = field(default_factory=list)

    def run(self, survey: Survey) -> None:
        """Look at everything that is listed, then sort what is wrong by its place in the log."""
        last = self._missing(survey.names)
        try:
            self._objects(survey, last)
        finally:
            self._alarms(survey)
            self.faults.sort()
            self.found.problems += [text for _, text in self.faults[:_TOLD]]
            if len(self.faults) > _TOLD:
                self.found.problems.append(f"and {len(self.faults) - _TOLD} more")
            strange = [name for name in survey.strange if name not in survey.alarms]
            self.found.notes += [f"'{name}' is no object of a mirror" for name in strange[:_TOLD]]

    def _missing(self, names: frozenset[str]) -> int:
        """Say what is not there; return how many events are compared."""
        numbers = [found for name in names if (found := mirrored.number(name))]
        events = max((n + 1 for kind, n in numbers if kind == "events"), default=0)
        heads = max((n for kind, n in numbers if kind == "heads"), default=0)
        last, total = max(events, heads), self.source.total
        whole, further = mirrored.beyond(names, total)
        if whole > total:
            text = f"it has {whole} events, and the log here {total}: this log is old, or its tail was cut off"
            self.faults.append((total, f"{text} -> govkit log sync"))
        elif further:
            self.faults.append((total, f"it has {further}, and the log here {total} events"))
        for index in range(min(last, total)):
            if mirrored.event_name(index) not in names:
                self.faults.append((index, f"event {index} is missing, and later ones are there"))
        for size in range(1, min(heads, total)):
            if mirrored.head_name(size) not in names:
                self.faults.append((size, f"head {size} is missing, and later ones are there"))
        if mirrored.head_name(0) in names:
            self.faults.append((0, "there is a head of no events"))
        if last < total:
            self.found.notes.append(f"it is behind by {total - last} of {total} events; run: govkit log mirror")
        return min(last, total)

    def _alarms(self, survey: Survey) -> None:
        for name, said in survey.alarms.items():
            kind, number = mirrored.number(name) or ("", self.source.total)
            what = f"{'event' if kind == 'events' else 'head'} {number}" if kind else f"'{name}'"
            self.faults += [(number, f"{what}: {text}") for text in said]

    def _objects(self, survey: Survey, last: int) -> None:
        wanted = [name for name in self._wanted(last) if name in survey.names]
        retention = _Retention(self.source.log.state)
        answers = jobs.in_order(self.copy.read, wanted, at_once=self.copy.at_once, until=self.until)
        for done, (name, stored) in enumerate(answers, start=1):
            kind, number = mirrored.number(name) or ("", 0)
            what = f"{'event' if kind == 'events' else 'head'} {number}"
            said = self._faults(name, stored, survey, retention.of(number if kind == "events" else number - 1))
            self.faults += [(number, f"{what}: {text}") for text in said]
            if self.watch is not None:
                self.watch(self.found.url, done, len(wanted))

    def _wanted(self, last: int) -> Iterator[str]:
        for index in range(last):
            yield mirrored.event_name(index)
            yield mirrored.head_name(index + 1)

    def _faults(self, name: str, stored: Stored | None, survey: Survey, retention: timedelta | None) -> list[str]:
        if stored is None:
            return ["it is listed, and is not there"]
        # What lists and what reads may see the same: say it once.
        said = [alarm for alarm in stored.alarms if alarm not in survey.alarms.get(name, ())]
        here = self.source.object(name)
        if stored.content != here and not stored.alarms:
            is_event = name.startswith("events/")
            said.append(mirrored.difference(here, stored.content) if is_event else "it has another root, or is damaged")
        elif name.startswith("events/"):
            left = mirrored.left_out(mirrored.parse(here))
            self.found.notes += [f"{name}: '{part}' was too large to be copied" for part in left]
        if self.copy.locks:
            said += auditrules.unlocked(stored.locked, retention)
        return said


class _Retention:
    """For how long objects must be locked, asked for one place after the other."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._starts = [start for start, _ in state.policies]
        self._known: dict[int, timedelta | None] = {}

    def of(self, index: int) -> timedelta | None:
        place = sum(start <= index for start in self._starts)
        if place not in self._known:
            self._known[place] = auditrules.locked_for(self._state, index)
        return self._known[place]
