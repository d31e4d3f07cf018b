"""The page with measured figures says what the kept results say, and nothing else; and of every benchmark."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "benchmarks"))

everything = importlib.import_module("all")


def test_the_page_is_what_the_results_make() -> None:
    """Who keeps new results makes the page again."""
    words = [sys.executable, "benchmarks/all.py", "--table", "--check"]
    done = subprocess.run(words, cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_benchmark_is_run() -> None:
    """A script that makes a race is one of them, and they are all run in one way."""
    scripts = (TOP / "benchmarks").glob("*.py")
    assert {path.stem for path in scripts if " = Race(" in path.read_text()} == set(everything.RACES)


def test_one_that_is_not_there_is_not_passed_over() -> None:
    """A name that is misspelt is refused, not run as nothing."""
    words = [sys.executable, "benchmarks/all.py", "--only", "strat"]
    done = subprocess.run(words, cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "strat" in done.stderr


def test_a_result_is_told_whole() -> None:
    """Sizes, each way and each goal, with figures of three digits; what was promised in vain is bold."""
    way = {"seconds": [0.00139], "median": 0.00139, "mebibytes": 0, "processors": []}
    goals = [
        {"what": "p99: seconds", "found": 0.0444, "wanted": 0.05, "unit": "s", "met": True},
        {"what": "card.html: bytes", "found": 458_181, "wanted": 400_000, "unit": "bytes", "met": False},
        {"what": "us", "found": 71.23, "wanted": 60, "unit": "times faster", "met": True},
    ]
    result = {"question": "How?", "sizes": {"events": 1000}, "ways": {"a|b": way}, "goals": goals}
    made = everything.page([{**result, "versions": {"git": "2"}, "machine": {"processors": 2}}])
    assert "events: 1,000." in made
    assert r"| a\|b | 0.00139 s |  | 1 |" in made
    assert "| p99: seconds | 0.0444 | at most 0.05 | yes |" in made
    assert "| card.html: bytes | 458,181 | at most 400,000 | **no** |" in made
    assert "| us | 71.2 | at least 60 | yes |" in made


@pytest.mark.parametrize("quick", [True, False])
def test_only_a_full_run_is_kept(quick: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Little data says little."""
    monkeypatch.setattr(everything, "BUILD", tmp_path)
    monkeypatch.setattr(everything, "RESULTS", tmp_path / "results")
    (tmp_path / "start.json").write_text(json.dumps({"quick": quick}))
    assert everything.keep() == int(quick)
    assert (tmp_path / "results" / "start.json").exists() != quick
