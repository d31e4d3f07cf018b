"""The fairness section: a table for each protected attribute, and a dot plot of each rate with the policy's bounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from govkit.cards import charts, text
from govkit.core.card import Card, FairnessAttribute, Measure
from govkit.core.gates.base import Gate
from govkit.core.gates.fairness import FairnessGate


class Row(Struct, frozen=True):
    """One row of a fairness table: a group or a comparison, its size, and its rates in the table's order.

    Attributes:
        small: of a group, whether the policy calls it too small to decide on.
    """

    name: str
    n: int | None
    measures: list[Measure | None]
    small: bool = False


class Attribute(Struct, frozen=True):
    """One protected attribute: the names of the rates, a row for each group and comparison, a plot for each rate.

    Attributes:
        path: the report.
        least: the smallest group that the policy decides on, or 0 where it asks for nothing.
        rules: what the policy asks of it, in words.
    """

    name: str
    path: str
    rates: list[str]
    groups: list[Row]
    comparisons: list[Row]
    plots: list[charts.DotPlot]
    least: int
    rules: list[str]


def attributes(card: Card, gates: Mapping[str, Gate]) -> list[Attribute]:
    """Return the protected attributes of every fairness report of a card.

    Args:
        card: the card.
        gates: the policy's gates by name; bounds are drawn for those of type ``fairness``.
    """
    scales: dict[str, list[Measure]] = {}
    for report in card.fairness:
        for group in (group for attribute in report.attributes.values() for group in attribute.groups.values()):
            for rate, measure in group.rates.items():
                scales.setdefault(rate, []).append(measure)
    rules = [gate for gate in gates.values() if isinstance(gate, FairnessGate)]
    return [
        _attribute(name, report.path, attribute, scales, [rule for rule in rules if rule.attribute == name])
        for report in card.fairness
        for name, attribute in report.attributes.items()
    ]


def _attribute(
    name: str,
    path: str,
    attribute: FairnessAttribute,
    scales: Mapping[str, list[Measure]],
    rules: list[FairnessGate],
) -> Attribute:
    groups = attribute.groups
    least = max((rule.min_group for rule in rules), default=0)
    small = {key for key, group in groups.items() if least and (group.n is None or group.n < least)}
    holders: list[Mapping[str, Measure]] = [group.rates for group in groups.values()]
    rates = sorted({rate for holder in (*holders, attribute.difference, attribute.ratio) for rate in holder})
    plots = []
    for rate in rates:
        measures = {key: group.rates[rate] for key, group in groups.items() if rate in group.rates}
        bounds = [bound for rule in rules if rule.rate == rate for bound in _bounds(rule, measures.values())]
        plots.append(charts.dot_plot(rate, measures, scales.get(rate, []), bounds, small))
    return Attribute(
        name=name,
        path=path,
        rates=rates,
        groups=[
            Row(key, group.n, [group.rates.get(rate) for rate in rates], key in small) for key, group in groups.items()
        ],
        comparisons=[
            Row("Difference", None, [attribute.difference.get(rate) for rate in rates]),
            Row("Ratio", None, [attribute.ratio.get(rate) for rate in rates]),
        ],
        plots=[plot for plot in plots if plot],
        least=least,
        rules=[_words(rule) for rule in rules],
    )


def _words(rule: FairnessGate) -> str:
    sides = [("at least", rule.min), ("at most", rule.max)]
    bounds = " and ".join(f"{side} {text.number(bound)}" for side, bound in sides if bound is not None)
    what = "in each group" if rule.compare == "each" else f"{rule.compare} over the groups"
    return f"{rule.rate}, {what}: {bounds}"


def _bounds(rule: FairnessGate, measures: Iterable[Measure]) -> list[charts.Bound]:
    """Return where a rule's bound lies on the scale of the groups' own rates.

    A ratio or a difference is between the smallest and the largest group, so its bound is drawn below the largest.
    """
    numbers = [measure.value for measure in measures if charts.ends(measure) and measure.value is not None]
    largest = max(numbers, default=None)
    if rule.compare == "each":
        sides = [("least allowed", rule.min), ("most allowed", rule.max)]
        return [charts.Bound(bound, words) for words, bound in sides if bound is not None]
    if largest is None:
        return []
    if rule.compare == "ratio" and rule.min is not None:
        return [charts.Bound(largest * rule.min, f"{text.number(rule.min)} of the largest")]
    if rule.compare == "difference" and rule.max is not None:
        return [charts.Bound(largest - rule.max, f"{text.number(rule.max)} below the largest")]
    return []
