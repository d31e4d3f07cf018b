"""Acknowledging violations: an administrator quorum says that it knows of one, and why work may go on.

A violation is an event by a key in force that shows another history of the log, or that the rules do not know. Nothing
is proven while it stands; acknowledged, it has no effect and stays in the log for everybody to see.
"""

from __future__ import annotations

from msgspec import Struct

from govkit.core import approvals
from govkit.core.entities import Request
from govkit.core.errors import Refused, Usage
from govkit.core.events import ALL, RequestOpened, ViolationAcknowledged
from govkit.core.judged import Judged
from govkit.workflow.plans import Plan, Written
from govkit.workflow.session import Session


class Violation(Struct, frozen=True):
    """A violation for people.

    Attributes:
        index: its place in the log.
        status: conflict or undecided.
        actor: who the event says wrote it, or ``?`` where it cannot be read.
        reason: what is wrong with it.
        request: the name of the open request to acknowledge it, or an empty string.
        needed: what the request still needs, or an empty string.
        acknowledged: the event that acknowledged it, or None.
        why: why it was acknowledged, or is asked to be.
    """

    index: int
    status: str
    actor: str
    reason: str
    request: str
    needed: str
    acknowledged: int | None
    why: str


def violations(session: Session) -> list[Violation]:
    """Return the violations in the log, also those that were acknowledged, the oldest first.

    Raises:
        Usage: if there is no log.
    """
    state = session.state
    found = sorted({*state.violations, *state.acknowledged})
    return [_row(session, state.judged[index]) for index in found]


def _row(session: Session, judged: Judged) -> Violation:
    request = _waiting(session, judged.index)
    done = session.state.acknowledged.get(judged.index)
    needed = ""
    if request is not None:
        tally = session.state.tally(request)
        needed = f"rejected by {', '.join(tally.held)}" if tally.held else ", ".join(tally.shortfall) or "approved"
    why = request.body.reason if request else str(done.event.body.get("reason")) if done and done.event else ""
    return Violation(
        index=judged.index,
        status=str(judged.status),
        actor=judged.event.actor if judged.event else "?",
        reason=judged.reason,
        request=request.name if request else "",
        needed=needed,
        acknowledged=done.index if done else None,
        why=why,
    )


def _waiting(session: Session, index: int) -> Request | None:
    """Return the open request to acknowledge a violation, or None."""
    wanted = ("acknowledge", index)
    return next((r for r in session.state.open_requests() if (r.body.action, r.body.index) == wanted), None)


def request(session: Session, index: int, reason: str) -> Written:
    """Ask the administrators to acknowledge a violation.

    Raises:
        Usage: if there is no such violation, it is asked for already, or no reason is given.
        Refused: if the signer is no administrator.
    """
    session.ready(mending=True)
    if not reason.strip():
        raise Usage("a request needs a reason", why="approvers and auditors read it", fix="say why with -m 'REASON'")

    def plan() -> Plan:
        found = _find(session, index)
        waiting = _waiting(session, index)
        if waiting is not None:
            raise Usage(
                f"'{waiting.name}' asks for this already",
                why=f"by {waiting.requester}: {waiting.body.reason}",
                fix=f"administrators run: govkit approve '{waiting.name}'",
            )
        body = RequestOpened(action="acknowledge", reason=reason, index=index)
        return Plan("request.opened", ALL, body, summary=["ask to acknowledge a violation", *_about(found, reason)])

    return session.write(plan, mending=True)


def acknowledge(session: Session, index: int) -> Written:
    """Write that the administrators know of a violation, once their quorum approved the request.

    Raises:
        Usage: if there is no such violation, or nobody asked.
        Refused: if approvals are missing, or the signer is no administrator.
    """
    session.ready(mending=True)

    def plan() -> Plan:
        found = _find(session, index)
        waiting = _waiting(session, index)
        if waiting is None:
            fix = f"ask: govkit violation request {index} -m WHY"
            raise Usage(f"nobody has asked to acknowledge event {index}", fix=fix)
        _check_approved(session, waiting)
        reason = waiting.body.reason
        body = ViolationAcknowledged(index=index, reason=reason, request=waiting.id)
        people = ", ".join(sorted(session.state.tally(waiting).counted)) or "nobody: you are the sole administrator"
        summary = ["acknowledge a violation", *_about(found, reason), f"approved by {people}"]
        return Plan("violation.acknowledged", ALL, body, summary=summary)

    return session.write(plan, mending=True)


def _check_approved(session: Session, waiting: Request) -> None:
    tally = session.state.tally(waiting)
    if tally.approved or (session.policy.policy.admin.sole and session.policy.policy.rules > 1 and not tally.held):
        return
    quorum = approvals.words(session.policy.policy.admin.approvals.quorum)
    missing = f"still needed: {', '.join(tally.shortfall)}" if tally.shortfall else ""
    held = f"a reject by {', '.join(tally.held)} holds" if tally.held else ""
    raise Refused(
        f"'{waiting.name}' is not approved",
        why="; ".join(part for part in (held, missing, f"needed in all: {quorum}") if part),
        fix=f"administrators run: govkit approve '{waiting.name}'",
    )


def _find(session: Session, index: int) -> Judged:
    found = session.state.violations.get(index)
    if found is not None:
        return found
    known = ", ".join(str(one) for one in session.state.violations) or "none"
    done = session.state.acknowledged.get(index)
    what = f"event {index} is no violation that can be acknowledged"
    if done is not None:
        what = f"event {index} was acknowledged in event {done.index} already"
    raise Usage(what, why=f"violations: {known}", fix="name the event by its number, as 'govkit violation' shows it")


def _about(found: Judged, reason: str) -> list[str]:
    actor = found.event.actor if found.event else "an unreadable event"
    return [f"event {found.index} by {actor} is {found.status}: {found.reason}", f"reason: {reason}"]
