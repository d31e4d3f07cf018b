"""Promoting a version into a stage: gates, quorum, signed tag and event, all or nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from govkit.core import names, times
from govkit.core.entities import Request, Version
from govkit.core.errors import Refused
from govkit.core.events import PromotionRecorded, TagRef
from govkit.core.gates.base import Verdict
from govkit.core.resolve import Requirements, Way
from govkit.workflow import judge, policyfile
from govkit.workflow.judge import Judgement
from govkit.workflow.plans import Plan, TagPlan, Written
from govkit.workflow.session import Session


def promote(
    session: Session,
    model: str,
    version: str | None,
    stage: str,
    *,
    reason: str = "",
    ticket: str = "",
    action: Way = "promote",
    online: bool = False,
) -> Written:
    """Promote an approved version, or one that a break-glass quorum lets in.

    Args:
        session: the repository.
        model: the model's full name.
        version: the version; None for the one registered last.
        stage: the stage.
        reason: words for the record, beside those of the request.
        ticket: a reference into another system.
        action: the usual way, or break-glass.
        online: ask the DVC remote where a gate wants that.

    Raises:
        judge.NotMet: if a gate is not open or approvals are missing.
        Usage, Refused, Undecided: see :meth:`Session.write`.
    """
    said: dict[str, Any] = {"reason": reason, "ticket": ticket, "action": action, "online": online}
    return session.write(lambda: plan(session, model, version, stage, **said))


def plan(
    session: Session,
    model: str,
    version: str | None,
    stage: str,
    *,
    reason: str = "",
    ticket: str = "",
    action: Way = "promote",
    online: bool = False,
) -> Plan:
    """Judge a version and return what is to be signed for its promotion; arguments and errors as :func:`promote`."""
    found = _candidate(session, model, version)
    judgement = judge.judge(session, found, stage, action=action, online=online)
    request = _request(session, found, stage, action)
    if judgement.blocking or judgement.tally is None:
        checks = policyfile.located(session, judgement.checks, stage)
        raise judge.NotMet(replace(judgement, checks=checks))
    rules = judge.requirements(session.policy, model, found.body.tier, stage, action)
    fields = _fields(found, stage, judgement, request)
    expires, review_by = _ends(session, rules)

    def body(tag: TagRef) -> PromotionRecorded:
        return PromotionRecorded(
            **fields,
            kind=action,
            commit=found.body.commit,
            policy=session.policy.digest,
            tag=tag,
            reason=reason or (request.body.reason if action == "break-glass" else ""),
            ticket=ticket or request.body.ticket,
            expires=expires,
            review_by=review_by,
        )

    return Plan(
        type="promotion.recorded",
        subject=model,
        body=body,
        tag=TagPlan(names.TagName(model, "assign", stage=stage, counter=1), action, found.body.commit, fields),
        summary=_summary(judgement, request, expires, review_by),
    )


def _fields(found: Version, stage: str, judgement: Judgement, request: Request) -> dict[str, Any]:
    """Return what event and tag both say."""
    return {
        "version": found.body.version,
        "stage": stage,
        "card": found.body.card,
        "weights": found.body.weights,
        "requirements": judgement.requirements,
        "request": request.id,
        "decisions": sorted(one.at.id for one in judgement.tally.counted.values()) if judgement.tally else [],
    }


def _candidate(session: Session, model: str, version: str | None) -> Version:
    found = judge.find_version(session, model, version)
    judge.refuse_revoked(session, model, found.body.version)
    return found


def _request(session: Session, found: Version, stage: str, action: Way) -> Request:
    request = judge.open_request(session, found, stage, action)
    if request is not None:
        return request
    name, serving = f"{found.model}@{found.body.version}", session.state.champion(found.model, stage)
    if serving is not None and serving.body.version == found.body.version and action == "promote":
        since, late = serving.at.effective, serving.override or serving.body.review_by
        fix = f"ask again: govkit request '{name}' --stage {stage} -m WHY" if late else "nothing is to be done"
        raise Refused(f"{name} serves in {stage} already", why=f"since {since}", fix=fix)
    flags = " --break-glass --ticket TICKET" if action == "break-glass" else ""
    raise Refused(
        f"nobody has asked to let {name} serve in {stage}" + (" by break-glass" if flags else ""),
        fix=f"ask with: govkit request '{name}' --stage {stage} -m 'REASON'{flags}",
    )


def _ends(session: Session, rules: Requirements) -> tuple[str | None, str | None]:
    """Return when an override ends, and when a usual promotion must have been approved again."""
    # A minute less, as the event's own time, from which the end is counted, is taken a moment later.
    now = times.add(max(times.write(session.now()), session.state.effective), -timedelta(minutes=1))
    if rules.break_glass is not None:
        return times.add(now, times.span(rules.break_glass.lasts)), None
    after = rules.approvals.review_after
    return None, times.add(now, times.span(after)) if after else None


def _summary(judgement: Judgement, request: Request, expires: str | None, review_by: str | None) -> list[str]:
    people = ", ".join(sorted(judgement.tally.counted)) if judgement.tally else ""
    again = judgement.champion == judgement.version
    instead = " again" if again else f" instead of {judgement.champion}" if judgement.champion else ""
    waived = [check.gate for check in judgement.checks if check.verdict is Verdict.WAIVED]
    lines = [f"promote {judgement.model}@{judgement.version} to {judgement.stage}{instead}"]
    if expires is not None:
        lines[0] += f" BY BREAK-GLASS until {expires}; somebody else must review it"
        lines += [f"overridden: {c.gate} ({c.verdict}: {c.found})" for c in judgement.overridden]
        lines.append(f"demanded by {people}")
    else:
        passed = len(judgement.checks) - len(waived)
        lines.append(f"{passed} checks pass; approved by {people}")
        lines += [f"waived: {gate}" for gate in waived]
    lines.append(f"on the request of {request.requester}: {request.body.reason}")
    return [*lines, f"to be approved again by {review_by}"] if review_by else lines
