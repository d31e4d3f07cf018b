"""Row 41: a break-glass promotion laundered by a rollback to it, so that it looks like an approved one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from govkit.workflow.verify import verify
from tests import forge
from tests import world as worlds
from tests.world import MODEL, World


@pytest.fixture(scope="module")
def _overridden(_promoted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    promoted = worlds.copy(_promoted, tmp_path_factory.mktemp("overridden") / "world")
    promoted.allow_break_glass()
    promoted.adopt_policy()
    promoted.retrain(0.85)
    promoted.register("1.1.0")
    words = ("--stage", "production", "--break-glass", "--ticket", "INC-1")
    promoted.govkit("request", f"{MODEL}@1.1.0", "-m", "down", *words, as_="ada")
    promoted.govkit("approve", f"{MODEL}@1.1.0#production", as_="rita")
    promoted.govkit("promote", f"{MODEL}@1.1.0", *words, as_="remy")
    promoted.retrain(0.86)
    promoted.register("1.2.0")
    promoted.request("1.2.0", "production")
    promoted.approve("1.2.0", "production", "rita", "victor")
    promoted.promote("1.2.0", "production")
    return promoted.folder


@pytest.fixture
def overridden(_overridden: Path, tmp_path: Path) -> World:
    """Version 1.1.0 entered production by break-glass, then 1.2.0 was promoted the usual way."""
    return worlds.copy(_overridden, tmp_path / "world")


def roll_back(world: World, **changes: Any) -> Any:
    """Let the release engineer roll back to the override, with any part of the event changed."""
    state = world.log().state
    first = next(entry for entry in state.stages[MODEL, "production"] if entry.body.version == "1.1.0")  # type: ignore[union-attr]
    fields = {
        "kind": "rollback",
        "request": None,
        "decisions": [],
        "restores": first.at.id,
        "expires": first.body.expires,  # type: ignore[union-attr]
        **changes,
    }
    request = next(r.id for r in state.requests.values() if r.body.version == "1.1.0")
    return forge.promotion(world, request, **fields)


def test_the_kind_is_inherited(overridden: World) -> None:
    """A rollback to an override is an override: never approved, and it ends when that ends."""
    assert roll_back(overridden).status == "good"
    found = overridden.govkit("verify", MODEL, "--stage", "production", "--format", "json").json
    assert (found["verdict"], found["kind"], found["override"]) == ("proven", "rollback", True)
    assert "OVERRIDE" in overridden.govkit("show", MODEL).text
    with overridden.session(ahead=timedelta(days=3)) as session:
        later = verify(session, MODEL, "production")
    assert ("refused", ["override"]) == (later.verdict, [check.gate for check in later.blocking])


@pytest.mark.parametrize(
    "changes", [{"expires": None}, {"expires": "2099-01-01T00:00:00Z"}, {"review_by": "2099-01-01T00:00:00Z"}]
)
def test_its_end_cannot_be_moved(overridden: World, changes: dict[str, Any]) -> None:
    """A rollback that ends at another time than what it goes back to has no effect."""
    judged = roll_back(overridden, **changes)
    assert (judged.status, judged.reason) == ("inert", "it ends at another time than what it goes back to")
    assert "1.2.0" in overridden.verify().text


def test_called_a_promotion(overridden: World) -> None:
    """Nor can the old request for an override be used for a promotion."""
    judged = roll_back(overridden, kind="promote", restores=None)
    assert judged.status == "inert"


def test_control(overridden: World) -> None:
    """Without the attack, the version that was approved serves, proven."""
    assert "PROVEN: scorer@1.2.0" in overridden.verify().text
