"""Keeping this clone and the remote together: fetched, checked against what is known, and pushed, all or nothing."""

from __future__ import annotations

import contextlib

from msgspec import Struct, field

from govkit.core import events
from govkit.core.errors import GovkitError, Refused, Usage
from govkit.core.events import TagRef
from govkit.core.judged import Status
from govkit.storage import log as log_storage
from govkit.storage import writing
from govkit.storage.git import ZERO, RefUpdate
from govkit.storage.log import Log
from govkit.storage.remote import LOG, LostRace, Remote
from govkit.workflow.session import Session

_TRIES = 100


class Synced(Struct):
    """What a sync did.

    Attributes:
        remote: the remote's name.
        fetched: how many events were new here.
        pushed: how many events were new there.
        again: what was signed again, because others wrote first.
        tags: names of tags that were fetched.
        size: how many events the log has.
    """

    remote: str
    fetched: int = 0
    pushed: int = 0
    again: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    size: int = 0


def before(session: Session) -> None:
    """Bring in what others wrote before something is written here; nothing without a remote or with ``--local``."""
    if session.remote is not None and not session.options.local and not session.options.dry_run:
        _exchange(session)


def sync(session: Session) -> Synced:
    """Fetch, prove that the remote's log extends what this clone knows, and push what waits here.

    Raises:
        Usage: if there is no remote, or no log on either side.
        Refused: if the remote's log was rewritten or cut, a tag moved or vanished, events that wait cannot be signed
            again on what others wrote, or the log as a whole cannot be relied on.
        Undecided: if the remote cannot be reached, or something in the log cannot be decided.
    """
    done = _exchange(session)
    if not done.size:
        raise Usage(f"there is no governance log, here or on '{done.remote}'", fix="open one with 'govkit init'")
    if session.pins.accepts(session.log.root_of_trust):
        session.check_history()
    return done


def _exchange(session: Session) -> Synced:
    from govkit.workflow import again

    with writing.exclusively(session.git):
        for _ in range(_TRIES):
            done = fetch(session)
            if not log_storage.exists(session.git):
                return done
            try:
                _push(session, done, again.waiting(session, done.again))
                return done
            except LostRace:
                continue
    raise LostRace(f"others were faster {_TRIES} times; nothing was pushed", fix="try again")


def discard(session: Session) -> int:
    """Give up the events that wait for a sync; return how many there were.

    Raises:
        Refused: if the repository cannot be written to.
    """
    with writing.exclusively(session.git):
        log = log_storage.read(session.git)
        lost = log_storage.waiting(session.git, log)
        if log.waiting_head is not None:
            writing.move(session.git, [RefUpdate(log_storage.WAITING, ZERO, log.waiting_head)])
    session.reload()
    return len(lost)


def bring(session: Session) -> None:
    """Fetch what a reader needs: log, recorded tags, branches, and the history that a shallow clone lacks.

    Raises:
        Usage, Refused, Undecided: see :func:`sync`.
    """
    with writing.exclusively(session.git):
        remote = _remote(session)
        if session.git.missing_history():
            remote.fetch([name for name in remote.refs() if name.startswith("refs/heads/")], whole=True)
        fetch(session)


def fetch(session: Session) -> Synced:
    """Fetch log, branches and recorded tags, and check them against what this clone knows; the lock must be held.

    Raises:
        Refused, Undecided: see :func:`sync`.
    """
    remote = _remote(session)
    done, there = Synced(remote.name), remote.refs()
    head, tracked = there.get(LOG), session.git.refs(remote.tracking).get(remote.tracking)
    if head is None and tracked is not None:
        raise Refused(
            f"the log vanished from '{remote.name}'",
            why="this clone has seen the branch govkit/log there",
            fix=f"find out who deleted it; put it back with: git push {remote.name} {tracked}:{LOG}",
        )
    if head is not None and head != tracked:
        remote.fetch([LOG])
    elif not log_storage.exists(session.git):
        return done
    log = log_storage.read(session.git, heads={f"'{remote.name}'": head} if head else None)
    done.size = len(log.commits)
    done.fetched = done.size - _known(session, log)
    _check_extends(session, remote, log, head)
    _check_tags(session, remote, log, there)
    writing.move(session.git, _rest(session, remote, log, there, done))
    session.take(log)
    if session.pins.accepts(log.root_of_trust):
        # A log that is not in order is not remembered; what is wrong with it says whoever relies on it.
        with contextlib.suppress(GovkitError):
            session.check_history()
            log_storage.remember(session.git, log.commits)
    return done


def _remote(session: Session) -> Remote:
    if session.remote is None:
        raise Usage("this repository has no remote to sync with", fix="add one: git remote add origin URL")
    return session.remote


