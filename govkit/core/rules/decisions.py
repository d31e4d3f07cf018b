"""Rules for decisions: who may say yes or no to what."""

from __future__ import annotations

from govkit.core import times
from govkit.core.approvals import roles_in
from govkit.core.entities import Decision, Request
from govkit.core.events import DecisionRecorded, Event
from govkit.core.followups import Finding, condition_id
from govkit.core.rules.case import (
    Case,
    NotAllowed,
    check_due,
    open_request,
    require,
)


def decision_recorded(case: Case, body: DecisionRecorded) -> None:
    """A person decides in a role that the request's quorum asks for; never the requester, never a service."""
    request = open_request(case, body.request)
    person = case.event.actor
    policy_in_force = case.policy
    require(
        policy_in_force.policy.people[person].kind == "person", f"{person} is a service, and a service never decides"
    )
    rules = case.state.requirements_of(request, policy_in_force)
    if rules is None:
        raise NotAllowed("the policy in force does not know what is asked for")
    version = case.state.versions.get((request.model, request.body.version or ""))
    model, tier = (request.model, version.body.tier) if version else (None, None)
    require(
        body.role in policy_in_force.roles_of(person, model, tier), f"{person} does not hold the role '{body.role}'"
    )
    asked = roles_in(rules.approvals.quorum) | set(rules.approvals.lift if body.decision == "lift" else [])
    require(body.role in asked, f"nobody in the role '{body.role}' is asked here")
    meanings = policy_in_force.meanings(body.decision)
    require(not meanings or body.meaning in meanings, f"the policy has no meaning '{body.meaning}'")
    _check_evidence(case, request)
    if body.decision == "approve":
        require(person != request.requester, f"{person} asked for this, and nobody approves their own request")
        _check_end(case.event, body, rules.approvals.valid_for)
    # Who asked cannot end what others said against it.
    lifts = body.role in _lifters(case, request, rules.approvals.lift, tier) and person != request.requester
    if case.rules > 1:
        _check_words(case, request, body, lifts=lifts)
        _open_findings(case, request, body)
    request.decisions.append(Decision(case.judged, body, lifts=lifts))
    if body.decision == "reject" or case.state.holds.get(request.hold):
        case.state.holds[request.hold] = case.state.rejects(request.hold)


def _lifters(case: Case, request: Request, named: list[str], tier: str | None) -> list[str]:
    """Return the roles that may lift what others rejected.

    A reject holds for every way into a stage alike, so none can be the easier way to lift one.
    """
    if request.way == "promote":
        return named
    usual = case.policy.requirements(request.model, tier or "high", request.body.stage or "")
    return [role for role in named if usual is not None and role in usual.approvals.lift]


def _check_words(case: Case, request: Request, body: DecisionRecorded, *, lifts: bool) -> None:
    """A reject says why, a lift is by who may lift, and conditions are for people in the policy, ahead in time."""
    person = case.event.actor
    require(body.decision != "reject" or bool(body.comment.strip()), "a reject says why")
    if body.decision == "lift":
        own = person in case.state.holds.get(request.hold, {})
        require(lifts or own, f"{person} may not lift what others rejected in the role '{body.role}'")
    require(not body.conditions or body.decision == "approve", "only an approval has conditions")
    for condition in body.conditions:
        check_due(case, condition.owner, condition.due)


def _open_findings(case: Case, request: Request, body: DecisionRecorded) -> None:
    judged = case.judged
    for number, condition in enumerate(body.conditions):
        identity = condition_id(judged.id, number)
        case.state.findings[identity] = Finding(
            id=identity,
            name=f"finding#{judged.index}.{number}",
            model=request.model,
            version=request.body.version or "",
            text=condition.text,
            owner=condition.owner,
            due=condition.due,
            at=judged,
        )


def _check_evidence(case: Case, request: Request) -> None:
    name, bound = "policy.json", request.body.policy
    if request.body.digests is not None:
        name, bound = "card.json", request.body.digests.card
    require(bound is None or case.event.evidence.get(name) == bound, f"it was made on another {name}")


def _check_end(event: Event, body: DecisionRecorded, valid_for: str | None) -> None:
    if valid_for is not None:
        try:
            latest = times.add(event.time, times.span(valid_for))
        except ValueError as error:
            raise NotAllowed(f"its end cannot be told: {error}") from error
        require(body.expires is not None and body.expires <= latest, f"an approval must end within {valid_for}")
