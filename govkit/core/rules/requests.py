"""Rules for requests: they bind what the log and the policy say when they are opened."""

from __future__ import annotations

from typing import cast

from govkit.core.entities import Request
from govkit.core.events import (
    ALL,
    RequestOpened,
    RequestWithdrawn,
)
from govkit.core.resolve import Way
from govkit.core.rules.case import (
    Case,
    NotAllowed,
    open_request,
    require,
    restorable,
)
from govkit.core.rules.policies import check_people, read_policy


def request_opened(case: Case, body: RequestOpened) -> None:
    """A request binds what the log and the policy say now; it replaces an older one for the same thing."""
    request = Request(case.judged, case.event.subject, body)
    if body.action in ("policy", "acknowledge"):
        _request_of_admins(case, body)
    else:
        _request_of_model(case, body)
    older = []
    for other in case.state.requests_about(request.hold):
        if other.state == "open" and other.body.version == body.version:
            alike = case.rules > 1 and body.action == "policy" and other.requester != request.requester
            require(not alike or other.body.base != body.base, f"{other.name} asks for the same already")
            older.append(other)
    for other in older:
        case.state.end_request(other, "superseded")
    case.state.add_request(request)


def _request_of_admins(case: Case, body: RequestOpened) -> None:
    require(case.event.subject == ALL, "its subject must be '*'")
    admin = case.policy.policy.admin
    case.needs_role([*admin.roles, *(admin.propose if body.action == "policy" else [])])
    _only(body, {"policy", "base"} if body.action == "policy" else {"index"})
    if body.action == "policy":
        proposed = read_policy(case.content("policy.json"))
        require(proposed.digest == body.policy, "it names another policy than its evidence")
        require(body.base == case.state.policies[-1][0], "it is made against an older policy")
        check_people(case.state, proposed)
    else:
        require(body.index in case.state.violations, "there is no such violation")


def _only(body: RequestOpened, own: set[str]) -> None:
    """Refuse what does not concern the action: it would change which rejects hold and what decisions bind."""
    every = {"version", "stage", "commit", "digests", "restores", "policy", "base", "index"}
    foreign = sorted(name for name in every - own if getattr(body, name) is not None)
    require(not foreign, f"a request for {body.action} has no {' and no '.join(foreign)}")


def _request_of_model(case: Case, body: RequestOpened) -> None:
    known = body.action == "promote" or (body.action in ("rollback", "break-glass") and case.rules > 1)
    require(known, f"the policy in force has no request for {body.action}")
    require(body.action != "break-glass" or bool(body.ticket.strip()), "break-glass needs a ticket")
    own = {"version", "stage", "commit", "digests", *(["restores"] if body.action == "rollback" else [])}
    _only(body, own)
    require(all(getattr(body, name) is not None for name in own), "it leaves out what it asks for")
    version, stage = case.version(cast(str, body.version)), cast(str, body.stage)
    view = case.policy.stage(stage, version.body.tier)
    if view is None:
        raise NotAllowed(f"the policy in force knows no stage '{body.stage}'")
    case.needs_role(view.roll_back if body.action == "rollback" else case.policy.policy.register, version.body.tier)
    rules = case.policy.requirements(case.model, version.body.tier, stage, cast(Way, body.action))
    require(rules is not None, f"the policy in force has no {body.action} into '{body.stage}'")
    if body.action == "rollback":
        restored = restorable(case, stage, body.restores)
        require(restored.body.version == body.version, "it would go back to another version than it names")
    bound = body.digests
    if bound is None or rules is None:
        raise NotAllowed("it leaves out what it asks for")
    registered = (version.body.commit, version.body.card, version.body.weights, version.body.data)
    require(
        (body.commit, bound.card, bound.weights, bound.data) == registered, "it names other bytes than were registered"
    )
    require(bound.requirements == rules.digest, "it names other requirements than the policy in force has")
    champion = case.state.champion(case.model, cast(str, body.stage))
    require(bound.champion == (champion.at.id if champion else None), "it names another champion than serves now")
    require(case.event.evidence.get("card.json") == bound.card, "its card is not among its evidence")


def request_withdrawn(case: Case, body: RequestWithdrawn) -> None:
    """Only its requester takes a request back."""
    request = open_request(case, body.request)
    require(request.requester == case.event.actor, "only its requester can withdraw a request")
    case.state.end_request(request, "withdrawn")
