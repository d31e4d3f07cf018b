"""``dvc.lock`` is edited by hand, or written with ``dvc commit -f``, so that the weights seem to come from other code or data.

DVC calls it clean. Found where the lock file contradicts the commit's tree or itself; a lock file that agrees with both
is found by an independent run of the pipeline alone, and the last test keeps that limit in view.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

import forge
import pytest
import yaml
from world import MODEL, World


def lock(world: World, change: Callable[[Any], None]) -> None:
    """Edit ``dvc.lock`` by hand."""
    path = world.repo / "dvc.lock"
    value = yaml.safe_load(path.read_text())
    change(value["stages"])
    path.write_text(yaml.safe_dump(value))


def item(stage: Any, kind: str, path: str) -> Any:
    """Return an entry of a DVC stage."""
    return next(entry for entry in stage[kind] if entry["path"] == path)


def refused(world: World, reason: str) -> None:
    """Assert that gate and promote say no with this reason, and verify too if a modified govkit promoted."""
    world.govkit("hook", MODEL)
    world.commit("As if nothing had happened")
    world.register("1.1.0")
    world.request("1.1.0", "production")
    world.approve("1.1.0", "production", "rita", "victor")
    assert reason in world.govkit("gate", f"{MODEL}@1.1.0", "--stage", "production", expect=1).text
    assert "lineage: fail" in world.promote("1.1.0", "production", expect=1).text
    assert forge.promotion(world, f"{MODEL}@1.1.0#production").status == "good"  # the ledger reads no cards
    assert reason in world.verify(expect=1).text


def test_code_changed_after_the_run(promoted: World) -> None:
    """Weights of one code, committed with another: ``dvc commit -f`` would hide it, editing the code alone does not."""
    with (promoted.repo / "train.py").open("a") as file:
        file.write("# another\n")
    refused(promoted, "train.py is not what DVC stage 'train' ran with")


@pytest.mark.parametrize(("stage", "path"), [("train", "train.py"), ("evaluate", "evaluate.py")])
def test_digest_of_code_edited(promoted: World, stage: str, path: str) -> None:
    """A lock file with another MD5 for code than the commit's tree has is found."""
    lock(promoted, lambda stages: item(stages[stage], "deps", path).update(md5=hashlib.md5(b"x").hexdigest()))
    refused(promoted, f"{path} is not what DVC stage '{stage}' ran with")


@pytest.mark.parametrize("path", ["data/rows.csv", "model.json"])
def test_stages_that_disagree(promoted: World, path: str) -> None:
    """What one DVC stage read must be what another wrote, or what is tracked."""
    stage = "train" if path.startswith("data") else "evaluate"
    lock(promoted, lambda stages: item(stages[stage], "deps", path).update(md5=hashlib.md5(b"x").hexdigest()))
    refused(promoted, f"{path}: DVC stage '{stage}' read other bytes than dvc.lock says exist")


def test_parameters_edited(promoted: World) -> None:
    """Parameters that the lock file says it ran with must stand in the parameter file."""
    lock(promoted, lambda stages: stages["train"]["params"]["params.yaml"].update(slope=0.5))
    refused(promoted, "params.yaml: 'slope' was changed after DVC stage 'train' ran")


def test_command_edited(promoted: World) -> None:
    """So must the command stand in ``dvc.yaml``."""
    lock(promoted, lambda stages: stages["train"].update(cmd="python other.py"))
    refused(promoted, "its command was changed after it ran")


def test_report_edited(promoted: World) -> None:
    """A metrics file that somebody made nicer is not what the DVC stage wrote; DVC itself says so as well."""
    path = promoted.repo / "reports" / "metrics.json"
    path.write_text(re.sub(r'"value": [0-9.]+', '"value": 0.99', path.read_text()))
    refused(promoted, "reports/metrics.json was changed after DVC stage 'evaluate' wrote it")


def test_weights_committed_by_force(promoted: World) -> None:
    """``dvc commit -f`` takes weights that nobody trained for the DVC stage's own; the stage after it shows that."""
    weights = promoted.repo / "model.json"
    weights.unlink()
    weights.write_text('{"slope": 9, "rows": 1}')
    promoted.shell("dvc", "commit", "-q", "-f", "train")
    assert "train:" not in promoted.shell("dvc", "status", "train")
    refused(promoted, "model.json: DVC stage 'evaluate' read other bytes than dvc.lock says exist")


def test_limit_all_stages_committed_by_force(promoted: World) -> None:
    """The limit: weights, metrics and lock file made up together agree; ``reproduce`` runs the pipeline again."""
    weights = promoted.repo / "model.json"
    weights.unlink()
    weights.write_text('{"slope": 9, "rows": 1}')
    promoted.shell("dvc", "commit", "-q", "-f", "train", "evaluate")
    promoted.govkit("hook", MODEL)
    promoted.commit("Made up")
    promoted.register("1.1.0")
    text = promoted.govkit("gate", f"{MODEL}@1.1.0", "--stage", "production", expect=1).text
    assert "all consistent" in text
    text = promoted.govkit("reproduce", f"{MODEL}@1.1.0", "--no-record", expect=1).text
    assert "DIFFERENT: scorer@1.1.0: DVC stage 'train' read what is registered and wrote another model.json" in text


def test_control(promoted: World) -> None:
    """The same way with a pipeline that ran is open."""
    promoted.retrain(0.85)
    promoted.release("1.1.0")
    assert "PROVEN: scorer@1.1.0" in promoted.verify().text
