"""How a version stands, in one word for systems that have room for one: pending review, approved, rejected, revoked.

The rule, by stage, the first that fits:

1. *rejected*: somebody's reject holds for the stage and the version's card;
2. *approved*: the version was let into the stage in the usual way, whatever serves there now, and no key that this
   rests on was compromised by then; or a request for the stage is open, can still be used, and its approvals are
   complete;
3. *pending review*: a request for the stage is open, or the version was let in by an override alone;
4. else nobody has asked, and the stage has no word.

And for the version as a whole: *revoked* if it is; else *rejected* if that is the word of any stage; else *approved*
if it is that of any; else *pending review*, as of a version that was only registered. A no in one stage so outweighs
a yes in another: who knows the one word only is told the careful one.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from govkit.core.entities import Promotion, Request
from govkit.core.state import State


class GovernanceStatus(StrEnum):
    """How a version, or a version in a stage, stands."""

    PENDING_REVIEW = "pending_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    REVOKED = "revoked"


class Governance:
    """The statuses of all versions of a state, which is gone through once.

    Args:
        state: what the log says.
        approved: tells whether the approvals of a request are complete now, as
            :func:`govkit.workflow.judge.tally` counts them; asked of open requests only.
    """

    def __init__(self, state: State, approved: Callable[[Request], bool]) -> None:
        self._state, self._approved = state, approved
        self._words: dict[tuple[str, str], dict[str, GovernanceStatus]] = {}
        for request in state.requests.values():
            self._take_request(request)
        for entries in state.stages.values():
            for entry in entries:
                if isinstance(entry, Promotion):
                    self._take_promotion(entry)
        self._take_rejects()

    def stages(self, model: str, version: str) -> dict[str, GovernanceStatus]:
        """Return how a version stands in each stage that somebody asked for, by stage."""
        return dict(sorted(self._words.get((model, version), {}).items()))

    def of(self, model: str, version: str) -> GovernanceStatus:
        """Return how a version stands as a whole."""
        if (model, version) in self._state.revoked:
            return GovernanceStatus.REVOKED
        words = self._words.get((model, version), {}).values()
        strongest = (GovernanceStatus.REJECTED, GovernanceStatus.APPROVED)
        return next((word for word in strongest if word in words), GovernanceStatus.PENDING_REVIEW)

    def _take_request(self, request: Request) -> None:
        version, stage = request.body.version, request.body.stage
        if request.state != "open" or version is None or stage is None:
            return
        usable = request.way != "break-glass" and not self._state.void(request)
        approved = usable and self._approved(request)
        self._say(request.model, version, stage, is_approved=approved)

    def _take_promotion(self, promotion: Promotion) -> None:
        self._say(promotion.model, promotion.body.version, promotion.body.stage, is_approved=self._was_usual(promotion))

    def _was_usual(self, promotion: Promotion) -> bool:
        """Tell whether a promotion rests on the usual approvals, and on no key that was compromised by then.

        A rollback adds nothing: it goes to a version that was let in before, and that promotion counts or does not.
        """
        state, body = self._state, promotion.body
        request = state.requests.get(body.request or "")
        if promotion.override or body.kind != "promote" or state.is_compromised(promotion.at):
            return False
        decisions = [one for one in request.decisions if one.at.id in body.decisions] if request else []
        return not any(state.is_compromised(one.at) for one in decisions)

    def _take_rejects(self) -> None:
        held = {hold for hold, people in self._state.holds.items() if people}
        by_card: dict[tuple[str, str], list[str]] = {}
        for hold in held:
            if len(hold) == 3:  # model, stage and card; a reject of a policy holds for something else
                by_card.setdefault((hold[0], hold[2]), []).append(hold[1])
        for key, version in self._state.versions.items():
            for stage in by_card.get((version.model, version.body.card), []):
                self._words.setdefault(key, {})[stage] = GovernanceStatus.REJECTED

    def _say(self, model: str, version: str, stage: str, *, is_approved: bool) -> None:
        words = self._words.setdefault((model, version), {})
        if is_approved:
            words[stage] = GovernanceStatus.APPROVED
        else:
            words.setdefault(stage, GovernanceStatus.PENDING_REVIEW)
