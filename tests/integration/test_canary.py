"""A canary of a second version: its steps, what follows from each, and what is reported of deployments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests import world as worlds
from tests.world import MODEL, Result, World


def measured(world: World, errors: tuple[float, float], latency: tuple[float, float], name: str = "step.json") -> Path:
    """Write what both measured: the challenger's intervals of errors and latency, and the champion's latency of 100."""
    path = world.folder / name
    challenger = {
        "error_rate": {"value": sum(errors) / 2, "interval": list(errors), "n": 5000},
        "latency": {"value": sum(latency) / 2, "interval": list(latency), "n": 5000},
    }
    path.write_text(json.dumps({"challenger": challenger, "champion": {"latency": 100.0, "error_rate": 0.01}}))
    return path


def canary(world: World, word: str, *words: str, as_: str = "remy", expect: int = 0) -> Result:
    """Run a command of the canary for production."""
    what = f"{MODEL}@1.1.0" if word == "start" else MODEL
    return world.govkit("canary", word, what, "--stage", "production", *words, as_=as_, expect=expect)


def step(world: World, path: Path, *, expect: int, share: str = "0.25") -> Result:
    """Record a step."""
    return canary(world, "step", "--share", share, "--metrics", str(path), expect=expect)


def size(world: World) -> int:
    """Return how many events the log has."""
    return world.log().head.size


@pytest.fixture(scope="module")
def _running(_requested: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    requested = worlds.copy(_requested, tmp_path_factory.mktemp("running") / "world")
    assert "canary 1.1.0-1: start" in canary(requested, "start", "--share", "0.05").text
    return requested.folder


@pytest.fixture
def running(_running: Path, tmp_path: Path) -> World:
    """A canary of 1.1.0 beside 1.0.0, at 5 %."""
    return worlds.copy(_running, tmp_path / "world")


STEPS: dict[str, tuple[tuple[float, float], tuple[float, float], int, str]] = {
    "all is well": ((0.005, 0.015), (98, 104), 0, "PASS: continue"),
    "surely too many errors": ((0.03, 0.05), (98, 104), 1, "FAIL: abort"),
    "surely too slow": ((0.005, 0.015), (115, 125), 1, "FAIL: abort"),
    "perhaps too many errors": ((0.015, 0.03), (98, 104), 3, "INCONCLUSIVE: pause"),
    "perhaps too slow": ((0.005, 0.015), (105, 115), 3, "INCONCLUSIVE: pause"),
}


@pytest.mark.parametrize(("errors", "latency", "code", "said"), STEPS.values(), ids=STEPS.keys())
def test_each_step_says_what_follows(
    running: World, errors: tuple[float, float], latency: tuple[float, float], code: int, said: str
) -> None:
    """By the policy's gates, on the challenger against the champion; each is one event, whichever it says."""
    before = size(running)
    assert said in step(running, measured(running, errors, latency), expect=code).text
    assert size(running) == before + 1


BROKEN = {
    "a number is missing": ('{"challenger": {"error_rate": 0.01}, "champion": {"latency": 1}}', 3),
    "a number is none": ('{"challenger": {"error_rate": NaN, "latency": 1}, "champion": {"latency": 1}}', 3),
    "no interval where the rule needs one": (
        '{"challenger": {"error_rate": 0.01, "latency": 1}, "champion": {"latency": 1}}',
        3,
    ),
    "only one of both": ('{"challenger": {"error_rate": 0.01}}', 2),
    "more than both": ('{"challenger": {}, "champion": {}, "other": {}}', 2),
    "no JSON": ("{", 2),
    "a list": ("[1]", 2),
}


