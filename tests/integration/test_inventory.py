"""The inventory over many repositories: what it says, and that whatever is wrong with one is a row and an exit code."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import bigsite
import world as worlds
from world import MODEL, World

from govkit.core import formats
from tests.rawlog import force

ELSEWHERE = "https://git.example.org/models"


@pytest.fixture(scope="module")
def _scene(_requested: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A repository that has a finding; beside it one that was tampered with, one of another log, one without any."""
    world = worlds.copy(_requested, tmp_path_factory.mktemp("inventory") / "world")
    words = ("approve", f"{MODEL}@1.1.0#production", "--condition", "victor", "2099-01-01", "Look again")
    world.govkit(*words, as_="rita")
    world.approve("1.1.0", "production", "victor")
    world.promote("1.1.0", "production")
    world.govkit("revoke", f"{MODEL}@1.0.0", "-m", "Wrong data", as_="rita")
    world.clone("tampered")
    World.git(_of(world, "tampered"), "fetch", "-q", "--tags", "origin")
    World.git(_of(world, "tampered"), "update-ref", f"refs/tags/{MODEL}@v1.0.0", "HEAD")
    log = bigsite.build(world.folder / "other.git", 2, 6)
    (world.folder / "other.root").write_text(log.ledger.state.judged[0].id)
    plain = world.folder / "plain"
    plain.mkdir()
    World.git(_of(world, "plain"), "init", "-q", "-b", "main")
    (plain / "dvc.yaml").write_text("artifacts:\n  shadow: {path: m.json, type: model}\n")
    World.git(_of(world, "plain"), "add", "-A")
    author = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    World.git(_of(world, "plain"), *author, "commit", "-qm", "A model that nobody governs")
    return world


def _of(world: World, name: str) -> World:
    """Return a world whose repository is another folder of this one."""
    other = World(world.folder)
    other.repo = world.folder / name
    return other


@pytest.fixture
def scene(_scene: World, tmp_path: Path) -> World:
    """The scene, with known roots and a cache of the test's own."""
    world = World(_scene.folder)
    shutil.copy(_scene.folder / "known_roots", tmp_path / "known_roots")
    world.env |= {"GOVKIT_KNOWN_ROOTS": str(tmp_path / "known_roots"), "XDG_DATA_HOME": str(tmp_path / "data")}
    return world


def pin_other(world: World, root: str | None = None) -> None:
    """Pin the other log, or another root for its remote."""
    root = root or (world.folder / "other.root").read_text()
    with Path(world.env["GOVKIT_KNOWN_ROOTS"]).open("a") as file:
        file.write(f"{root} {ELSEWHERE}\n")


