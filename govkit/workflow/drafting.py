"""Drafts of events: what is to be signed for the log's next place, with its tag."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from govkit.core import digests, events, names, records, rules1, tags, times
from govkit.core.errors import Refused, Undecided
from govkit.core.events import Event, TagRef
from govkit.core.inert import shell
from govkit.core.records import Record
from govkit.core.tags import TagRecord
from govkit.storage.signatures import TAG_NAMESPACE
from govkit.workflow.plans import Plan, Signed, TagPlan

if TYPE_CHECKING:
    from govkit.workflow.session import Session


def draft(session: Session, plan: Plan, actor: str) -> Signed:
    """Return an event for the log's next place, which ``actor`` has yet to sign."""
    name, time = tag_name(session, plan), _time(session, plan)
    evidence, body = dict(plan.evidence), plan.body
    if plan.tag is not None and name is not None:
        evidence["tag"] = _tag(session, plan.subject, plan.tag, name, time)
    if callable(body):
        body = body(TagRef(name=name or "", id=digests.git_object_id("tag", evidence["tag"])))
    event = Event(
        schema=events.SCHEMA,
        log=session.log.head,
        type=plan.type,
        time=time,
        actor=actor,
        subject=plan.subject,
        body=body_of(session, plan.type, body),
        evidence={each: digests.sha256(content) for each, content in sorted(evidence.items())},
    )
    return Signed(records.to_json(event), b"", evidence, name)


def body_of(session: Session, kind: str, body: Record) -> dict[str, Any]:
    """Return a body as it is signed; under rules 1 without the fields that came later."""
    value: dict[str, Any] = records.to_value(body)
    newer = rules1.NEWER_FIELDS.get(kind, frozenset()) if session.policy.policy.rules == 1 else frozenset()
    return {key: item for key, item in value.items() if key not in newer}


def _time(session: Session, plan: Plan) -> str:
    """Return the event's time: now, but not before its predecessor; with a tag, a second after the last tag.

    GTO orders tags by their date, so two of them must not share one.
    """
    earliest = session.state.effective
    if plan.tag is not None:
        last = session.state.tagged
        if last is not None:
            earliest = max(earliest, times.add(session.state.judged[last].effective, timedelta(seconds=1)))
    time = max(times.write(session.now()), earliest)
    if time > times.write(session.now() + times.MAX_AHEAD):
        raise Undecided("the log is dated ahead of this clock", fix="check this machine's clock")
    return time


def tag_name(session: Session, plan: Plan) -> str | None:
    """Return the name of the tag that goes with an event, or None if there is none.

    Raises:
        Refused: if something stands in its way.
    """
    if plan.tag is None:
        return None
    existing, name = session.tag_refs().keys(), plan.tag.name
    if name.kind != "register":
        name = replace(name, counter=session.state.next_counter(plan.subject, existing))
    return _free_name(name, existing)


def _tag(session: Session, model: str, plan: TagPlan, name: str, time: str) -> bytes:
    blank: dict[str, Any] = dict.fromkeys(("version", "stage", "card", "weights", "requirements", "request"))
    record = TagRecord(
        schema=tags.SCHEMA,
        ref=name,
        kind=plan.kind,
        model=model,
        commit=plan.commit,
        policy=session.policy.digest,
        log=session.log.head,
        actor=session.actor,
        **{**blank, "decisions": [], **plan.fields},
    )
    payload = tags.payload(record, session.policy.tagger(session.actor), time)
    return payload if session.options.dry_run else payload + session.key.sign(payload, TAG_NAMESPACE)


def _free_name(name: names.TagName, existing: Iterable[str]) -> str:
    """Return a tag's name, if nothing stands in its way.

    Raises:
        Refused: if the tag, or one below or above its name, exists without the log knowing it.
    """
    wanted = str(name)
    squatters = sorted(o for o in existing if f"{o}/".startswith(f"{wanted}/") or wanted.startswith(f"{o}/"))
    if squatters:
        raise Refused(
            f"the tag '{wanted}' cannot be made",
            why=f"'{squatters[0]}' stands in its way, and the log does not know it",
            fix=f"find out who made it, then: git tag -d {shell(squatters[0])}",
        )
    return wanted
