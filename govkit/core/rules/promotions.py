"""Rules for stages: what enters one, and how one is emptied."""

from __future__ import annotations

from govkit.core import times
from govkit.core.approvals import satisfiable
from govkit.core.entities import Clearing, Promotion
from govkit.core.events import (
    PromotionRecorded,
    StageCleared,
)
from govkit.core.followups import Finding
from govkit.core.resolve import Requirements
from govkit.core.rules.case import (
    Case,
    NotAllowed,
    approved_request,
    open_request,
    own_tag,
    require,
    restorable,
)


def promotion_recorded(case: Case, body: PromotionRecorded) -> None:
    """A version enters a stage: on an approved request, or back to where it served before."""
    version = case.version(body.version)
    rules = case.policy.stage(body.stage)
    if rules is None:
        raise NotAllowed(f"the policy in force knows no stage '{body.stage}'")
    case.needs_role(rules.roll_back if body.kind == "rollback" else rules.promote, version.body.tier)
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
    if body.kind == "break-glass":
        review = _review(case, body)
        case.state.findings[review.id] = review
    case.state.add_tag(case.model, body.tag)
    if body.request is not None:
        case.state.end_request(case.state.requests[body.request], "done")
    case.state.stages.setdefault((case.model, body.stage), []).append(serving)


def _asked_for(case: Case, body: PromotionRecorded) -> bool:
    """Check a promotion against its request; return whether it overrides the usual approval."""
    is_override = body.kind == "break-glass" and case.rules > 1
    require(body.kind == "promote" or is_override, f"the policy in force has no {body.kind}")
    request = open_request(case, body.request)
    bound = request.body.digests
    same = (request.model, request.body.version, request.body.stage) == (case.model, body.version, body.stage)
    if bound is None or not same:
        raise NotAllowed("the request was for something else")
    require(body.requirements == bound.requirements, "it names other requirements than were approved")
    rules = _check_quorum(case, body)
    if case.rules > 1:
        _check_ends(case, body, rules)
    return is_override


def _check_quorum(case: Case, body: PromotionRecorded) -> Requirements:
    """Check that the decisions a promotion names are enough for its request; returns what was required of it."""
    approved = approved_request(case, body.request, body.kind)
    tally = case.state.tally(approved, at=case.judged.effective)
    listed = {person: d for person, d in tally.counted.items() if d.at.id in body.decisions}
    require(
        len(listed) == len(set(body.decisions)) == len(body.decisions), "it rests on a decision that does not count"
    )
    rules = case.state.requirements_of(approved, case.policy)
    if rules is None:
        raise NotAllowed("the policy in force does not know what was asked for")
    roles = {person: {decision.body.role} for person, decision in listed.items()}
    require(satisfiable(rules.approvals.quorum, roles), "the decisions it names are not enough")
    return rules


def _check_ends(case: Case, body: PromotionRecorded, rules: Requirements) -> None:
    """An override is short, and what the policy wants reviewed says by when; both are signed as instants."""
    if rules.break_glass is not None:
        require(bool(body.reason.strip()) and bool(body.ticket.strip()), "break-glass needs a reason and a ticket")
        _check_end(case, body.expires, rules.break_glass.lasts, "an override must end")
    else:
        require(body.expires is None, "only an override ends by itself")
    if rules.approvals.review_after is not None and rules.break_glass is None:
        _check_end(case, body.review_by, rules.approvals.review_after, "it must be reviewed")
    else:
        require(body.review_by is None, "the policy in force asks for no review of it")


def _check_end(case: Case, end: str | None, within: str, what: str) -> None:
    try:
        latest = times.add(case.event.time, times.span(within))
        fits = end is not None and times.parse(end) is not None and end <= latest
    except ValueError as error:
        raise NotAllowed(f"its end cannot be told: {error}") from error
    require(fits, f"{what} within {within}")


def _review(case: Case, body: PromotionRecorded) -> Finding:
    """Return the finding that every override opens: that somebody else looks at it afterwards."""
    rules = case.policy.stage(body.stage)
    if rules is None or rules.break_glass is None:
        raise NotAllowed(f"the policy in force has no break-glass into '{body.stage}'")
    try:
        due = times.add(case.event.time, times.span(rules.break_glass.review_within))
    except ValueError as error:
        raise NotAllowed(f"the day of its review cannot be told: {error}") from error
    judged = case.judged
    return Finding(
        id=judged.id,
        name=f"finding#{judged.index}",
        model=case.model,
        version=body.version,
        text=f"review the break-glass promotion to {body.stage} ({body.ticket}): {body.reason}",
        owner=case.event.actor,
        due=due,
        at=judged,
        override=True,
    )


def _restored(case: Case, body: PromotionRecorded) -> bool:
    """Check a rollback against what it restores; return whether that was an override."""
    found = restorable(case, body.stage, body.restores)
    same = (found.body.version, found.body.requirements) == (body.version, body.requirements)
    require(same, "it says something else than what it goes back to")
    _check_yes(case, body)
    if case.rules > 1:
        ends = (found.body.expires, found.body.review_by)
        require((body.expires, body.review_by) == ends, "it ends at another time than what it goes back to")
        require(body.expires is None or body.expires >= case.judged.effective, "the override it goes back to has ended")
    return found.override


def _check_yes(case: Case, body: PromotionRecorded) -> None:
    """A rollback rests on a request where the policy wants somebody's yes for it, and else on none."""
    tier = case.version(body.version).body.tier
    if case.policy.requirements(case.model, tier, body.stage, "rollback") is None:
        nobody = body.request is None and not body.decisions
        require(nobody, "it rests on a request, and the policy in force wants nobody's yes for a rollback")
        return
    require(body.request is not None, "the policy in force wants a rollback to be asked for and approved")
    request = open_request(case, body.request)
    asked = (request.model, request.body.version, request.body.stage, request.body.restores)
    require(asked == (case.model, body.version, body.stage, body.restores), "the request was for something else")
    _check_quorum(case, body)


def stage_cleared(case: Case, body: StageCleared) -> None:
    """Who may promote into a stage may also empty it."""
    rules = case.policy.stage(body.stage)
    require(rules is not None, f"the policy in force knows no stage '{body.stage}'")
    case.needs_role(rules.promote if rules else [], "*")
    last = case.state.last(case.model, body.stage)
    if not isinstance(last, Promotion):
        raise NotAllowed(f"nothing serves in '{body.stage}'")
    tag = own_tag(case, body.tag)
    said = (tag.kind, tag.stage, tag.version, tag.commit)
    require(said == ("clear", body.stage, last.body.version, last.body.commit), "its tag says something else")
    case.state.add_tag(case.model, body.tag)
    case.state.stages[case.model, body.stage].append(Clearing(case.model, case.judged, body))
