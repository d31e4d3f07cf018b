"""Scores of the test rows: what `evaluate` and `fairness` both start from."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost as xgb
from numpy.typing import NDArray

from pipelines.common import LABEL, MODEL, TEST


@dataclass(frozen=True)
class Decision:
    """Section `evaluate` of the parameters: credit is granted below `threshold`."""

    threshold: float


@dataclass(frozen=True)
class Scored:
    """Test rows with their scores.

    `clients` has every column, `defaulted` says who did, `score` is the predicted probability
    of default. All have one entry for each row.
    """

    clients: pd.DataFrame
    defaulted: NDArray[np.bool_]
    score: NDArray[np.float64]


def score_test_rows(test: Path = TEST, model: Path = MODEL) -> Scored:
    """Score the test rows.

    Args:
        test: the test rows, CSV.
        model: the model, in XGBoost's JSON format; the names of its features are inside.

    Returns:
        The rows with the probability of default that the model predicts for each.
    """
    clients = pd.read_csv(test)
    booster = xgb.Booster(model_file=model)
    score = booster.predict(xgb.DMatrix(clients[booster.feature_names]))
    return Scored(clients, clients[LABEL].to_numpy() == 1, score.astype(np.float64))
