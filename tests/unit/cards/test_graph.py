"""The drawn lineage: what stands above what, and that everything stays inside the picture."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.cards import graph
from govkit.cards.graph import BOX_HEIGHT, BOX_WIDTH
from tests.unit.cards.conftest import item


def stage(name: str, deps: list[str], outs: list[str]) -> dict[str, Any]:
    """Return a DVC stage's JSON value."""
    return {"name": name, "file": "dvc.yaml", "cmd": [name], "deps": deps, "outs": outs, "params": {}}


def rows(found: graph.Graph) -> dict[str, float]:
    """Return how far down each box stands, by name."""
    return {box.name: box.y for box in found.boxes}


def test_what_is_made_stands_below_what_it_is_made_from(value: dict[str, Any], build: Any) -> None:
    """Raw data, the stage that reads it, its snapshot, the next stage, the weights: each a row further down."""
    value["lineage"]["data"] = [item("raw.csv"), item("out/snapshot")]
    value["lineage"]["stages"] = [
        stage("ingest", ["raw.csv"], ["out/snapshot"]),
        stage("train", ["out/snapshot/part.csv", "code.py"], ["models"]),
    ]
    found = graph.lineage_graph(build(value)[0])
    assert found is not None
    y = rows(found)
    assert y["raw.csv"] < y["ingest"] < y["out/snapshot"] < y["train"] < y["models/model.json"]
    assert len(found.arrows) == 4
    assert "2 data snapshots and 2 DVC stages" in found.description


@pytest.mark.parametrize("count", [60, 149])
def test_many_stages_stay_inside(value: dict[str, Any], build: Any, count: int) -> None:
    """Sixty DVC stages beside each other go on in the next rows; no two boxes overlap."""
    value["lineage"]["stages"] = [stage(f"s{n}", [f"d{n}"], [f"o{n}"]) for n in range(count - 1)]
    value["lineage"]["stages"].append(stage("last", [f"o{n}" for n in range(count - 1)], ["models/model.json"]))
    value["lineage"]["data"] = []
    found = graph.lineage_graph(build(value)[0])
    if count + 1 > graph.MOST - 1:
        assert found is None or len(found.boxes) == count + 1
    assert found is not None
    inside(found)


def inside(found: graph.Graph) -> None:
    """Assert that boxes lie within the picture and apart from each other."""
    for box in found.boxes:
        assert 0 <= box.x <= found.width - BOX_WIDTH
        assert 0 <= box.y <= found.height - BOX_HEIGHT
    places = sorted((box.y, box.x) for box in found.boxes)
    for (y1, x1), (y2, x2) in zip(places, places[1:], strict=False):
        assert y2 >= y1 + BOX_HEIGHT or x2 >= x1 + BOX_WIDTH


@given(st.data())
def test_any_graph_can_be_drawn(data: st.DataObject) -> None:
    """Also one that goes round in a circle, or whose stages read what they write."""
    from govkit.core import canonical
    from govkit.core.card import parse

    names = [f"p{n}" for n in range(6)]
    paths = st.lists(st.sampled_from(names), max_size=4, unique=True)
    stages = [stage(f"s{n}", data.draw(paths), data.draw(paths)) for n in range(data.draw(st.integers(0, 6)))]
    card = parse(canonical.encode({**copy.deepcopy(SMALL), "lineage": {**SMALL["lineage"], "stages": stages}}))
    found = graph.lineage_graph(card)
    if found is not None:
        inside(found)


def test_nothing_and_too_much_are_not_drawn(value: dict[str, Any], build: Any) -> None:
    """Weights alone make no picture, and neither do hundreds of boxes."""
    value["lineage"] |= {"stages": [], "data": []}
    assert graph.lineage_graph(build(value)[0]) is None
    value["lineage"]["stages"] = [stage(f"s{n}", [], [f"o{n}"]) for n in range(graph.MOST + 1)]
    assert graph.lineage_graph(build(value)[0]) is None


SMALL: dict[str, Any] = {
    "schema": "govkit.card/v1",
    "model": {"name": "m", "file": "dvc.yaml", "description": "", "labels": []},
    "weights": item("p0"),
    "lineage": {"stages": [], "code": [], "data": [item("p1")], "outs": [], "params": {}, "problems": [], "gaps": []},
    "evaluation_data": [],
    "metrics": [],
    "fairness": [],
    "plots": [],
    "profiles": [],
    "reports": [],
    "statements": {"schema": "govkit.model/v1"},
}
