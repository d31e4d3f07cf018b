"""Gate ``champion``: a version is better, or little worse, than the one that serves in the stage now."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Literal

from govkit.core.card import Card
from govkit.core.gates import against
from govkit.core.gates.against import First
from govkit.core.gates.base import WORDS, Context, Gate, Outcome, Verdict, describe, ends
from govkit.core.gates.metric import MEND, describe_on, find_number


class ChampionGate(Gate, tag="champion", frozen=True, kw_only=True):
    """A metric is better than the champion's, or at most so much worse, on the same evaluation data.

    The champion is the version that serves in the stage that is asked for. Two numbers compare only where both cards
    name the same evaluation data by SHA-256; anything else is an error. The champion itself, asked for again, passes.

    Attributes:
        metric: the metric's name as ``dvc metrics show`` flattens it; ``PATH:NAME`` where two files have one name.
        direction: which numbers are better, ``higher`` or ``lower`` ones.
        absolute: the least improvement, in the metric's own unit; below 0 it is the loss that is tolerated.
        relative: the same as a fraction of the champion's value without its sign, so that 0.02 is 2 %; both hold
            where both are set.
        on: which end of the challenger's interval is held against the champion's value, or its own value.
        first: whether a version passes or fails for a stage in which none serves.
    """

    metric: str
    direction: Literal["higher", "lower"]
    first: First
    absolute: float | None = None
    relative: float | None = None
    on: Literal["value", "lower", "upper"] = "value"

    def faults(self) -> list[str]:
        """A gate without a least improvement could never refuse."""
        amounts = [amount for amount in (self.absolute, self.relative) if amount is not None]
        if not amounts:
            return ["it sets neither absolute nor relative, so it could never refuse"]
        if not all(math.isfinite(amount) for amount in amounts):
            return ["an improvement must be a finite number"]
        return []

    def decide(self, context: Context) -> Outcome:
        """Compare the two cards."""
        required = self._required()
        champion = against.champion(context, self.first, required)
        if isinstance(champion, Outcome):
            return champion
        if champion == context.card and champion.weights.sha256 is not None:
            return Outcome(Verdict.PASS, required, "is the champion itself")
        why = incomparable(context.card, champion)
        if why:
            return Outcome(
                Verdict.ERROR,
                required,
                f"not comparable: {why}",
                "evaluate on the champion's data and name it under evaluation_data in model.yaml",
            )
        return self._compare(context.card, champion, required)

    def _compare(self, card: Card, champion: Card, required: str) -> Outcome:
        own, mend = find_number(card, self.metric)
        numbers = ends(own, self.on)
        if numbers is None:
            return Outcome(Verdict.ERROR, required, describe_on(own, self.on), mend or MEND)
        other, _ = find_number(champion, self.metric)
        theirs = ends(other, "value")
        if theirs is None:
            return Outcome(
                Verdict.ERROR,
                required,
                f"the champion's: {describe(other)}",
                "compare by a metric that both report, or have the gate waived",
            )
        found = f"{describe(own)} against the champion's {describe(other)}"
        # As fractions of what stands written: 0.7 is 0.1 more than 0.6, which binary numbers would deny.
        reference = exact(theirs[0])
        gain = exact(numbers[0]) - reference
        gain = gain if self.direction == "higher" else -gain
        if self.relative is not None and reference == 0:
            return Outcome(
                Verdict.ERROR, required, f"{found}: nothing is relative to 0", "have the policy use 'absolute'"
            )
        met = self.absolute is None or gain >= exact(self.absolute)
        met = met and (self.relative is None or gain >= exact(self.relative) * abs(reference))
        if met:
            return Outcome(Verdict.PASS, required, found)
        return Outcome(Verdict.FAIL, required, found, "improve the model, or have the policy changed")

    def _required(self) -> str:
        worse = "lower" if self.direction == "higher" else "higher"
        parts = []
        for amount, scale, unit in ((self.absolute, 1, ""), (self.relative, 100, " %")):
            if amount is not None and amount > 0:
                parts.append(f"at least {amount * scale:g}{unit} {self.direction} than")
            elif amount is not None:
                parts.append(f"at most {-amount * scale:g}{unit} {worse} than" if amount else f"not {worse} than")
        text = f"{self.metric} {' and '.join(parts)} the champion's on the same data"
        return text if self.on == "value" else f"{text} ({WORDS[self.on]})"


def incomparable(card: Card, champion: Card) -> str:
    """Say why two cards were not measured on the same data, as far as can be known; empty if they were."""
    mine, theirs = ({item.sha256 for item in one.evaluation_data} for one in (card, champion))
    for digests, whose in ((mine, "this version"), (theirs, "the champion")):
        if not digests:
            return f"{whose} names no evaluation data"
        if None in digests:
            return f"evaluation data of {whose} has no SHA-256"
    return "" if mine == theirs else "other evaluation data than the champion's"


def exact(number: float) -> Fraction:
    """Return a finite number as it is written in decimals."""
    return Fraction(repr(float(number)))
