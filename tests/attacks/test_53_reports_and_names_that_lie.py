"""A report contradicts itself, or a file hides behind a name; each is found where it would have counted."""

from __future__ import annotations

import subprocess

import pytest
from world import MODEL, World

from govkit.core.card import FairnessAttribute, FairnessGroup, Measure
from govkit.core.gates.fairness import FairnessGate, compared

GATE = FairnessGate(attribute="AGE", rate="selection_rate", compare="ratio", min_group=100, min=0.8)


def attribute(*rates: float | None) -> FairnessAttribute:
    """Return a report of groups with these rates, which claims a ratio of 0.92."""
    groups = {
        str(index): FairnessGroup(n=500, rates={"selection_rate": Measure(value=rate)})
        for index, rate in enumerate(rates)
    }
    return FairnessAttribute(groups=groups, difference={}, ratio={"selection_rate": Measure(value=0.92)})


@pytest.mark.parametrize(
    ("rates", "says"),
    [((0.60, 0.55), ""), ((0.9, 0.1), "groups' own rates give 0.1111"), ((0.9, None), "no selection_rate of 1")],
)
def test_reported_ratio_must_follow_from_its_groups(rates: tuple[float | None, ...], says: str) -> None:
    """A ratio that the groups' own rates contradict, or that leaves a large group out, is no measurement."""
    contradiction = GATE._contradiction(attribute(*rates), 0.92)
    assert says in contradiction
    assert bool(says) == bool(contradiction)


def test_comparison_is_computed_from_the_groups() -> None:
    """Ratio is the smallest by the largest rate, difference the largest less the smallest."""
    assert (0.5, 0.4) == (
        compared(attribute(0.4, 0.8), "selection_rate", "ratio"),
        compared(attribute(0.4, 0.8), "selection_rate", "difference"),
    )


@pytest.mark.parametrize("name", ["card.json", "govkit-manifest.json"])
def test_weights_do_not_hide_behind_the_card(governed: World, name: str) -> None:
    """Weights called like what lies beside them are refused, and nothing is left."""
    for file in ("dvc.yaml", "train.py", "evaluate.py"):
        path = governed.repo / file
        path.write_text(
            path.read_text()
            .replace("model.json", f"out/{name}")
            .replace("slope = float", "pathlib.Path('out').mkdir(exist_ok=True)\nslope = float")
        )
    governed.shell("dvc", "repro", "-q")
    governed.commit("Weights with another's name")
    governed.release("1.0.0")
    target = governed.folder / "served"
    result = governed.govkit("get", MODEL, "--stage", "production", "-o", str(target), expect=1)
    assert f"weights called {name} cannot be delivered" in result.text
    assert not target.exists()


def test_a_mirroring_fetch_does_not_make_a_clone_forget(promoted: World) -> None:
    """A mirror that has seen a revocation still misses it after a fetch that prunes every ref it does not know."""
    old = promoted.git("rev-parse", "govkit/log")
    promoted.push_signed("rita", type="version.revoked", body={"version": "1.0.0", "reason": "bad"})
    mirror = promoted.clone("mirror", "--mirror")
    promoted.govkit("log", "verify", repo=mirror)
    promoted.git("update-ref", "refs/heads/govkit/log", old)
    subprocess.run(["git", "fetch", "-q", "--prune", "origin"], cwd=mirror, check=True, env=promoted.env)
    result = promoted.govkit("verify", MODEL, "--stage", "production", repo=mirror, expect=1)
    assert "the log was cut short" in result.text
