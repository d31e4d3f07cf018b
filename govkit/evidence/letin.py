"""How a version was let into a stage, and every decision on that: in the words of who signed."""

from __future__ import annotations

from govkit.core.entities import Decision, Promotion, Request
from govkit.core.state import State
from govkit.core.why import Entrance, Voice
from govkit.evidence.signing import Signatures


def of(state: State, promotion: Promotion, signatures: Signatures) -> Entrance:
    """Return how a version was let in."""
    body, original = promotion.body, state.original(promotion)
    return Entrance(
        version=body.version,
        kind=body.kind,
        override=promotion.override,
        tag=body.tag.name,
        reason=body.reason,
        ticket=body.ticket,
        expires=body.expires,
        review_by=body.review_by,
        first=signatures.of(original.at) if original is not promotion else None,
        signed=signatures.of(promotion.at),
    )


def requests(state: State, promotion: Promotion) -> list[Request]:
    """Return the request that a version was let in on, and that of a rollback of its own, oldest first."""
    named = [state.original(promotion).body.request, promotion.body.request]
    found = [state.requests[name] for name in dict.fromkeys(named) if name is not None and name in state.requests]
    return sorted(found, key=lambda request: request.at.index)


def decisions(state: State, promotion: Promotion, signatures: Signatures) -> list[Voice]:
    """Return every decision on a version for a stage before it was let in, on whichever request, oldest first."""
    rests = {*state.original(promotion).body.decisions, *promotion.body.decisions}
    own = requests(state, promotion)
    found = []
    for hold in dict.fromkeys(request.hold for request in own):
        for request in state.requests_about(hold):
            for decision in request.decisions:
                if decision.at.index <= promotion.at.index:
                    why = note(decision, request, elsewhere=request not in own)
                    found.append(signatures.voice(request, decision, counted=decision.at.id in rests, note=why))
    return sorted(found, key=lambda voice: voice.signed.index)


def note(decision: Decision, request: Request, *, elsewhere: bool = False) -> str:
    """Say of a decision on which nothing rests, why.

    Args:
        decision: the decision.
        request: the request that it is on.
        elsewhere: whether that is another request than what was done rests on.
    """
    if elsewhere and decision.body.decision == "approve":
        how = {"break-glass": "an emergency", "rollback": "going back"}.get(request.body.action, "the same")
        return f"said of another request, for {how} (event {request.at.index})"
    return {
        "approve": "it was not needed, or did not count, when the version was let in",
        "reject": "it no longer held: it was taken back, or lifted by somebody who may",
        "lift": "it lifted an earlier no",
    }[decision.body.decision]
