"""The page with measured figures says what the kept results say, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]


def test_the_page_is_what_the_results_make() -> None:
    """Who keeps new results makes the page again."""
    words = [sys.executable, "benchmarks/all.py", "--table", "--check"]
    done = subprocess.run(words, cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
