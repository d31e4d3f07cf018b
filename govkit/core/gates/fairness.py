"""Gate ``fairness``: how differently a model treats groups of people."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec

from govkit.core.card import FairnessAttribute, FairnessGroup
from govkit.core.gates.base import Bounds, Context, Gate, On, Outcome, Verdict, ends, worst
from govkit.core.gates.metric import MEND, bound_faults, describe_on
from govkit.core.wording import several

Between = Literal["difference", "ratio"]
Comparison = Literal["difference", "ratio", "each"]
#: How far a reported comparison may lie from what the groups' own, possibly rounded, rates give.
ROUNDING = 0.01
#: How many groups are named.
NAMED = 3


class FairnessGate(Gate, tag="fairness", frozen=True, kw_only=True):
    """The difference or ratio of a rate over the groups of an attribute, or the rate of each, lies within bounds.

    Attributes:
        attribute: the protected attribute, as the fairness report names it.
        rate: the rate compared, such as ``selection_rate``.
        compare: ``difference`` (largest minus smallest group), ``ratio`` (smallest over largest) or ``each`` (the
            rate of every group by itself).
        min: the smallest value allowed.
        max: the largest value allowed.
        on: whether the bounds are for the value, one end of its interval, or the whole interval.
        min_group: the smallest group size for which the rule can be decided; below it, it is inconclusive. With
            ``each``, a larger group that is out of bounds fails all the same.
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
        kind = self.compare
        what = f"of each group of {self.attribute}" if kind == "each" else f"{kind} over {self.attribute}"
        required = f"{self.rate} {what} {bounds}, groups of ≥ {self.min_group}"
        attribute = context.card.find_fairness(self.attribute)
        if attribute is None:
            return Outcome(Verdict.ERROR, required, "not reported", "report it in a govkit.fairness/v1 file")
        if kind == "each":
            return self._decide_each(attribute, bounds, required)
        return self._decide_between(attribute, kind, bounds, required)

    def _decide_between(self, attribute: FairnessAttribute, kind: Between, bounds: Bounds, required: str) -> Outcome:
        measure = attribute.comparison(kind, self.rate)
        if measure is None:
            return Outcome(Verdict.ERROR, required, f"no {kind} of {self.rate}", "report it")
        if len(attribute.groups) < 2:
            return Outcome(Verdict.ERROR, required, "fewer than two groups are reported", "report every group")
        verdict = bounds.judge(measure)
        found = describe_on(measure, self.on)
        contradiction = self._contradiction(attribute, measure.value)
        if contradiction:
            return Outcome(Verdict.ERROR, required, f"{found}; {contradiction}", "mend the report")
        if verdict is Verdict.ERROR:
            return Outcome(verdict, required, found, MEND)
        small = small_groups(attribute, self.min_group)
        if small:
            return Outcome(
                Verdict.INCONCLUSIVE, required, f"{found}; too few in {', '.join(small)}", "evaluate on more data"
            )
        return Outcome(verdict, required, found, _FIXES[verdict])

    def _decide_each(self, attribute: FairnessAttribute, bounds: Bounds, required: str) -> Outcome:
        """Judge every group; the worst verdict wins, and of equal ones the rate that lies farthest out of bounds."""
        if len(attribute.groups) < 2:
            return Outcome(Verdict.ERROR, required, "fewer than two groups are reported", "report every group")
        judged = {name: self._judge_group(group, bounds) for name, group in attribute.groups.items()}
        verdict = worst(judged.values())
        named = sorted(
            (self._room(attribute.groups[name], bounds), name) for name, one in judged.items() if one is verdict
        )
        found = several([self._describe_group(name, attribute.groups[name]) for _, name in named], NAMED, "; ")
        lead = {Verdict.PASS: "all within bounds, nearest to them ", Verdict.INCONCLUSIVE: "cannot be told: "}
        return Outcome(verdict, required, lead.get(verdict, "") + found, _FIXES[verdict])

    def _judge_group(self, group: FairnessGroup, bounds: Bounds) -> Verdict:
        measure = group.rates.get(self.rate)
        small = group.n is None or group.n < self.min_group
        if measure is None:
            return Verdict.INCONCLUSIVE if small else Verdict.ERROR
        verdict = bounds.judge(measure)
        return Verdict.INCONCLUSIVE if small and verdict is not Verdict.ERROR else verdict

    def _room(self, group: FairnessGroup, bounds: Bounds) -> float:
        """Return how far a group's rate lies within the bounds, below 0 for outside; -1 where there is no number."""
        numbers = ends(group.rates[self.rate], self.on) if self.rate in group.rates else None
        if numbers is None:
            return -1.0
        rooms = [] if bounds.low is None else [numbers[0] - bounds.low]
        rooms += [] if bounds.high is None else [bounds.high - numbers[1]]
        return min(rooms, default=0.0)

    def _describe_group(self, name: str, group: FairnessGroup) -> str:
        size = "n unknown" if group.n is None else f"n = {group.n:,}"
        measure = group.rates.get(self.rate)
        if measure is None:
            return f"{name} has no {self.rate} ({size})"
        return f"{name} {describe_on(msgspec.structs.replace(measure, n=None), self.on)} ({size})"

    def _contradiction(self, attribute: FairnessAttribute, reported: float | None) -> str:
        """Say if the reported comparison does not follow from the groups that are reported beside it."""
        own = compared(attribute, self.rate, "difference" if self.compare == "difference" else "ratio")
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


_FIXES = {
    Verdict.PASS: "",
    Verdict.FAIL: "mend the model or gather data, or have the policy changed",
    Verdict.INCONCLUSIVE: "evaluate on more data",
    Verdict.ERROR: f"{MEND}, for every group",
}


def compared(attribute: FairnessAttribute, rate: str, kind: Between) -> float | None:
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
