"""Weights are swapped for others of the same MD5: DVC cannot tell them apart, in its cache, its remote or on disk.

Found by their SHA-256, before they reach their place, and when the card is made again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from pathlib import Path

import pytest
import world as worlds
from world import MODEL, World

from govkit.storage import cachefiles, sumcache

DATA = Path(__file__).parents[1] / "data" / "md5-collision.txt"
GOOD, EVIL = (bytes.fromhex(line) + b"weights" for line in DATA.read_text().splitlines() if not line.startswith("#"))
MD5 = hashlib.md5(GOOD).hexdigest()


def swap(folder: Path) -> None:
    """Put the other bytes where DVC keeps the object."""
    path = folder / "files" / "md5" / MD5[:2] / MD5[2:]
    assert path.read_bytes() == GOOD
    path.chmod(0o644)
    path.write_bytes(EVIL)


@pytest.fixture(scope="module")
def _collided(_governed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    governed = worlds.copy(_governed, tmp_path_factory.mktemp("collided") / "world")
    train = governed.repo / "train.py"
    text = train.read_text().replace(".write_text(json.dumps({", ".write_bytes(bytes.fromhex(GOOD)); print(({")
    assert text != train.read_text()
    train.write_text(f"GOOD = {GOOD.hex()!r}\n{text}")
    evaluate = governed.repo / "evaluate.py"
    evaluate.write_text(
        evaluate.read_text().replace('json.loads(pathlib.Path("model.json").read_text())["slope"]', "0.8")
    )
    governed.shell("dvc", "repro", "-q")
    governed.shell("dvc", "push", "-q")
    governed.commit("Weights of bytes")
    governed.release("1.0.0")
    assert MD5 in (governed.repo / "dvc.lock").read_text()
    return governed.folder


@pytest.fixture
def collided(_collided: Path, tmp_path: Path) -> World:
    """A world whose weights begin with one of two blocks that have the same MD5; 1.0.0 serves."""
    return worlds.copy(_collided, tmp_path / "world")


def test_pair_collides() -> None:
    """Two files, one MD5, two SHA-256."""
    assert GOOD != EVIL
    assert hashlib.md5(GOOD).digest() == hashlib.md5(EVIL).digest()
    assert hashlib.sha256(GOOD).digest() != hashlib.sha256(EVIL).digest()


def test_swapped_in_the_remote(collided: World) -> None:
    """A deployment fetches from the remote: stock DVC delivers the other weights, ``get`` refuses them."""
    swap(collided.folder / "remote")
    clone = collided.clone("remote-clone")
    (collided.repo / "model.json").unlink()
    shutil.rmtree(collided.repo / ".dvc" / "cache")
    collided.shell("dvc", "pull", "-q", "model.json")
    assert (collided.repo / "model.json").read_bytes() == EVIL
    assert clone.is_dir()
    assert collided.shell("dvc", "status", "train").strip().endswith("up to date.")
    target = collided.folder / "served"
    result = collided.govkit("get", MODEL, "--stage", "production", "-o", str(target), expect=1)
    assert not target.exists()
    assert hashlib.sha256(EVIL).hexdigest()[:40] in result.text


def test_swapped_in_a_fresh_clone(collided: World) -> None:
    """Where no bytes are at hand, the verifier takes the digest on trust and says so; ``get`` then refuses the bytes."""
    swap(collided.folder / "remote")
    clone = collided.folder / "clones" / "fresh"
    clone.parent.mkdir()
    (collided.folder / "clones" / "remote").symlink_to(collided.folder / "remote")
    collided.shell("git", "clone", "-q", str(collided.repo), str(clone))
    collided.govkit("verify", MODEL, "--stage", "production", repo=clone)
    target = collided.folder / "served"
    words = ("get", MODEL, "--stage", "production", "-o", str(target))
    result = collided.govkit(*words, repo=clone, expect=1)
    assert "the weights that DVC delivered are not those that were approved" in result.text
    assert f"delivered sha256:{hashlib.sha256(EVIL).hexdigest()}" in result.text
    assert not target.exists()


@pytest.mark.parametrize("where", ["working tree", "cache"])
def test_swapped_on_disk(collided: World, where: str) -> None:
    """On a machine that has them, ``verify`` reads the bytes and finds another card."""
    model = collided.repo / "model.json"
    model.unlink()
    if where == "cache":
        swap(collided.repo / ".dvc" / "cache")
    else:
        model.write_bytes(EVIL)
    text = collided.verify(expect=1).text
    assert "weights.sha256: says" in text
    assert "REFUSED: scorer@1.0.0" in text


def test_control(collided: World) -> None:
    """The honest weights are delivered through the same remote."""
    (collided.repo / "model.json").unlink()
    shutil.rmtree(collided.repo / ".dvc" / "cache")
    target = collided.folder / "served"
    collided.govkit("get", MODEL, "--stage", "production", "-o", str(target))
    assert (target / "model.json").read_bytes() == GOOD


def test_swapped_where_it_serves(collided: World) -> None:
    """After it was delivered, in the folder that a process starts from."""
    target = collided.folder / "served"
    collided.govkit("get", MODEL, "--stage", "production", "-o", str(target))
    collided.govkit("verify", "--dir", str(target))
    (target / "model.json").write_bytes(EVIL)
    result = collided.govkit("verify", "--dir", str(target), expect=1)
    assert f"model.json has sha256:{hashlib.sha256(EVIL).hexdigest()}" in result.text


def swap_unseen(world: World) -> list[Path]:
    """Put the other bytes in cache and working tree, in place, with the times of the old ones."""
    places = [world.repo / "model.json", world.repo / ".dvc" / "cache" / "files" / "md5" / MD5[:2] / MD5[2:]]
    for path in places:
        about = path.stat()
        path.chmod(0o644)
        path.write_bytes(EVIL)
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    return places


@pytest.fixture
def warmed(collided: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The same, its digests remembered; the clock is put ahead instead of waiting until times are no longer racy."""
    honest = time.time_ns
    monkeypatch.setattr(sumcache.time, "time_ns", lambda: honest() + 3_000_000_000)
    collided.govkit("card", MODEL, "--check")
    cache = cachefiles.place(collided.repo / ".git", collided.env, "sums")
    assert cache is not None and bytes.fromhex(MD5) in cache.read_bytes()
    time.sleep(0.02)  # more than a tick of the kernel's clock
    return collided


