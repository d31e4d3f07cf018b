"""What must not serve for ever, told without the log: an override, a version that is due for review, a contract."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from govkit.core import canonical, compatibility, times
from govkit.core.card import Contract
from govkit.core.errors import Malformed
from govkit.core.events import PromotionKind
from govkit.core.gates.base import Check, Verdict
from govkit.core.verdict import proof


class Ends(Struct, frozen=True):
    """The ends of a delivered version, and the clock that they are told by.

    Attributes:
        clock: what this machine's clock says, as records write it.
        since: when the promotion was signed: it is not earlier than that, whatever the clock says.
        kind: the promotion's kind.
        override: whether the manifest calls it an override.
        expires: when an override ends, or None.
        review_by: when the version must have been approved again, or None.
    """

    clock: str
    since: str
    kind: PromotionKind
    override: bool
    expires: str | None
    review_by: str | None

    def checks(self, contract: Contract | None, requirements: str) -> Iterator[Check]:
        """Yield a check for each end, and one on the clock where it cannot tell them.

        Args:
            contract: the runtime contract of the card, or None.
            requirements: what the policy required of the promotion, as canonical JSON; empty if that is not known.
        """
        now = max(self.since, self.clock)
        # Under rules 1 a usual promotion could name an end, which meant nothing.
        ends = self.expires is not None and (self.kind != "promote" or self.override)
        valid = compatibility.validity(contract, now) if contract else None
        if ends and self.expires is not None:
            yield override(self.expires, now, "promote it the usual way")
        if self.review_by is not None:
            yield self._review(self.review_by, now, requirements)
        if valid is not None:
            yield valid
        if (ends or self.review_by is not None or valid is not None) and self._is_behind():
            found = f"this machine's clock says {self.clock}, the promotion is of {self.since}"
            required = "a clock by which an end can be told"
            yield proof("clock", False, required, found, "set the clock", bad=Verdict.INCONCLUSIVE)

    def _is_behind(self) -> bool:
        try:
            return times.add(self.clock, times.MAX_AHEAD) < self.since
        except ValueError:
            return True

    def _review(self, due: str, now: str, requirements: str) -> Check:
        """Refuse an overdue version where the policy of the promotion does, and where that cannot be told."""
        fix = "ask for it and approve it again, promote it, and fetch it"
        return review(due, is_late=due < now, refuses=not _only_warns(requirements), fix=fix)


def override(expires: str, now: str, fix: str) -> Check:
    """Say whether an override has ended: it proves nothing from then on.

    Args:
        expires: its end, as records write it.
        now: the instant.
        fix: what to do if it has.
    """
    found = f"{'ended' if expires < now else 'ends'} at {expires}"
    return proof("override", expires >= now, "an override serves for a short time only", found, fix)


def review(due: str, *, is_late: bool, refuses: bool, fix: str) -> Check:
    """Say whether a version has been approved again in time; see :func:`overdue`."""
    return overdue("review", "approved again in time", f"due by {due}", is_late=is_late, refuses=refuses, fix=fix)


def overdue(name: str, required: str, found: str, *, is_late: bool, refuses: bool, fix: str) -> Check:
    """Return a check on a day: one that has passed refuses only where the policy of the promotion says so."""
    if not is_late or not refuses:
        return proof(name, True, required, f"{'OVERDUE, the policy only warns: ' if is_late else ''}{found}")
    return proof(name, False, required, f"OVERDUE: {found}", fix)


def _only_warns(requirements: str) -> bool:
    """Tell whether requirements say that what is overdue only warns."""
    try:
        value = canonical.decode(requirements.encode())
        return bool(value["approvals"].get("on_overdue", "warn") == "warn")
    except (Malformed, LookupError, TypeError, AttributeError):
        return False