def take(world: World, *names: str, expect: int, more: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the inventory's repositories by the last part of their names."""
    paths = [name if "://" in name else str(world.folder / name) for name in names]
    value = world.govkit("inventory", *paths, *more, "--format", "json", expect=expect).json
    return {one["repository"].rpartition("/")[2]: one for one in value["repositories"]}


def test_what_it_says_of_a_model(scene: World) -> None:
    """Version, owner, tier, approvals with their people, open findings, requests and the head that it speaks for."""
    from jsonschema import Draft202012Validator

    result = scene.govkit("inventory", "--format", "json")
    schema = formats.json_schema(formats.find("inventory") or "")
    assert list(Draft202012Validator(schema).iter_errors(result.json)) == []
    (one,) = result.json["repositories"]
    log = scene.log()
    assert (one["state"], one["reasons"], one["root"]) == ("verified", [], log.root_of_trust)
    assert one["head"] == {"size": log.head.size, "root": log.head.root}
    (model,) = one["models"]
    counts = {key: model[key] for key in ("model", "versions", "newest", "owner", "tier", "findings", "overdue")}
    assert counts == {
        **{"model": MODEL, "versions": 2, "newest": "1.1.0", "owner": "Risk", "tier": "high"},
        **{"findings": 1, "overdue": 0},
    }
    found = {stage["stage"]: (stage["version"], stage["approved_by"], stage["by"]) for stage in model["stages"]}
    assert found == {
        "production": ("1.1.0", ["rita", "victor"], "remy"),
        "staging": ("1.0.0", ["victor"], "remy"),
    }
    decided = [j.effective for j in log.state.judged if j.event and j.event.type == "decision.recorded"]
    assert model["stages"][0]["approved"] == decided[-1]
    warnings = {stage["stage"]: stage["warning"] for stage in model["stages"]}
    assert (warnings["production"], "revoked" in warnings["staging"]) == ("", True)


def test_nothing_that_is_wrong_is_left_out(scene: World) -> None:
    """Tampered, not pinned, without a log, no repository, no address: each is a row with its reason."""
    names = ("repo", "tampered", "other.git", "plain", "nowhere", "ext::sh://x")
    found = take(scene, *names, expect=1)
    assert {name: one["state"] for name, one in found.items()} == {
        **{"repo": "verified", "tampered": "disproven", "other.git": "not pinned", "plain": "unreadable"},
        **{"nowhere": "unreadable", "x": "unreadable"},
    }
    assert f"tag '{MODEL}@v1.0.0'" in found["tampered"]["reasons"][0]
    assert [model["model"] for model in found["tampered"]["models"]] == [MODEL]
    assert "govkit trust" in found["other.git"]["fix"]
    assert [model["versions"] for model in found["other.git"]["models"]] == [6, 6]
    assert [(m["model"], m["versions"]) for m in found["plain"]["models"]] == [("shadow", 0)]
    assert all(one["reasons"] for name, one in found.items() if name != "repo")
    assert take(scene, *(name for name in names if name != "tampered"), expect=3).keys() == found.keys() - {"tampered"}


def test_whose_log_it_is(scene: World) -> None:
    """A pinned log is verified; where another root is pinned for its remote, nothing of it is shown."""
    pin_other(scene)
    assert take(scene, "other.git", expect=0)["other.git"]["state"] == "verified"
    Path(scene.env["GOVKIT_KNOWN_ROOTS"]).write_text("")
    pin_other(scene, "sha256:" + "1" * 64)
    one = take(scene, "other.git", expect=1)["other.git"]
    assert (one["state"], one["models"], one["remote"]) == ("disproven", [], ELSEWHERE)
    assert "is not the one that was pinned" in one["reasons"][0]


def test_one_root_is_not_that_of_many(scene: World) -> None:
    """A root given by option holds for one repository, and is refused for two."""
    root = (scene.folder / "other.root").read_text()
    assert take(scene, "other.git", expect=0, more=("--root", root))["other.git"]["state"] == "verified"
    repo, other = str(scene.repo), str(scene.folder / "other.git")
    assert "cannot be that of 2" in scene.govkit("inventory", repo, other, "--root", root, expect=2).err


def test_a_list_and_its_files(scene: World, tmp_path: Path) -> None:
    """A list names repositories from where it lies; the same log twice is said; CSV and HTML hold every row."""
    listed = scene.folder / "list.txt"
    listed.write_text("# ours\nrepo\n\nplain\nrepo\nrepo/governance\n")
    words = ("inventory", "--from", str(listed))
    lines = list(csv.DictReader(io.StringIO(scene.govkit(*words, "--format", "csv", expect=3).out)))
    assert [(Path(row["repository"]).name, row["model"], row["stage"], row["version"]) for row in lines] == [
        ("repo", MODEL, "production", "1.1.0"),
        ("repo", MODEL, "staging", "1.0.0"),
        ("plain", "shadow", "", ""),
        ("governance", MODEL, "production", "1.1.0"),
        ("governance", MODEL, "staging", "1.0.0"),
    ]
    assert [row["note"] for row in lines][3] == f"it has the same log as {scene.repo}"
    page = tmp_path / "inventory.html"
    text = scene.govkit(*words, "--format", "html", "-o", str(page), expect=3).text
    assert "3 repositories, 1 of them not verified" in text
    assert page.read_text().count("<tr>") == 1 + len(lines)
    table = scene.govkit(*words, expect=3).text
    assert "shadow" in table
    assert "next: fetch it with 'govkit log sync', or open one with 'govkit init'" in table
    listed.write_text("# none\n")
    assert "names one" in scene.govkit(*words, expect=2).err
    assert "cannot be read" in scene.govkit("inventory", "--from", str(tmp_path / "none"), expect=2).err


def test_a_url_is_fetched_again(scene: World, tmp_path: Path) -> None:
    """A copy is kept and brought up to date; one that was cut, or is gone, is not passed over in silence."""
    world = worlds.copy(scene.folder, tmp_path / "world")
    world.env |= {"XDG_DATA_HOME": str(tmp_path / "data")}
    url = f"file://{world.repo}"

    def versions(expect: int, *more: str) -> tuple[str, int, str]:
        (one,) = take(world, url, expect=expect, more=more).values()
        return one["state"], one["models"][0]["versions"], " ".join(one["reasons"])

    head = world.git("rev-parse", "govkit/log")
    assert versions(0) == ("verified", 2, "")
    (clone,) = (tmp_path / "data" / "govkit" / "clones").iterdir()
    assert [path.name for path in clone.iterdir()] == [".git"]
    world.git("commit", "-q", "--allow-empty", "-m", "Once more")
    world.register("1.2.0")
    assert versions(0, "--no-fetch")[1] == 2
    assert versions(0) == ("verified", 3, "")
    world.govkit("log", "verify")
    force(world, head)
    state, count, why = versions(1)
    assert (state, count) == ("disproven", 3)
    assert "as it was fetched before" in why
    world.repo.rename(tmp_path / "away")
    state, count, why = versions(3)
    assert (state, count) == ("undecided", 3)
    assert "cannot be reached" in why
    assert json.loads(world.govkit("inventory", f"{url}-none", "--format", "json", repo=tmp_path, expect=3).out)
