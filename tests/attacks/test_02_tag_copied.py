"""An old signed tag is copied under a new ref name, so that tools which trust its signature take it for news.

The object's ``tag`` header and the signed record's ``ref`` are the old name, and the log does not know the new
one: it is reported, and has no effect.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import world as worlds
from rawlog import allowed_signers, promotion, push_with_tag, set_tag, stock_accepts, tag_bytes, tag_id
from world import World

OLD = "scorer#production#2"


@pytest.fixture(scope="module")
def _superseded(_requested: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    requested = worlds.copy(_requested, tmp_path_factory.mktemp("superseded") / "world")
    requested.approve("1.1.0", "production", "rita", "vera")
    requested.promote("1.1.0", "production")
    return requested.folder


@pytest.fixture
def superseded(_superseded: Path, tmp_path: Path) -> World:
    """1.1.0 serves in production instead of 1.0.0, whose tag is still there."""
    return worlds.copy(_superseded, tmp_path / "world")


@pytest.mark.parametrize("name", ["scorer#production#9", "scorer#staging#9", "scorer@v9.0.0", "scorer#production!#9"])
def test_copy_is_reported_and_has_no_effect(superseded: World, name: str) -> None:
    """The copy is named by status and verify, and the honest version stays proven."""
    set_tag(superseded, name, tag_id(superseded, OLD))
    text = superseded.verify().text
    assert "PROVEN: scorer@1.1.0 serves in production" in text
    assert f"the tag '{name}' has no effect: the log does not know it: a copy of the tag '{OLD}'" in text
    assert f"note: tag '{name}': the log does not know it: a copy" in superseded.govkit("status").text
    assert "1.1.0" in superseded.govkit("show").text
    assert f"note: tag '{name}'" in superseded.govkit("log", "verify").text


def test_stock_tools_accept_it(superseded: World) -> None:
    """Git calls the copy's signature good: that is what the check is for."""
    allowed_signers(superseded, "remy")
    set_tag(superseded, "scorer#production#9", tag_id(superseded, OLD))
    assert stock_accepts(superseded, "git", "verify-tag", "scorer#production#9")


def test_event_that_records_the_copy_is_inert(requested: World) -> None:
    """A promotion that names the old object under the new name has no effect, though the release engineer signed it."""
    requested.approve("1.1.0", "production", "rita", "vera")
    honest = promotion(requested, "1.1.0", "production")
    push_with_tag(requested, honest, tag_bytes(requested, OLD), name="scorer#production#9")
    assert (requested.last().status, requested.last().reason) == ("inert", "its tag speaks of something else")
    assert "PROVEN: scorer@1.0.0" in requested.verify().text


def test_control(superseded: World) -> None:
    """Without the copy there is nothing to report."""
    text = superseded.verify().text
    assert "PROVEN: scorer@1.1.0 serves in production" in text
    assert "has no effect" not in text
    assert "note" not in superseded.govkit("status").text
