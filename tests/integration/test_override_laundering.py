"""An override must not be the yardstick by which the usual way is then measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import world as worlds
from tests.world import MODEL, World


@pytest.fixture(scope="module")
def _emergency(_promoted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    promoted = worlds.copy(_promoted, tmp_path_factory.mktemp("emergency") / "world")
    promoted.allow_break_glass()
    promoted.adopt_policy()
    (promoted.repo / "notes.txt").write_text("by victor\n")
    promoted.git("add", "notes.txt")
    promoted.commit("Notes", author="Victor <victor@example.org>")
    promoted.retrain(0.85)
    promoted.register("1.1.0")
    return promoted.folder


@pytest.fixture
def emergency(_emergency: Path, tmp_path: Path) -> World:
    """A version with a commit by a validator, in a stage that has break-glass and wants commit authors kept out."""
    return worlds.copy(_emergency, tmp_path / "world")


def usual_way(world: World, expect: int) -> str:
    """Ask the usual way, approve by rita and victor, promote."""
    world.request("1.1.0", "production")
    world.approve("1.1.0", "production", "rita", "victor")
    return world.promote("1.1.0", "production", expect=expect).text


def test_an_override_does_not_make_its_authors_independent(emergency: World) -> None:
    """Who wrote the commits cannot approve them the usual way, not even after break-glass let them in."""
    assert "wrote a commit" in usual_way(emergency, expect=1)
    words = ("--stage", "production", "--break-glass", "--ticket", "INC-1")
    emergency.govkit("request", f"{MODEL}@1.1.0", "-m", "down", *words, as_="ada")
    emergency.govkit("approve", f"{MODEL}@1.1.0#production", as_="rita")
    emergency.govkit("promote", f"{MODEL}@1.1.0", *words, "-m", "down", as_="remy")
    assert "wrote a commit" in usual_way(emergency, expect=1)


def test_an_override_is_not_the_champion_to_beat(emergency: World) -> None:
    """A version that is worse than the last approved one does not pass for being the override that serves."""
    path = emergency.repo / "governance" / "policy.yaml"
    rule = "  better: {type: champion, metric: auc, direction: higher, first: fail, absolute: 0.5}\n"
    text = path.read_text().replace("gates:\n  lineage", f"gates:\n{rule}  lineage")
    path.write_text(text.replace("documented, parity]", "documented, parity, better]").replace(", commit-author", ""))
    emergency.adopt_policy()
    words = ("--stage", "production", "--break-glass", "--ticket", "INC-1")
    emergency.govkit("request", f"{MODEL}@1.1.0", "-m", "down", *words, as_="ada")
    emergency.govkit("approve", f"{MODEL}@1.1.0#production", as_="rita")
    emergency.govkit("promote", f"{MODEL}@1.1.0", *words, "-m", "down", as_="remy")
    assert "better" in usual_way(emergency, expect=1)
