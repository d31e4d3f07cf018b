"""Tests of a policy, ``govkit.policy-test/v1``: cards, edited where a case wants it, and the verdicts they should get.

Written beside the policy and run on every change of it, so that nobody loosens or breaks a gate without noticing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from govkit.core import assess, policytext, records, schema, times, yamltext
from govkit.core.card import Card, FairnessAttribute, FairnessGroup, Measure, Metric, Tier
from govkit.core.errors import Malformed
from govkit.core.gates.base import Check, Context, Evaluator, History, Verdict
from govkit.core.policy import InForce
from govkit.core.policycheck import Fault
from govkit.core.records import GateName, Instant, Record, Words
from govkit.core.wording import suggest

SCHEMA: Final = "govkit.policy-test/v1"
#: What versions are called in a case; no gate may decide by a version's name.
_VERSION, _CHAMPION = "2.0.0", "1.0.0"


class Number(Record, frozen=True):
    """A reported number: value, interval, count and level; ``problem`` says why there is none that can be used."""

    value: float | None = None
    interval: tuple[float, float] | None = None
    level: float | None = None
    n: int | None = None
    problem: str = ""


class GroupChange(Record, frozen=True):
    """What is reported of a group instead: its size and its rates."""

    n: int | None = None
    rates: dict[str, float | Number] = {}


class FairnessChange(Record, frozen=True):
    """What is reported of a protected attribute instead: groups, differences and ratios by rate."""

    groups: dict[str, GroupChange] = {}
    difference: dict[str, float | Number] = {}
    ratio: dict[str, float | Number] = {}


class CardChange(Record, frozen=True):
    """What a case changes in its card.

    Attributes:
        tier: the risk tier.
        metrics: numbers by metric; null takes a metric out.
        statements: what people wrote, by section; an empty text for nothing.
        fairness: what is reported by protected attribute.
    """

    tier: Tier | None = None
    metrics: dict[str, float | Number | None] = {}
    statements: dict[str, str] = {}
    fairness: dict[str, FairnessChange] = {}


class Case(Record, frozen=True):
    """One case.

    Attributes:
        name: what it shows.
        stage: the stage that is asked for.
        card: the path of a ``card.json``, from the folder of this file.
        champion: the card of the version that serves there; null for a first one.
        change: what is different in the card.
        now: the time; that of the run if null.
        expect: the verdict of each gate that matters here; others are not looked at.
        open: whether all gates are open that can be decided here; null if that does not matter.
    """

    name: Words
    stage: str
    card: str
    champion: str | None = None
    change: CardChange | None = None
    now: Instant | None = None
    expect: dict[GateName, str] = {}
    open: bool | None = None


class Suite(Record, frozen=True):
    """Tests of a policy; see the module's docstring."""

    schema: Literal["govkit.policy-test/v1"]
    cases: list[Case]


class SuiteText(Struct, frozen=True):
    """Tests as people wrote them: what is wrong, each with its line, and the tests unless their form is wrong."""

    faults: list[tuple[int, str]]
    suite: Suite | None
    document: yamltext.Document


class Result(Struct, frozen=True):
    """How a case came out.

    Attributes:
        name: its name.
        line: where it stands.
        stage: its stage.
        checks: every gate of the stage, decided.
        unexpected: what is not as expected, one sentence each.
    """

    name: str
    line: int
    stage: str
    checks: list[Check]
    unexpected: list[str]

    @property
    def passed(self) -> bool:
        """Whether all is as expected."""
        return not self.unexpected


def read(text: bytes, *, where: str) -> SuiteText:
    """Read tests of a policy.

    Args:
        text: the YAML.
        where: the file's name, for messages.

    Raises:
        Malformed: if it is not YAML of plain data; with file and line.
    """
    document = yamltext.load(text, where=where)
    suite = None
    try:
        suite = records.from_value(document.value, Suite)
        faults = list(_sense_faults(suite))
    except Malformed as error:
        faults = list(_shape_faults(document.value)) or [Fault((), str(error))]
    return SuiteText([(document.line(fault.path), fault.message) for fault in faults], suite, document)


@cache
def _schema() -> dict[str, Any]:
    return schema.of(Suite, title=SCHEMA)


def _shape_faults(value: Any) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault((), "tests of a policy are a mapping with 'schema' and 'cases'")
        return
    for error in policytext.schema_errors(value, _schema()):
        yield from policytext.explain(error, whole="the tests")


def _sense_faults(suite: Suite) -> Iterator[Fault]:
    if not suite.cases:
        yield Fault(("cases",), "there are no cases, and nothing is tested by nothing")
    known = [verdict.value for verdict in Verdict if verdict is not Verdict.WAIVED]
    seen: set[str] = set()
    for index, case in enumerate(suite.cases):
        path = ("cases", index)
        if case.name in seen:
            yield Fault((*path, "name"), f"two cases are called '{case.name}'")
        seen.add(case.name)
        if not case.expect and case.open is None:
            yield Fault(path, f"'{case.name}' expects nothing: name gates under 'expect', or say 'open'")
        for gate, verdict in case.expect.items():
            if verdict not in known:
                hint = suggest(verdict, known) or f"; there are {', '.join(known)}"
                yield Fault((*path, "expect", gate), f"'{verdict}' is no verdict{hint}")
        try:
            times.parse(case.now or "2026-01-01T00:00:00Z")
        except ValueError:
            yield Fault((*path, "now"), f"now: '{case.now}' is no day and time that there is")


