"""Why a version served in a stage, ``govkit.why/v1``: what ``govkit why`` answers, for programs and for pages.

It is about one moment. What was known then and what is known today stand apart: approvals and gates are told as of
when the version was let in, and ``proof`` says what the verifier finds today.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from govkit.core.card import CodeFile, Item
from govkit.core.events import Condition, Head, PromotionKind
from govkit.core.gates.base import Check
from govkit.core.records import Digest, GitId, Index, Instant, Model, Record, Stage, Version
from govkit.core.report import GateReport
from govkit.core.verdict import EXIT_CODES, Outcome

SCHEMA: Final = "govkit.why/v1"
Standing = Literal["serves", "ended", "revoked", "cleared", "never"]


class Receipt(Record, frozen=True):
    """That a mirror holds an event.

    Attributes:
        mirror: its URL.
        time: when it received the event, by its own clock; the event is no younger.
    """

    mirror: str
    time: Instant


class Signed(Record, frozen=True):
    """An event of the log: who signed it and when.

    Attributes:
        index: its place in the log, from 0.
        event: its identity, the leaf hash.
        by: the id of who signed it.
        name: their name, or the id.
        claimed: the time that they claim.
        counted: the time from which it counts: not before that of an event that it stands behind.
        mirrored: what mirrors hold of it; empty where there are none, or they could not be asked.
    """

    index: Index
    event: Digest
    by: str
    name: str
    claimed: Instant
    counted: Instant
    mirrored: list[Receipt] = []


class Asking(Record, frozen=True):
    """A request that a version was let in on.

    Attributes:
        name: ``MODEL@VERSION#STAGE``, or ``policy#INDEX``.
        action: what was asked for.
        reason: why, in the words of who asked.
        ticket: a reference into another system, or an empty string.
        signed: who asked, and when.
    """

    name: str
    action: str
    reason: str
    ticket: str
    signed: Signed


class Voice(Record, frozen=True):
    """One decision, in the words of who signed it.

    Attributes:
        request: the request's name.
        decision: approve, reject or lift.
        role: the role in which they decided.
        meaning: the sentence that the signature stands for.
        comment: what they say with it, or an empty string.
        conditions: of an approval.
        key: the fingerprint of the key.
        counted: whether what was done then rests on it.
        note: if not, why; or an empty string.
        signed: who, and when.
    """

    request: str
    decision: Literal["approve", "reject", "lift"]
    role: str
    meaning: str
    comment: str
    conditions: list[Condition]
    key: str
    counted: bool
    note: str
    signed: Signed


class Entrance(Record, frozen=True):
    """How a version came into the stage.

    Attributes:
        version: the version.
        kind: promote, rollback or break-glass.
        override: whether the usual approval was overridden, now or in what a rollback goes back to.
        tag: name of the signed tag.
        reason: the words of who let it in, or an empty string.
        ticket: a reference into another system, or an empty string.
        expires: when an override ends, or null.
        review_by: when it must have been approved again, or null.
        first: of a rollback, how it was let in when it was approved; else null.
        signed: who let it in, and when.
    """

    version: Version
    kind: PromotionKind
    override: bool
    tag: str
    reason: str
    ticket: str
    expires: Instant | None
    review_by: Instant | None
    first: Signed | None
    signed: Signed


class Parameter(Record, frozen=True):
    """A parameter of the pipeline: its file, dotted name and value."""

    file: str
    name: str
    value: Any


class Reproduced(Record, frozen=True):
    """That somebody ran the pipeline again, and how what came out compares."""

    verdict: str
    signed: Signed


class Made(Record, frozen=True):
    """What a version was made from, as its registered card says.

    Attributes:
        commit: the commit of its code.
        author: who wrote the commit, as the commit itself says; empty where this clone does not have it.
        subject: the first line of the commit's message.
        card: digest of the card.
        weights: the weights.
        data: the data snapshots.
        code: the files in Git that the pipeline depends on.
        parameters: the values that it ran with.
        gaps: what could not be known, and contradictions.
        registered: who registered the version, and when.
        reproduced: by whom it was made again.
    """

    commit: GitId
    author: str
    subject: str
    card: Digest
    weights: Item
    data: list[Item]
    code: list[CodeFile]
    parameters: list[Parameter]
    gaps: list[str]
    registered: Signed
    reproduced: list[Reproduced]


class Ruling(Record, frozen=True):
    """A policy under which something was done.

    Attributes:
        about: what was done under it.
        digest: its digest.
        number: how many policies the log had adopted by then, this one included.
        rules: the version of the log's own rules that it names.
        reason: why it was asked for, or an empty string.
        decisions: on the request for it.
        alone: whether its adopter needed nobody else.
        adopted: who adopted it, and when.
    """

    about: str
    digest: Digest
    number: Index
    rules: Index
    reason: str
    decisions: list[Voice]
    alone: bool
    adopted: Signed


class Waived(Record, frozen=True):
    """A requirement that was waived for this version, until ``expires``."""

    gate: str
    reason: str
    ticket: str
    expires: Instant
    signed: Signed


Progress = Literal["open", "overdue", "closed"]


class Point(Record, frozen=True):
    """A condition or finding: something to be done about the version.

    Attributes:
        name: ``finding#INDEX``, or ``finding#INDEX.NUMBER`` of a decision's condition.
        text: what is to be done.
        owner: who sees to it.
        due: until when.
        then: how it stood at the moment that is asked about.
        today: how it stands now.
        resolution: how it ended, or an empty string.
        opened: who opened it, and when.
        closed: who closed it, and when; or null.
    """

    name: str
    text: str
    owner: str
    due: Instant
    then: Progress
    today: Progress
    resolution: str
    opened: Signed
    closed: Signed | None


class Turn(Record, frozen=True):
    """One change of the stage.

    Attributes:
        kind: promote, rollback, break-glass or clear.
        version: what served from then on, or null.
        reason: the words of who did it, or of who asked for it.
        asked: whether it is the one in force at the moment that is asked about.
        signed: who did it, and when.
    """

    kind: Literal["promote", "rollback", "break-glass", "clear"]
    version: Version | None
    reason: str
    asked: bool
    signed: Signed


class Ran(Record, frozen=True):
    """What was reported last, by then, of where the version was rolled out to."""

    environment: str
    status: str
    by: str
    time: Instant


class Revoked(Record, frozen=True):
    """That the version was barred everywhere; ``then`` if it was so at the moment that is asked about."""

    reason: str
    then: bool
    signed: Signed


class Proof(Record, frozen=True):
    """What the verifier finds today.

    Attributes:
        verdict: ``proven`` (exit code 0), ``refused`` (1) or ``undecided`` (3), for what ``about`` says.
        about: what is proven: of now, that the version may serve (``serving``, as ``govkit verify``); of a moment that
            somebody named, that the record of how it was let in is sound (``record``); or that the stage was empty
            (``empty``).
        record: the verdict over ``checks`` alone, whatever has come since.
        checks: what was checked of the record.
        today: what has come since: of now, all such checks; else those that would keep the version from serving today,
            which do not touch what was.
        notes: what else was seen.
    """

    verdict: Outcome
    about: Literal["serving", "record", "empty"]
    record: Outcome
    checks: list[Check]
    today: list[Check]
    notes: list[str]

    @property
    def shut(self) -> list[Check]:
        """What keeps the version from serving today, though the record may be sound."""
        return [check for check in self.today if not check.verdict.opens]


class Why(Record, frozen=True):
    """What served in a stage at a moment, and why.

    Attributes:
        model: the model.
        stage: the stage.
        asked: the moment as it was written, or an empty string for now.
        instant: the time that was meant, or null.
        event: the last event that counts for the answer, or null where the moment lies before all.
        standing: whether a version served; ``ended`` and ``revoked`` if the log has one there that might not serve
            any more, ``cleared`` if the stage was emptied, ``never`` if nothing had been let in.
        answer: the answer in sentences.
        let_in: how the version was let in; null where none was.
        until: the event with which that ended, or null.
        revoked: that the version is revoked, or null.
        made: what it was made from, or null.
        gates: how it stood against what the policy required when it was let in; of a rollback, when it was let in
            first. Decided again today, as of then.
        requests: what was asked for; of a rollback that had to be approved, also that.
        decisions: what people decided, oldest first.
        policies: the policies under which it was let in.
        waived: requirements that were waived.
        points: conditions and findings.
        ran: where it was reported to run.
        turns: every change of the stage, oldest first.
        proof: what the verifier finds today.
        notes: what else to know.
        root: the root of trust.
        head: the size and root of the log that says this.
        repository: the repository that event 0 names, or an empty string.
    """

    schema: Literal["govkit.why/v1"]
    model: Model
    stage: Stage
    asked: str
    instant: Instant | None
    event: Index | None
    standing: Standing
    answer: list[str]
    let_in: Entrance | None
    until: Signed | None
    revoked: Revoked | None
    made: Made | None
    gates: GateReport | None
    requests: list[Asking]
    decisions: list[Voice]
    policies: list[Ruling]
    waived: list[Waived]
    points: list[Point]
    ran: list[Ran]
    turns: list[Turn]
    proof: Proof
    notes: list[str]
    root: Digest
    head: Head
    repository: str

    @property
    def exit_code(self) -> int:
        """0 if what is told is proven, 1 if it is disproven, 3 if that could not be decided."""
        return EXIT_CODES[self.proof.verdict]
