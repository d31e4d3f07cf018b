"""A stage was cleared, or a version revoked, and somebody asks for it again: request, promote, roll back, get.

``dvc artifacts get`` hands out the weights all the same. A revoked version does not come back, on no way; a cleared stage
delivers nothing until a version is approved for it anew.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import forge
import pytest
import world as worlds
from world import MODEL, World

from govkit.core.events import StageCleared, TagRef

REQUEST = f"{MODEL}@1.1.0#production"


def get(world: World, code: int, stage: str = "production") -> str:
    """Ask for the weights of a stage; returns what was said, having seen that nothing was delivered unless 0."""
    target = world.folder / "served"
    shutil.rmtree(target, ignore_errors=True)
    result = world.govkit("get", MODEL, "--stage", stage, "-o", str(target), expect=code)
    assert target.exists() == (code == 0)
    return result.text


def dvc_delivers(world: World, *words: str) -> bool:
    """Tell whether stock DVC hands out the weights."""
    target = world.folder / "stock.json"
    target.unlink(missing_ok=True)
    world.shell("dvc", "artifacts", "get", "-q", ".", MODEL, *words, "-o", str(target))
    return target.is_file()


def revoke(world: World, version: str) -> None:
    """Have a risk owner revoke a version."""
    body = {"version": version, "reason": "bad data"}
    world.push_signed("rita", type="version.revoked", body=body)
    assert world.last().status == "good"


def clear(world: World) -> None:
    """Have the release engineer empty production."""
    state = world.log().state
    serving: Any = state.last(MODEL, "production")
    name, time = f"{MODEL}#production!#{state.next_counter(MODEL)}", max(state.effective, forge.now())
    fields = {"version": serving.body.version, "stage": "production"}
    tag = forge.tag(world, "remy", name, "clear", serving.body.commit, time, **fields)
    identity = world.repository().write_object("tag", tag)
    world.git("update-ref", f"refs/tags/{name}", identity)
    body = StageCleared(stage="production", reason="retired", tag=TagRef(name=name, id=f"git-sha1:{identity}"))
    world.push_signed("remy", {"tag": tag}, type="stage.cleared", body=body, time=time)
    assert world.last().status == "good", world.last().reason


@pytest.fixture(scope="module")
def _approved(_requested: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    requested = worlds.copy(_requested, tmp_path_factory.mktemp("approved") / "world")
    requested.approve("1.1.0", "production", "rita", "victor")
    return requested.folder


@pytest.fixture
def approved(_approved: Path, tmp_path: Path) -> World:
    """A world in which 1.1.0 is approved for production."""
    return worlds.copy(_approved, tmp_path / "world")


def test_revoked_while_it_serves(promoted: World) -> None:
    """What serves is refused from then on; stock DVC goes on delivering it."""
    revoke(promoted, "1.0.0")
    assert "revoked by rita" in promoted.verify(expect=1).text
    assert "revocation: revoked by rita" in get(promoted, 1)
    assert dvc_delivers(promoted, "--stage", "production")
    assert dvc_delivers(promoted, "--rev", "v1.0.0")


def test_revoked_before_it_is_promoted(approved: World) -> None:
    """An approval from before the revocation is worth nothing."""
    revoke(approved, "1.1.0")
    assert "scorer@1.1.0 is revoked" in approved.promote("1.1.0", "production", expect=1).text
    judged = forge.promotion(approved, REQUEST)
    assert (judged.status, judged.reason) == ("inert", "scorer@1.1.0 is revoked")
    assert "PROVEN: scorer@1.0.0" in approved.verify().text


@pytest.mark.parametrize("stage", ["staging", "production"])
def test_revoked_and_requested_again(approved: World, stage: str) -> None:
    """It cannot be asked for, in any stage, by govkit or past it."""
    revoke(approved, "1.1.0")
    words = ("request", f"{MODEL}@1.1.0", "--stage", stage, "-m", "please")
    assert "a revoked version does not come back" in approved.govkit(*words, as_="ada", expect=1).text
    judged = forge.request(approved, "1.1.0", stage)
    assert (judged.status, judged.reason) == ("inert", "scorer@1.1.0 is revoked")


def test_revoked_and_registered_again(approved: World) -> None:
    """Nor does it come back as the same commit under another number."""
    revoke(approved, "1.1.0")
    head = approved.git("rev-parse", "HEAD")
    text = approved.govkit("register", f"{MODEL}@1.2.0", "--rev", head, as_="ada", expect=1).text
    assert "is scorer@1.1.0 already" in text
    judged = forge.registration(approved, "1.2.0", head, forge.committed(approved))
    assert (judged.status, judged.reason) == ("inert", "this commit is scorer@1.1.0 already")


def test_revoked_and_rolled_back_to(approved: World) -> None:
    """A rollback to a revoked version has no effect."""
    approved.promote("1.1.0", "production")
    revoke(approved, "1.0.0")
    first: Any = approved.log().state.stages[MODEL, "production"][0]
    name = first.body.request
    fields = {"kind": "rollback", "request": None, "decisions": [], "restores": first.at.id}
    judged = forge.promotion(approved, name, **fields)
    assert (judged.status, judged.reason) == ("inert", "scorer@1.0.0 is revoked")
    assert "PROVEN: scorer@1.1.0" in approved.verify().text


def test_cleared_stage_delivers_nothing(promoted: World) -> None:
    """After a clearing nothing serves; stock DVC delivers what was there."""
    clear(promoted)
    assert "nothing serves scorer in production" in promoted.verify(expect=1).text
    assert "cleared by remy: retired" in get(promoted, 1)
    assert dvc_delivers(promoted, "--stage", "production")
    assert "PROVEN: scorer@1.0.0 serves in staging" in promoted.verify("staging").text


def test_cleared_and_promoted_on_the_old_request(approved: World) -> None:
    """What was approved as the successor of what served then is not approved for an empty stage."""
    clear(approved)
    text = approved.promote("1.1.0", "production", expect=1).text
    assert "another version serves there since it was opened" in text
    assert forge.promotion(approved, REQUEST).status == "inert"
    assert "nothing serves" in get(approved, 1)


def test_used_request_is_not_used_again(promoted: World) -> None:
    """The request that let it in the first time is done."""
    request = forge.opened(promoted, f"{MODEL}@1.0.0#production").id
    clear(promoted)
    judged = forge.promotion(promoted, request)
    assert (judged.status, judged.reason) == ("inert", f"{MODEL}@1.0.0#production is done")


def test_control(promoted: World) -> None:
    """A cleared version that is asked for and approved anew serves, and is delivered; so is one that nobody revoked."""
    get(promoted, 0)
    clear(promoted)
    promoted.request("1.0.0", "production")
    promoted.approve("1.0.0", "production", "rita", "victor")
    promoted.promote("1.0.0", "production")
    get(promoted, 0)
    assert "PROVEN: scorer@1.0.0" in promoted.verify().text
