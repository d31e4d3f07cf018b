"""Stage `train`: fit gradient boosting and save it as JSON, a format that cannot run code."""

from dataclasses import dataclass

import pandas as pd
import xgboost as xgb

from pipelines.common import ID, LABEL, MODEL, TRAIN, read_params, run


@dataclass(frozen=True)
class Train:
    """Section `train` of the parameters."""

    trees: int
    depth: int
    learning_rate: float
    seed: int
    threads: int


def fit(train: pd.DataFrame, params: Train) -> xgb.Booster:
    """Fit a model of the probability of default.

    Args:
        train: the training rows; every column but the id and the label is a feature.
        params: size of the model, seed, number of threads.

    Returns:
        The model. It carries the names of its features. The same input gives the same model,
        to the byte.
    """
    features = train.drop(columns=[ID, LABEL])
    settings = {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "max_depth": params.depth,
        "learning_rate": params.learning_rate,
        "seed": params.seed,
        "nthread": params.threads,
    }
    data = xgb.DMatrix(features, label=train[LABEL], nthread=params.threads)
    return xgb.train(settings, data, num_boost_round=params.trees)


def main() -> str:
    """Write the model; return a line about it."""
    params = read_params(Train, "train")
    train = pd.read_csv(TRAIN)
    model = fit(train, params)
    MODEL.parent.mkdir(parents=True, exist_ok=True)
    model.save_model(MODEL)
    return (
        f"{params.trees} trees of depth {params.depth} from {model.num_features()} features of {len(train):,} clients"
    )


if __name__ == "__main__":
    run("train", main)
