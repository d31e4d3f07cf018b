"""``govkit why``: what served in a stage at a moment, made from what, let in by whom, by which rules; and is it proven.

Nothing is decided here: gates and approvals by :mod:`govkit.workflow.retrospect`, the proof by the verifier.
"""

from __future__ import annotations

from govkit.core import deployed, moments, times, why
from govkit.core import report as reports
from govkit.core.entities import Clearing, Promotion
from govkit.core.errors import GovkitError
from govkit.core.followups import Finding
from govkit.core.gates.base import Check, Verdict
from govkit.core.moments import Moment
from govkit.core.report import GateReport
from govkit.core.why import Point, Progress, Proof, Ran, Revoked, Ruling, Standing, Turn, Waived, Why
from govkit.evidence import letin, whymade, whyproof, whywords
from govkit.evidence.signing import Signatures
from govkit.workflow import facts, judge, retrospect
from govkit.workflow.session import Session


def gather(session: Session, model: str, stage: str, at: str | None = None, *, mirrors: bool = True) -> Why:
    """Answer why a version served in a stage, or none.

    A log that is not pinned or not in order is told all the same, for people to see what is wrong; the proof says so.

    Args:
        session: the repository.
        model: the model.
        stage: the stage.
        at: the moment: a time, a day, or an event; None for now. See :mod:`govkit.core.moments`.
        mirrors: ask the mirrors of the policy in force when they received the events.

    Raises:
        Usage: if there is no log, it knows no such model or stage, or ``at`` is no moment of it.
        Refused: if the log has no policy in force.
    """
    _ = session.policy
    if (model, stage) not in session.state.stages:
        judge.check_known(session, model, stage)
    now = max(session.state.effective, times.write(session.now()))
    moment = moments.read(session.state, at, times.write(session.now()), model)
    return _Answer(session, model, stage, moment, now).tell(mirrors=mirrors)


