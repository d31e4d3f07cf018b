"""From approved to running, and back: every command that writes leaves exactly one event, and none when it fails."""

from __future__ import annotations

import json

from tests.world import MODEL, World

STAGE = ("--stage", "production")
DEPLOYED = ("record", "deployment", MODEL, *STAGE, "--environment", "eu")
CONFIG = ("record", "config", MODEL, "--environment", "eu", "--what", "threshold")


def _does(world: World, events: int, *words: str, as_: str = "remy", fails: bool = False) -> None:
    """Run a command, which must leave so many events, and fail or not; a dry run before it leaves none."""
    before = world.log().head.size
    if events:
        world.govkit(*words, "--dry-run", as_=as_)
        assert world.log().head.size == before, f"{words}: the dry run"
    done = world.govkit(*words, as_=as_, expect=None)
    assert (done.code != 0) == fails, f"{words}: exit {done.code} {done.text}"
    assert world.log().head.size == before + events, words


def test_every_command_leaves_one_event_or_none(requested: World) -> None:
    """Canary, promotion, deployment, configuration, rollback, clearing, revocation; and what only looks."""
    world = requested
    metrics = world.folder / "step.json"
    measured = {"error_rate": {"value": 0.01, "interval": [0.005, 0.015], "n": 5000}}
    measured["latency"] = {"value": 100, "interval": [98, 104], "n": 5000}
    metrics.write_text(json.dumps({"challenger": measured, "champion": {"latency": 100.0, "error_rate": 0.01}}))
    step = ("canary", "step", MODEL, *STAGE, "--share", "0.25", "--metrics")
    _does(world, 0, *step, str(metrics), fails=True)  # none runs
    _does(world, 1, "canary", "start", f"{MODEL}@1.1.0", *STAGE, "--share", "0.05")
    _does(world, 1, *step, str(metrics))
    _does(world, 0, *step, "gone.json", fails=True)
    _does(world, 1, "canary", "finish", MODEL, *STAGE)
    _does(world, 1, "canary", "start", f"{MODEL}@1.1.0", *STAGE, "--share", "0.05")
    _does(world, 0, "canary", "abort", MODEL, *STAGE, fails=True)  # without a reason
    _does(world, 1, "canary", "abort", MODEL, *STAGE, "-m", "slow")

    _does(world, 0, "promote", "--ready", "--yes")  # nobody has decided
    world.approve("1.1.0", "production", "rita", "victor")
    _does(world, 1, "promote", "--ready", "--yes")
    _does(world, 0, "promote", "--ready", "--yes")

    _does(world, 1, *DEPLOYED, "--status", "succeeded")
    _does(world, 0, *DEPLOYED, "--status", "succeeded", as_="ada", fails=True)  # not her role
    _does(world, 1, *CONFIG, "--after", f"sha256:{'1' * 64}", "-m", "fewer alarms")
    _does(world, 0, *CONFIG, "--after", "no digest", "-m", "x", fails=True)

    for words in (("verify", MODEL, *STAGE), ("show",), ("ci", "due", *STAGE)):
        before = world.log().head.size
        world.govkit(*words)
        assert world.log().head.size == before, words
    world.govkit("get", MODEL, *STAGE, "-o", str(world.folder / "served"))

    _does(world, 1, "rollback", MODEL, *STAGE, "-m", "it drifts")
    _does(world, 0, "rollback", MODEL, *STAGE, "--to", "9.9.9", "-m", "it drifts", fails=True)
    _does(world, 1, "clear", MODEL, *STAGE, "-m", "out of service")
    _does(world, 0, "clear", MODEL, *STAGE, "-m", "again", fails=True)
    _does(world, 1, "revoke", f"{MODEL}@1.0.0", "-m", "poisoned", as_="rita")
    _does(world, 0, "revoke", f"{MODEL}@1.0.0", "-m", "again", as_="rita", fails=True)
