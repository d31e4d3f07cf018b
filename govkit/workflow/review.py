"""Looking at a request and deciding on it in steps, for whoever shows it on a page: look, prepare, sign.

What was shown is what is signed: :func:`sign` makes the plan again from the log as it is then, and refuses if anything
but its end would be different, or if what the reader saw has changed in a way that matters.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from govkit.core import keys, times
from govkit.core.card import Card
from govkit.core.entities import Request
from govkit.core.errors import Refused, Undecided
from govkit.core.events import DecisionRecorded
from govkit.core.policy import Choice
from govkit.core.standing import Standing
from govkit.storage import files
from govkit.workflow import decide, facts, judge, standing, sync
from govkit.workflow.choices import Choices, choices
from govkit.workflow.decide import Words
from govkit.workflow.plans import Plan, Written
from govkit.workflow.session import Session

#: Checks that others' approvals change.
_OF_OTHERS = ("the check 'approvals'", "the check 'override'")
_AGAIN = "look at the page again, and decide anew"


class Changed(Refused):
    """What a reader looked at has changed, so what they meant to sign may not be what they would sign."""


class Mark(Struct, frozen=True):
    """What a decision rests on: if one of these is another than when the reader looked, they must look again.

    Attributes:
        values: each by what people call it.
        decided: identities of the decisions on the request; others' yes is told, and nobody must look again for it.
    """

    values: dict[str, str]
    decided: list[str]


class Seen(Struct, frozen=True):
    """A request as somebody looks at it.

    Attributes:
        request: its identity.
        raw: the bytes of the registered card.
        card: the card.
        standing: what the log knows.
        choices: what the reader can do.
        mark: what their decision would rest on.
        notes: what they must know of how current this is.
    """

    request: str
    raw: bytes
    card: Card
    standing: Standing
    choices: Choices
    mark: Mark
    notes: list[str]


class Prepared(Struct, frozen=True):
    """A decision that was shown, and that its signer has yet to agree to.

    Attributes:
        request: the request's identity.
        name: its name.
        choice: approve or reject.
        words: what is said with it.
        plan: what will be signed.
        lines: the same in words.
        code: its compare code.
        mark: what it rests on.
        since: what changed since the reader looked, and does not matter to what they sign.
        key: the key that will sign, by its file.
        touch: whether it is a hardware key, which wants to be touched.
    """

    request: str
    name: str
    choice: Choice
    words: Words
    plan: Plan
    lines: list[str]
    code: str
    mark: Mark
    since: list[str]
    key: str
    touch: bool


class Receipt(Struct, frozen=True):
    """What was signed.

    Attributes:
        prepared: the decision.
        person: who signed.
        name: their name.
        key: the fingerprint of their key.
        time: when, as the event says.
        index: its place in the log; None if it is not there.
        id: its identity there, or an empty string.
        commit: its commit there, in hex, or an empty string.
        head: size and root of the log with it, or None.
        place: where others see it; see :class:`govkit.workflow.plans.Written`; ``file`` if it must be handed on.
        needed: what the request still needs, in words.
        remote: the repository's canonical remote, or an empty string.
        file: the signed decision to hand on, or None if it is in the log.
        saved: where that was written to, or an empty string.
    """

    prepared: Prepared
    person: str
    name: str
    key: str
    time: str
    index: int | None
    id: str
    commit: str
    head: tuple[int, str] | None
    place: str
    needed: str
    remote: str
    file: bytes | None = None
    saved: str = ""


# -- looking ------------------------------------------------------------------------------------------------------


def look(session: Session, name: str) -> Seen:
    """Return a request with all that its reader needs, from the log as it is now.

    Args:
        session: the repository.
        name: ``MODEL@VERSION#STAGE``, or the request's identity.

    Raises:
        Usage: if there is no such request, or it is not for a model's stage.
        Refused, Undecided: if the log is not the pinned one, or cannot be relied on, or the card does not fit.
    """
    notes = bring(session)
    session.check_trust()
    session.check_history()
    found = standing.of_request(session, name)
    request = _request(session, name)
    raw, card = facts.card_of(session, session.state.versions[found.model, found.version])
    return Seen(request.id, raw, card, found, choices(session, request), mark(session, request, found), notes)


def bring(session: Session) -> list[str]:
    """Read the log anew, with what others wrote if there is a remote; return what to know of how current it is."""
    session.reload()
    if session.remote is None or session.options.local:
        return []
    try:
        sync.bring(session)
    except Undecided as error:
        return [f"{error.what.partition(';')[0]}: this is what your copy of the log knew before"]
    return []


def _request(session: Session, name: str) -> Request:
    return session.state.find_request(name) or decide.find_request(session, name)


# -- what changed -------------------------------------------------------------------------------------------------


def mark(session: Session, request: Request, found: Standing) -> Mark:
    """Return what a decision on a request rests on."""
    bound, report = request.body.digests, found.report
    values = {
        "the request": request.state,
        "what it rests on": session.state.void(request) or "as it was",
        "the card": bound.card if bound else "",
        "the policy in force": session.policy.digest,
        "the requirements": report.requirements if report else "",
        "what serves in the stage": (report.champion if report else None) or "nothing",
        "who rejects it": ", ".join(found.held) or "nobody",
        "warnings": "\n".join(found.notes) or "none",
    }
    checks = {f"the check '{check.gate}'": str(check.verdict) for check in (report.checks if report else [])}
    # Approvals by others are checks of the gate, too; that they come in changes nothing of what this signer signs.
    checks = {name: verdict for name, verdict in checks.items() if name not in _OF_OTHERS}
    return Mark(values | checks, [decision.at.id for decision in request.decisions])


def changes(request: Request, before: Mark, after: Mark) -> tuple[list[str], list[str]]:
    """Return what changed between two looks that matters to a decision, and what happened besides."""
    matters = [
        f"{name}: {before.values.get(name, 'none')} before, {after.values.get(name, 'none')} now"
        for name in dict.fromkeys([*before.values, *after.values])
        if before.values.get(name) != after.values.get(name)
    ]
    new = [one for one in request.decisions if one.at.id not in before.decided]
    return matters, [f"{one.person}: {one.body.decision} as {one.body.role} at {one.at.effective}" for one in new]


def _check(session: Session, identity: str, before: Mark) -> tuple[Mark, list[str]]:
    """Return what a decision rests on now, and what else happened.

    Raises:
        Changed: if it is not what it was.
    """
    request = _request(session, identity)
    now = mark(session, request, standing.of_request(session, identity))
    matters, besides = changes(request, before, now)
    if matters:
        raise Changed("something changed since you looked at this", why="\n".join([*matters, *besides]), fix=_AGAIN)
    return now, besides


# -- signing ------------------------------------------------------------------------------------------------------


def prepare(session: Session, seen: Mark, identity: str, choice: Choice, words: Words) -> Prepared:
    """Return what somebody would sign who looked at a request and chose.

    Args:
        session: the repository.
        seen: what they saw.
        identity: the request's identity.
        choice: approve or reject.
        words: what they say with it; the role must be named.

    Raises:
        Changed: if what they saw has changed in a way that matters.
        Usage, Refused: see :func:`govkit.workflow.decide.decide`; also for a role in which they are not asked.
    """
    bring(session)
    session.check_trust()
    session.check_history()
    now, besides = _check(session, identity, seen)
    request = _request(session, identity)
    allowed = choices(session, request)
    if allowed.problem is not None:
        raise allowed.problem
    if words.role not in allowed.roles:
        raise Refused(f"{allowed.person} is not asked as '{words.role}'", why=f"asked as: {', '.join(allowed.roles)}")
    if (choice, words.meaning) not in allowed.ways:
        raise Refused(f"the policy has no meaning '{words.meaning}'", fix="choose one of those on the page")
    plan = decide.plan(session, identity, choice, words)
    key = session.key
    return Prepared(
        request=identity,
        name=request.name,
        choice=choice,
        words=words,
        plan=plan,
        lines=session.summary(plan),
        code=decide.code(session, plan, _body(plan)),
        mark=now,
        since=besides,
        key=str(key.path),
        touch=key.public.startswith("sk-"),
    )


def _body(plan: Plan) -> DecisionRecorded:
    if not isinstance(plan.body, DecisionRecorded):
        raise TypeError("a decision was planned, and this is none")
    return plan.body


def _planned(session: Session, prepared: Prepared) -> Callable[[], Plan]:
    """Return what hands out the plan that was shown, as long as it would still be made in the same way."""

    def make() -> Plan:
        _check(session, prepared.request, prepared.mark)
        shown, fresh = prepared.plan, decide.plan(session, prepared.request, prepared.choice, prepared.words)
        same = msgspec.structs.replace(_body(fresh), expires=_body(shown).expires)
        if (same, fresh.subject, dict(fresh.evidence)) != (shown.body, shown.subject, dict(shown.evidence)):
            raise Changed("what you would sign is not what you were shown", fix=_AGAIN)
        end = _body(shown).expires
        if end is not None and end <= times.write(session.now() + timedelta(minutes=1)):
            raise Changed("what you were shown has run out", why=f"it may be used until {end}", fix=_AGAIN)
        return shown

    return make


def sign(session: Session, prepared: Prepared) -> Receipt:
    """Sign what was shown and append it to the log.

    Raises:
        Changed: if that would not be what was shown, or what it rests on has changed.
        Refused, Undecided: see :func:`govkit.workflow.writer.write`.
    """
    written = session.write(_planned(session, prepared))
    event = written.judged.event
    return _receipt(session, prepared, written, event.time if event else "")


def sign_to_file(session: Session, prepared: Prepared, target: Path | None = None) -> Receipt:
    """Sign what was shown, for somebody else to carry with ``govkit submit``.

    Args:
        session: the repository.
        prepared: what was shown.
        target: the file to write; None to leave that to the caller.

    Raises:
        Changed, Refused: see :func:`sign`; also if the ledger would not let it count.
    """
    session.reload()
    session.ready()
    plan = _planned(session, prepared)()
    session.ask(plan)
    signed = session.sign(plan)
    judged = session.probe(signed)
    time = judged.event.time if judged.event else ""
    done = _receipt(session, prepared, None, time)
    if session.options.dry_run:
        return replace(done, place="nowhere")
    content = decide.to_file(signed)
    if target is not None:
        try:
            files.write(target, content)
        except OSError as error:
            # The signature is made: it is not lost, the page hands it out.
            return replace(done, file=content, saved=f"nothing ({target}: {error.strerror})")
    return replace(done, file=content, saved=str(target or ""))


def _still_needed(session: Session, request: Request) -> str:
    """Return what still stands in the way of a request, from all of its checks and not from approvals alone."""
    version = session.state.versions[request.model, request.body.version or ""]
    shut = judge.judge(session, version, request.body.stage or "", action=request.way).blocking
    found = [f"{check.gate}: {check.fix.removeprefix('still needed: ') or check.found}" for check in shut]
    return "; ".join(found) or "nothing: every check is met, and a release engineer can promote"


def _receipt(session: Session, prepared: Prepared, written: Written | None, time: str) -> Receipt:
    person = session.actor
    is_there = written is not None and written.commit is not None
    return Receipt(
        prepared=prepared,
        person=person,
        name=session.policy.policy.people[person].name or person,
        key=keys.fingerprint(session.key.public),
        time=time,
        index=written.judged.index if written and is_there else None,
        id=written.judged.id if written and is_there else "",
        commit=(written.commit or "") if written else "",
        head=(session.log.head.size, session.log.head.root) if is_there else None,
        place=written.place if written and is_there else "file" if written is None else "nowhere",
        needed=_still_needed(session, _request(session, prepared.request)),
        remote=session.state.remote,
    )
