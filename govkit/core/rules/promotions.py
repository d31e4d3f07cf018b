"""Rules for stages: what enters one, and how one is emptied."""

from __future__ import annotations

from govkit.core.approvals import satisfiable
from govkit.core.events import (
    PromotionRecorded,
    StageCleared,
)
from govkit.core.rules.case import (
    Case,
    NotAllowed,
    approved_request,
    open_request,
    own_tag,
    require,
)
from govkit.core.state import Clearing, Promotion


def promotion_recorded(case: Case, body: PromotionRecorded) -> None:
    """A version enters a stage: on an approved request, or back to where it served before."""
    version = case.version(body.version)
    rules = case.policy.policy.stages.get(body.stage)
    require(rules is not None, f"the policy in force knows no stage '{body.stage}'")
    case.needs_role(rules.promote if rules else [], version.body.tier)
    registered = (version.body.commit, version.body.card, version.body.weights)
    require((body.commit, body.card, body.weights) == registered, "it names other bytes than were registered")
    require(body.policy == case.policy.digest, "it names another policy than the one in force")
    tag = own_tag(case, body.tag)
    said = (tag.kind, tag.version, tag.stage, tag.commit, tag.card, tag.weights, tag.requirements, tag.policy)
    own = (body.kind, body.version, body.stage, body.commit, body.card, body.weights, body.requirements, body.policy)
    require(
        said == own and (tag.request, tag.decisions) == (body.request, body.decisions), "its tag says something else"
    )
    override = _restored(case, body) if body.kind == "rollback" else _asked_for(case, body)
    serving = Promotion(case.model, case.judged, body, override)
    case.state.tags[body.tag.name] = body.tag
    if body.request is not None:
        case.state.requests[body.request].state = "done"
    case.state.stages.setdefault((case.model, body.stage), []).append(serving)


def _asked_for(case: Case, body: PromotionRecorded) -> bool:
    """Check a promotion against its request; return whether it overrides the usual approval."""
    require(body.kind == "promote", f"the policy in force has no {body.kind}")
    request = open_request(case, body.request)
    bound = request.body.digests
    same = (request.model, request.body.version, request.body.stage) == (case.model, body.version, body.stage)
    if bound is None or not same:
        raise NotAllowed("the request was for something else")
    require(body.requirements == bound.requirements, "it names other requirements than were approved")
    approved = approved_request(case, body.request, "promote")
    tally = case.state.tally(approved, at=case.judged.effective)
    listed = {person: d for person, d in tally.counted.items() if d.at.id in body.decisions}
    require(
        len(listed) == len(set(body.decisions)) == len(body.decisions), "it rests on a decision that does not count"
    )
    rules = case.state.requirements_of(approved, case.policy)
    roles = {person: {decision.body.role} for person, decision in listed.items()}
    require(rules is not None and satisfiable(rules.approvals.quorum, roles), "the decisions it names are not enough")
    return False


def _restored(case: Case, body: PromotionRecorded) -> bool:
    """Check a rollback against what it restores; return whether that was an override."""
    earlier = case.state.stages.get((case.model, body.stage), [])
    found = [entry for entry in earlier if isinstance(entry, Promotion) and entry.at.id == body.restores]
    require(bool(found), "it does not go back to a promotion into this stage")
    require(
        not case.state.is_compromised(found[0].at), "the promotion it goes back to was signed with a compromised key"
    )
    same = (found[0].body.version, found[0].body.requirements) == (body.version, body.requirements)
    require(same and body.request is None and not body.decisions, "it says something else than what it goes back to")
    return found[0].override


def stage_cleared(case: Case, body: StageCleared) -> None:
    """Who may promote into a stage may also empty it."""
    rules = case.policy.policy.stages.get(body.stage)
    require(rules is not None, f"the policy in force knows no stage '{body.stage}'")
    case.needs_role(rules.promote if rules else [], "*")
    last = case.state.last(case.model, body.stage)
    if not isinstance(last, Promotion):
        raise NotAllowed(f"nothing serves in '{body.stage}'")
    tag = own_tag(case, body.tag)
    said = (tag.kind, tag.stage, tag.version, tag.commit)
    require(said == ("clear", body.stage, last.body.version, last.body.commit), "its tag says something else")
    case.state.tags[body.tag.name] = body.tag
    case.state.stages[case.model, body.stage].append(Clearing(case.model, case.judged, body))
