"""What every gate shares: the six verdicts, what a check says, and what a gate may look at."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from govkit.core.card import Card, Measure
from govkit.core.events import CanaryRecorded, ReproductionRecorded
from govkit.core.records import Record, RoleName


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
        found: what the card or the log has, for people; of a waived gate also who waived it, until when and why.
        fix: what or who can change the verdict; empty when it is a pass.
        champion: what the version that serves now has for the same rule, where that can be compared.
        rule: where the rule stands, as ``FILE:LINE``, or an empty string.
    """

    gate: str
    type: str
    verdict: Verdict
    required: str
    found: str
    fix: str = ""
    champion: str = ""
    rule: str = ""


class Outcome(Struct, frozen=True):
    """What a gate decided: verdict, what was required, what was found, what would change it."""

    verdict: Verdict
    required: str
    found: str
    fix: str = ""


class Served(Struct, frozen=True):
    """A time in which a version served in a stage; ``until`` is None if it still does.

    Attributes:
        override: whether it was let in by break-glass.
    """

    stage: str
    since: str
    until: str | None
    override: bool = False


class Canary(Struct, frozen=True):
    """A recorded step of a canary, with its effective time."""

    time: str
    body: CanaryRecorded


class Reproduction(Struct, frozen=True):
    """A recorded reproduction: who signed it, and the roles that they hold for this model."""

    actor: str
    roles: frozenset[str]
    body: ReproductionRecorded


class History(Struct, frozen=True):
    """What the log knows at the instant of the judgement; no gate sees more of the log than this.

    Attributes:
        now: the instant, as records write it.
        stage: the stage that is asked for.
        version: the version that is judged; None for a commit that is not registered.
        commit: its commit, ``git-sha1:…``, or None.
        registrar: who registered it, or None.
        champion: the version that serves in the stage, or served there last of those let in the usual way; or None.
        formerly: whether any version was ever let into the stage, though none is left to compare with.
        served: when the judged version served, in any stage, oldest first.
        canaries: steps of canaries of the judged version for the stage asked for, oldest first.
        reproductions: independent runs of the judged version's pipeline, oldest first.
    """

    now: str
    stage: str
    version: str | None = None
    commit: str | None = None
    registrar: str | None = None
    champion: str | None = None
    formerly: bool = False
    served: Sequence[Served] = ()
    canaries: Sequence[Canary] = ()
    reproductions: Sequence[Reproduction] = ()


class SignedCommit(Struct, frozen=True):
    """A commit that a version brings in, and the person of the policy whose signature on it is good, or None."""

    id: str
    person: str | None


class EvaluationError(ValueError):
    """An expression could not be evaluated; the text says why."""


#: Evaluates an expression over named values within a number of seconds; raises :class:`EvaluationError`.
Evaluator = Callable[[str, Mapping[str, Any], int], Any]


class Context(Struct, frozen=True):
    """All that a gate may look at. What is None is not known here: a gate that needs it is ``pending``.

    Attributes:
        card: the card of the version that is judged.
        champion: the card of the version now in that stage, or None.
        history: what the log knows.
        commits: the commits since the champion's, each with its signer.
        pushed: by path, whether the bytes are in the DVC remote; ``attested`` long after a promotion, where only the
            word of who promoted is left.
        evaluate: evaluates expressions, in a process of its own.
    """

    card: Card
    champion: Card | None = None
    history: History | None = None
    commits: Sequence[SignedCommit] | None = None
    pushed: Mapping[str, bool] | Literal["attested"] | None = None
    evaluate: Evaluator | None = None


#: What a gate may look at beside the cards and the log.
Need = Literal["commits", "pushed", "evaluate"]


