"""Configuration that anybody can write makes Git or DVC run a command while govkit reads; nothing is run."""

from __future__ import annotations

from pathlib import Path

import pytest
from world import MODEL, World


@pytest.fixture
def trap(promoted: World) -> tuple[Path, Path]:
    """A script, and the file that it makes when it runs."""
    marker, script = promoted.folder / "ran", promoted.folder / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {marker}\n")
    script.chmod(0o755)
    return script, marker


def test_missing_objects_are_not_fetched(promoted: World, trap: tuple[Path, Path]) -> None:
    """In a partial clone a missing object is an answer, and not a reason to run what the configuration names."""
    script, marker = trap
    promoted.git("config", "uploadpack.allowFilter", "true")
    clone = promoted.clone("partial", "--filter=blob:none", "--no-checkout")
    promoted.shell("git", "-C", str(clone), "config", "remote.origin.uploadpack", str(script))
    result = promoted.govkit("verify", MODEL, "--stage", "production", repo=clone, expect=3)
    assert "is not in this clone" in result.text
    assert not marker.exists()


@pytest.mark.parametrize("file", ["config", "config.local"])
def test_dvc_settings_from_the_repository_name_places_only(promoted: World, trap: tuple[Path, Path], file: str) -> None:
    """``get`` refuses a DVC configuration in Git that says more of a remote than where it is."""
    script, marker = trap
    (promoted.repo / "aws.cfg").write_text(f"[default]\nregion=us-east-1\ncredential_process={script}\n")
    text = "[core]\n    remote = s\n['remote \"s\"']\n    url = s3://b/x\n    endpointurl = http://127.0.0.1:1\n    configpath = ../aws.cfg\n"
    (promoted.repo / ".dvc" / file).write_text(text)
    promoted.git("add", "-f", f".dvc/{file}")
    promoted.commit("A new remote")
    result = promoted.govkit("get", MODEL, "--stage", "production", "-o", str(promoted.folder / "out"), expect=1)
    assert f".dvc/{file} sets 'configpath'" in result.text
    assert not marker.exists()


def test_without_such_settings_it_is_delivered(promoted: World) -> None:
    """The same repository with its own remote delivers."""
    promoted.govkit("get", MODEL, "--stage", "production", "-o", str(promoted.folder / "out"))
