"""Checks of what people must see to: reviews, overrides, waivers, findings, requests, approvals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from govkit.core import times
from govkit.core.entities import Promotion, Request
from govkit.core.followups import Finding, Waiver
from govkit.core.state import State
from govkit.workflow.checkup import Ailment, Examination

#: How long before an approval ends it is said.
SOON = timedelta(days=7)


def serving(exam: Examination) -> Iterator[Ailment]:
    """Find what is due of the versions that serve."""
    for _, entries in sorted(exam.state.stages.items()):
        last = entries[-1]
        if isinstance(last, Promotion):
            yield from of_promotion(exam.state, last, exam.now)


def of_promotion(state: State, entry: Promotion, now: str) -> Iterator[Ailment]:
    """Yield what is due of a version that serves.

    Args:
        state: what the log says.
        entry: its promotion.
        now: the instant for which ends count.
    """
    body = entry.body
    name = f"{entry.model}@{body.version}"
    what = f"{name} in {body.stage}"
    again = f"govkit request '{name}' --stage {body.stage} -m WHY"
    if (entry.model, body.version) in state.revoked:
        yield Ailment("overdue", what, "revoked", f"promote another version into {body.stage}")
    yield from _stolen(state, entry, what, again)
    if entry.override:
        ended = body.expires is not None and body.expires < now
        found = f"OVERRIDE, {'ended' if ended else 'not approved; until'} {body.expires or '?'}"
        yield Ailment("overdue" if ended else "note", what, found, f"have it approved the usual way: {again}")
    if body.review_by is not None:
        late = body.review_by < now
        found = f"{'OVERDUE for review since' if late else 'review by'} {body.review_by}"
        yield Ailment("overdue" if late else "note", what, found, again)
    for waiver in state.waivers:
        if _is_for(waiver, entry):
            late = waiver.body.expires < now
            found = f"{waiver.body.gate} {waiver.words}{', which has passed' if late else ''}"
            yield Ailment("overdue" if late else "note", what, found, f"mend it in a new version, or {again}")


def _stolen(state: State, entry: Promotion, what: str, again: str) -> Iterator[Ailment]:
    """Say that a version that serves rests on a key that is reported as compromised."""
    if not state.compromised:
        return
    original = state.original(entry)
    version, request = state.versions[entry.model, entry.body.version], state.requests.get(original.body.request or "")
    signed = {"promotion": entry.at, "first promotion": original.at, "registration": version.at}
    signed |= {"request": request.at} if request else {}
    stolen = [name for name, judged in signed.items() if state.is_compromised(judged)]
    if stolen:
        yield Ailment("broken", what, f"its {stolen[0]} was signed with a key that is reported as compromised", again)
    decided = [one for one in (request.decisions if request else []) if one.at.id in original.body.decisions]
    lost = sorted(one.person for one in decided if state.is_compromised(one.at))
    if lost:
        found = f"the decision of {', '.join(lost)} was signed with a key that is reported as compromised"
        yield Ailment("overdue", what, found, f"see whether the others are enough with 'govkit verify', else {again}")


def _is_for(waiver: Waiver, entry: Promotion) -> bool:
    """Tell whether a waiver was for what a promotion let in."""
    asked = (waiver.model, waiver.body.version, waiver.body.stage, waiver.body.digests.requirements)
    own = (entry.model, entry.body.version, entry.body.stage, entry.body.requirements)
    return asked == own and waiver.at.index < entry.at.index


def findings(exam: Examination) -> Iterator[Ailment]:
    """Find open findings, the first due first."""
    found = [finding for finding in exam.state.findings.values() if finding.closed is None]
    for finding in sorted(found, key=lambda one: one.due):
        late = finding.is_overdue(exam.now)
        what = f"{finding.name} is {'overdue' if late else 'open'}, for {finding.owner} until {finding.due}"
        yield Ailment("overdue" if late else "note", what, finding.text, _close(finding))


def _close(finding: Finding) -> str:
    return f"{finding.owner} sees to it, then: govkit finding close '{finding.name}' -m RESOLUTION"


def requests(exam: Examination) -> Iterator[Ailment]:
    """Find requests that wait for somebody, and approvals that end soon."""
    for request in exam.state.open_requests():
        yield _waiting(exam, request)
        yield from _ending(exam, request)


def _waiting(exam: Examination, request: Request) -> Ailment:
    what, tally = f"request '{request.name}'", exam.state.tally(request)
    void = exam.state.void(request)
    if void:
        mend = f"ask again, or: govkit withdraw {_name(request)}"
        return Ailment("note", what, f"nothing can rest on it: {void}", mend)
    if tally.held:
        return Ailment("note", what, f"rejected by {', '.join(tally.held)}", "mend what they say")
    if tally.shortfall:
        found = f"asked by {request.requester}; needs {', '.join(tally.shortfall)}"
        return Ailment("note", what, found, f"they run: govkit approve {_name(request)}")
    return Ailment("note", what, f"asked by {request.requester}; approved", use(request))


def _name(request: Request) -> str:
    return f"'{request.name}'"


def use(request: Request) -> str:
    """Return the command that uses an approved request."""
    version, stage = request.body.version, request.body.stage
    if request.way == "rollback":
        return f"govkit rollback {request.model} --stage {stage} --to {version} -m WHY"
    if version is not None:
        flag = " --break-glass" if request.way == "break-glass" else ""
        return f"govkit promote '{request.model}@{version}' --stage {stage}{flag}"
    if request.body.action == "acknowledge":
        return f"govkit violation acknowledge {request.body.index}"
    return f"govkit policy adopt {_name(request)}"


def _ending(exam: Examination, request: Request) -> Iterator[Ailment]:
    soon = times.add(exam.now, SOON)
    for person, decision in sorted(exam.state.tally(request, at=exam.now).counted.items()):
        if decision.body.expires is not None and decision.body.expires <= soon:
            what = f"approval of '{request.name}' by {person}"
            mend = f"use it before, or have {person} approve again"
            yield Ailment("note", what, f"ends at {decision.body.expires}", mend)