def refused_at_the_door(world: World) -> None:
    """Assert that nothing that decides, proves or delivers takes the other bytes."""
    assert "weights.sha256: says" in world.verify(expect=1).text
    assert "weights.sha256: says" in world.govkit("register", f"{MODEL}@1.0.1", as_="ada", expect=1).text
    target = world.folder / "served"
    result = world.govkit("get", MODEL, "--stage", "production", "-o", str(target), expect=1)
    assert "differ" in result.text or "weights.sha256: says" in result.text
    assert not target.exists()


def test_swapped_after_it_was_remembered(warmed: World) -> None:
    """Size and time of the content are as before; that the file was touched is not hidden by that.

    Where even what is remembered was forged, whoever looks is deceived, and nobody who decides.
    """
    places = swap_unseen(warmed)
    assert "weights.sha256: says" in warmed.govkit("card", MODEL, "--check", expect=1).text
    refused_at_the_door(warmed)
    forged = sumcache.SumCache(cachefiles.place(warmed.repo / ".git", warmed.env, "sums"))
    for path in places:
        forged._known[sumcache._key(path.stat())] = bytes.fromhex(MD5) + hashlib.sha256(GOOD).digest()
    forged._new = True
    forged.save()
    warmed.govkit("card", MODEL, "--check")
    refused_at_the_door(warmed)
