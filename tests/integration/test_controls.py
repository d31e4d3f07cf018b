"""What a repository gives evidence for, and how far it is on the ladder; on one that is let climb to the top."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import world as worlds
from s3server import S3Server
from world import MODEL, World

from tests.rawlog import set_tag


@pytest.fixture(scope="module")
def scene(_promoted: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A repository whose version 1.0.0 serves; tests only look at it."""
    return worlds.copy(_promoted, tmp_path_factory.mktemp("controls") / "world")


def words(world: World, *more: str) -> dict[str, Any]:
    """Return the requirements of frameworks by framework and place."""
    found = world.govkit("controls", *more, "--format", "json").json["frameworks"]
    return {f"{one['id']} {met['place']}": met for one in found for met in one["controls"]}


def test_which_requirement_is_shown_by_what(scene: World) -> None:
    """Each is evidenced, partial or not covered, and the records that show it are named."""
    found = words(scene, "--framework", "eu-ai-act", "--framework", "nist-ai-rmf")
    assert {key.partition(" ")[0] for key in found} == {"eu-ai-act", "nist-ai-rmf"}
    assert found["eu-ai-act Annex IV 6"]["word"] == "evidenced"
    records = {one["evidence"]: one["record"] for one in found["eu-ai-act Annex IV 6"]["pieces"]}
    assert records["event:promotion.recorded"].startswith("event 8, by remy at ")
    assert records["log:verified"].startswith(f"head {scene.log().head.size}:sha256:")
    assert found["nist-ai-rmf MEASURE 2.11"]["word"] == "evidenced"
    assert found["eu-ai-act Annex IV 2(e); Art. 14"]["word"] == "not covered"
    assert found["eu-ai-act Art. 18"]["word"] == "partial"
    assert {met["word"] for met in found.values()} == {"evidenced", "partial", "not covered"}


def test_formats_and_a_mapping_of_ones_own(scene: World, tmp_path: Path) -> None:
    """Every framework is in every format; somebody's own mapping is read as govkit's are."""
    lines = list(csv.DictReader(io.StringIO(scene.govkit("controls", "--format", "csv").out)))
    assert {row["framework"] for row in lines} == {"eu-ai-act", "sr-26-2", "ss1-23", "nist-ai-rmf", "iso-42001"}
    assert len(words(scene)) <= len(lines)
    scene.govkit("controls", "--format", "html", "-o", str(tmp_path / "c.html"))
    assert (tmp_path / "c.html").read_text().count("<h2 ") == 5
    text = scene.govkit("controls", "--framework", "ss1-23", "--format", "markdown").out
    assert "| Principle 2, governance |" in text
    assert "not read" in scene.govkit("controls", "--framework", "iso-42001").text
    own = {"schema": "govkit.framework/v1", "id": "own", "name": "Own", "as_of": "2026-11-27"}
    own["sources"] = [{"title": "t", "url": "https://e.example", "read": "read", "on": "2026-11-27"}]
    own["controls"] = [{"place": "1", "asks": "an owner", "evidence": ["card:owner"]}]
    path = tmp_path / "own.json"
    path.write_text(json.dumps(own))
    assert words(scene, "--mapping", str(path))["own 1"]["word"] == "evidenced"
    path.write_text(path.read_text().replace("card:owner", "card:honour"))
    assert "card:honour" in scene.govkit("controls", "--mapping", str(path), expect=2).err
    assert "did you mean 'ss1-23'" in scene.govkit("controls", "--framework", "ss1-24", expect=2).err


def test_nothing_is_evidenced_by_a_log_that_nobody_trusts(scene: World, tmp_path: Path) -> None:
    """One that is not pinned, and one with a tag that moved, give no evidence at all."""
    unpinned = World(scene.folder)
    unpinned.env["GOVKIT_KNOWN_ROOTS"] = str(tmp_path / "none")
    assert "pinned" in unpinned.govkit("controls", expect=3).err
    world = worlds.copy(scene.folder, tmp_path / "world")
    set_tag(world, f"{MODEL}@v1.0.0", world.git("rev-parse", "HEAD"))
    assert "does not verify" in world.govkit("controls", expect=1).err


def level(world: World) -> tuple[int, list[str]]:
    """Return the level, and what is missing for the next one."""
    value = world.govkit("doctor", "--level", "--format", "json").json
    missing = [step["what"] for step in value["steps"] if step["level"] == value["level"] + 1 and not step["done"]]
    return value["level"], missing


def test_up_the_ladder(scene: World, s3: S3Server, tmp_path: Path) -> None:
    """From cards to the top: each step that 'doctor --level' names is done as it says, and counts then."""
    world = worlds.copy(scene.folder, tmp_path / "world")
    world.env |= s3.env
    assert level(world) == (1, ["CI runs the gates"])
    assert "CI runs the gates: govkit ci github" in world.govkit("doctor", "--level").text
    assert "leave --fix or --level out" in world.govkit("doctor", "--level", "--fix", expect=2).err
    path = world.repo / ".github" / "workflows" / "check.yml"
    path.parent.mkdir(parents=True)
    path.write_text("name: govkit\njobs: {}\n")
    assert level(world)[0] == 1
    path.write_text("jobs: {check: {steps: [{run: govkit gate scorer --stage production}]}}\n")
    assert level(world) == (
        2,
        [
            *("who made a version cannot approve it", "a mirror keeps the log locked"),
            *("every mirror holds the whole log", "an old copy of the log is noticed"),
        ],
    )
    policy, bucket = world.repo / "governance" / "policy.yaml", s3.bucket()
    text = policy.read_text().replace(
        "{role: validator, count: 1}\n", "{role: validator, count: 1}\n      forbid: [registrar]\n", 1
    )
    text = text.replace("records:\n", "records:\n  checkpoint.recorded: [release-engineer]\n")
    policy.write_text(f"{text}audit: {{mirrors: ['s3://{bucket}/a'], retention: 30d, freshness: 7d}}\n")
    asked = world.govkit("policy", "propose", "-m", "Stricter", "--format", "json", as_="rita").json
    world.govkit("approve", f"policy#{asked['index']}", as_="victor")
    world.govkit("policy", "adopt", as_="rita")
    world.govkit("log", "checkpoint", as_="remy")
    assert level(world) == (2, ["every mirror holds the whole log"])
    world.govkit("log", "mirror")
    world.govkit("log", "checkpoint", as_="remy")
    world.govkit("log", "mirror")
    assert level(world) == (3, [])
    found = words(world)
    assert found["eu-ai-act Art. 18"]["word"] == "partial"
    assert {one["state"] for one in found["eu-ai-act Art. 18"]["pieces"]} == {"there"}
    assert found["ss1-23 Principle 2, governance"]["word"] == "evidenced"
    set_tag(world, f"{MODEL}@v1.0.0", world.git("rev-parse", "HEAD"))
    assert level(world) == (2, ["the log verifies", "what serves is proven"])
