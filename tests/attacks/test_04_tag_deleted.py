"""A recorded tag is deleted, so that GTO falls back to the version before: a silent rollback.

Refused because every tag that the log recorded must exist. The log's copy of its bytes brings it back.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import world as worlds
from rawlog import gto_serves, stock_accepts
from world import World


@pytest.fixture(scope="module")
def _superseded(_requested: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    requested = worlds.copy(_requested, tmp_path_factory.mktemp("superseded") / "world")
    requested.approve("1.1.0", "production", "rita", "vera")
    requested.promote("1.1.0", "production")
    return requested.folder


@pytest.fixture
def superseded(_superseded: Path, tmp_path: Path) -> World:
    """1.1.0 serves in production instead of 1.0.0."""
    return worlds.copy(_superseded, tmp_path / "world")


def test_deleted_promotion_is_refused_though_gto_falls_back(superseded: World) -> None:
    """Deleting the newest promotion's tag is refused by govkit; to GTO the older version serves again."""
    assert gto_serves(superseded) == "scorer@v1.1.0"
    superseded.git("tag", "-d", "scorer#production#3")
    assert gto_serves(superseded) == "scorer@v1.0.0"
    text = superseded.verify(expect=1).text
    assert "'scorer#production#3': it was deleted; the log still has its bytes" in text
    assert "tag: 'scorer#production#3' is not here" in text
    assert "broken: tag 'scorer#production#3': it was deleted" in superseded.govkit("status", expect=1).text
    assert "1.1.0" in superseded.govkit("show", "scorer").text


@pytest.mark.parametrize("name", ["scorer@v1.0.0", "scorer@v1.1.0", "scorer#staging#1", "scorer#production#2"])
def test_any_deleted_tag_of_the_model_is_refused(superseded: World, name: str) -> None:
    """Also an older tag, or one of another stage, must be there."""
    superseded.git("tag", "-d", name)
    assert f"'{name}': it was deleted" in superseded.verify(expect=1).text


def test_clone_without_tags_is_refused(superseded: World) -> None:
    """A clone that fetched no tags is told which one is missing and how to get it."""
    clone = superseded.clone("bare-of-tags", "--no-tags")
    text = superseded.govkit("verify", "scorer", "--stage", "production", repo=clone, expect=1).text
    assert "'scorer#production#3' is not here -> git fetch --tags" in text


def test_log_brings_it_back(superseded: World) -> None:
    """With stock git alone the tag is made again from the log, to the bit, and everything passes: the control."""
    name, identity = "scorer#production#3", superseded.git("rev-parse", "refs/tags/scorer#production#3")
    superseded.git("tag", "-d", name)
    superseded.verify(expect=1)
    words = ["git", "cat-file", "blob", "govkit/log:tag"]
    copy = subprocess.run(words, cwd=superseded.repo, env=superseded.env, check=True, capture_output=True).stdout
    made = superseded.git("hash-object", "-t", "tag", "-w", "--stdin", stdin=copy)
    assert made == identity
    superseded.git("update-ref", f"refs/tags/{name}", made)
    assert stock_accepts(superseded, "git", "fsck", "--strict")
    assert "PROVEN: scorer@1.1.0 serves in production" in superseded.verify().text


def test_doctor_brings_it_back(superseded: World) -> None:
    """``govkit doctor --fix`` does the same with one command, for any of the model's tags, and all is proven again."""
    names = ["scorer@v1.0.0", "scorer#production#2", "scorer#production#3"]
    before = superseded.git("for-each-ref", "refs/tags")
    superseded.git("tag", "-d", *names)
    superseded.verify(expect=1)
    assert "it was deleted; the log still has its bytes" in superseded.govkit("doctor", expect=1).text
    text = superseded.govkit("doctor", "--fix").text
    assert all(f"brought back the tag '{name}'" in text for name in names)
    assert superseded.git("for-each-ref", "refs/tags") == before
    assert gto_serves(superseded) == "scorer@v1.1.0"
    assert "PROVEN: scorer@1.1.0 serves in production" in superseded.verify().text
