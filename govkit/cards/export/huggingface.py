"""A Hugging Face model card: ``README.md`` with front matter that ``huggingface_hub`` reads and writes alike.

The Hub's format is that of ``huggingface_hub.ModelCard``. Results that differ in the task or the data set only are
one entry there, so each slice is a configuration of the data set.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from govkit.cards.export import readme
from govkit.cards.export.base import Choices
from govkit.core import inert
from govkit.core.card import Card, Fairness, Item, Measure
from govkit.core.exported import Exported

#: The Hub's word for a task that it has no name for: a card does not say which task a model is for.
TASK: Final = "other"
Json = dict[str, Any]


def export(facts: Exported, card: Card, choices: Choices) -> str:  # noqa: ARG001 - every exporter takes the same
    """Return the text of ``README.md``."""
    import yaml

    matter = front_matter(facts, card)
    # As huggingface_hub itself writes it, so that reading and writing changes no byte.
    head = yaml.safe_dump(matter, sort_keys=False, allow_unicode=True)
    return f"---\n{head}---\n{readme.body(facts, card)}"


def front_matter(facts: Exported, card: Card) -> Json:
    """Return the front matter; every text in it is one line without hidden characters."""
    framework = card.statements.contract.framework.strip()
    labels = dict.fromkeys(inert.unbroken(label) for label in ("govkit", *card.model.labels))
    found: Json = {"tags": list(labels)}
    if framework:
        found["library_name"] = inert.unbroken(framework)
    results = [*_metrics(card), *(result for report in card.fairness for result in _fairness(report, card))]
    if results:
        found["model-index"] = [{"name": inert.unbroken(facts.name), "results": _merged(results)}]
    return found


def _metrics(card: Card) -> Iterator[Json]:
    data = card.evaluation_data[0] if len(card.evaluation_data) == 1 else None
    names = ", ".join(item.path for item in card.evaluation_data) or "evaluation data"
    for metric in card.metrics:
        yield from _result(_data_set(names, data), metric.name, metric.measure, f"{metric.path}: {metric.name}")


def _fairness(report: Fairness, card: Card) -> Iterator[Json]:
    item = next((item for item in card.evaluation_data if item.path == report.data), None)
    data = report.data or "evaluation data"
    for name, attribute in sorted(report.attributes.items()):
        for label, group in sorted(attribute.groups.items()):
            part = _data_set(data, item, f"{name}={label}")
            for rate, measure in sorted(group.rates.items()):
                yield from _result(part, rate, measure, f"{report.path}: {rate}", n=group.n)
        part = _data_set(data, item, f"{name}: all groups")
        for kind, rates in (("difference", attribute.difference), ("ratio", attribute.ratio)):
            for rate, measure in sorted(rates.items()):
                yield from _result(part, f"{rate}_{kind}", measure, f"{report.path}: {kind} of {rate} over the groups")


def _data_set(name: str, item: Item | None, config: str | None = None) -> Json:
    """Return a data set, or a slice of it; the Hub has no place for a digest but the revision."""
    revision = item.sha256 if item is not None else None
    found = {"name": inert.unbroken(name), "type": inert.unbroken(name), "config": config and inert.unbroken(config)}
    return {key: value for key, value in {**found, "revision": revision}.items() if value is not None}


def _result(data: Json, kind: str, measure: Measure, label: str, n: int | None = None) -> Iterator[Json]:
    """Yield a result, unless there is no number that can be used: the format has no word for that."""
    if measure.value is None or measure.problem:
        return
    interval = list(measure.interval) if measure.interval else None
    said = {"interval": interval, "level": measure.level, "n": n if measure.n is None else measure.n}
    metric: Json = {"type": inert.unbroken(kind), "value": measure.value, "name": inert.unbroken(label)}
    args = {key: value for key, value in said.items() if value is not None}
    yield {"task": {"type": TASK}, "dataset": data, "metrics": [{**metric, "args": args} if args else metric]}


def _merged(results: list[Json]) -> list[Json]:
    """Put metrics of one data set and slice together, as huggingface_hub does when it writes."""
    found: dict[tuple[Any, ...], Json] = {}
    for result in results:
        data = result["dataset"]
        key = (data["type"], data.get("config"), data.get("revision"))
        if key in found:
            found[key]["metrics"] += result["metrics"]
        else:
            found[key] = result
    return list(found.values())
