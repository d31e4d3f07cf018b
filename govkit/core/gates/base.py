"""What every gate shares: the six verdicts, what a check says, and what a gate may look at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from govkit.core.card import Card, Measure
from govkit.core.records import Record


class Verdict(StrEnum):
    """How a check came out; only ``pass`` and ``waived`` open a gate."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    PENDING = "pending"
    WAIVED = "waived"

    @property
    def opens(self) -> bool:
        """Whether a check with this verdict lets a version through."""
        return self in (Verdict.PASS, Verdict.WAIVED)


class Check(Record, frozen=True):
    """One decided requirement.

    Attributes:
        gate: the gate's name in the policy.
        type: the kind of gate.
        verdict: how it came out.
        required: what the policy demands, for people.
        found: what the card or the log has, for people.
        fix: what or who can change the verdict; empty when it is a pass.
    """

    gate: str
    type: str
    verdict: Verdict
    required: str
    found: str
    fix: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a gate decided: verdict, what was required, what was found, what would change it."""

    verdict: Verdict
    required: str
    found: str
    fix: str = ""


@dataclass(frozen=True)
class Context:
    """All that a gate may look at.

    Attributes:
        card: the card of the version that is judged.
        champion: the card of the version now in that stage, or None.
    """

    card: Card
    champion: Card | None = None


class Gate(Record, tag_field="type", frozen=True):
    """A requirement in the policy. A kind of gate is a subclass with its parameters and ``decide``."""

    def decide(self, context: Context) -> Outcome:
        """Judge a version; pure, and never ``pass`` for something missing.

        Args:
            context: what is known of the version.
        """
        raise NotImplementedError

    def faults(self) -> list[str]:
        """Return what is wrong with the gate's own parameters, one sentence each."""
        return []


#: What a bound is held against: the value itself, one end of its interval, or the whole interval, which is then
#: inconclusive where the bound lies inside it.
On = Literal["value", "lower", "upper", "interval"]
Number = Annotated[float, msgspec.Meta(description="a finite number")]


@dataclass(frozen=True)
class Bounds:
    """A closed range for a number; ``None`` leaves a side open."""

    low: float | None
    high: float | None
    on: On

    def __str__(self) -> str:
        sides = [f"≥ {self.low:g}" if self.low is not None else "", f"≤ {self.high:g}" if self.high is not None else ""]
        text = " and ".join(side for side in sides if side)
        return text if self.on == "value" else f"{text} ({WORDS[self.on]})"

    def _holds(self, number: float) -> bool:
        return (self.low is None or number >= self.low) and (self.high is None or number <= self.high)

    def judge(self, measure: Measure) -> Verdict:
        """Hold a measured number against the range; a problem with the number is an ``error``."""
        if measure.problem or measure.value is None or not math.isfinite(measure.value):
            return Verdict.ERROR
        if self.on == "value":
            return Verdict.PASS if self._holds(measure.value) else Verdict.FAIL
        if measure.interval is None:
            return Verdict.ERROR
        low, high = measure.interval
        if not -math.inf < low <= high < math.inf:
            return Verdict.ERROR
        if self.on == "interval":
            return self._judge_interval(low, high)
        return Verdict.PASS if self._holds(low if self.on == "lower" else high) else Verdict.FAIL

    def _judge_interval(self, low: float, high: float) -> Verdict:
        if self._holds(low) and self._holds(high):
            return Verdict.PASS
        outside = (self.low is not None and high < self.low) or (self.high is not None and low > self.high)
        return Verdict.FAIL if outside else Verdict.INCONCLUSIVE


WORDS = {"lower": "lower end of the interval", "upper": "upper end of the interval", "interval": "whole interval"}


def describe(measure: Measure) -> str:
    """Return a measured number for people: value, interval and count, or what is wrong with it."""
    if measure.problem or measure.value is None:
        return measure.problem or "no number"
    text = f"{measure.value:.4g}"
    if measure.interval is not None:
        text += f" [{measure.interval[0]:.4g}, {measure.interval[1]:.4g}]"
    return text if measure.n is None else f"{text}, n = {measure.n:,}"
