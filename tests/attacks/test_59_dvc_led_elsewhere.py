"""DVC is led to run a command: weights imported from a repository of the attacker's, or ``.dvc`` as a link or a submodule.

For imported weights DVC clones the repository that a ``.dvc`` file names and obeys the configuration in there, which may
name a command for credentials. ``get`` refuses weights that come from elsewhere. A link or submodule in place of ``.dvc``
leads to settings that nobody looked at, and is refused before DVC is asked.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from world import MODEL, World

from govkit.core.errors import Refused
from govkit.storage import dvcremotes
from govkit.workflow import facts

SETTINGS = """\
[core]
    remote = s
['remote "s"']
    url = s3://b/x
    endpointurl = http://127.0.0.1:1
    configpath = {folder}/aws.cfg
"""


@pytest.fixture
def trap(governed: World) -> tuple[World, Path, str]:
    """A world, the file that appears when the attacker's command has run, and DVC settings that name the command."""
    marker, script = governed.folder / "ran", governed.folder / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {marker}\n")
    script.chmod(0o755)
    (governed.folder / "aws.cfg").write_text(f"[default]\nregion=us-east-1\ncredential_process={script}\n")
    return governed, marker, SETTINGS.format(folder=governed.folder)


def tracked_weights(world: World) -> Path:
    """Make the weights a file that a ``.dvc`` file tracks, and return that."""
    (world.repo / "w.bin").write_bytes(b"weights")
    world.shell("dvc", "add", "-q", "w.bin")
    pipeline = world.repo / "dvc.yaml"
    text = pipeline.read_text().replace("path: model.json\n    type: model", "path: w.bin\n    type: model")
    pipeline.write_text(
        text.replace("- evaluate.py\n      - model.json", "- evaluate.py\n      - model.json\n      - w.bin")
    )
    world.shell("dvc", "repro", "-q")
    return world.repo / "w.bin.dvc"


def foreign(world: World, settings: str) -> tuple[Path, str]:
    """Make another DVC repository with the same file, and settings of its own; return where, and its commit."""
    other = World(world.folder)
    other.repo = world.folder / "other"
    other.repo.mkdir()
    other.git("init", "-q", "-b", "main")
    other.shell("dvc", "init", "-q")
    (other.repo / ".dvc" / "config").write_text(settings)
    (other.repo / "w.bin").write_bytes(b"weights")
    other.shell("dvc", "add", "-q", "w.bin")
    other.git("add", "-A")
    other.git("-c", "user.name=M", "-c", "user.email=m@example.org", "commit", "-qm", "x")
    shutil.rmtree(other.repo / ".dvc" / "cache")
    return other.repo, other.git("rev-parse", "HEAD")


def serve(world: World) -> None:
    """Let what is committed serve in staging."""
    world.govkit("hook", MODEL)
    world.commit("Weights")
    world.register("1.0.0")
    world.request("1.0.0", "staging")
    world.approve("1.0.0", "staging", "victor")
    world.promote("1.0.0", "staging")


def test_import_from_a_repository_is_not_fetched(trap: tuple[World, Path, str]) -> None:
    """With the bytes in no cache DVC would go there, and did; ``get`` names the file that leads there."""
    world, marker, settings = trap
    file = tracked_weights(world)
    place, commit = foreign(world, settings)
    lead = f"frozen: true\ndeps:\n- path: w.bin\n  repo:\n    url: file://{place}\n    rev_lock: {commit}\n"
    file.write_text(lead + file.read_text())
    serve(world)
    (world.repo / "w.bin").unlink()
    shutil.rmtree(world.repo / ".dvc" / "cache")
    subprocess.run(["dvc", "fetch", "-q", "w.bin.dvc"], cwd=world.repo, env=world.env, capture_output=True, check=False)
    assert marker.exists()  # that is what stock DVC does
    marker.unlink()
    result = world.govkit("get", MODEL, "--stage", "staging", "-o", str(world.folder / "out"), expect=1)
    assert "w.bin is imported from elsewhere: w.bin.dvc names another place" in result.text.replace(" why ", ": ")
    assert not marker.exists()


def test_import_with_settings_of_its_own_is_not_fetched(trap: tuple[World, Path, str]) -> None:
    """Nor is one from a place whose client's settings stand in the ``.dvc`` file."""
    world, marker, _ = trap
    file = tracked_weights(world)
    lead = "frozen: true\ndeps:\n- etag: '\"abc\"'\n  size: 7\n  hash: etag\n  path: s3://b/x\n  fs_config:\n"
    lead += f"    configpath: {world.folder}/aws.cfg\n    endpointurl: http://127.0.0.1:1\n    version_aware: true\n"
    file.write_text(lead + file.read_text())
    serve(world)
    result = world.govkit("get", MODEL, "--stage", "staging", "-o", str(world.folder / "out"), expect=1)
    assert "w.bin is imported from elsewhere" in result.text
    assert not marker.exists()


@pytest.mark.parametrize("what", ["folder", "file"])
def test_link_is_not_followed(trap: tuple[World, Path, str], what: str) -> None:
    """Asking the remote, as ``promote --online`` does, stops at a link in the place of DVC's folder or settings."""
    world, marker, settings = trap
    world.register("1.0.0")
    if what == "folder":
        (world.repo / ".dvc").rename(world.repo / "conf")
        (world.repo / ".dvc").symlink_to("conf")
        (world.repo / "conf" / "config").write_text(settings)
    else:
        (world.repo / "conf").write_text(settings)
        (world.repo / ".dvc" / "config").unlink()
        (world.repo / ".dvc" / "config").symlink_to("../conf")
    world.git("add", "-A")
    world.git("commit", "-qm", "Elsewhere")
    with world.session() as session:
        version = session.state.versions[MODEL, "1.0.0"]
        with pytest.raises(Refused, match="is a symbolic link or a submodule"):
            facts.check_settings(session, version.body.commit.partition(":")[2])
        assert not marker.exists()
        subprocess.run(["dvc", "status", "-c"], cwd=world.repo, env=world.env, capture_output=True, check=False)
        assert marker.exists()  # that is what stock DVC does


def test_control(trap: tuple[World, Path, str]) -> None:
    """The same weights, tracked and in this repository's own remote, are asked for and delivered."""
    world, marker, _ = trap
    tracked_weights(world)
    world.shell("dvc", "push", "-q")
    serve(world)
    shutil.rmtree(world.repo / ".dvc" / "cache")
    with world.session() as session:
        version = session.state.versions[MODEL, "1.0.0"]
        facts.check_settings(session, version.body.commit.partition(":")[2])
        assert dvcremotes.pushed(world.repo, [facts.card_of(session, version)[1].weights]) == {"w.bin": True}
    world.govkit("get", MODEL, "--stage", "staging", "-o", str(world.folder / "out"))
    assert (world.folder / "out" / "w.bin").read_bytes() == b"weights"
    assert not marker.exists()
