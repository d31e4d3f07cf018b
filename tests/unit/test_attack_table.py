"""Every attack that is tried stands in the documentation, under its number and title."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
_SPEC = importlib.util.spec_from_file_location("attack_table", ROOT / "tests" / "attacks" / "conftest.py")
assert _SPEC is not None and _SPEC.loader is not None
attack_table = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(attack_table)

ROWS = attack_table.rows()
TABLE = (ROOT / "docs" / "reference" / "attacks.md").read_text()
MODEL = (ROOT / "docs" / "explanation" / "threat-model.md").read_text()


@pytest.mark.parametrize("number", ROWS)
def test_attack_is_documented(number: int) -> None:
    """Number, title and file stand in the generated table, number and file in the threat model."""
    title, file = ROWS[number]
    assert f"| {number} | [{attack_table.cell(title)}](../../tests/attacks/{file}) |" in TABLE
    assert f"| [{number}](../../tests/attacks/{file}) |" in MODEL


def test_nothing_else_is_documented() -> None:
    """No row is left of an attack that is tried no more, and each has been found by something."""
    assert {int(found) for found in re.findall(r"^\| (\d+) \|", TABLE, re.MULTILINE)} == set(ROWS)
    assert "NOTHING SAID NO" not in TABLE


def test_table_carries_what_a_test_heard(tmp_path: Path) -> None:
    """A run writes what govkit said in it; with workers, too."""
    target = tmp_path / "attacks.md"
    words = ["-q", "-p", "no:cacheprovider", "-n", "1", "tests/attacks/test_51_old_decisions_stripped.py"]
    subprocess.run(
        [sys.executable, "-m", "pytest", *words, "--attack-table", str(target)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    row = next(line for line in target.read_text().splitlines() if line.startswith("| 51 |"))
    assert "its evidence 'card.json' is missing or different" in row or "is withdrawn" in row
    assert row.endswith("| 2 |")
