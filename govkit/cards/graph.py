"""Geometry of the lineage graph: data at the top, DVC stages below what they read, the weights at the bottom.

Rows are layers of the graph (the longest way from a source); a layer that is too wide goes on in the next row. Within a
row, what descends from neighbours stands near them (one pass of the barycentre heuristic, K. Sugiyama et al., 1981).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from govkit.cards import text
from govkit.core.card import Card, DvcStage, Item

#: Size of a box, the room between boxes and between rows, and the margin around all, in the SVG's own units.
BOX_WIDTH, BOX_HEIGHT, GAP, ROOM, MARGIN = 150, 38, 18, 30, 6
#: As many boxes as fit beside each other on paper.
PER_ROW = 4
#: Beyond so many boxes a picture shows nothing any more; the tables have everything.
MOST = 150
_LABEL, _DETAIL = 21.0, 24.0  # in letters of middling width


class Box(Struct, frozen=True):
    """A box of the graph.

    Attributes:
        kind: data, stage, out or weights.
        label: its name, short.
        name: its name in full.
        detail: the short digest, or what a DVC stage runs.
        x, y: its upper left corner.
    """

    kind: str
    label: str
    name: str
    detail: str
    x: float
    y: float


class Graph(Struct, frozen=True):
    """The drawn graph: its size, its boxes and the paths (``d``) of its arrows."""

    width: int
    height: int
    boxes: list[Box]
    arrows: list[str]
    description: str


class _Node(Struct, frozen=True):
    kind: str
    name: str
    detail: str
    reads: frozenset[str]


def lineage_graph(card: Card) -> Graph | None:
    """Lay out where the weights come from.

    Returns:
        The graph, or None where there is nothing to draw, or more than can be seen.
    """
    nodes = _nodes(card)
    if len(nodes) < 2 or len(nodes) > MOST:
        return None
    rows = _rows(nodes)
    width = max(len(row) for row in rows)
    places = {
        key: (
            MARGIN + (column + (width - len(row)) / 2) * (BOX_WIDTH + GAP),
            float(MARGIN + index * (BOX_HEIGHT + ROOM)),
        )
        for index, row in enumerate(rows)
        for column, key in enumerate(row)
    }
    stages = sum(node.kind == "stage" for node in nodes.values())
    return Graph(
        width=2 * MARGIN + width * BOX_WIDTH + (width - 1) * GAP,
        height=2 * MARGIN + len(rows) * BOX_HEIGHT + (len(rows) - 1) * ROOM,
        boxes=[_box(node, *places[key]) for key, node in nodes.items()],
        arrows=[_arrow(places[source], places[key]) for key, node in nodes.items() for source in sorted(node.reads)],
        description=f"{len(card.lineage.data)} data snapshots and {stages} DVC stages lead to {card.weights.path}",
    )


def _nodes(card: Card) -> dict[str, _Node]:
    """Return data, DVC stages and weights by a key, each with the keys of what it comes from."""
    makers = {path: _key(stage) for stage in card.lineage.stages for path in stage.outs}
    data = {item.path: f"item {item.path}" for item in card.lineage.data}
    found = {}
    for item in card.lineage.data:
        found[data[item.path]] = _Node("data", item.path, _digest(item), _sources(item.path, makers, {}))
    for stage in card.lineage.stages:
        reads = frozenset(key for path in stage.deps for key in _sources(path, makers, data)) - {_key(stage)}
        writes = f"writes {len(stage.outs)} outputs" if len(stage.outs) != 1 else f"writes {stage.outs[0]}"
        found[_key(stage)] = _Node("stage", stage.name, writes, reads)
    weights = card.weights
    found["weights"] = _Node("weights", weights.path, _digest(weights), _sources(weights.path, makers, data))
    return found


def _key(stage: DvcStage) -> str:
    return f"stage {stage.file} {stage.name}"


def _sources(path: str, makers: Mapping[str, str], data: Mapping[str, str]) -> frozenset[str]:
    """Return what brings a path in: a data snapshot, else the DVC stages that write it or what lies in or above it."""
    snapshots = frozenset(key for where, key in data.items() if _overlap(path, where))
    return snapshots or frozenset(maker for out, maker in makers.items() if _overlap(path, out))


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def _digest(item: Item) -> str:
    digest = item.sha256 or (f"md5:{item.md5}" if item.md5 else "")
    kind, _, digits = digest.partition(":")
    return f"{kind}:{digits[:12]}…" if digits else "no digest"


def _rows(nodes: Mapping[str, _Node]) -> list[list[str]]:
    """Return the keys row by row; a row holds at most :data:`PER_ROW`."""
    depth = _depths(nodes)
    layers: dict[int, list[str]] = {}
    for key in nodes:
        layers.setdefault(depth[key], []).append(key)
    rows: list[list[str]] = []
    column: dict[str, float] = {}
    for _, layer in sorted(layers.items()):
        ordered = sorted(layer, key=lambda key: (_centre(nodes[key].reads, column), key)) if rows else layer
        for start in range(0, len(ordered), PER_ROW):
            row = ordered[start : start + PER_ROW]
            column |= {key: place - len(row) / 2 for place, key in enumerate(row)}
            rows.append(row)
    return rows


def _depths(nodes: Mapping[str, _Node]) -> dict[str, int]:
    """Return the longest way from a source to each node; what goes round in a circle ends where it began."""
    depth = dict.fromkeys(nodes, 0)
    for _ in range(len(nodes)):
        moved = False
        for key, node in nodes.items():
            wanted = 1 + max((depth[source] for source in node.reads if source in depth), default=-1)
            if wanted > depth[key] and wanted < len(nodes):
                depth[key], moved = wanted, True
        if not moved:
            break
    return depth


def _centre(reads: Iterable[str], column: Mapping[str, float]) -> float:
    places = [column[source] for source in reads if source in column]
    return sum(places) / len(places) if places else 0.0


def _box(node: _Node, x: float, y: float) -> Box:
    return Box(
        node.kind,
        text.shorten(node.name, _LABEL, end=True),
        node.name,
        text.shorten(node.detail, _DETAIL, end=True),
        round(x, 1),
        round(y, 1),
    )


def _arrow(source: Sequence[float], target: Sequence[float]) -> str:
    """Return the path from the lower edge of one box to the upper edge of another."""
    x1, y1 = source[0] + BOX_WIDTH / 2, source[1] + BOX_HEIGHT
    x2, y2 = target[0] + BOX_WIDTH / 2, target[1]
    bend = max((y2 - y1) / 2, 12.0)
    return f"M{x1:g},{y1:g}C{x1:g},{y1 + bend:g} {x2:g},{y2 - bend:g} {x2:g},{y2:g}"
