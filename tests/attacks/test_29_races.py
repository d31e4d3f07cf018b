"""Two promotions at the same time, two clones that append at the same time: both would take one number, one place.

Refused by compare-and-swap, here by the lock and the refs' old values, between clones by the remote: one wins, and the
other checks its action again on the new head, signs again and tries again.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from rawlog import promotion, push_with_tag
from world import MODEL, World, copy

PRODUCTION = f"{MODEL}@1.1.0#production"


@pytest.fixture
def origin(requested: World) -> Path:
    """A bare repository that everybody pushes to."""
    path = requested.folder / "origin.git"
    requested.approve("1.1.0", "production", "rita", "vera")
    subprocess.run(["git", "clone", "-q", "--bare", str(requested.repo), str(path)], check=True, env=requested.env)
    requested.git("remote", "add", "origin", str(path))
    requested.git("fetch", "-q", "origin")
    return path


def twin(world: World) -> World:
    """Return a second clone that is as far as the first."""
    other = World(world.folder)
    other.repo = world.folder / "twin"
    subprocess.run(["cp", "-r", str(world.repo), str(other.repo)], check=True)
    return other


def test_two_promotions_make_one(requested: World, origin: Path) -> None:
    """The slower of two promotions of one request finds it done, after the remote refused its push."""
    other = twin(requested)
    requested.promote("1.1.0", "production")
    text = other.promote("1.1.0", "production", expect=1).text
    assert "scorer@1.1.0 serves in production already" in text
    tags = subprocess.run(["git", "tag"], cwd=origin, capture_output=True, text=True, check=True).stdout
    assert tags.count("#production#") == 2
    other.verify()


def test_two_clones_append(requested: World, origin: Path) -> None:
    """Both events arrive, each once, in places of their own; the loser signed again."""
    other = twin(requested)
    words = ("request", f"{MODEL}@1.1.0", "--stage", "staging", "-m")
    requested.govkit(*words, "one", as_="ada")
    other.govkit("withdraw", PRODUCTION, "-m", "not yet", as_="ada")
    requested.govkit("log", "sync")
    kinds = [judged.event.type for judged in requested.log().state.judged if judged.event]
    assert kinds[-2:] == ["request.opened", "request.withdrawn"]
    assert "(15 good)" in requested.govkit("log", "verify").text


def test_push_of_the_slower_is_refused(requested: World, origin: Path) -> None:
    """With tools other than govkit: the remote takes neither the log nor the tag of who was slower."""
    fork = copy(requested.folder, requested.folder.parent / "fork")
    requested.govkit("withdraw", PRODUCTION, "-m", "not yet", as_="ada")
    signed = promotion(fork, "1.1.0", "production")
    push_with_tag(fork, signed, signed.evidence["tag"])
    name = f"refs/tags/{signed.tag}"
    words = ["git", "push", "--atomic", str(origin), "refs/heads/govkit/log", name]
    done = subprocess.run(words, cwd=fork.repo, env=fork.env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "rejected" in done.stderr
    requested.govkit("log", "sync")
    requested.verify()


def test_forced_push_of_the_slower_is_said(requested: World, origin: Path) -> None:
    """Forced over the faster one: everybody who saw the first refuses the second, and names where they part."""
    fork = copy(requested.folder, requested.folder.parent / "fork")
    requested.govkit("withdraw", PRODUCTION, "-m", "not yet", as_="ada")
    fork.git("remote", "remove", "origin")
    fork.promote("1.1.0", "production")
    subprocess.run(
        ["git", "push", "-qf", str(origin), "refs/heads/govkit/log", "--tags"], cwd=fork.repo, check=True, env=fork.env
    )
    text = requested.govkit("log", "sync", expect=1).text
    assert "the log has two histories" in text
    assert "differs from the rest at event 13" in text


def test_control(requested: World, origin: Path) -> None:
    """One after the other, both do what they want."""
    other = twin(requested)
    requested.promote("1.1.0", "production")
    other.govkit("log", "sync")
    assert "PROVEN: scorer@1.1.0" in other.verify().text