class _Answer:
    """One answer while it is gathered."""

    def __init__(self, session: Session, model: str, stage: str, moment: Moment, now: str) -> None:
        self.session, self.state = session, session.state
        self.model, self.stage, self.moment, self.now = model, stage, moment, now
        self.signatures = Signatures(self.state)
        self.entries = self.state.stages.get((model, stage), [])
        known = [entry for entry in self.entries if entry.at.index <= moment.index]
        self.last = known[-1] if known else None
        self.next = self.entries[len(known)] if len(known) < len(self.entries) else None
        self.notes = list(moment.notes)

    def tell(self, *, mirrors: bool) -> Why:
        last = self.last if isinstance(self.last, Promotion) else None
        gates = self._gates(last) if last else None
        answer = Why(
            schema=why.SCHEMA,
            model=self.model,
            stage=self.stage,
            asked=self.moment.asked,
            instant=self.moment.instant,
            event=self.moment.index if self.moment.index >= 0 else None,
            standing=self._standing(),
            answer=[],
            let_in=letin.of(self.state, last, self.signatures) if last else None,
            until=self.signatures.of(self.next.at) if self.next and last else None,
            revoked=self._revoked(last) if last else None,
            made=self._made(last) if last else None,
            gates=gates,
            requests=[self.signatures.asking(request) for request in letin.requests(self.state, last)] if last else [],
            decisions=letin.decisions(self.state, last, self.signatures) if last else [],
            policies=self._policies(last) if last else [],
            waived=self._waived(last, gates) if last and gates else [],
            points=self._points(last) if last else [],
            ran=self._ran(last) if last else [],
            turns=[self._turn(entry) for entry in self.entries],
            proof=self._proof(),
            notes=self.notes,
            root=self.session.log.root_of_trust,
            head=self.session.log.head,
            repository=self.state.remote,
        )
        self.notes += [note for note in self.signatures.backwards() if note not in self.notes]
        if mirrors:
            self.notes += self.signatures.ask_mirrors(self.session)
        answer.answer.extend(whywords.sentences(answer))
        return answer

    def _proof(self) -> Proof:
        is_now, is_before = not self.moment.asked, self.moment.index < 0
        return whyproof.of(self.session, self.model, self.last, is_now=is_now, is_before=is_before)

    def _standing(self) -> Standing:
        if self.last is None:
            return "never"
        if isinstance(self.last, Clearing):
            return "cleared"
        revoked = self.state.revoked.get((self.model, self.last.body.version))
        if revoked is not None and revoked.index <= self.moment.index:
            return "revoked"
        expires = self.last.body.expires if self.last.override else None
        return "ended" if expires is not None and expires < self._instant() else "serves"

    def _instant(self) -> str:
        """Return the time of the moment: of an event its own, and of now the clock's."""
        if self.moment.asked == "":
            return self.now
        return self.moment.instant or self.state.judged[self.moment.index].effective

    # -- how it was let in --------------------------------------------------------------------------------------

    def _revoked(self, last: Promotion) -> Revoked | None:
        found = self.state.revoked.get((self.model, last.body.version))
        if found is None:
            return None
        reason = str(found.event.body.get("reason", "")) if found.event else ""
        return Revoked(reason=reason, then=found.index <= self.moment.index, signed=self.signatures.of(found))

    def _made(self, last: Promotion) -> why.Made | None:
        version = self.state.versions[self.model, last.body.version]
        try:
            return whymade.of(self.session, version, self.signatures, self.moment.index)
        except GovkitError as error:
            self.notes.append(f"What {self.model}@{last.body.version} was made from cannot be told: {error}.")
            return None

    def _gates(self, last: Promotion) -> GateReport | None:
        """Return how it stood when it was let in; of a rollback that had to be approved, with that approval."""
        try:
            found = retrospect.report(self.session, last)
            own: list[Check] = []
            if last.body.kind == "rollback" and last.body.request is not None:
                own = list(retrospect.rollback_checks(self.session, last))
        except GovkitError as error:
            self.notes.append(f"How it stood against the requirements cannot be told: {error}.")
            return None
        if not own:
            return found
        from msgspec import structs

        checks = [*found.checks, *own]
        return structs.replace(found, checks=checks, open=not reports.blocking(found.version, checks))

    # -- under which policy --------------------------------------------------------------------------------------

    def _policies(self, last: Promotion) -> list[Ruling]:
        original = self.state.original(last)
        found = [self._ruling("let in", original)]
        if original is not last and self.state.policy_at(last.at.index) is not self.state.policy_at(original.at.index):
            found.append(self._ruling("gone back to", last))
        return found

    def _ruling(self, about: str, promotion: Promotion) -> Ruling:
        """Return the policy by which a promotion was judged, and who approved it."""
        place = max(n for n, (start, _) in enumerate(self.state.policies) if start < max(promotion.at.index, 1))
        index, policy = self.state.policies[place]
        adopted = self.state.judged[index]
        request = self.state.requests.get(str(adopted.event.body.get("request")) if adopted.event else "")
        words = [d for d in request.decisions if d.at.index < index] if request else []
        last_words = {d.person: d for d in sorted(words, key=lambda d: d.word)}
        return Ruling(
            about=about,
            digest=policy.digest,
            number=place + 1,
            rules=policy.policy.rules,
            reason=request.body.reason if request else "",
            decisions=[
                self.signatures.voice(
                    request,
                    decision,
                    counted=last_words[decision.person] is decision and decision.body.decision == "approve",
                    note=letin.note(decision, request),
                )
                for decision in words
                if request
            ],
            alone=request is None,
            adopted=self.signatures.of(adopted),
        )

    # -- what was set aside, and what is left to do -------------------------------------------------------------

    def _waived(self, last: Promotion, gates: GateReport) -> list[Waived]:
        question = retrospect.question(self.state, self.state.original(last))
        used = {check.gate for check in gates.checks if check.verdict is Verdict.WAIVED}
        found = facts.waivers(self.session, question) if question and used else {}
        return [
            Waived(
                gate=gate,
                reason=waiver.body.reason,
                ticket=waiver.body.ticket,
                expires=waiver.body.expires,
                signed=self.signatures.of(waiver.at),
            )
            for gate, waiver in found.items()
            if gate in used
        ]

    def _points(self, last: Promotion) -> list[Point]:
        key, end = (self.model, last.body.version), self.moment.index
        found = [one for one in self.state.findings.values() if (one.model, one.version) == key]
        return [self._point(one) for one in found if one.at.index <= end]

    def _point(self, finding: Finding) -> Point:
        closed = finding.closed
        by_then = closed is not None and closed.index <= self.moment.index
        then: Progress = "closed" if by_then else "overdue" if finding.due < self._instant() else "open"
        today: Progress = "closed" if closed else "overdue" if finding.due < self.now else "open"
        return Point(
            name=finding.name,
            text=finding.text,
            owner=finding.owner,
            due=finding.due,
            then=then,
            today=today,
            resolution=str(closed.event.body.get("resolution", "")) if closed and closed.event else "",
            opened=self.signatures.of(finding.at),
            closed=self.signatures.of(closed) if closed else None,
        )

    def _ran(self, last: Promotion) -> list[Ran]:
        found = deployed.reports(self.state, self.model, self.stage, self.moment.index + 1)
        return [
            Ran(environment=one.environment, status=one.status, by=one.by, time=one.since)
            for one in found
            if one.promotion == last.at.id
        ]

    def _turn(self, entry: Promotion | Clearing) -> Turn:
        request = self.state.requests.get(entry.body.request or "") if isinstance(entry, Promotion) else None
        return Turn(
            kind=entry.body.kind if isinstance(entry, Promotion) else "clear",
            version=entry.body.version if isinstance(entry, Promotion) else None,
            reason=entry.body.reason or (request.body.reason if request else ""),
            asked=entry is self.last,
            signed=self.signatures.of(entry.at),
        )
