"""Gate ``metric``: a reported number lies within bounds."""

from __future__ import annotations

import math
from typing import ClassVar

import msgspec

from govkit.core.card import Card, Measure
from govkit.core.gates.base import Bounds, Context, Gate, On, Outcome, Verdict, describe
from govkit.core.records import Record

#: What mends a number that cannot be used.
MEND = "report a finite number, with an interval where the rule needs one"


class Slice(Record, frozen=True):
    """One group of people, or any other part of the evaluation data, as the fairness report names it.

    Attributes:
        attribute: the attribute, such as ``AGE``.
        group: the group, such as ``60 and over``.
    """

    attribute: str
    group: str


class MetricGate(Gate, tag="metric", frozen=True, kw_only=True):
    """A metric of the card lies within bounds, or is exactly a number.

    Attributes:
        metric: the metric's name as ``dvc metrics show`` flattens it; ``PATH:NAME`` where two files have one name.
        min: the smallest value allowed.
        max: the largest value allowed.
        equals: the one value allowed, instead of ``min`` and ``max``.
        on: whether the bounds are for the value, one end of its interval, or the whole interval.
        slice: one group of the fairness report (``attribute`` and ``group``); ``metric`` then names a rate of that
            group.
    """

    comparable: ClassVar[bool] = True

    metric: str
    min: float | None = None
    max: float | None = None
    equals: float | None = None
    on: On = "value"
    slice: Slice | None = None

    def faults(self) -> list[str]:
        """A gate without a bound, or whose bounds exclude each other, would be empty or impossible."""
        if self.equals is None:
            return bound_faults(self.min, self.max)
        if self.min is not None or self.max is not None:
            return ["it sets equals beside min or max; set one or the other"]
        if self.on != "value":
            return ["equals is for the value itself, so 'on' must be 'value'"]
        return bound_faults(self.equals, self.equals)

    def decide(self, context: Context) -> Outcome:
        """Look the metric up and hold it against the bounds."""
        exact = self.equals is not None
        bounds = Bounds(self.equals, self.equals, self.on) if exact else Bounds(self.min, self.max, self.on)
        part = f" of {self.slice.attribute} {self.slice.group}" if self.slice else ""
        measure, mend = (
            find_rate(context.card, self.slice, self.metric) if self.slice else find_number(context.card, self.metric)
        )
        verdict = bounds.judge(measure)
        fix = {Verdict.PASS: "", Verdict.ERROR: mend or MEND}.get(
            verdict, "improve the model, or have the policy changed"
        )
        found = describe_on(measure, self.on)
        if exact and verdict is Verdict.FAIL:
            found += f" (exactly {measure.value!r})"
        return Outcome(verdict, f"{self.metric}{part} {bounds}", found, fix)


def find_number(card: Card, metric: str) -> tuple[Measure, str]:
    """Return the one metric of that name, else a number with a problem; and what would mend that."""
    matches = card.find_metrics(metric)
    if len(matches) == 1:
        return matches[0].measure, ""
    if not matches:
        return Measure(value=None, problem="not reported"), "report it in a DVC metrics file"
    return Measure(value=None, problem=f"{len(matches)} files report it"), f"name one: {matches[0].path}:{metric}"


def find_rate(card: Card, part: Slice, rate: str) -> tuple[Measure, str]:
    """Return a rate of one group with the group's size, else a number with a problem; and what would mend that."""
    attribute = card.find_fairness(part.attribute)
    group = attribute.groups.get(part.group) if attribute else None
    measure = group.rates.get(rate) if group else None
    if group is None or measure is None:
        what = f"{part.attribute} is" if attribute is None else f"{part.group} is" if group is None else f"{rate} is"
        return Measure(value=None, problem=f"{what} not reported"), "report it in a govkit.fairness/v1 file"
    return msgspec.structs.replace(measure, n=group.n if measure.n is None else measure.n), ""


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
