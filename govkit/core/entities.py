"""What good events of the log stand for: versions, requests with their decisions, promotions and clearings."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from govkit.core.events import (
    DecisionRecorded,
    PromotionRecorded,
    RequestOpened,
    StageCleared,
    VersionRegistered,
)
from govkit.core.judged import Judged
from govkit.core.resolve import Way


class Version(Struct, frozen=True):
    """A registered version."""

    model: str
    at: Judged
    body: VersionRegistered


class Decision(Struct, frozen=True):
    """A decision that stood up when it was recorded; ``lifts`` if its role then might lift other people's rejects."""

    at: Judged
    body: DecisionRecorded
    lifts: bool = False

    @property
    def person(self) -> str:
        """Who decided."""
        return self.at.event.actor if self.at.event else ""

    @property
    def word(self) -> tuple[int, str, bool]:
        """What orders one person's words: the head and time that they signed; of two equal ones, the reject is last.

        The place in the log does not count: an old approval that somebody carries in late is still the older word.
        """
        event = self.at.event
        size, time = (event.log.size, event.time) if event else (0, "")
        return size, time, self.body.decision == "reject"


class Request(Struct):
    """A request and what became of it: ``open``, ``withdrawn``, ``superseded`` or ``done``."""

    at: Judged
    model: str
    body: RequestOpened
    state: str = "open"
    decisions: list[Decision] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The request's identity."""
        return self.at.id

    @property
    def way(self) -> Way:
        """The way into a stage that is asked for; of a request for anything else, the usual one."""
        action = self.body.action
        return action if action in ("rollback", "break-glass") else "promote"

    @property
    def requester(self) -> str:
        """Who asked."""
        return self.at.event.actor if self.at.event else ""

    @property
    def name(self) -> str:
        """The name that people use: ``MODEL@VERSION#STAGE``, ``policy#INDEX`` or ``acknowledge#INDEX``."""
        if self.body.version is not None:
            return f"{self.model}@{self.body.version}#{self.body.stage}"
        return f"{self.body.action}#{self.at.index}"

    @property
    def hold(self) -> tuple[str, ...]:
        """What a reject of this request holds for: model, stage and card; or the proposed policy."""
        if self.body.digests is not None and self.body.stage is not None:
            return self.model, self.body.stage, self.body.digests.card
        return self.body.action, self.body.policy or str(self.body.index)


class Promotion(Struct, frozen=True):
    """A version that was let into a stage; ``override`` if that, or what it rolls back to, was break-glass."""

    model: str
    at: Judged
    body: PromotionRecorded
    override: bool


class Clearing(Struct, frozen=True):
    """The emptying of a stage."""

    model: str
    at: Judged
    body: StageCleared


class Tally(Struct, frozen=True):
    """How a request stands.

    Attributes:
        counted: the approvals that count, by person.
        shortfall: roles still missing.
        held: people whose reject holds.
        ignored: decisions that do not count, each with the reason.
    """

    counted: Mapping[str, Decision]
    shortfall: list[str]
    held: list[str]
    ignored: list[tuple[Decision, str]]

    @property
    def approved(self) -> bool:
        """Whether the quorum is met and no reject holds."""
        return not self.shortfall and not self.held
