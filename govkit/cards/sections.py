"""What stands in each section of a page, worked out once for both formats: tables as lists of plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from govkit.cards import charts, text
from govkit.cards.compare import leaves
from govkit.core.card import Card, Column, Contract, DataProfile, DvcStage, Plot
from govkit.core.draft import Draft, StageDraft
from govkit.core.gates.base import Check, Verdict

#: Verdicts are told apart by word and sign, never by colour alone.
SIGNS = {
    Verdict.PASS: "✓",
    Verdict.FAIL: "✗",
    Verdict.INCONCLUSIVE: "?",
    Verdict.ERROR: "!",
    Verdict.PENDING: "…",
    Verdict.WAIVED: "◇",
}
_FREQUENT = 4  # so many of a feature's values are named


class Stage(Struct, frozen=True):
    """How a version would stand in a stage.

    Attributes:
        requirements: their digest.
        blocking: the checks that are decided and do not open.
        verdict: ``fail`` if anything blocks it, else ``pending`` if anything is decided later.
        summary: the same in a few words.
    """

    name: str
    requirements: str
    checks: list[Check]
    blocking: list[Check]
    verdict: Verdict
    summary: str


def stages(draft: Draft | None) -> list[Stage]:
    """Return the stages of a draft, none if there is no draft."""
    return [_stage(name, stage) for name, stage in (draft.stages.items() if draft else ())]


def _stage(name: str, draft: StageDraft) -> Stage:
    blocking = draft.blocking
    later = [check.gate for check in draft.checks if check.verdict is Verdict.PENDING]
    if blocking:
        verdict, summary = Verdict.FAIL, f"blocked by {text.things(len(blocking), 'check')}"
    elif not draft.checks:
        verdict, summary = Verdict.ERROR, "no requirement is known, and that lets nothing in"
    elif later:
        verdict, summary = Verdict.PENDING, "nothing blocks it so far"
    else:
        verdict, summary = Verdict.PASS, "every check is open"
    summary += f"; {text.things(len(later), 'check')} decided later" if later else ""
    return Stage(name, draft.requirements, draft.checks, blocking, verdict, summary)


class Figure(Struct, frozen=True):
    """A plot of DVC's: the chart if it can be drawn, with the champion's laid over, and its points as a table."""

    plot: Plot
    chart: charts.Chart | None
    columns: list[str]
    rows: list[list[str]]


def figures(card: Card, champion: Card | None = None, name: str = "") -> list[Figure]:
    """Return the plots of a card; a table's columns are x, y and then the other fields.

    Args:
        card: the card.
        champion: the champion's card, whose plots of the same title and fields are laid over; or None.
        name: what the champion's lines are called.
    """
    theirs = {(plot.title, plot.x, tuple(plot.y)): plot for plot in (champion.plots if champion else [])}
    found = []
    for plot in card.plots:
        other = theirs.get((plot.title, plot.x, tuple(plot.y)))
        named = list(dict.fromkeys(name for name in (plot.x, *plot.y) if name))
        columns = [*named, *sorted({key for point in plot.points for key in point} - set(named))]
        rows = [[_cell(point.get(name)) for name in columns] for point in plot.points]
        found.append(Figure(plot, charts.chart(plot, other, name), columns, rows))
    return found


def _cell(value: float | str | None) -> str:
    return "none" if value is None else text.reported(value)


class Feature(Struct, frozen=True):
    """A feature of a data profile: type, missing values, and what else is said of it in a few words."""

    name: str
    dtype: str
    missing: str
    summary: str


class Profile(Struct, frozen=True):
    """A data profile: what it says of the label, its features, and which of these have missing values.

    Attributes:
        unknown: how many features do not say how many values are missing.
    """

    profile: DataProfile
    label: list[tuple[str, str]]
    features: list[Feature]
    incomplete: list[Feature]
    unknown: int


def profiles(card: Card) -> list[Profile]:
    """Return the data profiles of a card; they are as reported, so anything may be missing or of another type."""
    return [_profile(profile) for profile in card.profiles]


def _profile(profile: DataProfile) -> Profile:
    features = [_feature(name, entry, profile.rows) for name, entry in profile.features.items()]
    incomplete = [
        feature
        for feature, entry in zip(features, profile.features.values(), strict=True)
        if _is_number(entry.get("missing")) and entry["missing"] != 0
    ]
    label = [
        (key, text.percent(value) if key == "rate" and _is_number(value) else text.reported(value))
        for key, value in sorted(profile.label.items())
    ]
    unknown = sum(not _is_number(entry.get("missing")) for entry in profile.features.values())
    return Profile(profile, label, features, incomplete, unknown)


def _feature(name: str, entry: Mapping[str, Any], rows: int | None) -> Feature:
    missing = entry.get("missing")
    shown = "not reported" if missing is None else text.reported(missing)
    if rows and _is_number(missing) and missing:
        shown += f" ({text.percent(missing / rows)})"
    return Feature(name, text.reported(entry.get("dtype", "not reported")), shown, "; ".join(_summary(entry)))


def _summary(entry: Mapping[str, Any]) -> Iterator[str]:
    """Say what a feature's values are like: smallest, largest and median, the most frequent ones, and what else is."""
    rest = {key: value for key, value in sorted(entry.items()) if key not in ("dtype", "missing")}
    quantiles, counts = rest.get("quantiles"), rest.get("counts")
    if isinstance(quantiles, list) and len(quantiles) > 2:
        low, middle, high = (text.reported(quantiles[index]) for index in (0, len(quantiles) // 2, -1))
        yield f"{low} to {high}, median {middle}"
        del rest["quantiles"]
    if isinstance(counts, dict) and all(_is_number(count) for count in counts.values()):
        ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        shown = [f"{key} ({text.number(count)}×)" for key, count in ranked[:_FREQUENT]]
        more = [f"{len(ranked) - _FREQUENT:,} more"] if len(ranked) > _FREQUENT else []
        yield f"{text.things(len(ranked), 'value')}: {', '.join(shown + more)}"
        del rest["counts"]
    yield from (f"{key} {text.reported(value)}" for key, value in rest.items())


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def parameters(card: Card) -> list[tuple[str, str, str]]:
    """Return file, dotted name and value of every parameter, each once even where two DVC stages name it."""
    found = [
        (path, name, text.reported(value, text.exact))
        for path, values in card.lineage.params.items()
        for key, entry in values.items()
        for name, value in leaves(key, entry)
    ]
    return sorted(dict.fromkeys(found))


class Terms(Struct, frozen=True):
    """The runtime contract: what is said, and the columns that callers send and get."""

    rows: list[tuple[str, str]]
    columns: list[tuple[str, Column, str]]


def contract(said: Contract) -> Terms:
    """Return what a contract says; an empty one has no rows and no columns."""
    rows = []
    for field in said.__struct_fields__:
        value = getattr(said, field)
        if value and field not in ("inputs", "outputs"):
            parts = leaves("", value) if isinstance(value, Mapping) else [("", value)]
            rows += [(text.human(field) + name.replace(".", ": ", 1), _words(entry)) for name, entry in parts]
    columns = [("input", column, _allowed(column)) for column in said.inputs]
    return Terms(rows, columns + [("output", column, _allowed(column)) for column in said.outputs])


def _words(value: Any) -> str:
    entries = value if isinstance(value, list) else [value]
    return ", ".join(text.reported(entry, text.exact) for entry in entries)


def _allowed(column: Column) -> str:
    """Say which values a column may hold."""
    parts = [f"shape {' × '.join(str(side) for side in column.shape)}"] if column.shape else []
    parts += [f"one of {_words(column.values)}"] if column.values else []
    parts += [f"≥ {text.exact(column.min)}"] if column.min is not None else []
    parts += [f"≤ {text.exact(column.max)}"] if column.max is not None else []
    return ", ".join([*parts, *(["may be missing"] if column.nullable else [])]) or "any"


def stage_reads(stage: DvcStage) -> list[str]:
    """Return what a DVC stage reads: paths, and parameters as ``FILE:NAME``."""
    return [*stage.deps, *(f"{path}:{name}" for path, names in stage.params.items() for name in names)]