def _known(session: Session, log: Log) -> int:
    """Return how many events of a log this clone has had before it was fetched."""
    heads = session.git.refs(log_storage.BRANCH, _remote(session).tracking).values()
    places = {commit: index for index, commit in enumerate(log.commits)}
    return max((places[head] + 1 for head in heads if head in places), default=0)


def _check_extends(session: Session, remote: Remote, log: Log, head: str | None) -> None:
    """Refuse a remote whose log is shorter than what this clone has seen there; forks show when the log is read."""
    accepted = log_storage.accepted(session.git)
    if head is None or accepted is None:
        return
    places = {commit: index for index, commit in enumerate(log.commits)}
    if places.get(head, -1) < places.get(accepted, -1):
        raise Refused(
            f"the log on '{remote.name}' was cut short",
            why=f"this clone has seen {places[accepted] + 1} events, and there are {places.get(head, -1) + 1}",
            fix=f"find out who did it; put them back with: git push {remote.name} {accepted}:{LOG}",
        )


def recorded_tags(log: Log, head: str | None) -> set[str]:
    """Return the names of the tags that good events up to a commit of the log recorded."""
    size = log.commits.index(head) + 1 if head in log.commits else 0
    if size == 0:
        return set()
    # What came later is little; nobody records a name twice.
    later = set()
    for judged in log.state.judged[size:]:
        tag = getattr(events.body(judged.event), "tag", None) if judged.status is Status.GOOD and judged.event else None
        later |= {tag.name} if isinstance(tag, TagRef) else set()
    return log.state.tags.keys() - later


def _check_tags(session: Session, remote: Remote, log: Log, there: dict[str, str]) -> None:
    """Refuse a remote on which a recorded tag moved or vanished, and a clone in which one moved."""
    here, problems, fixes = session.tag_refs(), [], []
    pushed = recorded_tags(log, there.get(LOG))
    for name, identity in sorted(log.state.tags.items()):
        found = there.get(f"refs/tags/{name}")
        if found != identity and (found is not None or name in pushed):
            problems.append(f"'{name}' {'moved' if found else 'vanished'} on '{remote.name}'")
            fixes.append(f"git push {remote.name} {'+' if found else ''}{identity}:'refs/tags/{name}'")
        if here.get(name, identity) != identity:
            problems.append(f"'{name}' moved in this clone")
            fixes.append("govkit doctor --fix")
    if problems:
        raise Refused(
            "a tag that the log recorded is not what it was; nothing was written",
            why="\n".join(problems),
            fix="\n".join(["find out who did it; put it back with:", *dict.fromkeys(fixes)]),
        )


def _rest(session: Session, remote: Remote, log: Log, there: dict[str, str], done: Synced) -> list[RefUpdate]:
    """Fetch recorded tags that are not here and the branches that the policy names; return which refs then move."""
    here = session.git.refs("refs/heads/govkit", "refs/tags", f"refs/remotes/{remote.name}")
    names = [f"refs/tags/{name}" for name in log.state.tags]
    wanted = {name: there[name] for name in names if name not in here and name in there}
    done.tags = sorted(name.removeprefix("refs/tags/") for name in wanted)
    fetched = list(wanted)
    for branch in log.state.policy.policy.branches if log.state.policy else []:
        own, theirs = f"refs/remotes/{remote.name}/{branch}", f"refs/heads/{branch}"
        if theirs in there and here.get(own) != there[theirs]:
            wanted[own] = there[theirs]
            fetched.append(theirs)
    if fetched:
        remote.fetch(fetched)
    head = there.get(LOG)
    places = {commit: index for index, commit in enumerate(log.commits)}
    if head in places:
        wanted[remote.tracking] = head
        if log.branch_head is None or places[log.branch_head] < places[head]:
            wanted[log_storage.BRANCH] = head
    return [RefUpdate(name, new, here.get(name, ZERO)) for name, new in wanted.items() if here.get(name) != new]


def _push(session: Session, done: Synced, log: Log) -> None:
    """Push what the remote does not have yet: events that waited, and what was written before there was a remote."""
    from govkit.workflow import writer

    remote = _remote(session)
    there = session.git.refs(remote.tracking).get(remote.tracking)
    done.size = len(log.commits)
    if there == log.commits[-1]:
        return
    known = recorded_tags(log, there)
    tags = {name: identity for name, identity in log.state.tags.items() if name not in known}
    session.check_trust()
    writer.publish(session, log, log.commits[-1], tags)
    done.pushed = len(log.commits) - (log.commits.index(there) + 1 if there in log.commits else 0)
