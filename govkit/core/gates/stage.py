"""Gate ``stage``: a version has served in another stage for long enough."""

from __future__ import annotations

from datetime import timedelta

from govkit.core import records, times
from govkit.core.gates.base import Context, Gate, Outcome, Verdict, pending
from govkit.core.records import Span


class StageGate(Gate, tag="stage", frozen=True, kw_only=True):
    """The version has served in a stage, such as ``staging``, for so long in all.

    Times in which it served under break-glass do not count.

    Attributes:
        stage: the stage that it has to have served in.
        at_least: for how long, such as ``7d``.
    """

    stage: records.Stage
    at_least: Span

    def named_stages(self) -> list[str]:
        """Return the stage."""
        return [self.stage]

    def decide(self, context: Context) -> Outcome:
        """Add up the times of service."""
        required = f"served in {self.stage} for at least {self.at_least}"
        history = context.history
        if history is None:
            return pending(required, "when it served")
        there = [one for one in history.served if one.stage == self.stage]
        regular = [one for one in there if not one.override]
        if not regular:
            found = f"never served in {self.stage}" + (" but under break-glass" if there else "")
            return Outcome(Verdict.FAIL, required, found, f"promote it into {self.stage} first")
        total = sum((_length(one.since, one.until, history.now) for one in regular), timedelta(0))
        missing = times.span(self.at_least) - total
        found = f"served there for {words(total)}"
        if missing <= timedelta(0):
            return Outcome(Verdict.PASS, required, found)
        if regular[-1].until is None:
            return Outcome(Verdict.FAIL, required, found, f"wait until {times.add(history.now, missing)}")
        return Outcome(Verdict.FAIL, required, found, f"let it serve in {self.stage} for {words(missing)} more")


def _length(since: str, until: str | None, now: str) -> timedelta:
    """Return how long a time of service has lasted by now; one that is dated ahead has not begun."""
    end = now if until is None else min(until, now)
    return max(times.parse(end) - times.parse(since), timedelta(0))


def words(length: timedelta) -> str:
    """Return a length for people, in days and hours; what is left over of an hour is dropped."""
    hours = length // timedelta(hours=1)
    if hours < 1:
        return "less than an hour"
    parts = [(hours // 24, "day"), (hours % 24, "hour")]
    return " ".join(f"{number} {unit}{'' if number == 1 else 's'}" for number, unit in parts if number)
