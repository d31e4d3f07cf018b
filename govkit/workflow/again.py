"""Signing again what waits for a sync, after others wrote first.

A decision is carried as it is: it may stand later. Everything else was signed for its place, which is taken, so it is
planned, checked and signed again by the same person, on what is there.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from govkit.core import digests, events, names, records, tags
from govkit.core.errors import Refused
from govkit.core.events import Event, PromotionRecorded, TagRef
from govkit.core.judged import Judged, Status
from govkit.storage import log as log_storage
from govkit.storage.log import Log
from govkit.workflow import promote
from govkit.workflow.plans import Plan, Signed, TagPlan
from govkit.workflow.session import Session


def waiting(session: Session, done: list[str]) -> Log:
    """Return the log with the events that wait for a sync on its end; signed again where others wrote first.

    Nothing but objects is written.

    Args:
        session: the repository.
        done: takes a line for each event that was signed again.

    Raises:
        Refused: if one of them cannot be signed again, by this person or at all.
    """
    log = log_storage.read(session.git)
    commits = log_storage.waiting(session.git, log)
    session.take(log)
    fits = not commits or session.git.commit(commits[0]).parents[:1] == tuple(log.commits[-1:])
    renamed: dict[str, str] = {}
    for commit in commits:
        signed = _signed(session, commit)
        old = events.identity(signed.content, signed.signature)
        event = events.parse(signed.content)
        if not fits and event.type != "decision.recorded":
            signed = _again(session, event, signed, renamed)
            done.append(f"{event.type} of {event.time}")
        judged = log.ledger.append(session.entry(signed))
        _check(event, judged)
        renamed[old] = judged.id
        parent = log.commits[-1] if log.commits else None
        log.commits.append(log_storage.store(session.git, signed.content, signed.signature, signed.evidence, parent))
    return log


def _signed(session: Session, commit: str) -> Signed:
    git = session.git
    files = {item.name: git.read(item.id)[1] for item in git.tree(git.commit(commit).tree)}
    content, signature = files.pop(events.EVENT_FILE), files.pop(events.SIGNATURE_FILE)
    event = events.parse(content)
    name = event.body.get("tag", {}).get("name") if "tag" in files else None
    return Signed(content, signature, files, name)


def _check(event: Event, judged: Judged) -> None:
    if judged.status is not Status.GOOD:
        raise Refused(
            f"'{event.type}' of {event.time}, which waited for the sync, has no effect any more; nothing was pushed",
            why=judged.reason,
            fix="give up what waits with 'govkit log sync --discard', and do what is still wanted again",
        )


def _again(session: Session, event: Event, signed: Signed, renamed: dict[str, str]) -> Signed:
    if session.actor != event.actor:
        raise Refused(
            f"{event.actor} must sign '{event.type}' of {event.time} again; nothing was pushed",
            why="others wrote to the log since, so the place that it was signed for is taken",
            fix=f"let {event.actor} run 'govkit log sync'",
        )
    plan = _plan(session, event, signed, renamed)
    session.ask(plan)
    return session.sign(plan)


def _plan(session: Session, event: Event, signed: Signed, renamed: dict[str, str]) -> Plan:
    """Return a plan for the same as an event says; a promotion has its gates checked again."""
    body = events.body(event)
    if isinstance(body, PromotionRecorded) and body.kind != "rollback":
        model, version, stage, action = event.subject, body.version, body.stage, body.kind
        return promote.plan(session, model, version, stage, reason=body.reason, ticket=body.ticket, action=action)
    evidence = {name: content for name, content in signed.evidence.items() if name != "tag"}
    summary = [f"again, as others wrote first: {event.type}", *(f"{k}: {v}" for k, v in _words(event.body))]
    value = _renamed(event.body, renamed)
    kind = events.BODIES[event.type]
    plan = Plan(event.type, event.subject, records.from_value(value, kind), evidence, summary=summary)
    if "tag" not in signed.evidence:
        return plan
    record = tags.parse(signed.evidence["tag"]).record
    name = names.parse_tag(record.ref)
    if name is None:
        raise Refused(f"'{record.ref}' is not a tag of govkit's")
    kept = ("version", "stage", "card", "weights", "requirements", "request", "decisions")
    fields = {key: item for key, item in _renamed(records.to_value(record), renamed).items() if key in kept}

    def with_tag(tag: TagRef) -> records.Record:
        return records.from_value({**value, "tag": records.to_value(tag)}, kind)

    return replace(plan, body=with_tag, tag=TagPlan(name, record.kind, record.commit, fields))


def _words(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what of a body tells people something."""
    return [(k, v) for k, v in body.items() if isinstance(v, str) and v and not digests.is_sha256(v)]


def _renamed(value: Any, renamed: dict[str, str]) -> Any:
    """Return a JSON value in which events that were signed again have their new identities."""
    if isinstance(value, dict):
        return {key: _renamed(item, renamed) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, renamed) for item in value]
    return renamed.get(value, value) if isinstance(value, str) else value
