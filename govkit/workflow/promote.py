"""Promoting a version into a stage: gates, quorum, signed tag and event, all or nothing."""

from __future__ import annotations

from govkit.core import names
from govkit.core.errors import Refused
from govkit.core.events import PromotionRecorded, TagRef
from govkit.core.state import Request
from govkit.workflow import judge
from govkit.workflow.judge import Judgement
from govkit.workflow.plans import Plan, TagPlan, Written
from govkit.workflow.session import Session


class NotMet(Refused):
    """A version does not meet what a stage requires; carries the judgement, for a report."""

    def __init__(self, judgement: Judgement) -> None:
        lines = [f"{c.gate}: {c.verdict} - required {c.required}; found {c.found}" for c in judgement.blocking]
        fixes = [f"{check.gate}: {check.fix}" for check in judgement.blocking if check.fix]
        super().__init__(
            f"{judgement.model}@{judgement.version} may not serve in {judgement.stage}",
            why="\n".join(lines),
            fix="\n".join(fixes),
        )
        self.judgement = judgement


def promote(
    session: Session, model: str, version: str | None, stage: str, *, reason: str = "", ticket: str = ""
) -> Written:
    """Promote an approved version.

    Args:
        session: the repository.
        model: the model's full name.
        version: the version; None for the one registered last.
        stage: the stage.
        reason: words for the record, beside those of the request.
        ticket: a reference into another system.

    Raises:
        NotMet: if a gate is not open or approvals are missing.
        Usage, Refused, Undecided: see :meth:`Session.write`.
    """
    session.ready()
    return session.write(lambda: _plan(session, model, version, stage, reason, ticket))


def _plan(session: Session, model: str, version: str | None, stage: str, reason: str, ticket: str) -> Plan:
    found = judge.find_version(session, model, version)
    name = f"{model}@{found.body.version}"
    if (model, found.body.version) in session.state.revoked:
        raise Refused(f"{name} is revoked", why="a revoked version does not come back", fix="make a new version")
    judgement = judge.judge(session, found, stage)
    request = judge.open_request(session, found, stage)
    serving = session.state.champion(model, stage)
    if request is None and serving is not None and serving.body.version == found.body.version:
        raise Refused(
            f"{name} serves in {stage} already", why=f"since {serving.at.effective}", fix="nothing is to be done"
        )
    if request is None:
        raise Refused(
            f"nobody has asked to let {name} serve in {stage}",
            fix=f"ask with: govkit request '{name}' --stage {stage} -m 'REASON'",
        )
    if judgement.blocking or judgement.tally is None:
        raise NotMet(judgement)
    decisions = sorted(decision.at.id for decision in judgement.tally.counted.values())
    fields = {
        "version": found.body.version,
        "stage": stage,
        "card": found.body.card,
        "weights": found.body.weights,
        "requirements": judgement.requirements,
        "request": request.id,
        "decisions": decisions,
    }

    def body(tag: TagRef) -> PromotionRecorded:
        return PromotionRecorded(
            **fields,  # type: ignore[arg-type]
            kind="promote",
            commit=found.body.commit,
            policy=session.policy.digest,
            tag=tag,
            reason=reason,
            ticket=ticket,
        )

    return Plan(
        type="promotion.recorded",
        subject=model,
        body=body,
        tag=TagPlan(names.TagName(model, "assign", stage=stage, counter=1), "promote", found.body.commit, fields),
        summary=_summary(judgement, request),
    )


def _summary(judgement: Judgement, request: Request) -> list[str]:
    people = ", ".join(sorted(judgement.tally.counted)) if judgement.tally else ""
    instead = f" instead of {judgement.champion}" if judgement.champion else ""
    return [
        f"promote {judgement.model}@{judgement.version} to {judgement.stage}{instead}",
        f"all {len(judgement.checks)} checks pass; approved by {people}",
        f"on the request of {request.requester}: {request.body.reason}",
    ]
