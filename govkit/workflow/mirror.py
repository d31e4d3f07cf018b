"""Copying the log to its mirrors. Anybody who can read the log and write to the mirrors can do it, at any time."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Literal

from msgspec import Struct

from govkit.core import mirrored, times
from govkit.core.errors import GovkitError, Usage
from govkit.core.mirrorurl import MirrorUrl
from govkit.storage.mirrors import jobs
from govkit.storage.mirrors.base import Differs, Mirror
from govkit.workflow.mirrorsource import SECONDS, Source, Watch, named
from govkit.workflow.session import Session

Standing = Literal["up to date", "behind", "ahead", "differs"]
#: Heads follow their events in groups of this many, so that a head that is there says that its events are.
_GROUP = 64


class MirrorStatus(Struct, frozen=True):
    """How a mirror stands to the log here.

    Attributes:
        url: where it is.
        standing: whether it has everything (``up to date``), not yet (``behind``), more than the log here
            (``ahead``), or something else (``differs``).
        size: how many events it has; None if that is not known.
        behind: how many events it lacks; None if that is not known.
        written: how many objects were written, or events told, by this run.
        problem: why it is not up to date, or an empty string.
        fix: what to do.
    """

    url: str
    standing: Standing
    size: int | None
    behind: int | None
    written: int = 0
    problem: str = ""
    fix: str = ""

    @property
    def exit_code(self) -> int:
        """0 up to date, 1 holds something else, 3 could not be reached or finished."""
        return {"up to date": 0, "behind": 3}.get(self.standing, 1)


class Mirrored(Struct, frozen=True):
    """What a run of :func:`mirror` did.

    Attributes:
        mirrors: how each mirror stands afterwards.
        waiting: how many events here no remote has yet; they are not copied, as they may have to give way.
    """

    mirrors: list[MirrorStatus]
    waiting: int

    @property
    def exit_code(self) -> int:
        """0 if all are up to date, 1 if one holds something else, else 3."""
        codes = {status.exit_code for status in self.mirrors}
        return 1 if 1 in codes else max(codes, default=0)


class _Wrong(Exception):
    """A mirror has more than the log here, or something else."""

    def __init__(self, standing: Standing, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.standing, self.problem, self.fix = standing, problem, fix


class _Work(Struct):
    """What is known of a mirror so far; read by who waits for it."""

    url: MirrorUrl
    source: Source
    retention: str | None
    until: float
    watch: Watch | None = None
    size: int | None = None
    behind: int | None = None
    written: int = 0

    def status(self, standing: Standing = "up to date", problem: str = "", fix: str = "") -> MirrorStatus:
        return MirrorStatus(self.url.text, standing, self.size, self.behind, self.written, problem, fix)

    def tell(self, done: int, total: int) -> None:
        if self.watch is not None:
            self.watch(self.url.text, done, total)


def mirror(
    session: Session,
    urls: list[str] | None = None,
    *,
    retention: str | None = None,
    seconds: float = SECONDS,
    watch: Watch | None = None,
) -> Mirrored:
    """Bring mirrors up to date; each is on its own, and a slow or dead one does not stop the others.

    Everything that the log holds is copied, whatever it is judged to be. Nothing that a mirror has is written over.

    Args:
        session: the repository.
        urls: the mirrors; those of the policy in force if None or empty.
        retention: how long objects in S3 stay locked, such as ``2555d``; what the policy says if None.
        seconds: after that many a mirror is given up for this time.
        watch: called from several threads as it goes on.

    Raises:
        Usage: if there are no mirrors, or one of the URLs is none.
        Refused, Undecided: if the log is not the pinned one.
    """
    session.check_trust()
    if retention is not None and re.fullmatch(times.SPAN_PATTERN, retention) is None:
        raise Usage(f"'{retention}' is no span", fix="write one such as 2555d or 365w")
    found = named(session, urls or [])
    if not found:
        raise Usage(
            "there is no mirror to copy the log to",
            why="neither the policy in force nor the command names one",
            fix="put 'audit: {mirrors: [URL]}' into governance/policy.yaml and propose it, or name a URL",
        )
    source, until = Source(session), jobs.deadline(seconds)
    works = [_Work(url, source, retention, until, watch) for url in found]
    return Mirrored(_all(works, _catch_up, seconds), source.total - source.size)


def status(session: Session, timeout: float = 10.0) -> list[MirrorStatus]:
    """Return how every mirror of the policy in force stands; nothing is written.

    Of a mirror, the names of its objects and its newest head are looked at; ``govkit log verify --mirror`` compares
    every byte. Of a webhook it is only known how far this clone has told it.

    Args:
        session: the repository; its log is read, not proven.
        timeout: seconds that all mirrors together may take.
    """
    found = named(session, [])
    if not found:
        return []
    source, until = Source(session), jobs.deadline(timeout)
    return _all([_Work(url, source, None, until) for url in found], _look, timeout)


def _all(works: list[_Work], step: Callable[[_Work], None], seconds: float) -> list[MirrorStatus]:
    started = [(work, jobs.Job(partial(step, work))) for work in works]
    return [_outcome(work, job, seconds) for work, job in started]


def _outcome(work: _Work, job: jobs.Job[None], seconds: float) -> MirrorStatus:
    try:
        job.wait(work.until)
    except _Wrong as wrong:
        return work.status(wrong.standing, wrong.problem, wrong.fix)
    except TimeoutError:
        return work.status(
            "behind", f"it was not done after {seconds:g} seconds", "run it again: it goes on from there"
        )
    except GovkitError as error:
        return work.status("behind", str(error), error.fix)
    except OSError as error:
        return work.status("behind", str(error), "check disk space and permissions")
    return work.status("behind" if work.behind else "up to date")


# -- looking ------------------------------------------------------------------------------------------------------


def _look(work: _Work) -> None:
    """Find out how far a mirror is, and that it does not hold another log."""
    if not work.url.readable:
        _look_at_webhook(work)
        return
    copy = work.source.mirror(work.url, work.retention)
    names = copy.names()
    _count(work, names)
    _check_head(work, copy, names)


def _look_at_webhook(work: _Work) -> int:
    """Return how many events a webhook was told of."""
    told = work.source.webhook(work.url).told()
    size = told.size if told else 0
    work.size, work.behind = size, max(work.source.size - size, 0)
    if size > work.source.total:
        raise _ahead(work, size)
    if told is not None and told != work.source.head_at(size):
        fix = "find out who rewrote the log: what the webhook was told is another history"
        raise _Wrong("differs", f"it was told another history up to event {size - 1}", fix)
    return size


def _count(work: _Work, names: frozenset[str]) -> None:
    total = work.source.total
    whole, further = mirrored.beyond(names, total)
    work.size = whole
    if whole > total:
        raise _ahead(work, whole)
    if further:
        fix = f"find out who put it there; look with: govkit log verify --mirror {work.url.text}"
        raise _Wrong("differs", f"it has {further}, and the log here {total} events", fix)
    work.behind = sum(mirrored.event_name(index) not in names for index in range(work.source.size))


def _ahead(work: _Work, size: int) -> _Wrong:
    problem = f"it has {size} events, and the log here {work.source.total}: the log here is old, or was cut"
    return _Wrong("ahead", problem, "fetch the log: govkit log sync")


def _check_head(work: _Work, copy: Mirror, names: frozenset[str]) -> int:
    """Hold the newest head of a mirror against the log, and return its size; 0 if there is none.

    The root of an honest mirror speaks for all events below it, so nothing is added to a copy of another history.
    """
    sizes = [found[1] for name in names if (found := mirrored.number(name)) and found[0] == "heads"]
    size = max(sizes, default=0)
    if size == 0:
        return 0
    stored = copy.read(mirrored.head_name(size))
    if stored is not None and stored.content == work.source.head(size):
        return size
    events = (mirrored.event_name(index) for index in range(size))
    for name, event in jobs.in_order(copy.read, events, at_once=copy.at_once, until=work.until):
        if event is not None and event.content != work.source.object(name):
            raise _different(work, name, event.content)
    raise _different(work, mirrored.head_name(size), stored.content if stored else b"")


def _different(work: _Work, name: str, stored: bytes) -> _Wrong:
    kind, number = mirrored.number(name) or ("", 0)
    what = f"head {number}: it has another root, or is damaged"
    if kind == "events":
        what = f"event {number}: {mirrored.difference(work.source.event(number), stored)}"
    fix = f"one of the two histories was rewritten; look with: govkit log verify --mirror {work.url.text}"
    return _Wrong("differs", f"it holds something else, first at {what}", fix)


# -- copying ------------------------------------------------------------------------------------------------------


def _catch_up(work: _Work) -> None:
    if not work.url.readable:
        _tell(work)
        return
    copy = work.source.mirror(work.url, work.retention)
    names = copy.names()
    _count(work, names)
    # What lies above the newest head was left by a run that was stopped: it is put again, and so compared.
    checked = _check_head(work, copy, names)
    known = {name for name in names if (mirrored.number(name) or ("", 0))[1] < checked}
    for start in range(0, work.source.size, _GROUP):
        end = min(start + _GROUP, work.source.size)
        _put(work, copy, [mirrored.event_name(index) for index in range(start, end)], known)
        _put(work, copy, [mirrored.head_name(size) for size in range(start + 1, end + 1)], known)
        work.tell(end, work.source.size)
    work.size, work.behind = work.source.size, 0


def _put(work: _Work, copy: Mirror, wanted: list[str], known: set[str]) -> None:
    items = ((name, work.source.object(name)) for name in wanted if name not in known)
    try:
        for (name, _), new in jobs.in_order(
            lambda item: copy.put(*item), items, at_once=copy.at_once, until=work.until
        ):
            work.written += new
            if new and work.behind is not None and name.startswith("events/"):
                work.behind -= 1
    except Differs as error:
        raise _different(work, error.name, error.stored) from error


def _tell(work: _Work) -> None:
    start, webhook = _look_at_webhook(work), work.source.webhook(work.url)
    for index in range(start, work.source.size):
        webhook.tell(work.source.event(index), work.source.head_at(index + 1))
        work.written += 1
        work.size, work.behind = index + 1, work.source.size - index - 1
        work.tell(index + 1, work.source.size)
