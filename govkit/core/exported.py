"""What is known of a registered version, ``govkit.export/v1``: its card as the log has it, and what became of it.

``govkit export`` makes every format from this value, and prints it as it is with ``--as json``.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from govkit.core import records
from govkit.core.card import Card
from govkit.core.events import Head, PromotionKind
from govkit.core.records import Digest, GitId, Index, Instant, Model, Record, Stage, Version
from govkit.core.report import GateReport

SCHEMA: Final = "govkit.export/v1"


class Deed(Record, frozen=True):
    """A good event of the log.

    Attributes:
        index: its place in the log, from 0.
        event: its identity, the leaf hash.
        time: its effective time.
        by: who signed it.
        text: the reason or comment that it gives, or an empty string.
    """

    index: Index
    event: Digest
    time: Instant
    by: str
    text: str = ""


class DecisionMade(Record, frozen=True):
    """A decision on a request for this version; whether it counts, the gates say.

    Attributes:
        stage: the stage that was asked for.
        request: identity of the request.
        role: the role in which the person decided.
        decision: approve, reject or lift.
        meaning: what the signature means.
        deed: the event.
    """

    stage: Stage
    request: Digest
    role: str
    decision: Literal["approve", "reject", "lift"]
    meaning: str
    deed: Deed


class LetIn(Record, frozen=True):
    """A time in which the version served in a stage.

    Attributes:
        stage: the stage.
        kind: promote, rollback or break-glass.
        override: whether the usual approval was overridden, now or in what a rollback goes back to.
        tag: name of the promotion tag.
        until: when another version came, or the stage was cleared; null if the version is the last there.
        deed: the event.
    """

    stage: Stage
    kind: PromotionKind
    override: bool
    tag: str
    until: Instant | None
    deed: Deed


class Exported(Record, frozen=True):
    """A registered version for use elsewhere. It is a statement about a log, not a proof: ``govkit verify`` proves.

    Attributes:
        model: the model.
        version: the version.
        commit: its commit.
        tag: name of the registration tag.
        card: digest of its card.
        weights: digest of its weights.
        data: digest of its data snapshots.
        repository: the repository that event 0 names, or an empty string.
        root: the root of trust that was pinned.
        head: the head of the log that this speaks for.
        time: effective time of that head; no other clock goes into this.
        policy: digest of the policy in force.
        policy_event: index of the event that adopted it.
        registered: the registration.
        revoked: the revocation, or null.
        decisions: on requests for this version, oldest first.
        promotions: into any stage, oldest first.
        gates: how the version stands for the stage that was asked for: of one that was let in, what let it in; else
            as of ``time``. Null where no stage was asked for.
        gates_time: the instant for which the gates were decided, or null.
        card_json: the card; its RFC 8785 bytes have the digest ``card``.
    """

    schema: Literal["govkit.export/v1"]
    model: Model
    version: Version
    commit: GitId
    tag: str
    card: Digest
    weights: Digest
    data: Digest
    repository: str
    root: Digest
    head: Head
    time: Instant
    policy: Digest
    policy_event: Index
    registered: Deed
    revoked: Deed | None
    decisions: list[DecisionMade]
    promotions: list[LetIn]
    gates: GateReport | None
    gates_time: Instant | None
    card_json: dict[str, Any]

    def parsed(self) -> Card:
        """Return the card; the users' own ``x-`` keys are left out.

        Raises:
            Malformed: if it is none.
        """
        known, _ = records.room(self.card_json)
        return records.from_value(known, Card)

    @property
    def name(self) -> str:
        """The version as people name it: ``MODEL@VERSION``."""
        return f"{self.model}@{self.version}"

    @property
    def passed(self) -> bool:
        """Whether the gates are known and met in the usual way, and the version is not revoked."""
        gates = self.gates
        return gates is not None and gates.open and gates.action == "promote" and self.revoked is None
