"""The version that asks (the challenger) beside the one that serves (the champion): numbers, data, parameters, code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from govkit.cards import text
from govkit.core.card import Card, Contract, DataProfile, Item, Measure
from govkit.core.errors import Malformed
from govkit.core.gates import distributions
from govkit.core.gates.champion import incomparable
from govkit.core.gates.drift import matched

if TYPE_CHECKING:
    from govkit.core.standing import Standing


class MetricRow(Struct, frozen=True):
    """A metric of either card: the challenger's number, the champion's, and what was gained, with its sign."""

    name: str
    path: str
    ours: Measure | None
    theirs: Measure | None
    gain: str


class Change(Struct, frozen=True):
    """Something that is not as it was: what it is, the champion's value and the challenger's."""

    what: str
    before: str
    after: str


class Drift(Struct, frozen=True):
    """How far a feature's distribution lies from the champion's; ``problem`` says why that cannot be told.

    Attributes:
        psi: population stability index.
        ks: Kolmogorov-Smirnov statistic, 0 to 1.
    """

    feature: str
    psi: float | None
    ks: float | None
    problem: str = ""


class Comparison(Struct, frozen=True):
    """A challenger beside its champion.

    Attributes:
        version: the champion's version.
        digest: of the champion's card.
        incomparable: why their numbers do not compare, or an empty string.
        metrics: of both, by name.
        changes: what is not as it was, by heading: parameters, data, environment, pipeline.
        drift: by feature, the furthest first.
        drift_problem: why drift cannot be told, or an empty string.
    """

    version: str
    digest: str
    incomparable: str
    metrics: list[MetricRow]
    changes: list[tuple[str, list[Change]]]
    drift: list[Drift]
    drift_problem: str


def comparison(card: Card, standing: Standing | None) -> Comparison | None:
    """Hold a card against its champion's; None where there is no champion."""
    champion = standing.champion if standing else None
    if champion is None:
        return None
    drift, problem = _drift(card, champion.card)
    why = incomparable(card, champion.card)
    return Comparison(
        version=champion.version,
        digest=champion.digest,
        incomparable=why,
        metrics=list(metrics(card, champion.card, comparable=not why)),
        changes=[
            ("Parameters", list(_mappings(_parameters(champion.card), _parameters(card)))),
            ("Data", list(_mappings(_items(champion.card), _items(card)))),
            ("Code that it depends on", list(_mappings(_code(champion.card), _code(card)))),
            ("Environment and contract", list(contracts(champion.card, card))),
            ("Pipeline", list(pipelines(champion.card, card))),
        ],
        drift=drift,
        drift_problem=problem,
    )


def metrics(card: Card, champion: Card, *, comparable: bool = True) -> Iterator[MetricRow]:
    """Yield the metrics of both cards by name; nothing is gained where they do not compare."""
    ours = {(metric.path, metric.name): metric.measure for metric in card.metrics}
    theirs = {(metric.path, metric.name): metric.measure for metric in champion.metrics}
    for path, name in sorted(ours.keys() | theirs.keys(), key=lambda key: (key[1], key[0])):
        mine, other = ours.get((path, name)), theirs.get((path, name))
        yield MetricRow(name, path, mine, other, _gain(mine, other) if comparable else "not comparable")


def _gain(ours: Measure | None, theirs: Measure | None) -> str:
    numbers = [one.value for one in (ours, theirs) if one is not None and not one.problem and one.value is not None]
    if len(numbers) < 2:
        return "not comparable"
    gain = numbers[0] - numbers[1]
    return "the same" if gain == 0 else f"{'+' if gain > 0 else '−'}{text.number(abs(gain))}"


def _mappings(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            yield Change(key, before.get(key, "not there"), after.get(key, "not there"))


def _parameters(card: Card) -> dict[str, str]:
    return {
        f"{path}: {name}": text.reported(value, text.exact)
        for path, values in card.lineage.params.items()
        for key, entry in values.items()
        for name, value in leaves(key, entry)
    }


def leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the dotted names and values of a nested value; an empty mapping is a value."""
    if isinstance(value, Mapping) and value:
        for key, entry in value.items():
            yield from leaves(f"{name}.{key}", entry)
    else:
        yield name, value


def _items(card: Card) -> dict[str, str]:
    """Return data by path, as digest and size; weights are left out, as they always differ."""
    found = {item.path: _item(item) for item in card.lineage.data}
    return found | {f"{item.path} (evaluation)": _item(item) for item in card.evaluation_data}


def _item(item: Item) -> str:
    digest = item.sha256 or (f"md5:{item.md5}" if item.md5 else "no digest")
    return f"{digest[:19]}, {text.size(item.size)}"


def _code(card: Card) -> dict[str, str]:
    return {file.path: f"{file.sha256[:19]}, {text.size(file.size)}" for file in card.lineage.code}


def contracts(before: Card, after: Card) -> Iterator[Change]:
    """Yield what is not the same in two contracts."""
    return _mappings(_contract(before), _contract(after))


def pipelines(before: Card, after: Card) -> Iterator[Change]:
    """Yield which DVC stages do not run the same commands."""
    return _mappings(_stages(before), _stages(after))


def _contract(card: Card) -> dict[str, str]:
    value = msgspec.to_builtins(card.statements.contract)
    found: dict[str, str] = {}
    for field in Contract.__struct_fields__:
        entry = value[field]
        if field in ("inputs", "outputs"):
            found |= {f"{field}: {column['name']}": _words(column) for column in entry}
        elif entry not in (None, "", [], {}):
            found |= {name.replace("_", " "): text.reported(leaf, text.exact) for name, leaf in leaves(field, entry)}
    return found


def _words(column: Mapping[str, Any]) -> str:
    said = {key: item for key, item in column.items() if key != "name" and item not in (None, [], False)}
    return ", ".join(f"{key} {text.reported(item, text.exact)}" for key, item in said.items())


def _stages(card: Card) -> dict[str, str]:
    return {f"{stage.file}: {stage.name}": "; ".join(stage.cmd) for stage in card.lineage.stages}


def _drift(card: Card, champion: Card) -> tuple[list[Drift], str]:
    """Return how far each feature lies from the champion's, or why that cannot be told of any."""
    try:
        pairs = matched(card.profiles, champion.profiles)
    except Malformed as error:
        return [], str(error)
    found = [
        _feature(f"{name} in {path}" if len(pairs) > 1 else name, name, own, theirs)
        for path, (own, theirs) in pairs.items()
        for name in sorted(own.features.keys() | theirs.features.keys())
    ]
    return sorted(found, key=lambda one: (-(one.psi if one.psi is not None else -1.0), one.feature)), ""


def _feature(label: str, name: str, own: DataProfile, theirs: DataProfile) -> Drift:
    for one, whose in ((own, "this version's"), (theirs, "the champion's")):
        if name not in one.features:
            return Drift(label, None, None, f"not in {whose} profile")
    try:
        reference = distributions.read(theirs.features[name], theirs.rows)
        other = distributions.read(own.features[name], own.rows)
        return Drift(label, distributions.psi(reference, other), distributions.ks(reference, other))
    except Malformed as error:
        return Drift(label, None, None, str(error))
