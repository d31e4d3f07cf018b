"""Taking a version out of service: emptying a stage, and barring a version everywhere."""

from __future__ import annotations

from govkit.core import names
from govkit.core.entities import Clearing, Promotion
from govkit.core.errors import Refused, Usage
from govkit.core.events import StageCleared, TagRef, VersionRevoked
from govkit.workflow import judge
from govkit.workflow.plans import Plan, TagPlan, Written
from govkit.workflow.session import Session


def clear(session: Session, model: str, stage: str, *, reason: str) -> Written:
    """Empty a stage: no version serves in it from then on.

    Args:
        session: the repository.
        model: the model's full name.
        stage: the stage.
        reason: why, for the record.

    Raises:
        Usage: if model or stage is unknown, or no reason is given.
        Refused: if nothing serves there, or this person may not.
    """
    session.ready()
    _require(reason)
    return session.write(lambda: _clear_plan(session, model, stage, reason))


def _clear_plan(session: Session, model: str, stage: str, reason: str) -> Plan:
    last = session.state.last(model, stage)
    if last is None:
        judge.check_known(session, model, stage)
    if not isinstance(last, Promotion):
        why = f"emptied at {last.at.effective}: {last.body.reason}" if isinstance(last, Clearing) else "none ever did"
        raise Refused(f"nothing serves {model} in {stage}", why=why, fix="nothing is to be done")
    was = last.body

    def body(tag: TagRef) -> StageCleared:
        return StageCleared(stage=stage, reason=reason, tag=tag)

    name = names.TagName(model, "clear", stage=stage, counter=1)
    fields = {"version": was.version, "stage": stage, "card": was.card, "weights": was.weights}
    return Plan(
        "stage.cleared",
        model,
        body,
        tag=TagPlan(name, "clear", was.commit, fields),
        summary=[f"empty {stage} of {model}, where {was.version} serves", f"reason: {reason}"],
    )


def revoke(session: Session, model: str, version: str, *, reason: str) -> Written:
    """Bar a version from every stage, for ever.

    Args:
        session: the repository.
        model: the model's full name.
        version: the version.
        reason: why, for the record.

    Raises:
        Usage: if the version is unknown, or no reason is given.
        Refused: if it is revoked already, or this person may not.
    """
    session.ready()
    _require(reason)
    return session.write(lambda: _revoke_plan(session, model, version, reason))


def _revoke_plan(session: Session, model: str, version: str, reason: str) -> Plan:
    judge.find_version(session, model, version)
    before = session.state.revoked.get((model, version))
    if before is not None and before.event is not None:
        why = f"by {before.event.actor} at {before.effective}: {before.event.body.get('reason')}"
        raise Refused(f"{model}@{version} is revoked already", why=why, fix="nothing is to be done")
    where = serving(session, model, version)
    summary = [f"revoke {model}@{version}: it may not serve anywhere, ever", f"reason: {reason}"]
    if where:
        summary.append(f"it serves in {', '.join(where)}, and will no longer be proven there")
    return Plan("version.revoked", model, VersionRevoked(version=version, reason=reason), summary=summary)


def serving(session: Session, model: str, version: str) -> list[str]:
    """Return the stages whose last promotion is of a version, revoked or not: GTO and DVC read those."""
    found = []
    for stage, entries in session.state.stages_of(model).items():
        last = entries[-1]
        if isinstance(last, Promotion) and last.body.version == version:
            found.append(stage)
    return sorted(found)


def _require(reason: str) -> None:
    if not reason.strip():
        raise Usage("a reason is needed", why="auditors read it", fix="say why with -m 'REASON'")
