"""Cards at the extremes: each is a real card, made of the example's or of nothing, and the page that govkit makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from govkit.cards import render
from govkit.core import canonical, digests, records
from govkit.core.card import (
    Card,
    CardModel,
    DvcStage,
    Fairness,
    FairnessAttribute,
    FairnessGroup,
    Item,
    Lineage,
    Measure,
    Metric,
    Statements,
    parse,
)
from govkit.core.draft import Draft, StageDraft
from govkit.core.gates.base import Check, Verdict
from govkit.core.standing import Standing
from tests.unit.cards.standings import standing

_EXAMPLE = Path(__file__).resolve().parents[2] / "governance" / "credit-default"
_DIGEST = digests.sha256(b"")

#: Texts that would act if they were not shown as text. What they make is called ``pwned``.
HOSTILE = (
    "<script>window.pwned = 1; alert(1)</script><b id=pwned>b</b>",
    '"><img id=pwned src=x onerror="window.pwned = 1; alert(2)"><p title="',
    "' id='pwned' autofocus tabindex=0 onfocus='window.pwned = 1' x='",
    '" id=pwned style="position:fixed;inset:0" onmouseover="window.pwned = 1" x=`y`',
    "</style><style id=pwned>body { display: none !important }</style>",
    "}}</style>; } * { display: none !important } @import url(https://e.example/x.css); /*",
    "</title></textarea></pre></code></details></table></svg></main><svg id=pwned onload='window.pwned = 1'>",
    "<a id=pwned href='javascript:window.pwned = 1'>a</a> javascript:window.pwned=1",
    "<base href=https://e.example/><meta http-equiv=refresh content='0;url=https://e.example/'>",
    "<iframe id=pwned srcdoc='<script>parent.pwned = 1</script>'></iframe><object data=https://e.example/></object>",
    "<form id=pwned action=https://e.example/><input autofocus onfocus='window.pwned = 1'><button>Approve</button></form>",
    "<link rel=stylesheet href=https://e.example/x.css><link rel=prefetch href=https://e.example/y>",
    "<!-- --!> <![CDATA[ ]]> <?php ?> <% %> {{ 7 * 7 }} {% raw %} ${7 * 7} &lt;b id=pwned&gt; &#60;b&#62;",
    "# h\n- l\n> q\n```\n[a](javascript:window.pwned=1) ![i](https://e.example/i.png) **b** `c` | d |",
    "\x1b[2J\x1b[31mred\x1b]0;title\x07 \x9b31m \x00 \x7f",
    "\u202egnp.evorppa\u202c \u2066late\u2069 zero\u200bwidth \ufeff \U000e0041 \u2028 \u2029",
    "\u05d0\u05d1\u05d2 \u0627\u0644\u0639\u0631\u0628\u064a\u0629 10 < 20",
    "Z" + "\u0351\u036b\u0343" * 40 + "algo",
    "W" * 400,
)
#: Fields of records whose texts are not free.
_FIXED = {"schema", "tier", "sha256", "md5", "valid_until", "requirements_sha256"}


class Shown(NamedTuple):
    """What a page is made of."""

    card: Card
    draft: Draft | None
    raw: bytes
    standing: Standing | None = None


def example() -> Shown:
    """Return the worked example, as it is committed."""
    raw = (_EXAMPLE / "card.json").read_bytes()
    return Shown(parse(raw), records.from_json((_EXAMPLE / "request.json").read_bytes(), Draft), raw)


def long_names() -> Shown:
    """Return a card in which everything that has a name has a very long one, with and without room to break."""
    return _said(["a_name_without_any_room_to_break_that_does_not_end/" * 6, "a name of many words " * 14])


def hostile() -> Shown:
    """Return a card with one of :data:`HOSTILE` in every place that a text can be in, each in many places."""
    return _said(HOSTILE)


def many_metrics() -> Shown:
    """Return a card with 200 metrics, of all sizes, some of which cannot be used."""
    metrics = []
    for index in range(200):
        value = (-1) ** index * 10.0 ** (index % 37 - 18) / 7
        unusable = index % 25 == 24
        measure = Measure(
            value=None if unusable else value,
            interval=None if unusable or index % 3 else (value - abs(value) / 10, value + abs(value) / 10),
            level=0.95,
            n=index * 1000 or None,
            problem="not a number but text: n/a" if unusable else "",
        )
        metrics.append(Metric(f"slices.segment_{index // 8}.metric_{index}", "reports/metrics.json", measure))
    return _drafted(msgspec.structs.replace(example().card, metrics=metrics))


def many_groups() -> Shown:
    """Return a card with 40 groups of one protected attribute, some of them tiny, one without a number."""
    rates = ("false_positive_rate", "selection_rate", "true_positive_rate")
    groups = {}
    for index in range(40):
        n = (index % 5 + 1) ** 6
        values = {rate: _rate(index / 40, n) for rate in rates if (index, rate) != (7, rates[0])}
        groups[f"region {index + 1:02d}"] = FairnessGroup(n=n, rates=values)
    gaps = {rate: _rate(0.3, 500) for rate in rates}
    attribute = FairnessAttribute(groups=groups, difference=gaps, ratio=gaps)
    report = Fairness(
        "reports/fairness.json", "data/test.csv", "credit granted", {"REGION": attribute, "AGE": attribute}
    )
    return _drafted(msgspec.structs.replace(example().card, fairness=[report]))


def many_stages() -> Shown:
    """Return a card of a version that descends from 60 DVC stages: a chain, with five that fan out and in again."""
    stages = []
    for index in range(60):
        deps = [f"data/step-{index - 1:02d}.parquet"] if index else ["data/raw.csv"]
        if index % 10 == 9:
            deps += [f"data/step-{index - back:02d}.parquet" for back in range(2, 7)]
        name, out = f"prepare-{index:02d}", f"data/step-{index:02d}.parquet"
        command = f"python -m pipelines.{name.replace('-', '_')} --in data --out {out}"
        stages.append(DvcStage(name, "dvc.yaml", [command], deps, [out], {"params.yaml": [f"prepare.step_{index}"]}))
    card = example().card
    outs = [Item(stage.outs[0], "0" * 32, _DIGEST, 123_456_789) for stage in stages]
    lineage = msgspec.structs.replace(card.lineage, stages=stages, outs=outs)
    return _drafted(msgspec.structs.replace(card, lineage=lineage))


def no_fairness() -> Shown:
    """Return the example without a fairness report."""
    return _drafted(msgspec.structs.replace(example().card, fairness=[]))


def nothing() -> Shown:
    """Return a card that says as little as one can: a name, a path, and that nothing else is known; no draft."""
    card = Card(
        schema="govkit.card/v1",
        model=CardModel(name="m", file="dvc.yaml", description="", labels=[]),
        weights=Item(path="m.bin", md5=None, sha256=None, size=None),
        lineage=Lineage(stages=[], code=[], data=[], outs=[], params={}, problems=[], gaps=[]),
        evaluation_data=[],
        metrics=[],
        fairness=[],
        plots=[],
        profiles=[],
        reports=[],
        statements=Statements(schema="govkit.model/v1"),
    )
    return Shown(card, None, records.to_json(card))


def review() -> Shown:
    """Return the example as somebody sees it who decides: beside a champion of a little less."""
    shown = example()
    worse = [
        msgspec.structs.replace(
            one, measure=msgspec.structs.replace(one.measure, value=(one.measure.value or 0) - 0.02)
        )
        for one in shown.card.metrics
    ]
    champion = msgspec.structs.replace(shown.card, metrics=worse)
    return shown._replace(draft=None, standing=standing(shown.card, "1.2.0", champion=champion))


def review_hostile() -> Shown:
    """Return the hostile card with hostile text in all that the log says of it."""
    shown = hostile()
    return shown._replace(draft=None, standing=standing(shown.card, "\n".join(HOSTILE)))


#: By the name that a picture of it has.
CARDS: dict[str, Callable[[], Shown]] = {
    "example": example,
    "long-names": long_names,
    "hostile": hostile,
    "many-metrics": many_metrics,
    "many-groups": many_groups,
    "many-stages": many_stages,
    "no-fairness": no_fairness,
    "nothing": nothing,
    "review": review,
    "review-hostile": review_hostile,
}


@cache
def html(name: str) -> str:
    """Return the page that govkit makes of one of :data:`CARDS`."""
    return render.page(*CARDS[name]())


def _rate(value: float, n: int) -> Measure:
    half = n**-0.5
    return Measure(value=value, interval=(max(0.0, value - half), min(1.0, value + half)), level=0.95, n=n)


def _drafted(card: Card) -> Shown:
    """Return a changed example with the example's draft, which is made to be of it."""
    raw, draft = records.to_json(card), example().draft
    assert draft is not None
    return Shown(card, msgspec.structs.replace(draft, card=digests.sha256(raw)), raw)


