"""Parameters and JSON reports."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from pipelines.common import StageError, read_params, run, write_json


@dataclass(frozen=True)
class Size:
    """A section with two keys."""

    trees: int
    depth: int


def test_json_is_sorted_rounded_and_free_of_nan(tmp_path: Path) -> None:
    """NumPy numbers are plain, NaN and infinity are null, keys are sorted."""
    path = tmp_path / "new" / "report.json"
    value = {"b": [np.float64("nan"), float("inf"), np.float64(1 / 3)], "a": np.int64(2)}
    write_json(path, value)
    expected = '{\n  "a": 2,\n  "b": [\n    null,\n    null,\n    0.333333\n  ]\n}\n'
    assert expected == path.read_text()


@pytest.mark.parametrize("section", ["{trees: 1}", "{trees: 1, depth: 2, deep: 3}", "7"])
def test_section_with_other_keys_is_refused(tmp_path: Path, section: str) -> None:
    """A misspelt, missing or surplus parameter does not go unnoticed."""
    path = tmp_path / "params.yaml"
    path.write_text(f"train: {section}\n")
    with pytest.raises(StageError, match="'train' must have the keys"):
        read_params(Size, "train", path)


def test_section_is_read(tmp_path: Path) -> None:
    """The section's values are the dataclass's fields."""
    path = tmp_path / "params.yaml"
    path.write_text("train: {trees: 1, depth: 2}\n")
    assert Size(trees=1, depth=2) == read_params(Size, "train", path)


def test_refusal_ends_the_stage_with_its_message() -> None:
    """A stage that refuses fails, and says which stage it was."""

    def refuse() -> str:
        raise StageError("no data")

    with pytest.raises(SystemExit, match=r"^ingest: no data$"):
        run("ingest", refuse)
