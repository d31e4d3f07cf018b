"""Who signed an event and when, for answers: the claimed time, the one that counts, and when mirrors received it."""

from __future__ import annotations

from collections.abc import Iterable

from govkit.core import keys, moments
from govkit.core.entities import Decision, Request
from govkit.core.judged import Judged
from govkit.core.state import State
from govkit.core.why import Asking, Receipt, Signed, Voice
from govkit.workflow import receipts
from govkit.workflow.session import Session


class Signatures:
    """Makes :class:`govkit.core.why.Signed` of events, and asks mirrors for all of them at once in the end.

    Args:
        state: what the log says.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._receipts: dict[int, list[Receipt]] = {}
        self._seen: dict[int, Judged] = {}

    def of(self, judged: Judged) -> Signed:
        """Return who signed an event, and when."""
        event = judged.event
        by = event.actor if event else "?"
        self._seen[judged.index] = judged
        return Signed(
            index=judged.index,
            event=judged.id,
            by=by,
            name=self.name(by, judged.index),
            claimed=event.time if event else judged.effective,
            counted=judged.effective,
            mirrored=self._receipts.setdefault(judged.index, []),
        )

    def name(self, person: str, index: int) -> str:
        """Return a person's name, as the policy of the time had it; else their id."""
        policy = self._state.policy_at(index)
        # An event that adopts a policy may be signed by somebody whom only that policy knows.
        known = [policy, *(found for start, found in self._state.policies if start == index)]
        members = [found.policy.people.get(person) for found in known if found is not None]
        return next((member.name for member in members if member and member.name), person)

    def asking(self, request: Request) -> Asking:
        """Return a request."""
        body = request.body
        return Asking(
            name=request.name, action=body.action, reason=body.reason, ticket=body.ticket, signed=self.of(request.at)
        )

    def voice(self, request: Request, decision: Decision, *, counted: bool, note: str = "") -> Voice:
        """Return a decision on a request.

        Args:
            request: the request.
            decision: the decision.
            counted: whether what was done rests on it.
            note: if not, why.
        """
        body = decision.body
        return Voice(
            request=request.name,
            decision=body.decision,
            role=body.role,
            meaning=body.meaning,
            comment=body.comment,
            conditions=body.conditions,
            key=keys.fingerprint(decision.at.signer) if decision.at.signer else "",
            counted=counted,
            note="" if counted else note,
            signed=self.of(decision.at),
        )

    def backwards(self) -> Iterable[str]:
        """Say of which of the events that were shown the claimed time runs backwards."""
        for _, judged in sorted(self._seen.items()):
            if judged.event and judged.event.time < judged.effective:
                yield moments.backwards(judged)

    def ask_mirrors(self, session: Session) -> list[str]:
        """Fill in when mirrors received the events, and return what else there is to say of the mirrors."""
        found = receipts.of(session, self._receipts)
        for index, times in found.found.items():
            self._receipts[index] += [Receipt(mirror=url, time=time) for url, time in times]
        return found.notes