@pytest.mark.parametrize(("text", "code"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_missing_never_passes(running: World, text: str, code: int) -> None:
    """A missing or unusable number holds the canary; a file that is none of metrics is refused, and no event."""
    before = size(running)
    path = running.folder / "step.json"
    path.write_text(text)
    step(running, path, expect=code)
    assert size(running) == before + (code == 3)


def test_a_canary_from_start_to_promotion(running: World) -> None:
    """Its gate in the policy opens once it has finished and passed, with the share that it reached."""
    running.change_policy(
        "stages:\n",
        "  canary: {type: canary, min_share: 0.25}\nstages:\n",
    )
    path = running.repo / "governance" / "policy.yaml"
    text = path.read_text().replace("[lineage, auc, documented, parity]", "[lineage, auc, documented, parity, canary]")
    path.write_text(text)
    running.adopt_policy()
    running.request("1.1.0", "production")
    running.approve("1.1.0", "production", "rita", "victor")
    assert "canary: inconclusive" in running.promote("1.1.0", "production", expect=1).text
    good = measured(running, (0.005, 0.015), (98, 104))
    step(running, good, expect=0)
    assert "PASS" in canary(running, "finish").text
    running.promote("1.1.0", "production")
    rows = json.loads(running.govkit("canary", "show", MODEL, "--stage", "production", "--format", "json").out)
    assert [row["step"] for row in _rows(rows)] == ["start", "step", "finish"]


def _rows(answer: Any) -> list[dict[str, Any]]:
    return next(value for value in answer.values() if isinstance(value, list))


def test_what_failed_is_aborted(running: World) -> None:
    """After a failure there is no further step, and finishing says fail."""
    step(running, measured(running, (0.03, 0.05), (98, 104)), expect=1)
    before = size(running)
    assert "canary 1.1.0-1 has failed" in step(running, measured(running, (0.0, 0.01), (98, 99)), expect=1).text
    assert size(running) == before
    assert "say why" in canary(running, "abort", expect=2).text
    canary(running, "abort", "-m", "too many errors")
    assert "no canary of scorer runs" in canary(running, "finish", expect=2).text
    assert "canary 1.1.0-2: start" in canary(running, "start", "--share", "0.05").text


def test_finishing_without_a_step_shows_nothing(running: World) -> None:
    """Nothing was measured, so nothing passed."""
    assert "INCONCLUSIVE" in canary(running, "finish", expect=3).text


@pytest.mark.parametrize(
    ("words", "as_", "code", "reason"),
    [
        (("start", "--share", "0.05"), "remy", 1, "canary 1.1.0-1 of scorer@1.1.0 runs for production"),
        (("step", "--share", "0", "--metrics", "{}"), "remy", 2, "0 is not a part of the traffic"),
        (("step", "--share", "nan", "--metrics", "{}"), "remy", 2, "nan is not a part of the traffic"),
        (("step", "--share", "1.5", "--metrics", "{}"), "remy", 2, "1.5 is not a part of the traffic"),
        (("step", "--share", "0.5", "--metrics", "gone.json"), "remy", 2, "gone.json cannot be read"),
        (("step", "--share", "0.5", "--metrics", "x.csv"), "remy", 2, "is not JSON, YAML or TOML"),
        (("finish",), "ada", 1, "ada holds none of the roles release-engineer"),
    ],
)
def test_refused_steps_write_nothing(running: World, words: tuple[str, ...], as_: str, code: int, reason: str) -> None:
    """A second canary, a share that is none, a file that is none, nobody's role."""
    before = size(running)
    good = str(measured(running, (0.0, 0.01), (98, 99)))
    given = [good if word == "{}" else word for word in words]
    assert reason in canary(running, *given, as_=as_, expect=code).text
    assert size(running) == before


def test_where_there_are_no_canaries(promoted: World) -> None:
    """The policy has none for staging, and what serves is no challenger."""
    promoted_ = promoted.govkit("canary", "start", MODEL, "--stage", "staging", "--share", "0.1", as_="remy", expect=2)
    assert "has no canaries for 'staging'" in promoted_.text
    same = promoted.govkit("canary", "start", MODEL, "--stage", "production", "--share", "0.1", as_="remy", expect=1)
    assert "serves in production already" in same.text


# -- what is deployed -------------------------------------------------------------------------------------------------


def record(world: World, *words: str, as_: str = "remy", expect: int = 0) -> Result:
    """Write something down."""
    return world.govkit("record", *words, as_=as_, expect=expect)


def test_show_tells_promoted_from_deployed(replaced: World) -> None:
    """What was rolled out, where, by whom; and that it is no longer what serves after a rollback."""
    config = replaced.folder / "values.yaml"
    config.write_text("replicas: 3\n")
    words = ("deployment", MODEL, "--stage", "production", "--environment", "eu/prod", "--status", "succeeded")
    before = size(replaced)
    record(replaced, *words, "--config", str(config), "-m", "release 12")
    assert size(replaced) == before + 1
    shown = replaced.govkit("show", MODEL, "--format", "json").json
    rows = [row for row in _rows(shown) if row["stage"] == "production"]
    deployed = rows[0]["deployed"][0]
    assert (deployed["version"], deployed["status"], deployed["by"], deployed["current"]) == (
        "1.1.0",
        "succeeded",
        "remy",
        True,
    )
    replaced.govkit("rollback", MODEL, "--stage", "production", "-m", "it drifts", as_="remy")
    assert "eu/prod" in replaced.govkit("show", MODEL).text
    rows = [
        row for row in _rows(replaced.govkit("show", MODEL, "--format", "json").json) if row["stage"] == "production"
    ]
    assert (rows[0]["version"], rows[0]["deployed"][0]["version"], rows[0]["deployed"][0]["current"]) == (
        "1.0.0",
        "1.1.0",
        False,
    )


def test_changes_of_configuration_name_both_digests(promoted: World) -> None:
    """Before and after by digest, of a file or as given; nothing changed is nothing to record."""
    old, new = promoted.folder / "old.yaml", promoted.folder / "new.yaml"
    old.write_text("threshold: 0.5\n")
    new.write_text("threshold: 0.6\n")
    words = ("config", MODEL, "--environment", "eu/prod", "--what", "threshold")
    record(promoted, *words, "--before", str(old), "--after", str(new), "-m", "fewer false alarms")
    event = promoted.last().event
    assert event.type == "config.changed" and event.body["before"] != event.body["after"]
    assert event.body["before"].startswith("sha256:")
    before = size(promoted)
    for given, reason in (
        (("--before", str(old), "--after", str(old), "-m", "x"), "nothing changed"),
        (("--before", str(old)), "a reason is needed"),
        (("--after", "gone.yaml", "-m", "x"), "gone.yaml cannot be read"),
    ):
        assert reason in record(promoted, *words, *given, expect=2).text
    assert size(promoted) == before


def test_what_was_never_promoted_is_not_deployed(governed: World) -> None:
    """There is nothing to report of it."""
    governed.register("1.0.0")
    words = ("deployment", MODEL, "--stage", "production", "--environment", "eu/prod", "--status", "started")
    assert "nothing was ever promoted to production" in record(governed, *words, expect=1).text
