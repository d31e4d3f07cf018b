"""The one way in which events are written: planned, shown, signed, judged, and published all or nothing.

With a remote the remote decides: log and tag go there in one atomic push, then the refs here follow. Whoever loses a
race takes the new head, makes the plan again from it, signs again and tries again. Without a remote, or with
``--local``, only refs of this repository move.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Mapping

from govkit.core import digests
from govkit.core.errors import Refused
from govkit.storage import log as log_storage
from govkit.storage import writing
from govkit.storage.git import ZERO, RefUpdate
from govkit.storage.remote import LOG, LostRace
from govkit.workflow import sync
from govkit.workflow.plans import Plan, Signed, Written
from govkit.workflow.session import Session

#: How often somebody tries who always loses the race; each loss means that somebody else got on.
_TRIES = 100


def write(session: Session, make: Callable[[], Plan], *, mending: bool = False) -> Written:
    """Sign an event and its tag, and append them to the log, all or nothing.

    Args:
        session: the repository.
        make: returns what to write, from the log as it is then.
        mending: see :meth:`Session.check_history`.

    Raises:
        Refused: if the ledger would not let the event have its effect, the signer does not agree, or the remote does
            not take it.
        Undecided: if the remote cannot be reached.
    """
    _ = session.key
    sync.before(session)
    session.ready(mending=mending)
    planned = _Planned(session, make)
    planned.ask()
    if session.options.dry_run:
        signed = session.sign(planned.plan)
        return Written(session.probe(signed), None, signed.tag)
    return _race(session, lambda: _append(session, session.sign(planned.on_present_log())), mending=mending)


def carry(session: Session, signed: Signed, *, mending: bool = False) -> Written:
    """Append an event that somebody else signed, such as a decision from a file.

    Raises:
        Refused, Undecided: see :func:`write`.
    """
    sync.before(session)
    session.check_trust()
    session.check_history(mending=mending)
    if session.options.dry_run:
        return Written(session.probe(signed), None, signed.tag)
    return _race(session, lambda: _append(session, signed), mending=mending)


class _Planned:
    """A plan, and what its signer has agreed to."""

    def __init__(self, session: Session, make: Callable[[], Plan]) -> None:
        self._session, self._make = session, make
        self._agreed: list[str] = []
        self._head = ""
        self._plan()

    def _plan(self) -> None:
        self.plan = self._make()
        self._head = self._session.log.commits[-1]

    def ask(self) -> None:
        """Show what will be signed, and ask where there is somebody to ask."""
        self._agreed = self._session.ask(self.plan)

    def on_present_log(self) -> Plan:
        """Return the plan, made again if others wrote since; the signer is asked again if what they sign changed."""
        if self._session.log.commits[-1] != self._head:
            self._plan()
            if self._session.summary(self.plan) != self._agreed:
                self.ask()
        return self.plan


def _race(session: Session, step: Callable[[], Written], *, mending: bool) -> Written:
    """Do a step with the repository to ourselves, again and again while others beyond it are faster."""
    with writing.exclusively(session.git):
        if log_storage.has_grown(session.git, session.log):
            session.reload()
            session.check_history(mending=mending)
        for attempt in range(_TRIES):
            try:
                return step()
            except LostRace:
                # Some patience, so that of many writers not all lose again to each other.
                time.sleep(random.uniform(0, min(0.2 * 2**attempt, 5)))  # noqa: S311 - no secret
                session.reload()
                if session.remote is not None and not session.options.local:
                    sync.fetch(session)
                session.check_history(mending=mending)
        raise LostRace(f"others were faster {_TRIES} times; nothing was written", fix="try again")


def _append(session: Session, signed: Signed) -> Written:
    """Ask the ledger, store the event, and publish it with its tag."""
    log = session.log
    judged = session.probe(signed)
    tags = {}
    if signed.tag is not None:
        tags[signed.tag] = digests.git_object_id("tag", signed.evidence["tag"]).partition(":")[2]
    commit = log_storage.store(session.git, signed.content, signed.signature, signed.evidence, log.commits[-1])
    publish(session, log, commit, tags)
    # The ledger has judged the event already, so the log as it was read is the log as it is.
    log.commits.append(commit)
    session.take(log)
    place = "here" if session.remote is None else "waiting" if session.options.local else session.remote.name
    return Written(judged, commit, signed.tag, place)


def publish(session: Session, log: log_storage.Log | None, head: str, tags: Mapping[str, str]) -> None:
    """Make events visible: on the remote first, where there is one, then in the refs here. The lock must be held.

    Args:
        session: the repository.
        log: the log as it was read before; None where there is none yet.
        head: the commit of the last event, in hex.
        tags: ids of the tag objects that go with the events, by name.

    Raises:
        LostRace: if somebody else was faster.
        Refused, Undecided: see :meth:`govkit.storage.remote.Remote.push`.
    """
    git, remote = session.git, session.remote
    refs = {f"refs/tags/{name}": identity for name, identity in tags.items()}
    waiting = log.waiting_head if log else None
    if remote is not None and session.options.local:
        _move(session, [RefUpdate(log_storage.WAITING, head, waiting or ZERO)])
        return
    if remote is not None:
        remote.push({LOG: head, **refs})
    moving = [log_storage.BRANCH, *([remote.tracking] if remote is not None else [])]
    present = git.refs(*moving, *refs, log_storage.WAITING)
    updates = [RefUpdate(name, head, present.get(name, ZERO)) for name in moving]
    updates += [RefUpdate(name, identity, ZERO) for name, identity in refs.items()]
    updates += [RefUpdate(log_storage.WAITING, ZERO, waiting)] if waiting else []
    updates = [update for update in updates if present.get(update.name, ZERO) != update.new]
    if remote is None:
        _move(session, updates)
    else:
        # The remote has it, so it happened, whatever becomes of the refs here: the next sync brings them.
        with contextlib.suppress(Refused):
            writing.move(git, updates)
    commits = [*(log.commits if log else []), head]
    log_storage.remember(git, commits, len(commits))


def _move(session: Session, updates: list[RefUpdate]) -> None:
    try:
        writing.move(session.git, updates)
    except Refused as error:
        present = session.git.refs(*(update.name for update in updates))
        if any(present.get(update.name, ZERO) != update.old for update in updates):
            raise LostRace("somebody else wrote to this repository first", why=error.why, fix="try again") from error
        raise
