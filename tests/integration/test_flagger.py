"""Flagger's webhooks, answered from what the log has of canaries and promotions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from govkit.integrations import flagger
from tests.world import MODEL, World


def asks(world: World, hook: str, version: str = "1.1.0", payload: Any = None) -> tuple[int, str]:
    """Ask as Flagger does; return status and reason."""
    metadata = {"model": MODEL, "stage": "production", "version": version, "more": "left alone"}
    sent = {
        "name": "scorer",
        "namespace": "prod",
        "phase": "Progressing",
        "checksum": "85d557f47b",
        "metadata": metadata,
    }
    with world.session() as session:
        found = flagger.answer(session, hook, sent if payload is None else payload)
    return found.status, found.reason


def all_of(world: World, version: str = "1.1.0") -> list[int]:
    """Return the status of every hook."""
    return [asks(world, hook, version)[0] for hook in flagger.HOOKS]


def measured(world: World, errors: float, width: float = 0.001) -> str:
    """Write what both measured."""
    path = world.folder / "step.json"
    rate = {"value": errors, "interval": [errors - width, errors + width]}
    latency = {"value": 100, "interval": [99, 101]}
    path.write_text(json.dumps({"challenger": {"error_rate": rate, "latency": latency}, "champion": {"latency": 100}}))
    return str(path)


def canary(world: World, *words: str, expect: int = 0) -> None:
    """Run a command of the canary."""
    first, *rest = words
    what = f"{MODEL}@1.1.0" if first == "start" else MODEL
    world.govkit("canary", first, what, "--stage", "production", *rest, as_="remy", expect=expect)


def test_a_canary_from_start_to_promotion(requested: World) -> None:
    """No before it began, go at its start and after each pass, promotion only once the log has it and it is proven."""
    assert all_of(requested) == [403, 403, 403, 403]
    canary(requested, "start", "--share", "0.05")
    assert all_of(requested) == [200, 200, 403, 403]
    canary(requested, "step", "--share", "0.05", "--metrics", measured(requested, 0.01))
    assert all_of(requested) == [200, 200, 403, 403]
    canary(requested, "step", "--share", "0.25", "--metrics", measured(requested, 0.02, 0.01), expect=3)
    assert all_of(requested) == [200, 403, 403, 403]
    assert "inconclusive at 0.25" in asks(requested, "confirm-traffic-increase")[1]
    canary(requested, "step", "--share", "0.25", "--metrics", measured(requested, 0.01))
    canary(requested, "finish")
    assert all_of(requested) == [403, 403, 403, 403]
    requested.approve("1.1.0", "production", "rita", "victor")
    requested.promote("1.1.0", "production")
    assert all_of(requested) == [403, 403, 200, 403]
    assert all_of(requested, "1.0.0") == [403, 403, 403, 403]


def test_a_failure_rolls_back(requested: World) -> None:
    """A failed step, an abort and a revocation each answer yes to rolling back, and no to all else."""
    canary(requested, "start", "--share", "0.05")
    canary(requested, "step", "--share", "0.05", "--metrics", measured(requested, 0.05), expect=1)
    assert all_of(requested) == [403, 403, 403, 200]
    canary(requested, "abort", "-m", "errors")
    assert all_of(requested) == [403, 403, 403, 200]
    canary(requested, "start", "--share", "0.05")
    assert all_of(requested) == [200, 200, 403, 403]
    requested.govkit("revoke", f"{MODEL}@1.1.0", "-m", "leak", as_="rita")
    assert all_of(requested) == [403, 403, 403, 200]


@pytest.mark.parametrize(
    "payload",
    [
        [],
        {},
        {"metadata": {}},
        {"metadata": {"model": MODEL, "stage": "production"}},
        {"metadata": "x"},
        "x",
        1,
        {"metadata": {"model": "a\nb", "stage": "production", "version": "1.1.0"}},
        {"metadata": {"model": MODEL, "stage": ["production"], "version": "1.1.0"}},
    ],
)
def test_a_question_that_is_none(promoted: World, payload: Any) -> None:
    """Nothing is guessed; for the hook that acts on yes, neither."""
    for hook in flagger.HOOKS:
        assert asks(promoted, hook, payload=payload)[0] == 400
    assert asks(promoted, "load-test")[0] == 400


def test_a_log_that_cannot_be_relied_on(requested: World) -> None:
    """Without a pin, and with a forked log, nothing goes on and nothing is rolled back."""
    canary(requested, "start", "--share", "0.05")
    known = requested.folder / "known_roots"
    kept = known.read_text()
    known.write_text("")
    assert all_of(requested) == [503, 503, 503, 503]
    known.write_text(kept)
    log = requested.log()
    head = {"size": log.head.size, "root": f"sha256:{'0' * 64}"}
    from govkit.core.events import Head

    requested.push_signed("remy", type="canary.recorded", log=Head(**head), body={})
    assert all_of(requested) == [403, 403, 403, 403]
