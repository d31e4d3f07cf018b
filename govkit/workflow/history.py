"""The log's events, chosen by what somebody asks for, and as they come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct, field

from govkit.core import events, logline, times
from govkit.core.errors import GovkitError, Refused, Undecided, Usage
from govkit.core.judged import Judged
from govkit.core.logline import LogLine, Wanted
from govkit.core.state import State
from govkit.core.wording import suggest
from govkit.workflow import faults, sync
from govkit.workflow.query import unknown_model
from govkit.workflow.session import Session


class Shown(Struct, frozen=True):
    """An event that somebody asked for: as it was judged, and as a line for other systems."""

    judged: Judged
    line: LogLine


class Asked(Struct, frozen=True):
    """What somebody asks for, as they write it; each may be left out.

    Attributes:
        models: models by their full names, or ``*`` for what is about all of them.
        people: ids of people.
        types: types of events, or their first words, such as ``decision``.
        stages: stages.
        since: a day, an instant, or a span such as ``7d`` before now.
        until: likewise; of a day, its end.
        after: a head, ``SIZE`` or ``SIZE:sha256:…``, which the log must hold; only later events are wanted.
    """

    models: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    after: str | None = None


def wanted(session: Session, asked: Asked, *, strict: bool = True) -> Wanted:
    """Return what somebody asks for.

    Args:
        session: the repository.
        asked: what it is.
        strict: refuse names that nothing in the log has, as somebody may have mistyped them.

    Raises:
        Usage: if there is no log, a name is unknown, or a time is none.
        Refused: if the log does not hold the head.
    """
    if strict:
        _check_known(session.state, asked)
    faults.check_min_head(session.log, asked.after)
    return Wanted(
        models=frozenset(asked.models),
        people=frozenset(asked.people),
        types=frozenset(asked.types),
        stages=frozenset(asked.stages),
        since=_instant(session, asked.since, times.start),
        until=_instant(session, asked.until, times.end),
        after=int((asked.after or "0").partition(":")[0]),
    )


def _check_known(state: State, asked: Asked) -> None:
    seen = [judged.event for judged in state.judged if judged.event]
    models = sorted({event.subject for event in seen} - {events.ALL})
    for model in asked.models:
        if model not in {*models, events.ALL}:
            raise unknown_model(model, models)
    people = {who for _, policy in state.policies for who in policy.policy.people}
    stages = {stage for _, policy in state.policies for stage in policy.policy.stages}
    types = {*events.BODIES, *(event.type for event in seen)}
    for what, words, known in (
        ("person", asked.people, {*people, *(event.actor for event in seen)}),
        ("stage", asked.stages, {*stages, *(stage for _, stage in state.stages)}),
        ("type of event", asked.types, {*types, *(name.partition(".")[0] for name in types)}),
    ):
        for word in words:
            if word not in known:
                raise Usage(
                    f"the log knows no {what} '{word}'{suggest(word, known)}",
                    why=f"known: {', '.join(sorted(known))}",
                    fix="check the spelling, or leave it out to see everything",
                )


def _instant(session: Session, text: str | None, read: Callable[[str], str]) -> str | None:
    if text is None:
        return None
    try:
        return times.write(session.now() - times.span(text))
    except (ValueError, OverflowError):
        pass
    try:
        return read(text)
    except ValueError as error:
        fix = "write a day such as 2026-11-23, an instant such as 2026-11-23T10:15:00Z, or a span before now such as 7d"
        raise Usage(f"'{text}' is no time", fix=fix) from error


def choose(state: State, wish: Wanted, limit: int | None = None) -> list[Shown]:
    """Return the events of a log that somebody wants, oldest first; at most the newest ``limit`` of them."""
    lines = logline.Lines(state)
    found = [Shown(judged, line) for judged in state.judged[wish.after :] if wish.takes(line := lines.line(judged))]
    return found if limit is None else found[len(found) - min(limit, len(found)) :]


class Follower(Struct):
    """Follows a log: looks at it again and again, and proves each time that it extends what was seen before.

    A remote that cannot be reached is waited for. Events that prove nothing are told, too; whoever reads the lines
    sees their verdict.

    Attributes:
        session: the repository; its root of trust must be pinned.
        warn: called with what is wrong, once each time that it begins.
        interval: seconds between two looks.
        troubles: why the log cannot be relied on as a whole, as of the last look.
    """

    session: Session
    warn: Callable[[GovkitError], None]
    interval: float = 2.0
    pause: Callable[[float], None] = time.sleep
    troubles: list[GovkitError] = field(default_factory=list)
    _seen: list[str] = field(default_factory=list)
    _here: dict[str, str] | None = None
    _there: dict[str, str] | None = None
    _away: str = ""

    def look(self) -> State:
        """Look now.

        Raises:
            Usage: if there is no log.
            Undecided: if no root of trust is pinned, or the log is not all here.
            Refused: if it is another log than the pinned one, or does not extend what was seen: it was rewritten or
                cut, here or on the remote, or a tag on the remote moved.
        """
        self._fetch()
        here = self.session.git.refs("refs/heads/govkit", "refs/remotes")
        if here != self._here:
            self.session.reload()
        commits = self.session.log.commits
        if commits[: len(self._seen)] != self._seen:
            why = f"it does not begin with the {len(self._seen)} events that were shown"
            fix = "find out who did it; compare with another clone or a mirror before you trust either"
            raise Refused("the log was rewritten while it was followed", why=why, fix=fix)
        if commits != self._seen:
            self.session.check_trust()
            self._tell(list(self.session.troubles()))
        self._here, self._seen = here, list(commits)
        return self.session.state

    def states(self) -> Iterator[State]:
        """Yield what the log says, now and whenever it has grown, for ever; see :meth:`look`."""
        size = -1
        while True:
            state = self.look()
            if len(state.judged) > size:
                size = len(state.judged)
                yield state
            self.pause(self.interval)

    def _fetch(self) -> None:
        """Bring in what others wrote. Only when a ref on the remote moved is more asked of it than its refs."""
        remote = self.session.remote
        if remote is None:
            return
        try:
            there = remote.refs()
            if there != self._there:
                sync.bring(self.session)
        except Undecided as error:
            if str(error) != self._away:
                self.warn(error)
            self._away = str(error)
            return
        self._there, self._away = there, ""

    def _tell(self, troubles: Iterable[GovkitError]) -> None:
        before, self.troubles = {str(one) for one in self.troubles}, list(troubles)
        for one in self.troubles:
            if str(one) not in before:
                self.warn(one)

    @property
    def exit_code(self) -> int:
        """0 if the log could be relied on at the last look; else as the troubles say: 1 if one refuses, else 3."""
        return min((one.exit_code for one in self.troubles), default=0)
