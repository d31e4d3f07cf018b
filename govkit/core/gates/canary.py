"""Gate ``canary``: a version has stood the test on a part of the traffic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import msgspec

from govkit.core.events import CanaryRecorded
from govkit.core.gates.base import Canary, Context, Gate, Outcome, Verdict, pending


class CanaryGate(Gate, tag="canary", frozen=True, kw_only=True):
    """The version's newest canary for the stage has finished and passed.

    The newest is the one that was begun last. While it runs, the gate is inconclusive.

    Attributes:
        min_share: the part of the traffic, 0 to 1, that it must have reached in one of its steps.
    """

    min_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0

    def faults(self) -> list[str]:
        """A share is a part of the whole."""
        return [] if 0 <= self.min_share <= 1 else ["min_share is a part of the traffic, from 0 to 1"]

    def decide(self, context: Context) -> Outcome:
        """Read the steps of the newest canary."""
        required = "the newest canary passed" + (f" with ≥ {_percent(self.min_share)}" if self.min_share else "")
        if context.history is None:
            return pending(required, "what its canaries showed")
        steps = newest(context.history.canaries)
        begin = f"run a canary in {context.history.stage} and record its steps"
        if not steps:
            return Outcome(Verdict.FAIL, required, "no canary is recorded", begin)
        last = steps[-1]
        # What the last record says of the share came after the test.
        shares = [step.share for step in steps if step.step in ("start", "step") and math.isfinite(step.share)]
        share = max(shares, default=0.0)
        found = f"canary {last.canary}: {_state(last)}, up to {_percent(share)}"
        # What was aborted, or finished badly, is not mended by another record; only by another run.
        if any(step.step == "abort" or (step.step, step.verdict) == ("finish", "fail") for step in steps):
            return Outcome(Verdict.FAIL, required, found, f"mend the version, or {begin}")
        if steps[0].step != "start":
            return Outcome(Verdict.FAIL, required, f"{found}, and no start is recorded", begin)
        if last.step != "finish":
            return Outcome(Verdict.INCONCLUSIVE, required, found, "wait until it has finished")
        if last.verdict == "inconclusive":
            return Outcome(Verdict.INCONCLUSIVE, required, found, f"{begin}, for longer")
        if last.verdict != "pass":
            return Outcome(Verdict.FAIL, required, found, f"mend the version, or {begin}")
        if not share >= self.min_share:
            return Outcome(Verdict.FAIL, required, found, f"{begin}, with a larger share")
        return Outcome(Verdict.PASS, required, found)


def newest(canaries: Sequence[Canary]) -> list[CanaryRecorded]:
    """Return the steps of the canary that was begun last, oldest first; only its last run if it was begun twice."""
    begun: dict[str, int] = {}
    for index, one in enumerate(canaries):
        if one.body.canary not in begun or one.body.step == "start":
            begun[one.body.canary] = index
    if not begun:
        return []
    name, first = max(begun.items(), key=lambda item: item[1])
    return [one.body for one in canaries[first:] if one.body.canary == name]


def _state(step: CanaryRecorded) -> str:
    return {"abort": "aborted", "finish": f"finished, {step.verdict}"}.get(step.step, "running")


def _percent(share: float) -> str:
    return f"{share * 100:.12g} % of the traffic"
