"""``promote --ready``: everything that is approved goes in, once; what is not says why; nothing stops the others."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.world import MODEL, Result, World

READY = ("promote", "--ready", "--format", "json")
NAME = f"{MODEL}@1.1.0#production"


def run(world: World, *words: str, as_: str = "remy", expect: int = 0) -> list[Any]:
    """Promote what is ready and return what became of each request."""
    found = world.govkit(*READY, *words, as_=as_, expect=expect).json
    assert (found["schema"], found["exit_code"]) == ("govkit.ready/v1", expect)
    return list(found["requests"])


def became(found: list[Any]) -> dict[str, str]:
    """Return what became of each request by its name."""
    return {one["name"]: one["became"] for one in found}


def size(world: World) -> int:
    """Return how many events the log has."""
    return world.log().head.size


def test_what_is_approved_goes_in_once(requested: World) -> None:
    """One event and one tag for each promotion; a second run finds nothing, writes nothing and succeeds."""
    requested.request("1.1.0", "staging")
    requested.approve("1.1.0", "staging", "victor")
    requested.approve("1.1.0", "production", "rita", "victor")
    before = size(requested)
    found = run(requested)
    assert became(found) == {f"{MODEL}@1.1.0#staging": "promoted", NAME: "promoted"}
    assert size(requested) == before + 2
    assert sorted(one["index"] for one in found) == [before, before + 1]
    assert all(requested.git("cat-file", "-t", one["tag"]) == "tag" for one in found)
    assert requested.verify().code == 0
    assert run(requested) == []
    again = requested.govkit("promote", "--ready", as_="remy")
    assert "nothing is ready" in again.out and size(requested) == before + 2


def test_what_is_missing_is_said(requested: World) -> None:
    """A request that lacks an approval is not an error: it says whose yes is missing and what to do."""
    requested.approve("1.1.0", "production", "rita")
    before = size(requested)
    (one,) = run(requested)
    assert (one["became"], one["index"]) == ("not yet", None)
    assert "validator" in " ".join(one["why"]) and one["next"] != []
    assert size(requested) == before


def test_a_shut_gate_is_said(promoted: World) -> None:
    """A fully approved request whose gates are not open waits, and names the gate."""
    promoted.retrain(0.6)
    promoted.register("1.1.0")
    promoted.request("1.1.0", "production")
    promoted.approve("1.1.0", "production", "rita", "victor")
    (one,) = run(promoted)
    assert one["became"] == "not yet" and any(line.startswith("auc: fail") for line in one["why"])


def test_dry_run_writes_nothing(requested: World) -> None:
    """A dry run says what would be promoted, and leaves log and tags alone."""
    requested.approve("1.1.0", "production", "rita", "victor")
    before = requested.git("for-each-ref")
    (one,) = run(requested, "--dry-run")
    assert (one["became"], one["index"]) == ("would promote", None)
    assert requested.git("for-each-ref") == before


def test_what_the_signer_may_not_promote_is_left(requested: World) -> None:
    """Whoever holds no role for a stage promotes nothing there, and the run is no failure."""
    requested.approve("1.1.0", "production", "rita", "victor")
    before = size(requested)
    (one,) = run(requested, as_="ada")
    assert one["became"] == "left" and "release-engineer" in one["why"][0]
    assert size(requested) == before


def test_rivals_are_for_people_to_choose_from(requested: World) -> None:
    """Of two requests for one stage that are both ready none is promoted: one would void the other."""
    requested.retrain(0.9)
    requested.register("1.2.0")
    requested.request("1.2.0", "production")
    for version in ("1.1.0", "1.2.0"):
        requested.approve(version, "production", "rita", "victor")
    before = size(requested)
    found = run(requested)
    assert became(found) == {NAME: "not yet", f"{MODEL}@1.2.0#production": "not yet"}
    assert size(requested) == before
    requested.promote("1.2.0", "production")
    (left,) = run(requested)
    assert left["became"] == "not yet" and "another version serves there" in " ".join(left["why"])


def test_overrides_are_left_to_people(requested: World) -> None:
    """A break-glass request is not taken, however approved it is."""
    requested.allow_break_glass()
    requested.adopt_policy()
    words = ("--stage", "production", "-m", "now", "--ticket", "T1", "--break-glass")
    requested.govkit("request", f"{MODEL}@1.1.0", *words, as_="ada")
    requested.govkit("approve", NAME, as_="rita")
    found = run(requested)
    assert {one["became"] for one in found} <= {"left", "not yet"}
    assert any("for people" in line for one in found for line in one["why"])


def test_one_that_cannot_be_decided_does_not_stop_the_others(requested: World) -> None:
    """Where a commit is missing here its request fails with exit code 3, and the other one is promoted."""
    requested.approve("1.1.0", "production", "rita", "victor")
    requested.retrain(0.9)
    requested.register("1.2.0")
    requested.request("1.2.0", "staging")
    requested.approve("1.2.0", "staging", "victor")
    lost = requested.git("rev-parse", f"{MODEL}@v1.1.0^{{commit}}")
    (requested.repo / ".git" / "objects" / lost[:2] / lost[2:]).unlink()
    found = became(run(requested, expect=3))
    assert found == {NAME: "failed", f"{MODEL}@1.2.0#staging": "promoted"}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--ready", "--break-glass"], "--ready takes what is approved the usual way"),
        ([f"{MODEL}@1.1.0", "--ready", "--stage", "production"], "--ready takes what is approved the usual way"),
        ([], "Name a version and its stage"),
        ([MODEL], "Name a version and its stage"),
        (["--ready", "--stage", "prod"], "knows no stage 'prod'"),
        (["--ready", "nobody"], "the log knows no model 'nobody'"),
    ],
)
def test_misuse_is_told(requested: World, words: list[str], reason: str) -> None:
    """Words that do not go together are refused before anything is written."""
    before = size(requested)
    assert reason in requested.govkit("promote", *words, as_="remy", expect=2).text
    assert size(requested) == before


def test_with_a_remote_it_is_published(requested: World) -> None:
    """A clone that has never seen the approvals fetches them, promotes, and pushes log and tag."""
    bare = requested.folder / "bare.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(requested.repo), str(bare)], check=True, env=requested.env)
    clone = requested.folder / "clone"
    subprocess.run(["git", "clone", "-q", str(bare), str(clone)], check=True, env=requested.env)
    requested.git("remote", "add", "origin", str(bare))
    requested.approve("1.1.0", "production", "rita", "victor")
    done: Result = requested.govkit(*READY, as_="remy", repo=clone)
    (one,) = done.json["requests"]
    words = ["git", "--git-dir", str(bare), "rev-parse", "--verify", f"refs/tags/{one['tag']}"]
    assert subprocess.run(words, capture_output=True, check=False, env=requested.env).returncode == 0
    assert requested.govkit(*READY, as_="remy", repo=clone).json["requests"] == []


def test_two_runs_at_once_promote_once(requested: World) -> None:
    """Of two clones that promote at the same time neither fails, and the log gets one event."""
    bare = requested.folder / "bare.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(requested.repo), str(bare)], check=True, env=requested.env)
    requested.git("remote", "add", "origin", str(bare))
    requested.approve("1.1.0", "production", "rita", "victor")
    before = size(requested)
    clones = [requested.folder / f"clone{number}" for number in range(2)]
    for clone in clones:
        subprocess.run(["git", "clone", "-q", str(bare), str(clone)], check=True, env=requested.env)
    words = ["govkit", *READY, "--key", str(requested.key_path("remy")), "--yes"]
    running = [
        subprocess.Popen(words, cwd=clone, env=requested.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for clone in clones
    ]
    said = [one.communicate() for one in running]
    assert [one.returncode for one in running] == [0, 0], said
    found = [one for out, _ in said for one in json.loads(out)["requests"]]
    # Two that sign in the same second sign the same bytes: then both wrote that one event.
    assert len({one["id"] for one in found if one["became"] == "promoted"}) == 1
    assert {one["became"] for one in found} <= {"promoted", "left", "not yet"}
    requested.govkit("log", "sync")
    assert size(requested) == before + 1
