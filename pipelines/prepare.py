"""Stage `prepare`: split the snapshot into training and test rows.

Excluded columns are dropped from the training rows: what is not there cannot be learned.
The test rows keep every column, because fairness is measured between groups of the very
attributes that the model must not see.
"""

from dataclasses import dataclass

import pandas as pd
from sklearn.model_selection import train_test_split

from pipelines.common import ID, LABEL, SNAPSHOT, TEST, TRAIN, StageError, read_params, run


@dataclass(frozen=True)
class Prepare:
    """Section `prepare` of the parameters."""

    exclude: list[str]
    test_share: float
    seed: int


def split(clients: pd.DataFrame, params: Prepare) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split at random, with the same share of defaults on both sides.

    Args:
        clients: the snapshot.
        params: columns to exclude, share of test rows, seed.

    Returns:
        The training rows without the excluded columns, and the test rows with every column,
        both in the order of `clients`.

    Raises:
        StageError: a column to exclude is no feature of `clients`.
    """
    unknown = sorted(set(params.exclude) - (set(clients.columns) - {ID, LABEL}))
    if unknown:
        raise StageError(f"prepare.exclude names {', '.join(unknown)}: not a feature of {SNAPSHOT}")
    train, test = train_test_split(
        clients, test_size=params.test_share, stratify=clients[LABEL], random_state=params.seed
    )
    return train.sort_index().drop(columns=params.exclude), test.sort_index()


def main() -> str:
    """Write the training and test rows; return a line about them."""
    params = read_params(Prepare, "prepare")
    train, test = split(pd.read_csv(SNAPSHOT), params)
    TRAIN.parent.mkdir(parents=True, exist_ok=True)
    train.to_csv(TRAIN, index=False, lineterminator="\n")
    test.to_csv(TEST, index=False, lineterminator="\n")
    excluded = ", ".join(params.exclude) or "nothing"
    return f"{len(train):,} training rows without {excluded}; {len(test):,} test rows"


if __name__ == "__main__":
    run("prepare", main)
