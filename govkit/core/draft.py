"""The drafted approval request, ``govkit.draft/v1``: how a version would stand in each stage, as far as is known.

Made by the hook for people to read; no command reads it back. What needs the log, the clock or the network is
``pending`` in it.
"""

from __future__ import annotations

from typing import Final, Literal

from govkit.core import assess
from govkit.core.card import Card
from govkit.core.gates.base import Check, Context
from govkit.core.policy import InForce
from govkit.core.records import Digest, Model, Record

SCHEMA: Final = "govkit.draft/v1"


class StageDraft(Record, frozen=True):
    """How a version would stand in one stage: what is required, by digest, and each check."""

    requirements: Digest
    checks: list[Check]

    @property
    def blocking(self) -> list[Check]:
        """The checks that are decided and do not open."""
        return [check for check in self.checks if not check.verdict.opens and check.verdict != "pending"]


class Draft(Record, frozen=True):
    """The approval request that a card would lead to, ``request.json``: verdicts, and what they were judged against.

    There is no champion in it, neither digest nor version: the hook knows no log, and so not what serves. What
    compares with a champion is ``pending``; ``govkit gate`` and the pages that know the log name the one they compare
    with.

    Attributes:
        card: digest of the card.
        weights: digest of the weights, or null.
        policy: digest of the working tree's policy, which need not be the one in force; null if there is none.
        stages: by stage of that policy.
    """

    schema: Literal["govkit.draft/v1"]
    model: Model
    card: Digest
    weights: Digest | None
    policy: Digest | None
    stages: dict[str, StageDraft]


def make(card: Card, card_digest: str, policy: InForce | None) -> Draft:
    """Draft the approval request of a card under a policy.

    Args:
        card: the card.
        card_digest: the digest of its bytes.
        policy: the proposed policy of the same tree, or None.
    """
    stages = {}
    for stage in policy.policy.stages if policy else ():
        required = policy.requirements(card.model.name, card.statements.tier, stage) if policy else None
        if required is not None:
            checks = assess.gates(required.gates, Context(card))
            checks.append(assess.pending_approvals(required.approvals))
            stages[stage] = StageDraft(requirements=required.digest, checks=checks)
    return Draft(
        schema=SCHEMA,
        model=card.model.name,
        card=card_digest,
        weights=card.weights.sha256,
        policy=policy.digest if policy else None,
        stages=stages,
    )
