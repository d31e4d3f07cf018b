"""Attack 26: "weights swapped in the DVC remote or cache".

Refused by ``get``: the SHA-256 of what DVC delivered is compared with the approved one before anything reaches its
place; nothing is left behind.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import forge
import pytest
import world as worlds
from world import MODEL, World

EVIL = b'{"slope": 0.8, "rows": 666}'


def _places(world: World) -> dict[str, Path]:
    md5 = json.loads(forge.committed(world))["weights"]["md5"]
    stores = {"cache": world.repo / ".dvc" / "cache", "remote": world.folder / "remote"}
    return {name: store / "files" / "md5" / md5[:2] / md5[2:] for name, store in stores.items()}


def _swap(place: Path, content: bytes | None = EVIL) -> None:
    place.chmod(0o644)
    if content is None:
        place.unlink()
    else:
        place.write_bytes(content)


def _get(world: World, expect: int, repo: Path | None = None) -> str:
    """Try to fetch; assert that a refusal leaves nothing, neither in place nor beside it."""
    shelf = world.folder / "shelf"
    shelf.mkdir(exist_ok=True)
    result = world.govkit("get", MODEL, "--stage", "production", "-o", str(shelf / "served"), expect=expect, repo=repo)
    if expect:
        assert list(shelf.iterdir()) == []
    return result.text


def test_what_was_approved_is_delivered(promoted: World) -> None:
    """The control: untouched weights arrive, with card and manifest, byte for byte."""
    weights = (promoted.repo / "model.json").read_bytes()
    _get(promoted, 0)
    served = promoted.folder / "shelf" / "served"
    assert (served / "model.json").read_bytes() == weights
    assert {path.name for path in served.iterdir()} == {"model.json", "card.json", "govkit-manifest.json"}


@pytest.mark.parametrize("workspace", ["honest", "swapped", "gone"])
def test_swapped_in_the_cache(promoted: World, workspace: str) -> None:
    """Other bytes under the MD5 in the cache are refused, whatever the working tree holds."""
    _swap(_places(promoted)["cache"])
    file = promoted.repo / "model.json"
    if workspace != "honest":
        file.unlink()
    if workspace == "swapped":
        file.write_bytes(EVIL)
    assert "the weights that DVC delivered are not those that were approved" in _get(promoted, 1)


def test_swapped_in_the_remote(promoted: World) -> None:
    """The same in the remote, for a clone whose cache is empty: DVC itself takes what it gets."""
    places = _places(promoted)
    _swap(places["remote"])
    shutil.rmtree(promoted.repo / ".dvc" / "cache")
    (promoted.repo / "model.json").unlink()
    text = _get(promoted, 1)
    assert "the weights that DVC delivered are not those that were approved" in text or "DVC could not deliver" in text


def test_swapped_in_the_remote_of_another_clone(promoted: World) -> None:
    """A fresh clone, as a deployment has it, refuses the same."""
    _swap(_places(promoted)["remote"])
    clone = promoted.clone("clone")
    promoted.shell("git", "-C", str(clone), "fetch", "-q", "origin", "govkit/log:govkit/log")
    text = _get(promoted, 1, repo=clone)
    assert "the weights that DVC delivered are not those that were approved" in text or "DVC could not deliver" in text


def test_swapped_in_both(promoted: World) -> None:
    """Cache and remote that agree with each other do not agree with what was approved."""
    for place in _places(promoted).values():
        _swap(place)
    (promoted.repo / "model.json").unlink()
    assert "the weights that DVC delivered are not those that were approved" in _get(promoted, 1)


def test_gone_from_both(promoted: World) -> None:
    """Weights that nobody has are not delivered, and the reason is DVC's."""
    for place in _places(promoted).values():
        _swap(place, None)
    (promoted.repo / "model.json").unlink()
    assert "DVC could not deliver model.json" in _get(promoted, 1)