def case_faults(case: Case, policy: InForce, tier: str) -> Iterator[Fault]:
    """Say what a case expects that the policy does not have.

    Args:
        case: the case.
        policy: the policy that is tested.
        tier: the tier of its card.
    """
    stages = policy.policy.stages
    if case.stage not in stages:
        known = f" (stages: {', '.join(stages)})"
        yield Fault(("stage",), f"the policy knows no stage '{case.stage}'{suggest(case.stage, stages) or known}")
        return
    view = policy.stage(case.stage, tier)
    asked = view.gates if view else ()
    for gate in case.expect:
        if gate not in policy.policy.gates:
            hint = suggest(gate, policy.policy.gates)
            yield Fault(("expect", gate), f"there is no gate '{gate}'{hint}")
        elif gate not in asked:
            message = f"stage '{case.stage}' does not ask for gate '{gate}' of tier {tier}"
            yield Fault(("expect", gate), f"{message}; it asks for {', '.join(asked) or 'nothing'}")


def run(
    case: Case, line: int, policy: InForce, card: Card, champion: Card | None, *, now: str, evaluate: Evaluator | None
) -> Result:
    """Judge a case's card under a policy, and compare the verdicts with what is expected.

    Args:
        case: the case.
        line: where it stands.
        policy: the policy that is tested; it knows the stage.
        card: the case's card, changed already.
        champion: the card of the version that serves, or None.
        now: the time of the run.
        evaluate: evaluates expressions; None where that cannot be done.
    """
    rules = policy.requirements(card.model.name, card.statements.tier, case.stage)
    history = History(
        now=case.now or now, stage=case.stage, version=_VERSION, champion=_CHAMPION if champion is not None else None
    )
    context = Context(card, champion, history, evaluate=evaluate)
    checks = assess.gates(rules.gates if rules else {}, context)
    return Result(case.name, line, case.stage, checks, list(_unexpected(case, checks)))


def _unexpected(case: Case, checks: list[Check]) -> Iterator[str]:
    found = {check.gate: check for check in checks}
    for gate, verdict in case.expect.items():
        check = found.get(gate)
        if check is None or check.verdict != verdict:
            got = f"{check.verdict}: required {check.required}, found {check.found}" if check else "not decided"
            yield f"{gate}: expected {verdict}, got {got}"
    decided = [check for check in checks if check.verdict is not Verdict.PENDING]
    shut = [check.gate for check in decided if not check.verdict.opens]
    if case.open is True and (shut or not decided):
        yield f"expected to be open, but shut: {', '.join(shut) or 'nothing could be decided'}"
    if case.open is False and not shut:
        yield "expected to be shut, but every gate that can be decided is open"


# -- cards ----------------------------------------------------------------------------------------------------------


def changed(card: Card, change: CardChange | None) -> Card:
    """Return a card with a case's changes.

    Raises:
        Malformed: if it has no such metric, statement or protected attribute, or a number is none.
    """
    if change is None:
        return card
    statements = card.statements
    for name in change.statements:
        _known(name, [*records.to_value(statements)], "statement")
    said: dict[str, Any] = {**change.statements, **({"tier": change.tier} if change.tier else {})}
    if said:
        statements = records.from_value({**records.to_value(statements), **said}, type(statements))
    for name in change.metrics:
        _known(name, [key for each in card.metrics for key in (each.name, f"{each.path}:{each.name}")], "metric")
    metrics = [found for each in card.metrics for found in _metric(each, change.metrics)]
    for name in change.fairness:
        _known(name, [key for report in card.fairness for key in report.attributes], "protected attribute")
    fairness = [
        msgspec.structs.replace(
            report,
            attributes={
                name: _attribute(name, each, change.fairness[name]) if name in change.fairness else each
                for name, each in report.attributes.items()
            },
        )
        for report in card.fairness
    ]
    return msgspec.structs.replace(card, statements=statements, metrics=metrics, fairness=fairness)


def _known(name: str, known: list[str], what: str) -> None:
    if name not in known:
        raise Malformed(f"the card has no {what} '{name}'{suggest(name, known)}")


def _metric(metric: Metric, changes: Mapping[str, float | Number | None]) -> Iterator[Metric]:
    for name in (metric.name, f"{metric.path}:{metric.name}"):
        if name in changes:
            to = changes[name]
            if to is not None:
                yield msgspec.structs.replace(metric, measure=_measure(to))
            return
    yield metric


def _measure(to: float | Number) -> Measure:
    if isinstance(to, Number):
        return Measure(value=to.value, interval=to.interval, level=to.level, n=to.n, problem=to.problem)
    return Measure(value=to)


def _attribute(name: str, attribute: FairnessAttribute, change: FairnessChange) -> FairnessAttribute:
    groups = dict(attribute.groups)
    for group, to in change.groups.items():
        _known(group, list(groups), f"group of {name}")
        rates = {**groups[group].rates, **{rate: _measure(number) for rate, number in to.rates.items()}}
        groups[group] = FairnessGroup(n=groups[group].n if to.n is None else to.n, rates=rates)
    return FairnessAttribute(
        groups=groups,
        difference={**attribute.difference, **{rate: _measure(to) for rate, to in change.difference.items()}},
        ratio={**attribute.ratio, **{rate: _measure(to) for rate, to in change.ratio.items()}},
    )
