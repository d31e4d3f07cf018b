"""Stage `ingest`: digest, vintage, profile."""

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from pipelines.common import StageError
from pipelines.ingest import Ingest, check_digest, take_vintage
from pipelines.profile import describe, profile

VINTAGES = {"half": 2, "whole": 4, "later": 5}


def table() -> pd.DataFrame:
    """Four clients; one did not say how old they are."""
    return pd.DataFrame(
        {
            "ID": [1, 2, 3, 4],
            "SEX": [1, 2, 2, 2],
            "AGE": [30, None, 50, 40],
            "DEFAULT": [0, 1, 0, 0],
        }
    )


def params(vintage: str) -> Ingest:
    """Parameters that name a vintage."""
    return Ingest(sha256="", vintage=vintage, vintages=VINTAGES)


def test_changed_file_is_refused(tmp_path: Path) -> None:
    """One byte more than the file that was reviewed, and nothing is ingested."""
    path = tmp_path / "data.csv.gz"
    path.write_bytes(b"rows")
    digest = hashlib.sha256(b"rows").hexdigest()
    check_digest(path, digest)
    path.write_bytes(b"rows!")
    with pytest.raises(StageError, match=f"ingest.sha256 is {digest}"):
        check_digest(path, digest)


def test_vintage_is_the_top_of_the_file() -> None:
    """A vintage has its number of rows, in the file's order."""
    assert take_vintage(table(), params("half"))["ID"].tolist() == [1, 2]
    assert take_vintage(table(), params("whole"))["ID"].tolist() == [1, 2, 3, 4]


def test_unknown_vintage_is_refused() -> None:
    """The message names the vintages to choose from."""
    with pytest.raises(StageError, match="'2004' is unknown: choose one of half, whole, later"):
        take_vintage(table(), params("2004"))


def test_vintage_larger_than_the_file_is_refused() -> None:
    """A file cut short does not pass for a vintage."""
    with pytest.raises(StageError, match="needs 5 rows, but the file has 4"):
        take_vintage(table(), params("later"))


def test_profile_of_few_values_counts_them() -> None:
    """Id and label are no features; a missing value does not change the values' names."""
    expected = {
        "schema": "govkit.data-profile/v1",
        "path": "clients.csv",
        "rows": 4,
        "label": {"name": "DEFAULT", "rate": 0.25},
        "features": {
            "SEX": {"dtype": "int64", "missing": 0, "counts": {"1": 1, "2": 3}},
            "AGE": {"dtype": "float64", "missing": 1, "counts": {"30": 1, "40": 1, "50": 1}},
        },
    }
    assert expected == profile(table(), "clients.csv", "DEFAULT", leave_out={"ID"})


def test_profile_of_many_values_has_quantiles() -> None:
    """Of 0 to 100 the 21 quantiles are 0, 5, ... 100; a missing value is counted apart."""
    described = describe(pd.Series([*range(101), None]))
    assert list(range(0, 101, 5)) == pytest.approx(described["quantiles"])
    assert (described["missing"], described["mean"]) == (1, 50.0)
    assert "counts" not in described