def test_a_link_in_the_cache(promoted: World) -> None:
    """A symbolic link to other bytes in the cache is followed by DVC, and its bytes are refused."""
    secret = promoted.folder / "secret"
    secret.write_text("not the weights")
    place = _places(promoted)["cache"]
    _swap(place, None)
    place.symlink_to(secret)
    (promoted.repo / "model.json").unlink()
    assert "not those that were approved" in _get(promoted, 1)


def test_an_earlier_delivery_stays(promoted: World) -> None:
    """A folder that holds an earlier delivery is not touched by a refused one."""
    _get(promoted, 0)
    served = promoted.folder / "shelf" / "served"
    _swap(_places(promoted)["cache"])
    promoted.govkit("get", MODEL, "--stage", "production", "-o", str(served), expect=2)
    assert (served / "model.json").read_bytes() == (promoted.repo / "model.json").read_bytes()


# -- weights that are a folder ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def _folder(_governed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    governed = worlds.copy(_governed, tmp_path_factory.mktemp("folder") / "world")
    yaml = governed.repo / "dvc.yaml"
    yaml.write_text(
        yaml.read_text().replace("    outs:\n      - model.json", "    outs:\n      - model.json\n      - m")
    )
    yaml.write_text(yaml.read_text().replace("path: model.json", "path: m"))
    yaml.write_text(
        yaml.read_text().replace(
            "      - evaluate.py\n      - model.json", "      - evaluate.py\n      - m\n      - model.json", 1
        )
    )
    train = governed.repo / "train.py"
    code = '\nout = pathlib.Path("m"); out.mkdir(exist_ok=True)\nfor n in "ab":\n    (out / n).write_text(n * 3)\n'
    train.write_text(train.read_text() + code)
    governed.shell("dvc", "repro", "-q")
    governed.shell("dvc", "push", "-q")
    governed.commit("A model of two files")
    governed.release("1.0.0")
    return governed.folder


@pytest.fixture
def folder(_folder: Path, tmp_path: Path) -> World:
    """A world whose model is a folder of two files, in production and pushed."""
    return worlds.copy(_folder, tmp_path / "world")


def _listing(world: World) -> Path:
    """Return the object in the cache that lists the folder's files."""
    md5 = json.loads(forge.committed(world))["weights"]["md5"]
    assert md5.endswith(".dir")
    return world.repo / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]


def test_a_folder_is_delivered(folder: World) -> None:
    """The control: a folder arrives with all of its files."""
    _get(folder, 0)
    assert (folder.folder / "shelf" / "served" / "m" / "b").read_text() == "bbb"


@pytest.mark.parametrize("change", ["swapped", "dropped", "added", "renamed"])
def test_a_folder_whose_listing_was_changed(folder: World, change: str) -> None:
    """A listing in the cache that names other, fewer, more or otherwise named files is refused."""
    place = _listing(folder)
    entries = json.loads(place.read_bytes())
    if change == "swapped":
        entries[0]["md5"], entries[1]["md5"] = entries[1]["md5"], entries[0]["md5"]
    elif change == "dropped":
        entries.pop()
    elif change == "added":
        entries.append({"md5": entries[0]["md5"], "relpath": "c"})
    else:
        entries[0]["relpath"] = "z"
    _swap(place, json.dumps(entries).encode())
    shutil.rmtree(folder.repo / "m")
    assert "the weights that DVC delivered are not those that were approved" in _get(folder, 1)


@pytest.mark.parametrize("name", ["../pwned", "../../../pwned", "/{}/pwned", "b/../../pwned", "."])
def test_a_folder_whose_listing_leaves_it(folder: World, name: str) -> None:
    """A listing that names a path outside of the folder writes nothing there."""
    place = _listing(folder)
    entries = json.loads(place.read_bytes())
    entries[0]["relpath"] = name.format(folder.folder)
    _swap(place, json.dumps(entries).encode())
    assert "report it" not in _get(folder, 1)
    assert not list(folder.folder.parent.rglob("pwned"))