class Gate(Record, tag_field="type", frozen=True):
    """A requirement in the policy. A kind of gate is a subclass with its parameters and ``decide``.

    Attributes:
        description: the reason for the rule, for people.
        waive: roles that may waive the gate, for one version and stage, with a reason, a ticket and an end.
    """

    #: What beside the cards and the log gates of this kind look at.
    needs: ClassVar[frozenset[Need]] = frozenset()
    #: Whether the champion's card can be held against the same rule, to be shown beside.
    comparable: ClassVar[bool] = False

    description: str = ""
    waive: list[RoleName] = []

    def decide(self, context: Context) -> Outcome:
        """Judge a version; pure, and never ``pass`` for something missing.

        Args:
            context: what is known of the version.
        """
        raise NotImplementedError

    def asks(self) -> frozenset[Need]:
        """Return what beside the cards and the log this gate looks at; gathered only where a gate asks for it."""
        return self.needs

    def faults(self) -> list[str]:
        """Return what is wrong with the gate's own parameters, one sentence each."""
        return []

    def named_roles(self) -> list[str]:
        """Return the roles that the gate's own parameters name, beside ``waive``."""
        return []

    def named_stages(self) -> list[str]:
        """Return the stages that the gate's parameters name."""
        return []


def pending(required: str, what: str, fix: str = "it is decided when the stage is asked for") -> Outcome:
    """Return that a gate cannot be decided yet, because ``what`` is not known here."""
    return Outcome(Verdict.PENDING, required, f"{what} is not known here", fix)


#: From the worst verdict to the best, where a gate has several.
_RANKS = (Verdict.ERROR, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PENDING, Verdict.WAIVED, Verdict.PASS)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of several verdicts; of none at all it is ``error``, since no rule is met by being empty."""
    return min(verdicts, key=_RANKS.index, default=Verdict.ERROR)


#: What a bound is held against: the value itself, one end of its interval, or the whole interval, which is then
#: inconclusive where the bound lies inside it.
On = Literal["value", "lower", "upper", "interval"]
Number = Annotated[float, msgspec.Meta(description="a finite number")]


class Bounds(Struct, frozen=True):
    """A closed range for a number; ``None`` leaves a side open."""

    low: float | None
    high: float | None
    on: On

    def __str__(self) -> str:
        # Twelve digits, not six: a bound must not read as another one.
        sides = [f"{sign} {bound:.12g}" for sign, bound in (("≥", self.low), ("≤", self.high)) if bound is not None]
        text = f"= {self.low:.12g}" if self.low is not None and self.low == self.high else " and ".join(sides)
        return text if self.on == "value" else f"{text} ({WORDS[self.on]})"

    def _holds(self, number: float) -> bool:
        return (self.low is None or number >= self.low) and (self.high is None or number <= self.high)

    def judge(self, measure: Measure) -> Verdict:
        """Hold a measured number against the range; a problem with the number is an ``error``."""
        numbers = ends(measure, self.on)
        if numbers is None:
            return Verdict.ERROR
        if self.on == "interval":
            return self._judge_interval(*numbers)
        return Verdict.PASS if self._holds(numbers[0]) else Verdict.FAIL

    def _judge_interval(self, low: float, high: float) -> Verdict:
        if self._holds(low) and self._holds(high):
            return Verdict.PASS
        outside = (self.low is not None and high < self.low) or (self.high is not None and low > self.high)
        return Verdict.FAIL if outside else Verdict.INCONCLUSIVE


def ends(measure: Measure, on: On) -> tuple[float, float] | None:
    """Return what a rule holds against its bound, from and to: one number twice, or the ends of the interval.

    None where the number, or the interval that the rule needs, is missing or cannot be used.
    """
    if measure.problem or measure.value is None or not math.isfinite(measure.value):
        return None
    if on == "value":
        return measure.value, measure.value
    if measure.interval is None:
        return None
    low, high = measure.interval
    if not -math.inf < low <= high < math.inf:
        return None
    return {"lower": (low, low), "upper": (high, high)}.get(on, (low, high))


WORDS = {"lower": "lower end of the interval", "upper": "upper end of the interval", "interval": "whole interval"}


def describe(measure: Measure) -> str:
    """Return a measured number for people: value, interval and count, or what is wrong with it."""
    if measure.problem or measure.value is None:
        return measure.problem or "no number"
    text = f"{measure.value:.4g}"
    if measure.interval is not None:
        text += f" [{measure.interval[0]:.4g}, {measure.interval[1]:.4g}]"
    return text if measure.n is None else f"{text}, n = {measure.n:,}"
