"""CycloneDX's ``modelCard``: what people say, what was measured, on which data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from govkit.cards import text
from govkit.core.card import Card, Column, Fairness, Measure

Json = dict[str, Any]
#: A metric and what of it has no place in the format, by property.
Found = tuple[Json, dict[str, Any]]


def model_card(card: Card) -> Json:
    """Return the model card of a version."""
    found = [*_metrics(card), *(entry for report in card.fairness for entry in _fairness(report))]
    more: dict[str, Any] = {}
    for _, rest in found:
        more |= rest
    more |= {f"lineage:gap:{index}": gap for index, gap in enumerate(card.lineage.gaps)}
    more |= {f"lineage:problem:{index}": problem for index, problem in enumerate(card.lineage.problems)}
    more["monitoring"] = card.statement("monitoring") or None
    model: Json = {"modelParameters": _parameters(card), "considerations": _considerations(card)}
    if found:
        model["quantitativeAnalysis"] = {"performanceMetrics": [metric for metric, _ in found]}
    named = [
        {"name": f"govkit:{name}", "value": text.reported(value, text.exact)}
        for name, value in more.items()
        if value is not None
    ]
    return {**model, **({"properties": named} if named else {})}


def _parameters(card: Card) -> Json:
    paths = dict.fromkeys([*(item.path for item in card.lineage.data), *(item.path for item in card.evaluation_data)])
    contract = card.statements.contract
    found: Json = {"datasets": [{"ref": f"path:{path}"} for path in paths]}
    for side, columns in (("inputs", contract.inputs), ("outputs", contract.outputs)):
        found[side] = [{"format": _format(column)} for column in columns]
    return {key: value for key, value in found.items() if value}


def _format(column: Column) -> str:
    """Return a column in words: the format has one text for it."""
    shape = f"[{', '.join(map(str, column.shape))}]" if column.shape else ""
    words = [f"{column.name}: {column.dtype}{shape}", "may be null" if column.nullable else ""]
    words += [f"from {text.exact(column.min)}"] if column.min is not None else []
    words += [f"to {text.exact(column.max)}"] if column.max is not None else []
    words += [f"one of {text.reported(column.values, text.exact)}"] if column.values else []
    return ", ".join(word for word in words if word)


def _considerations(card: Card) -> Json:
    risks, oversight = card.statement("ethical_risks"), card.statement("human_oversight")
    limits = [card.statement("limitations")]
    limits += [f"Out of scope: {card.statement('out_of_scope')}"] if card.statement("out_of_scope") else []
    risk = {key: said for key, said in (("name", risks), ("mitigationStrategy", oversight)) if said}
    found: dict[str, list[Any]] = {
        "useCases": [card.statement("intended_use")],
        "technicalLimitations": limits,
        "ethicalConsiderations": [risk],
        "fairnessAssessments": [entry for report in card.fairness for entry in _assessments(report)],
    }
    said = {key: [entry for entry in entries if entry] for key, entries in found.items()}
    return {key: entries for key, entries in said.items() if entries}


def _assessments(report: Fairness) -> Iterator[Json]:
    """Name the groups that were compared; who of them is at risk, people must say."""
    for name, attribute in sorted(report.attributes.items()):
        groups = {"groupAtRisk": f"{name}: {', '.join(sorted(attribute.groups))}"}
        yield {**groups, "benefits": report.outcome} if report.outcome else groups


# -- numbers ------------------------------------------------------------------------------------------------------


def _metrics(card: Card) -> Iterator[Found]:
    used = Counter(metric.name for metric in card.metrics)
    for metric in card.metrics:
        name = metric.name if used[metric.name] == 1 else f"{metric.path}:{metric.name}"
        yield _measured(name, "", metric.measure, f"metric:{metric.path}:{metric.name}")


def _fairness(report: Fairness) -> Iterator[Found]:
    for name, attribute in sorted(report.attributes.items()):
        place = f"fairness:{report.path}:{name}"
        for label, group in sorted(attribute.groups.items()):
            for rate, measure in sorted(group.rates.items()):
                found, more = _measured(rate, f"{name}={label}", measure, f"{place}:{label}:{rate}")
                yield found, {**more, f"{place}:{label}:n": group.n}
        for kind, rates in (("difference", attribute.difference), ("ratio", attribute.ratio)):
            for rate, measure in sorted(rates.items()):
                yield _measured(f"{rate} {kind}", name, measure, f"{place}:{kind}:{rate}")


def _measured(name: str, part: str, measure: Measure, place: str) -> Found:
    """Return a number as the format has it; one that cannot be used has no value, and a property says why."""
    found: Json = {"type": name}
    if measure.value is not None and not measure.problem:
        found["value"] = text.exact(measure.value)
    if part:
        found["slice"] = part
    if measure.interval is not None:
        low, high = map(text.exact, measure.interval)
        found["confidenceInterval"] = {"lowerBound": low, "upperBound": high}
    more = {"level": measure.level, "n": measure.n, "problem": measure.problem or None}
    return found, {f"{place}:{key}": value for key, value in more.items()}
