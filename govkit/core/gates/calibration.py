"""Gate ``calibration``: predicted probabilities come true as often as they say."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import msgspec

from govkit.core.gates.base import Bounds, Context, Gate, On, Outcome, Verdict, ends
from govkit.core.gates.metric import MEND, describe_on, find_number


class CalibrationGate(Gate, tag="calibration", frozen=True, kw_only=True):
    """The expected calibration error that the pipeline reports is small enough.

    It is the mean distance between what a model predicts and what happens, over bins of predictions, so it lies from
    0 to 1; a number outside is an error, as another quantity stands under that name.

    Attributes:
        max: the largest error allowed.
        metric: the metric's name as ``dvc metrics show`` flattens it; ``PATH:NAME`` where two files have one name.
        on: whether the bound is for the value, one end of its interval, or the whole interval.
        min_n: the smallest number of observations for which the rule can be decided; below it, or where the report
            gives none, it is inconclusive. 0 asks for none.
    """

    comparable: ClassVar[bool] = True

    max: float
    metric: str = "ece"
    on: On = "value"
    min_n: Annotated[int, msgspec.Meta(ge=0)] = 0

    def faults(self) -> list[str]:
        """A bound of 1 or more allows everything, one below 0 nothing."""
        if not math.isfinite(self.max):
            return ["a bound must be a finite number"]
        if self.max >= 1:
            return [f"no calibration error is above {self.max:g}, so it could never refuse"]
        return [f"no calibration error is below {self.max:g}, so nothing could pass"] if self.max < 0 else []

    def decide(self, context: Context) -> Outcome:
        """Look the number up, and hold it against the bound."""
        bounds = Bounds(None, self.max, self.on)
        required = f"{self.metric} {bounds}" + (f", n ≥ {self.min_n}" if self.min_n else "")
        measure, mend = find_number(context.card, self.metric)
        found = describe_on(measure, self.on)
        numbers = ends(measure, self.on)
        if numbers is None or measure.value is None:
            return Outcome(Verdict.ERROR, required, found, mend or MEND)
        if not all(0 <= number <= 1 for number in (measure.value, *numbers)):
            return Outcome(
                Verdict.ERROR, required, f"{found}, which is no calibration error", "report one, from 0 to 1"
            )
        if self.min_n and (measure.n is None or measure.n < self.min_n):
            found += ", n unknown" if measure.n is None else ""
            return Outcome(Verdict.INCONCLUSIVE, required, found, "evaluate on more data, and report n")
        verdict = bounds.judge(measure)
        return Outcome(verdict, required, found, _FIXES[verdict])


_FIXES = {
    Verdict.PASS: "",
    Verdict.FAIL: "calibrate the model, or have the policy changed",
    Verdict.INCONCLUSIVE: "evaluate on more data",
    Verdict.ERROR: MEND,
}
