"""The harness of the benchmarks: what is promised, when that fails, and what is written."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "benchmarks"))

import harness  # noqa: E402
from harness import BARE, PYTHON, Goal, Race, Way  # noqa: E402


def race(*words: str, **ways: float) -> Race:
    """Return a race in which each way took so many seconds."""
    made = Race("Which is faster?", arguments=words)
    for name, seconds in ways.items():
        made.took(name, seconds)
    return made


@pytest.mark.parametrize(
    ("unit", "found", "score"),
    [
        ("times faster", 30, 0.5),
        ("% of the peer", 120, 2),
        ("times", 30, 2),
        ("s", 120, 0.5),
        ("MiB", 60, 1),
        ("bytes", 240, 0.25),
        ("%", 15, 4),
    ],
)
def test_a_score_is_1_where_a_goal_is_just_met(unit: str, found: float, score: float) -> None:
    """More is better for what is at least so much, and less for all else."""
    assert Goal("it", found, 60, unit).score == pytest.approx(score)


def test_seconds_and_memory_say_nothing_on_another_machine() -> None:
    """Ratios and sizes in bytes do."""
    units = ("times faster", "% of the peer", "times", "%", "bytes", "s", "MiB")
    assert [Goal("it", 1, 1, unit).is_ratio for unit in units] == [True] * 5 + [False] * 2


@pytest.mark.parametrize(
    ("words", "ours", "code"),
    [((), 0.5, 0), ((), 0.51, 1), (("--quick",), 0.51, 0), (("--quick",), 1.01, 1)],
)
def test_a_quick_one_fails_only_at_twice_what_is_promised(words: tuple[str, ...], ours: float, code: int) -> None:
    """A full one fails as soon as a goal is missed."""
    found = race(*words, ours=ours, theirs=1)
    found.at_most("ours", "theirs", 0.5)
    assert found.finish() == code


def test_a_quick_one_promises_no_seconds() -> None:
    """However long it takes; a size in bytes is the same everywhere, and counts."""
    found = race("--quick", ours=100)
    found.within("ours", 1)
    assert found.finish() == 0
    found.weighs("the page", 1_000, 400)
    assert found.finish() == 1


def test_goals_compare_medians() -> None:
    """One slow run of three counts for nothing."""
    found = race(ours=1, theirs=6)
    found.took("ours", 2)
    found.took("ours", 60)
    found.faster("ours", "theirs", 3)
    found.reaches("ours", "theirs", 300)
    found.at_most("ours", "theirs", 0.25, beyond=0.5)
    assert [goal.found for goal in found.goals] == pytest.approx([3, 300, 0.25])


def test_what_is_added_is_told_by_the_least_run() -> None:
    """By the clock, or of the processors where that is less; never less than nothing."""
    found = race()
    found.ways = {
        "base": Way([1.0, 9.0], processors=[1.0, 1.2]),
        "ours": Way([7.0, 1.5], processors=[1.1, 1.4]),
        "bare": Way([0.2], processors=[0.1]),
    }
    found.adds("ours", "base", "bare", 0.15, 2)
    found.adds("base", "ours", "bare", 0.15, 2)
    assert [goal.found for goal in found.goals] == pytest.approx([0.1, 1, 0, 0])
    assert [goal.unit for goal in found.goals] == ["s", "times"] * 2


def test_a_command_is_timed_and_what_it_prints_returned() -> None:
    """By the clock and of the processors, with the most memory that it held; bytecode is always written."""
    found = race()
    code = "import os; print(os.environ.get('PYTHONDONTWRITEBYTECODE'), bytes(32 << 20)[0], sum(range(10**6)))"
    said = found.run("ours", [PYTHON, "-c", code], environment={"PYTHONDONTWRITEBYTECODE": "1"}, memory=True)
    way = found.ways["ours"]
    assert said.split()[:2] == ["None", "0"]
    assert len(way.seconds) == len(way.processors) == 1
    assert way.seconds[0] > 0 < way.processors[0]
    assert way.mebibytes > 4


def test_a_command_that_fails_ends_everything() -> None:
    """A benchmark of what does not work says nothing."""
    with pytest.raises(SystemExit, match="ended with 3"):
        race().run("ours", [PYTHON, "-c", "raise SystemExit(3)"])
    assert race().run("ours", [PYTHON, "-c", "raise SystemExit(3)"], codes=(3,)) == ""


def test_what_was_found_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With versions, sizes, every run and every goal; and printed, in times of a bare start of Python."""
    path = tmp_path / "new" / "found.json"
    found = race("--quick", "--json", str(path), ours=3)
    found.sizes["events"] = 10
    found.run("bare start of Python", BARE)
    found.ways["bare start of Python"].seconds = [0.5]
    found.weighs("the page", 123_456, 400_000)
    found.within("ours", 2)
    assert found.finish() == 0
    value = json.loads(path.read_text())
    assert (value["schema"], value["question"], value["quick"]) == (harness.SCHEMA, "Which is faster?", True)
    assert value["sizes"] == {"events": 10}
    assert value["ways"]["ours"] == {"seconds": [3], "median": 3, "mebibytes": 0, "processors": []}
    assert [(goal["unit"], goal["met"]) for goal in value["goals"]] == [("bytes", True), ("s", False)]
    assert {"dvc-govkit", "git", "python"} <= set(value["versions"])
    printed = capsys.readouterr().out
    assert "6 x bare" in printed
    assert "met   the page: bytes: 123,456 (promised 400,000)" in printed
    assert "SHORT ours: seconds: 3 (promised 2)" in printed
