"""Stages `prepare` and `train`: who is learned from, and that learning is repeatable."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.common import ID, LABEL, StageError
from pipelines.prepare import Prepare, split
from pipelines.scoring import score_test_rows
from pipelines.train import Train, fit


def table(rows: int = 200) -> pd.DataFrame:
    """Clients of whom those with a low limit default."""
    rng = np.random.default_rng(0)
    limit = rng.integers(1, 100, rows)
    late = rng.integers(0, 3, rows)
    columns = {ID: np.arange(rows), "SEX": rng.integers(1, 3, rows), "LIMIT": limit, "LATE": late}
    return pd.DataFrame(columns | {LABEL: (limit < 25).astype(int)})


def params(*exclude: str) -> Prepare:
    """Parameters that exclude columns."""
    return Prepare(exclude=list(exclude), test_share=0.3, seed=1)


def test_split_covers_every_client_once_with_equal_rates() -> None:
    """No client is on both sides, none is lost, and defaults are spread evenly."""
    clients = table()
    train, test = split(clients, params())
    assert clients[ID].tolist() == sorted([*train[ID], *test[ID]])
    assert len(test) == 60
    assert train[LABEL].mean() == pytest.approx(test[LABEL].mean(), abs=0.02)


def test_excluded_columns_stay_in_the_test_rows_only() -> None:
    """The model cannot see them; fairness can. The split itself stays the same."""
    train, test = split(table(), params("SEX"))
    assert list(train.columns) == [ID, "LIMIT", "LATE", LABEL]
    assert test.equals(split(table(), params())[1])


@pytest.mark.parametrize("name", ["GENDER", ID, LABEL])
def test_excluding_what_is_no_feature_is_refused(name: str) -> None:
    """A misspelt name must not leave the column in the training rows."""
    with pytest.raises(StageError, match=f"prepare.exclude names {name}: not a feature"):
        split(table(), params("SEX", name))


def test_training_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    """The saved model is the same to the byte, and scores the test rows by its own features."""
    train, test = split(table(), params("SEX"))
    settings = Train(trees=5, depth=2, learning_rate=0.3, seed=1, threads=1)
    models = [tmp_path / "first.json", tmp_path / "second.json"]
    for path in models:
        fit(train, settings).save_model(path)
    assert models[0].read_bytes() == models[1].read_bytes()

    test.to_csv(tmp_path / "test.csv", index=False)
    scored = score_test_rows(tmp_path / "test.csv", models[0])
    assert scored.score[scored.defaulted].min() > scored.score[~scored.defaulted].max()
