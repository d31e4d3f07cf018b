"""Attack 22: "a metric missing, NaN, infinite, a string, a boolean".

Refused by the gate: whatever is not one finite number is an ``error``, and only ``pass`` opens a gate. DVC runs such a
pipeline with exit code 0.
"""

from __future__ import annotations

import re

import forge
import pytest
from world import EVALUATE, MODEL, World

WRITES = 'out.joinpath("metrics.json").write_text(json.dumps({"auc": auc}))'
FAIRNESS = '"ratio": {"selection_rate": rate(0.92)}'

#: What the pipeline writes into metrics.json, and what the gate says of it.
VALUES = {
    "missing": ("{}", "not reported"),
    "another name": ('{"AUC": 0.9}', "not reported"),
    "null": ('{"auc": null}', "not a number but null"),
    "NaN": ('{"auc": NaN}', "not a number but not finite: nan"),
    "Infinity": ('{"auc": Infinity}', "not a number but not finite: inf"),
    "too large": ('{"auc": 1e400}', "not a number but not finite: inf"),
    "an integer too large": ('{"auc": 1' + "0" * 400 + "}", "not a number but not finite"),
    "text": ('{"auc": "0.99"}', "not a number but text: 0.99"),
    "boolean": ('{"auc": true}', "not a number but true or false"),
    "list": ('{"auc": [0.99]}', "not a number but a list"),
    "an object": ('{"auc": {"value": {"value": 0.9}}}', "not a number but a mapping"),
    "null value": ('{"auc": {"value": null, "interval": [0.9, 0.95]}}', "not a number but null"),
    "without an interval": ('{"auc": 0.99}', "without an interval"),
    "an interval of NaN": ('{"auc": {"value": 0.99, "interval": [NaN, 1]}}', "its interval is wrong"),
    "an interval backwards": ('{"auc": {"value": 0.99, "interval": [1, 0.9]}}', "its interval is wrong"),
    "an interval of one end": ('{"auc": {"value": 0.99, "interval": [0.9]}}', "its interval is wrong"),
    "an interval of text": ('{"auc": {"value": 0.99, "interval": ["0.9", "1"]}}', "its interval is wrong"),
    "said twice": ('{"auc": 0.1, "auc": {"value": 0.99, "interval": [0.9, 1]}}', "not reported"),
    "no JSON": ("auc = 0.99", "not reported"),
    "an empty file": ("", "not reported"),
}


def _repro(world: World, old: str, new: str) -> None:
    """Change what the evaluation writes and run the pipeline for real."""
    assert old in EVALUATE
    (world.repo / "evaluate.py").write_text(EVALUATE.replace(old, new))
    world.shell("dvc", "repro", "-q")
    world.commit("Evaluate otherwise")


def _refused(world: World, gate: str, found: str) -> None:
    world.register("1.0.0")
    world.request("1.0.0", "production")
    result = world.govkit("gate", f"{MODEL}@1.0.0", "--stage", "production", "--format", "json", expect=1).json
    check = next(check for check in result["checks"] if check["gate"] == gate)
    assert check["verdict"] == "error" and found in check["found"]
    assert not result["open"]
    world.approve("1.0.0", "production", "rita", "victor")
    assert f"{gate}: error" in world.promote("1.0.0", "production", expect=1).text
    assert forge.promotion(world, f"{MODEL}@1.0.0#production").status == "good"  # the ledger knows no gates
    verified = world.verify(expect=1)
    assert re.search(rf"! error\s+{gate}", verified.out) and "REFUSED" in verified.text


@pytest.mark.parametrize("what", VALUES)
def test_a_metric_that_is_no_number(governed: World, what: str) -> None:
    """Whatever the pipeline writes instead of a number is an error that blocks gate, promote and verify."""
    written, found = VALUES[what]
    _repro(governed, WRITES, f'out.joinpath("metrics.json").write_text({written!r})')
    _refused(governed, "auc", found)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ('"ratio": {}', "no ratio of selection_rate"),
        ('"ratio": {"selection_rate": float("nan")}', "not a number but not finite"),
        ('"ratio": {"selection_rate": "0.92"}', "not a number but text"),
        ('"ratio": {"selection_rate": True}', "not a number but true or false"),
    ],
)
def test_a_fairness_figure_that_is_no_number(governed: World, written: str, found: str) -> None:
    """The same holds for fairness."""
    _repro(governed, FAIRNESS, written)
    _refused(governed, "parity", found)


def test_a_real_number(governed: World) -> None:
    """The control: the same way with a number passes and is proven."""
    _repro(governed, WRITES, WRITES + "  # as before")
    governed.release("1.0.0")
    governed.verify()
