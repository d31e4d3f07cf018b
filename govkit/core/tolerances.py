"""Numbers in reports, and how far those of one run may be from those that were registered."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from govkit.core import measures
from govkit.core.card import Card, Fairness, FairnessAttribute, Measure, Metric
from govkit.core.errors import Malformed, Usage
from govkit.core.records import Record
from govkit.core.wording import suggest

#: A number of a report, by the file's path and its own name.
Key = tuple[str, str]


class NumberResult(Record, frozen=True):
    """A number of a report beside what was registered.

    Attributes:
        path: the report.
        name: its name in there; the ends of an interval are ``NAME.lower`` and ``NAME.upper``.
        recorded: the number in the registered card, or null.
        made: the number of this run, or null.
        allowed: how far they may be apart, in words.
        within: whether they are not further apart.
    """

    path: str
    name: str
    recorded: float | None
    made: float | None
    allowed: str
    within: bool


class Allowed(Struct, frozen=True):
    """How far a number may be from the registered one: so much, or such a part of it."""

    amount: float = 0.0
    is_relative: bool = False

    @property
    def words(self) -> str:
        """It as people write it."""
        return f"{self.amount * 100:g}%" if self.is_relative else f"{self.amount:g}"

    def covers(self, was: float | None, made: float | None) -> bool:
        """Tell whether two numbers are not further apart; what is no number is near to nothing but the like."""
        if was is None or made is None:
            return was is made
        bound = self.amount * (abs(was) if self.is_relative else 1.0)
        apart = abs(made - was)
        return apart <= bound or (bound > 0 and math.isclose(apart, bound, rel_tol=1e-9))


class Tolerance(Struct, frozen=True):
    """What is allowed: for every number, and for those of some names instead."""

    said: tuple[str, ...] = ()
    general: Allowed = field(default_factory=Allowed)
    named: Mapping[str, Allowed] = field(default_factory=dict)

    def of(self, key: Key) -> Allowed:
        """Return what is allowed for a number, by ``PATH:NAME``, by ``NAME``, or by a name that it lies below."""
        path, name = key
        while name:
            for known in (f"{path}:{name}", name):
                if known in self.named:
                    return self.named[known]
            name = name.rpartition(".")[0]
        return self.general


def tolerance(said: Sequence[str], card: Card) -> Tolerance:
    """Read ``0.01``, ``1%``, ``auc=0.01`` and ``reports/metrics.json:auc=1%``.

    Args:
        said: what somebody allowed.
        card: the registered card, whose numbers can be named.

    Raises:
        Usage: if one is no such text, or names no number of the card.
    """
    general, named = Allowed(), {}
    known = {name: path for path, name in numbers(card.metrics, card.fairness)}
    for text in said:
        name, sign, amount = text.rpartition("=")
        if not sign:
            general = _allowed(text, text)
            continue
        own = name.rpartition(":")[2]
        if not any(other == own or other.startswith(f"{own}.") for other in known):
            raise Usage(f"no number '{name}' in the card{suggest(own, known)}", fix="see them: govkit card")
        named[name] = _allowed(amount, text)
    return Tolerance(tuple(said), general, named)


def _allowed(amount: str, text: str) -> Allowed:
    is_relative = amount.endswith("%")
    try:
        value = float(amount.removesuffix("%")) / (100 if is_relative else 1)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise Usage(f"'{text}' is not a tolerance", fix="write 0.01, 1%, or NAME=0.01 for one metric")
    return Allowed(value, is_relative)


def numbers(metrics: Iterable[Metric], fairness: Iterable[Fairness]) -> dict[Key, float | None]:
    """Return every number of metrics and fairness reports, as a card has them, with its intervals and counts."""
    found: dict[Key, float | None] = {}
    for metric in metrics:
        found |= {(metric.path, name): value for name, value in _of_measure(metric.name, metric.measure)}
    for report in fairness:
        for attribute, entry in report.attributes.items():
            found |= {(report.path, f"{attribute}.{name}"): value for name, value in _of_attribute(entry)}
    return found


def _of_measure(name: str, measure: Measure) -> Iterator[tuple[str, float | None]]:
    yield name, measure.value
    if measure.interval is not None:
        yield from zip((f"{name}.lower", f"{name}.upper"), measure.interval, strict=True)
    if measure.n is not None:
        yield f"{name}.n", float(measure.n)


def _of_attribute(entry: FairnessAttribute) -> Iterator[tuple[str, float | None]]:
    for group, rates in entry.groups.items():
        if rates.n is not None:
            yield f"{group}.n", float(rates.n)
        for rate, measure in rates.rates.items():
            yield from _of_measure(f"{group}.{rate}", measure)
    for kind, rates_of in (("difference", entry.difference), ("ratio", entry.ratio)):
        for rate, measure in rates_of.items():
            yield from _of_measure(f"{kind}.{rate}", measure)


def read_numbers(card: Card, contents: Mapping[str, bytes]) -> dict[Key, float | None]:
    """Return the numbers of the reports that a run wrote, read as those in the card were.

    A report that does not parse, has another form, or is of other data or another outcome has none, so that none of
    the card's is found in it.
    """
    told = {metric.path for metric in card.metrics}
    fair = {report.path: (report.data, report.outcome) for report in card.fairness}
    found: dict[Key, float | None] = {}
    for path, content in contents.items():
        try:
            value = measures.load(path, content) if path in told or path in fair else None
            if path in told:
                found |= numbers(measures.metrics(path, value), [])
            elif path in fair and isinstance(value, Mapping):
                report = measures.fairness(path, value)
                found |= numbers([], [report] if (report.data, report.outcome) == fair[path] else [])
        except Malformed:
            continue
    return found


def compare_numbers(
    was: Mapping[Key, float | None], made: Mapping[Key, float | None], paths: Iterable[str], allowed: Tolerance
) -> list[NumberResult]:
    """Hold the numbers of some reports against the registered ones; one that only one side has is never within."""
    wanted = set(paths)
    return [
        NumberResult(
            path=key[0],
            name=key[1],
            recorded=was.get(key),
            made=made.get(key),
            allowed=allowed.of(key).words,
            within=key in was and key in made and allowed.of(key).covers(was[key], made[key]),
        )
        for key in sorted({*was, *made})
        if key[0] in wanted
    ]


def report_paths(card: Card) -> set[str]:
    """Return the files that the numbers of a card were read from."""
    return {path for path, _ in numbers(card.metrics, card.fairness)}
