"""Taking a stage back to a version that served there before."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from govkit.core import names, times
from govkit.core.entities import Clearing, Promotion, Request
from govkit.core.errors import Refused, Usage
from govkit.core.events import PromotionRecorded, TagRef
from govkit.workflow import judge
from govkit.workflow.plans import Plan, TagPlan, Written
from govkit.workflow.session import Session


def rollback(
    session: Session, model: str, stage: str, version: str | None = None, *, reason: str, ticket: str = ""
) -> Written:
    """Let a version serve again that served in a stage before, as it was let in then.

    Args:
        session: the repository.
        model: the model's full name.
        stage: the stage.
        version: the version; None for the one that served before the one that serves now.
        reason: why, for the record.
        ticket: a reference into another system.

    Raises:
        Usage: if model, version or stage is unknown, or no reason is given.
        Refused: if there is nothing to go back to, or somebody's yes is missing.
    """
    session.ready()
    if not reason.strip():
        raise Usage("a rollback needs a reason", why="auditors read it", fix="say why with -m 'REASON'")
    return session.write(lambda: _plan(session, model, stage, version, reason, ticket))


def target(session: Session, model: str, stage: str, version: str | None = None) -> tuple[Promotion, list[str]]:
    """Return the promotion that a rollback goes back to, and why newer ones are passed over.

    Without a version it is the one before that which serves now; of a stage that was rolled back already, the one
    before that which it was rolled back to.

    Raises:
        Usage: if model, version or stage is unknown.
        Refused: if nothing fit served there, or the stage was emptied and no version is named.
    """
    entries = session.state.stages.get((model, stage), [])
    earlier = [entry for entry in reversed(entries) if isinstance(entry, Promotion)]
    if not earlier:
        judge.check_known(session, model, stage)
        judge.find_version(session, model, version)
        raise Refused(f"nothing ever served {model} in {stage}", fix="there is nothing to go back to")
    if version is None:
        _refuse_silence(entries[-1])
        let_in = session.state.original(earlier[0])
        earlier = earlier[earlier.index(let_in) + 1 :]
    else:
        earlier = _named(session, earlier, version)
    passed: dict[str, str] = {}
    for entry in earlier:
        why = _unfit(session, entry)
        if not why:
            return entry, [f"{name} is passed over: {reason}" for name, reason in passed.items()]
        passed.setdefault(entry.body.version, why)
    raise Refused(
        f"{model} has no version to go back to in {stage}"
        if version is None
        else f"{model}@{version} may not come back",
        why="; ".join(f"{name}: {reason}" for name, reason in passed.items()) or "none served there before",
        fix=f"promote another version, or empty the stage: govkit clear {model} --stage {stage} -m WHY",
    )


def _refuse_silence(last: Promotion | Clearing) -> None:
    if isinstance(last, Clearing):
        by = last.at.event.actor if last.at.event else "?"
        raise Refused(
            f"{last.body.stage} of {last.model} was emptied, so nothing says where to go back to",
            why=f"by {by} at {last.at.effective}: {last.body.reason}",
            fix="name the version with --to, if it may serve again",
        )


def _named(session: Session, earlier: list[Promotion], version: str) -> list[Promotion]:
    model, stage = earlier[0].model, earlier[0].body.stage
    judge.find_version(session, model, version)
    found = [entry for entry in earlier if entry.body.version == version]
    if not found:
        known = ", ".join(dict.fromkeys(entry.body.version for entry in earlier))
        raise Usage(
            f"{model}@{version} never served in {stage}",
            why=f"a rollback goes to what was let in before: {known}",
            fix=f"ask for it: govkit request '{model}@{version}' --stage {stage} -m WHY",
        )
    return found


def _unfit(session: Session, entry: Promotion) -> str:
    """Return why a stage cannot go back to a promotion, or an empty string."""
    state, body = session.state, entry.body
    champion = state.champion(entry.model, body.stage)
    revoked = state.revoked.get((entry.model, body.version))
    now = max(state.effective, times.write(session.now()))
    if revoked is not None:
        return f"revoked by {revoked.event.actor if revoked.event else '?'}"
    if champion is not None and champion.body.version == body.version:
        return "it serves there now"
    if state.is_compromised(entry.at):
        return "let in with a key that is reported as compromised"
    if body.expires is not None and body.expires < now and entry.override:
        return f"it was let in by break-glass, which ended at {body.expires}"
    return ""


class _Yes(Struct, frozen=True):
    """The yes that a rollback rests on, where the policy wants one: the request, and the decisions that count."""

    request: Request | None = None
    decisions: list[str] = field(default_factory=list)
    people: str = ""


def _yes(session: Session, restored: Promotion) -> _Yes:
    """Return what a rollback rests on.

    Raises:
        Refused: if the policy wants it to be approved, and it is not.
    """
    model, version, stage = restored.model, restored.body.version, restored.body.stage
    found = session.state.versions[model, version]
    if session.policy.requirements(model, found.body.tier, stage, "rollback") is None:
        return _Yes()
    request = judge.open_request(session, found, stage, "rollback")
    if request is None or request.body.restores != restored.at.id:
        raise Refused(
            f"nobody has asked to take {stage} of {model} back to {version}",
            why="the policy in force wants a rollback of this stage to be approved",
            fix=f"ask with: govkit request '{model}@{version}' --stage {stage} --rollback -m WHY",
        )
    judgement = judge.judge(session, found, stage, action="rollback")
    if judgement.blocking or judgement.tally is None:
        raise judge.NotMet(judgement)
    counted = judgement.tally.counted
    return _Yes(request, sorted(one.at.id for one in counted.values()), ", ".join(sorted(counted)))


def _plan(session: Session, model: str, stage: str, version: str | None, reason: str, ticket: str) -> Plan:
    restored, passed = target(session, model, stage, version)
    yes, was = _yes(session, restored), restored.body
    request = yes.request.id if yes.request else None
    fields: dict[str, Any] = {
        "version": was.version,
        "stage": stage,
        "card": was.card,
        "weights": was.weights,
        "requirements": was.requirements,
        "request": request,
        "decisions": yes.decisions,
    }

    def body(tag: TagRef) -> PromotionRecorded:
        return PromotionRecorded(
            **fields,
            kind="rollback",
            commit=was.commit,
            policy=session.policy.digest,
            tag=tag,
            restores=restored.at.id,
            reason=reason,
            ticket=ticket or (yes.request.body.ticket if yes.request else ""),
            expires=was.expires,
            review_by=was.review_by,
        )

    serving = session.state.champion(model, stage)
    instead = f" instead of {serving.body.version}" if serving else ", which is empty"
    summary = [
        f"roll back {model} in {stage} to {was.version}{instead}",
        f"as it was let in at {restored.at.effective}, by event {restored.at.index}",
        *passed,
        *([f"approved by {yes.people}"] if yes.people else []),
        f"reason: {reason}",
    ]
    tag = TagPlan(names.TagName(model, "assign", stage=stage, counter=1), "rollback", was.commit, fields)
    return Plan("promotion.recorded", model, body, tag=tag, summary=summary)
