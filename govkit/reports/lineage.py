"""Lineage for people and machines: as a tree, as JSON and as a Mermaid flowchart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from govkit.core import records
from govkit.core.card import Card, DvcStage, Item
from govkit.core.digests import short


def as_json(card: Card) -> dict[str, Any]:
    """Return weights and lineage of a card as a JSON value, with the edges of the graph."""
    value: dict[str, Any] = {"schema": "govkit.lineage/v1", "model": card.model.name}
    value["weights"] = records.to_value(card.weights)
    value["lineage"] = records.to_value(card.lineage)
    value["edges"] = [{"from": start, "to": end} for start, end in edges(card)]
    return value


def edges(card: Card) -> list[tuple[str, str]]:
    """Return the graph's edges: from what is read to the DVC stage, and from the DVC stage to what it writes."""
    found = []
    for stage in card.lineage.stages:
        found += [(dep, label(stage)) for dep in stage.deps]
        found += [(label(stage), out) for out in stage.outs]
    return sorted(found)


def label(stage: DvcStage) -> str:
    """Return a DVC stage's name as DVC addresses it: ``NAME``, or ``FOLDER/dvc.yaml:NAME``."""
    return stage.name if stage.file == "dvc.yaml" else f"{stage.file}:{stage.name}"


def as_tree(card: Card) -> Iterator[str]:
    """Yield lines: the weights, the DVC stages back from them with what each reads and writes, problems and gaps."""
    known = {item.path: item for item in (card.weights, *card.lineage.data, *card.lineage.outs)}
    code = {file.path: file.sha256 for file in card.lineage.code}
    yield f"{card.model.name}: {_item(card.weights)}"
    for stage in card.lineage.stages:
        yield f"├─ DVC stage {label(stage)}: {' && '.join(stage.cmd)}"
        for file, names in stage.params.items():
            values = card.lineage.params.get(file, {})
            yield from (f"│    with  {file}:{name} = {values.get(name)}" for name in names)
        for dep in stage.deps:
            digest = short(code[dep]) if dep in code else None
            kind = "code" if digest else "data"
            yield (
                f"│    {kind}  {dep}  {digest}"
                if digest
                else f"│    reads {_item(known[dep]) if dep in known else dep}"
            )
        for out in stage.outs:
            yield f"│    makes {_item(known[out]) if out in known else out}"
    yield from (f"├─ problem: {problem}" for problem in card.lineage.problems)
    yield from (f"├─ gap: {gap}" for gap in card.lineage.gaps)
    yield f"└─ {len(card.lineage.code)} code files, {len(card.lineage.data)} data snapshots"


def _item(item: Item) -> str:
    sha256 = short(item.sha256) if item.sha256 else "unknown"
    return f"{item.path}  sha256 {sha256}  md5 {(item.md5 or '-')[:12]}"


def as_mermaid(card: Card) -> str:
    """Return the graph as a Mermaid flowchart, which GitHub and GitLab draw in Markdown."""
    names: dict[str, str] = {}
    lines = ["flowchart LR"]
    stages = {label(stage) for stage in card.lineage.stages}
    for pair in edges(card):
        for node in pair:
            if node not in names:
                names[node] = f"n{len(names)}"
                shape = '{{"%s"}}' if node in stages else '[("%s")]' if node == card.weights.path else '["%s"]'
                lines.append(f"    {names[node]}{shape % _inert(node)}")
    lines += [f"    {names[start]} --> {names[end]}" for start, end in edges(card)]
    return "\n".join([*lines, ""])


def _inert(text: str) -> str:
    """Write everything that Mermaid or HTML could take for more than text as a character code."""
    return re.sub(r"[^A-Za-z0-9 _./@:=+-]", lambda match: f"#{ord(match[0])};", text)
