"""All that a page shows, as one value that both templates read: nothing is worked out in a template."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from govkit.cards import compare, fairness, frameworks, graph, sections, text
from govkit.core import canonical, digests, records
from govkit.core.card import STATEMENTS, Card, Item
from govkit.core.draft import Draft
from govkit.core.gates.base import Gate, Verdict
from govkit.core.lineage import governance_folder

if TYPE_CHECKING:
    from govkit.core.standing import Standing


class Notice(Struct, frozen=True):
    """Something that a reader must not miss; ``sign`` is that of a verdict.

    Attributes:
        what: what kind of thing it is, in our words.
        items: what exactly, in the words of the card.
    """

    verdict: Verdict
    what: str
    items: list[str]


class View(Struct, frozen=True):
    """What a page shows.

    Attributes:
        digest: of the bytes of ``card.json``.
        standing: what the log knows of the version, or None where it is not known.
        data_digest: of all data snapshots, or an empty string if the card names none.
        statements: label and text of what people say; empty text where they said nothing.
        items: the tables of things that DVC tracks, by caption.
        own: the users' own ``x-`` keys and their values as JSON.
        check: command lines that check the card, and what they print.
        source: ``card.json`` as text.
    """

    card: Card
    draft: Draft | None
    standing: Standing | None
    digest: str
    data_digest: str
    notices: list[Notice]
    stages: list[sections.Stage]
    statements: list[tuple[str, str]]
    attributes: list[fairness.Attribute]
    comparison: compare.Comparison | None
    graph: graph.Graph | None
    frameworks: list[frameworks.OnCard]
    figures: list[sections.Figure]
    profiles: list[sections.Profile]
    items: list[tuple[str, list[Item]]]
    parameters: list[tuple[str, str, str]]
    contract: sections.Terms
    own: list[tuple[str, str]]
    check: list[tuple[str, str]]
    source: str


def view(
    card: Card,
    draft: Draft | None,
    raw: bytes,
    standing: Standing | None = None,
    gates: Mapping[str, Gate] | None = None,
) -> View:
    """Work out what the page of a card shows.

    Args:
        card: the card.
        draft: the drafted approval request, or None where there is none.
        raw: the bytes of ``card.json``, from which ``card`` was read.
        standing: what the log knows of the version, or None where it is not known.
        gates: the policy's gates, whose bounds are drawn; those that the log names if None.

    Raises:
        Malformed: if the bytes are not canonical JSON.
    """
    digest = digests.sha256(raw)
    lineage = card.lineage
    bounds = gates if gates is not None else standing.gates if standing else {}
    champion = standing.champion if standing else None
    return View(
        card=card,
        draft=draft,
        standing=standing,
        digest=digest,
        data_digest=card.data_digest() if lineage.data else "",
        notices=_notices(card, draft, digest),
        stages=sections.stages(draft),
        statements=[(text.human(name), card.statement(name)) for name in STATEMENTS],
        attributes=fairness.attributes(card, bounds),
        comparison=compare.comparison(card, standing),
        graph=graph.lineage_graph(card),
        frameworks=frameworks.mappings(card, standing),
        figures=sections.figures(card, champion.card if champion else None, champion.version if champion else ""),
        profiles=sections.profiles(card),
        items=[
            ("Weights", [card.weights]),
            ("Data snapshots", lineage.data),
            ("Evaluation data", card.evaluation_data),
            ("Other outputs", lineage.outs),
        ],
        parameters=sections.parameters(card),
        contract=sections.contract(card.statements.contract),
        own=[(key, text.pretty(value)) for key, value in sorted(records.room(canonical.decode(raw))[1].items())],
        check=_commands(card, digest),
        source=raw.decode(),
    )


def _notices(card: Card, draft: Draft | None, digest: str) -> list[Notice]:
    """Collect what speaks against the card itself, gravest first."""
    found = []
    if draft is not None and (draft.card != digest or draft.model != card.model.name):
        found.append(
            Notice(
                Verdict.FAIL,
                "The drafted checks below are not of this card, but of another one:",
                [f"{draft.model}, {draft.card}"],
            )
        )
    if card.lineage.problems:
        found.append(Notice(Verdict.FAIL, "The records of the lineage contradict each other:", card.lineage.problems))
    if card.lineage.gaps:
        found.append(Notice(Verdict.INCONCLUSIVE, "Parts of the lineage are not known:", card.lineage.gaps))
    unusable = [f"{metric.name}: {metric.measure.problem}" for metric in card.metrics if metric.measure.problem]
    if unusable:
        found.append(Notice(Verdict.ERROR, "Metrics without a usable number:", unusable))
    return found


def _commands(card: Card, digest: str) -> list[tuple[str, str]]:
    """Return the command lines that check the card, and what each prints."""
    name = card.model.name
    path = posixpath.join(governance_folder(name), "card.json")
    found = [
        (f"govkit card {_argument(name)} --check", "makes the card anew and says whether it is the same"),
        (f"sha256sum {_argument(path)}", digest.partition(":")[2]),
    ]
    if card.weights.sha256 and card.weights.files is None:
        found.append((f"sha256sum {_argument(card.weights.path)}", card.weights.sha256.partition(":")[2]))
    return found


def _argument(value: str) -> str:
    """Quote a value for the shell; one that could pass for an option is marked as a path."""
    return shlex.quote(f"./{value}" if value.startswith("-") else value)
