"""A promotion decided again long after, as of its own place in the log: by the verifier, and for an auditor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import structs
from msgspec.structs import replace

from govkit.core import assess
from govkit.core import report as reports
from govkit.core.entities import Decision, Promotion
from govkit.core.errors import Refused, Undecided
from govkit.core.gates.base import Check, Verdict
from govkit.core.report import GateReport
from govkit.core.resolve import Way
from govkit.core.state import State
from govkit.core.verdict import proof
from govkit.workflow import facts, judge
from govkit.workflow.facts import Question
from govkit.workflow.session import Session


def question(state: State, promotion: Promotion) -> Question | None:
    """Return what was asked when a version was promoted on a request; None if the log does not hold it."""
    body = promotion.body
    policy, version = state.policy_at(promotion.at.index), state.versions[promotion.model, body.version]
    action: Way = "break-glass" if body.kind == "break-glass" else "promote"
    rules = policy.requirements(promotion.model, version.body.tier, body.stage, action) if policy else None
    request = state.requests.get(body.request or "")
    if policy is None or rules is None or request is None or rules.digest != body.requirements:
        return None
    bound = request.body.digests
    return Question(
        *(version, body.stage, rules, policy, _promotion(state, bound.champion if bound else None)),
        now=promotion.at.effective,
        before=promotion.at.index,
        requester=request.requester,
        pushed="attested",
    )


def checks(session: Session, asked: Question, decisions: Iterable[Decision]) -> Iterator[Check]:
    """Decide approvals again, then gates; what was decided before something is found missing counts.

    Args:
        session: the repository.
        asked: what was asked then.
        decisions: those that the promotion names.

    Raises:
        Undecided: if something is missing from this clone.
        Refused: if a card in the log is none.
    """
    found = judge.authors(session, asked.rules, asked.policy, asked.version.body.commit, asked.champion)
    yield from judge.settled(session, asked.rules, decisions, found)
    yield from facts.gate_checks(session, asked)


def decisions(state: State, promotion: Promotion) -> list[Decision]:
    """Return the decisions that a promotion names."""
    request = state.requests[promotion.body.request or ""]
    return [decision for decision in request.decisions if decision.at.id in promotion.body.decisions]


def rollback_checks(session: Session, promotion: Promotion) -> Iterator[Check]:
    """Decide again whether the yes that a rollback rests on was enough, with what is known of keys by now.

    Args:
        session: the repository.
        promotion: a rollback that names a request.
    """
    state, body = session.state, promotion.body
    request, version = state.requests[body.request or ""], state.versions[promotion.model, body.version]
    policy = state.policy_at(promotion.at.index)
    rules = state.requirements_of(request, policy) if policy else None
    if rules is None:
        yield proof("rollback", False, "it was approved", "what was required of it cannot be found in the log", "")
        return
    # It brings in no commits, so there is nobody who wrote them.
    for check in judge.settled(session, rules, decisions(state, promotion), assess.Authors(frozenset(), [])):
        yield structs.replace(check, gate="rollback")
    for judged in (request.at, version.at):
        if state.is_compromised(judged):
            yield proof("rollback", False, "signed with a sound key", "its key is reported as compromised", "")


def report(session: Session, promotion: Promotion) -> GateReport:
    """Return how a version stood for a stage when it was let in; of a rollback, when it was let in first.

    Raises:
        Refused: if the log does not hold what was asked then.
    """
    state, let_in = session.state, session.state.original(promotion)
    asked = question(state, let_in)
    if asked is None:
        raise Refused(f"what event {let_in.at.index} rests on cannot be found in the log")
    is_override = let_in.body.kind == "break-glass"
    found, overridden = _or_why_not(session, asked, let_in), list[Check]()
    usual = asked.policy.requirements(let_in.model, asked.version.body.tier, let_in.body.stage)
    if is_override and usual is not None:
        passed_over = _or_why_not(session, replace(asked, rules=usual), None)
        overridden = [check for check in passed_over if not check.verdict.opens]
    return GateReport(
        schema=reports.SCHEMA,
        model=let_in.model,
        version=let_in.body.version,
        stage=let_in.body.stage,
        requirements=asked.rules.digest,
        policy=asked.policy.digest,
        policy_event=next(index for index, policy in reversed(state.policies) if policy is asked.policy),
        champion=asked.champion.body.version if asked.champion else None,
        checks=found,
        open=not reports.blocking(let_in.body.version, found),
        action="break-glass" if is_override else "promote",
        overridden=overridden,
    )


def _or_why_not(session: Session, asked: Question, let_in: Promotion | None) -> list[Check]:
    """Decide again, with approvals where a promotion is given; what cannot be decided here is a check that says so."""
    named = decisions(session.state, let_in) if let_in else []
    found: list[Check] = []
    try:
        for check in checks(session, asked, named) if let_in else facts.gate_checks(session, asked):
            found.append(check)
    except (Undecided, Refused) as error:
        verdict = Verdict.INCONCLUSIVE if isinstance(error, Undecided) else Verdict.FAIL
        required = "gates and approvals decided again"
        found.append(
            Check(gate="gates", type="proof", verdict=verdict, required=required, found=str(error), fix=error.fix)
        )
    return found


def _promotion(state: State, identity: str | None) -> Promotion | None:
    entries = (entry for found in state.stages.values() for entry in found)
    return next((e for e in entries if isinstance(e, Promotion) and e.at.id == identity), None)