def _said(texts: Sequence[str]) -> Shown:
    """Return the example with other texts in every place, and a draft that has a check of each verdict."""
    card = example().card
    card = msgspec.structs.replace(
        card,
        model=msgspec.structs.replace(card.model, description="description", labels=["label", "another"]),
        lineage=msgspec.structs.replace(card.lineage, problems=["problem"], gaps=["gap", "another"]),
        metrics=[*card.metrics, Metric("unusable", "file", Measure(value=None, problem="problem"))],
    )
    said = _Replaced(texts)
    value = said.of(records.to_value(card), card)
    value[f"x-{said['own']}"] = {said["own key"]: [said["own text"], said["other text"]]}
    raw = canonical.encode(value)
    words = [said[f"draft {place}"] for place in range(len(Verdict) + 5)]
    checks = [Check(*words[at : at + 2], verdict, *words[at + 2 : at + 5]) for at, verdict in enumerate(Verdict)]
    draft = Draft(
        schema="govkit.draft/v1",
        model=value["model"]["name"],
        card=digests.sha256(raw),
        weights=_DIGEST,
        policy=_DIGEST,
        stages={words[0]: StageDraft(_DIGEST, checks), words[1]: StageDraft(_DIGEST, checks[:1])},
    )
    return Shown(parse(raw), draft, raw)


class _Replaced(dict[str, str]):
    """What stands in place of each text: one of the new texts in turn, the same for the same, so that names still fit."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts

    def __missing__(self, said: str) -> str:
        self[said] = f"{self._texts[len(self) % len(self._texts)]} {len(self)}"
        return self[said]

    def of(self, value: Any, record: Any) -> Any:
        """Replace every text of a JSON value but the fixed ones.

        Args:
            value: the value.
            record: what it stands for: a record, whose keys stay, or something whose keys are free.
        """
        if isinstance(value, dict):
            return dict(self._entries(value, record))
        if isinstance(value, list):
            return [self.of(entry, inner) for entry, inner in zip(value, record, strict=True)]
        return self[value] if isinstance(value, str) else value

    def _entries(self, value: dict[str, Any], record: Any) -> Iterator[tuple[str, Any]]:
        for key, entry in value.items():
            if isinstance(record, dict):
                yield self[key], self.of(entry, record[key])
            elif key in _FIXED or entry == "":  # where nothing is said, such as of a problem, that means something
                yield key, entry
            else:
                yield key, self.of(entry, getattr(record, key))
