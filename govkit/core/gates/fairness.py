"""Gate ``fairness``: how differently a model treats groups of people."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec

from govkit.core.card import FairnessAttribute
from govkit.core.gates.base import Bounds, Context, Gate, On, Outcome, Verdict
from govkit.core.gates.metric import bound_faults, describe_on

Comparison = Literal["difference", "ratio"]
#: How far a reported comparison may lie from what the groups' own, possibly rounded, rates give.
ROUNDING = 0.01


class FairnessGate(Gate, tag="fairness", frozen=True, kw_only=True):
    """The difference or ratio of a rate over the groups of an attribute lies within bounds.

    Attributes:
        attribute: the protected attribute, as the fairness report names it.
        rate: the rate compared, such as ``selection_rate``.
        compare: ``difference`` (largest minus smallest group) or ``ratio`` (smallest over largest).
        min: the smallest value allowed.
        max: the largest value allowed.
        on: whether the bounds are for the value, one end of its interval, or the whole interval.
        min_group: the smallest group size for which the rule can be decided; below it, it is inconclusive.
    """

    comparable: ClassVar[bool] = True

    attribute: str
    rate: str
    compare: Comparison
    min_group: Annotated[int, msgspec.Meta(ge=1)]
    min: float | None = None
    max: float | None = None
    on: On = "value"

    def faults(self) -> list[str]:
        """See :func:`govkit.core.gates.metric.bound_faults`."""
        return bound_faults(self.min, self.max)

    def decide(self, context: Context) -> Outcome:
        """Look the comparison up; a small group makes a pass or a fail inconclusive, never the other way round."""
        bounds = Bounds(self.min, self.max, self.on)
        required = f"{self.rate} {self.compare} over {self.attribute} {bounds}, groups of ≥ {self.min_group}"
        attribute = context.card.find_fairness(self.attribute)
        if attribute is None:
            return Outcome(Verdict.ERROR, required, "not reported", "report it in a govkit.fairness/v1 file")
        measure = attribute.comparison(self.compare, self.rate)
        if measure is None:
            return Outcome(Verdict.ERROR, required, f"no {self.compare} of {self.rate}", "report it")
        if len(attribute.groups) < 2:
            return Outcome(Verdict.ERROR, required, "fewer than two groups are reported", "report every group")
        verdict = bounds.judge(measure)
        found = describe_on(measure, self.on)
        contradiction = self._contradiction(attribute, measure.value)
        if contradiction:
            return Outcome(Verdict.ERROR, required, f"{found}; {contradiction}", "mend the report")
        if verdict is Verdict.ERROR:
            return Outcome(
                verdict, required, found, "report a finite number, with an interval where the rule needs one"
            )
        small = small_groups(attribute, self.min_group)
        if small:
            return Outcome(
                Verdict.INCONCLUSIVE, required, f"{found}; too few in {', '.join(small)}", "evaluate on more data"
            )
        fix = "" if verdict is Verdict.PASS else "mend the model or gather data, or have the policy changed"
        return Outcome(verdict, required, found, fix)

    def _contradiction(self, attribute: FairnessAttribute, reported: float | None) -> str:
        """Say if the reported comparison does not follow from the groups that are reported beside it."""
        own = compared(attribute, self.rate, self.compare)
        silent = [
            name
            for name, group in sorted(attribute.groups.items())
            if (self.rate not in group.rates or group.rates[self.rate].value is None)
            and group.n is not None
            and group.n >= self.min_group
        ]
        if silent:
            return f"no {self.rate} of {', '.join(silent)}"
        if own is not None and reported is not None and abs(own - reported) > ROUNDING:
            return f"but the groups' own rates give {own:.4g}"
        return ""


def compared(attribute: FairnessAttribute, rate: str, kind: Comparison) -> float | None:
    """Return difference or ratio of a rate, computed from the groups; None where fewer than two groups report it."""
    rates = [group.rates[rate].value for group in attribute.groups.values() if rate in group.rates]
    known = [value for value in rates if value is not None]
    if len(known) < 2:
        return None
    if kind == "difference":
        return max(known) - min(known)
    return min(known) / max(known) if max(known) > 0 else 1.0


def small_groups(attribute: FairnessAttribute, least: int) -> list[str]:
    """Return the groups with fewer than ``least`` members or an unknown count, as ``NAME (n = N)``."""
    return [
        f"{name} (n = {'?' if group.n is None else group.n})"
        for name, group in sorted(attribute.groups.items())
        if group.n is None or group.n < least
    ]
