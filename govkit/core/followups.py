"""What a log keeps in mind beside what serves: waivers of gates, and findings that somebody must see to."""

from __future__ import annotations

from msgspec import Struct

from govkit.core import canonical, digests
from govkit.core.events import WaiverGranted
from govkit.core.judged import Judged


class Waiver(Struct, frozen=True):
    """That a gate is waived for one version and stage, by an event of the log."""

    model: str
    at: Judged
    body: WaiverGranted

    @property
    def person(self) -> str:
        """Who waived it."""
        return self.at.event.actor if self.at.event else ""

    @property
    def words(self) -> str:
        """Who waived it, until when, under which ticket and why."""
        return f"waived by {self.person} until {self.body.expires}, {self.body.ticket}: {self.body.reason}"


class Finding(Struct):
    """Something to be done about a version.

    Attributes:
        id: identity of the event that opened it; of a condition, the digest that :func:`condition_id` gives.
        name: the name that people use: ``finding#INDEX`` or ``finding#INDEX.NUMBER``.
        model: the model.
        version: the version.
        text: what is to be done.
        owner: who sees to it.
        due: until when, an instant.
        at: the event that opened it.
        override: whether it is the review that every break-glass promotion owes.
        closed: the event that closed it, or None.
    """

    id: str
    name: str
    model: str
    version: str
    text: str
    owner: str
    due: str
    at: Judged
    override: bool = False
    closed: Judged | None = None

    @property
    def opener(self) -> str:
        """Who opened it."""
        return self.at.event.actor if self.at.event else ""

    def is_overdue(self, now: str) -> bool:
        """Tell whether it is open past its day."""
        return self.closed is None and self.due < now


def condition_id(event: str, number: int) -> str:
    """Return the identity of the finding that a decision's condition opens.

    Args:
        event: the decision's identity.
        number: the condition's place among the decision's conditions, from 0.
    """
    return digests.sha256(canonical.encode([event, number]))
