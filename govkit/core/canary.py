"""Judging a canary: what a version and the champion measured on the same traffic, against the policy's gates.

``pass`` lets it go on, ``fail`` ends it, and ``inconclusive`` holds it where it is. A number that is missing or cannot
be used is inconclusive here: nothing is known to be harmful, and nothing is known to be good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct, structs

from govkit.core import assess, digests, measures
from govkit.core.card import Card, Item, Metric
from govkit.core.errors import Malformed
from govkit.core.events import CanaryRecorded
from govkit.core.gates.base import Check, Context, Gate, History, Verdict
from govkit.core.gates.champion import ChampionGate
from govkit.core.gates.metric import MetricGate
from govkit.core.judged import Judged
from govkit.core.state import State

Result = Literal["pass", "fail", "inconclusive", "pending"]
#: What follows from a verdict.
NEXT: Final[Mapping[Result, str]] = {
    "pass": "continue",
    "fail": "abort",
    "inconclusive": "pause",
    "pending": "continue",
}
OTHER_END: Final = {"lower": "upper", "upper": "lower"}


class Measured(Struct, frozen=True):
    """What both versions measured on the same traffic in one step of a canary."""

    challenger: list[Metric]
    champion: list[Metric]
    digest: str


def read(path: str, data: bytes) -> Measured:
    """Read the metrics of a step: ``challenger`` and ``champion``, each with numbers as DVC's metrics files have them.

    Args:
        path: the file's name, which tells its format: JSON, YAML or TOML.
        data: its bytes.

    Raises:
        Malformed: if it does not parse, or does not have both parts and nothing else.
    """
    value = measures.load(path, data)
    if not isinstance(value, dict) or set(value) != {"challenger", "champion"}:
        raise Malformed(f"{path} must have 'challenger' and 'champion', each with its metrics, and nothing else")
    parts = {name: measures.metrics(path, part) for name, part in value.items()}
    return Measured(**parts, digest=digests.sha256(data))


def judge(gates: Mapping[str, Gate], measured: Measured, card: Card, champion: Card, stage: str) -> list[Check]:
    """Hold what was measured against the gates.

    Args:
        gates: the policy's gates for canaries of the stage, by name.
        measured: the numbers of both versions.
        card: the card of the version on trial.
        champion: the card of the version that serves the rest.
        stage: the stage.
    """
    # Both saw the same traffic, which the file of the numbers stands for.
    seen = [Item(path="traffic", md5=None, sha256=measured.digest, size=None)]
    own = structs.replace(card, metrics=measured.challenger, evaluation_data=seen)
    other = structs.replace(champion, metrics=measured.champion, evaluation_data=seen)
    context = Context(own, other, history=History(now="", stage=stage))
    return [_decided(name, gate, context) for name, gate in gates.items()]


def _decided(name: str, gate: Gate, context: Context) -> Check:
    """Decide a gate; where only the far end of the interval meets its bound, more traffic has to tell."""
    check = assess.gates({name: gate}, context)[0]
    if check.verdict is Verdict.ERROR:
        return structs.replace(check, verdict=Verdict.INCONCLUSIVE)
    if check.verdict is not Verdict.FAIL or not isinstance(gate, (MetricGate, ChampionGate)):
        return check
    far = OTHER_END.get(gate.on)
    if far is None or assess.gates({name: structs.replace(gate, on=far)}, context)[0].verdict is not Verdict.PASS:
        return structs.replace(check, fix="abort the canary, and mend the version")
    fix = "the bound lies within the interval: wait for more traffic, and record another step"
    return structs.replace(check, verdict=Verdict.INCONCLUSIVE, fix=fix)


def sum_up(checks: Sequence[Check]) -> Result:
    """Return the verdict of a step: one failure ends it, and all must pass to go on."""
    verdicts = {check.verdict for check in checks}
    if Verdict.FAIL in verdicts:
        return "fail"
    return "pass" if verdicts == {Verdict.PASS} else "inconclusive"


class Run(Struct, frozen=True):
    """One canary, from its start.

    Attributes:
        name: its name.
        model: the model.
        stage: the stage that it is for.
        version: the version on trial.
        steps: its records, oldest first, each with its place in the log.
    """

    name: str
    model: str
    stage: str
    version: str
    steps: list[tuple[Judged, CanaryRecorded]]

    @property
    def last(self) -> CanaryRecorded:
        """What was recorded last."""
        return self.steps[-1][1]

    @property
    def running(self) -> bool:
        """Whether it has neither been aborted nor finished."""
        return self.last.step in ("start", "step")

    @property
    def failed(self) -> bool:
        """Whether it was aborted, or one of its steps failed."""
        return any(body.step == "abort" or body.verdict == "fail" for _, body in self.steps)

    @property
    def verdict(self) -> Result:
        """How it stands: failed if any step did, else as its last step."""
        return "fail" if self.failed else self.last.verdict


def runs(state: State, model: str, stage: str) -> list[Run]:
    """Return the canaries of a model for a stage that were begun with a start, oldest first.

    What was signed with a key that is reported as compromised by then does not count.
    """
    found: dict[str, list[tuple[Judged, CanaryRecorded]]] = {}
    for judged, body in state.recorded(CanaryRecorded, model):
        if state.is_compromised(judged) or body.stage != stage:
            continue
        if body.step == "start":
            found[body.canary] = []
        if body.canary in found:
            found[body.canary].append((judged, body))
    whole = [Run(name, model, stage, steps[0][1].version, steps) for name, steps in found.items()]
    return sorted(whole, key=lambda run: run.steps[0][0].index)
