"""A profile of a data set: what a later snapshot is compared with to find drift."""

from typing import Any

import numpy as np
import pandas as pd

SCHEMA = "govkit.data-profile/v1"
FEW_VALUES = 12
QUANTILES = np.linspace(0, 1, 21)


def profile(clients: pd.DataFrame, path: str, label: str, leave_out: set[str]) -> dict[str, Any]:
    """Describe a table of numbers, column by column.

    Args:
        clients: the table; every column is numeric, missing values are NaN.
        path: where the table is kept, to be named in the profile.
        label: the column to predict, 0 or 1.
        leave_out: columns that are no features.

    Returns:
        The profile, schema `govkit.data-profile/v1`.
    """
    features = clients.drop(columns=[label, *leave_out])
    return {
        "schema": SCHEMA,
        "path": path,
        "rows": len(clients),
        "label": {"name": label, "rate": float(clients[label].mean())},
        "features": {str(name): describe(column) for name, column in features.items()},
    }


def describe(column: "pd.Series[Any]") -> dict[str, Any]:
    """Describe one numeric column.

    Args:
        column: its values, missing ones as NaN.

    Returns:
        `dtype`, `missing` (a count) and, of the values present: `counts` by value where there are
        at most twelve distinct ones, else `mean`, `std` (the sample's) and 21 `quantiles`,
        the minimum first and the maximum last.
    """
    present = column.dropna()
    described: dict[str, Any] = {"dtype": str(column.dtype), "missing": len(column) - len(present)}
    if present.nunique() <= FEW_VALUES:
        counts = present.value_counts()
        return described | {"counts": {_key(value): n for value, n in counts.items()}}
    return described | {
        "mean": float(present.mean()),
        "std": float(present.std()),
        "quantiles": np.quantile(present.to_numpy(), QUANTILES).tolist(),
    }


def _key(value: object) -> str:
    """Name a value; a missing value elsewhere in its column must not turn "1" into "1.0"."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
