"""Gate ``metric``: a reported number lies within bounds."""

from __future__ import annotations

import math
from typing import ClassVar

from govkit.core.card import Measure
from govkit.core.gates.base import Bounds, Context, Gate, On, Outcome, Verdict, describe


class MetricGate(Gate, tag="metric", frozen=True, kw_only=True):
    """A metric of the card lies within bounds.

    Attributes:
        metric: the metric's name as ``dvc metrics show`` flattens it; ``PATH:NAME`` where two files have one name.
        min: the smallest value allowed.
        max: the largest value allowed.
        on: whether the bounds are for the value, one end of its interval, or the whole interval.
    """

    comparable: ClassVar[bool] = True

    metric: str
    min: float | None = None
    max: float | None = None
    on: On = "value"

    def faults(self) -> list[str]:
        """A gate without a bound, or whose bounds exclude each other, would be empty or impossible."""
        return bound_faults(self.min, self.max)

    def decide(self, context: Context) -> Outcome:
        """Look the metric up and hold it against the bounds."""
        bounds = Bounds(self.min, self.max, self.on)
        required = f"{self.metric} {bounds}"
        matches = context.card.find_metrics(self.metric)
        if len(matches) != 1:
            found = "not reported" if not matches else f"{len(matches)} files report it"
            fix = "report it in a DVC metrics file" if not matches else f"name one: {matches[0].path}:{self.metric}"
            return Outcome(Verdict.ERROR, required, found, fix)
        measure = matches[0].measure
        return Outcome(bounds.judge(measure), required, describe_on(measure, self.on), _fix(bounds.judge(measure)))


def describe_on(measure: Measure, on: On) -> str:
    """Describe a number, and say so where the rule needs an interval that is not there."""
    text = describe(measure)
    return (
        f"{text}, without an interval" if on != "value" and measure.value is not None and not measure.interval else text
    )


def bound_faults(low: float | None, high: float | None) -> list[str]:
    """Return what is wrong with a pair of bounds."""
    if low is None and high is None:
        return ["it sets neither min nor max, so it could never refuse"]
    if any(bound is not None and not math.isfinite(bound) for bound in (low, high)):
        return ["a bound must be a finite number"]
    if low is not None and high is not None and low > high:
        return [f"min {low:g} is above max {high:g}, so nothing could pass"]
    return []


def _fix(verdict: Verdict) -> str:
    if verdict is Verdict.PASS:
        return ""
    if verdict is Verdict.ERROR:
        return "report a finite number, with an interval where the rule needs one"
    return "improve the model, or have the policy changed"
