"""What every stage needs: where files are, parameters, JSON that is the same on each run."""

import json
import math
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import yaml

PARAMS = Path("params.yaml")
SOURCE = Path("data/credit-default/credit_default.csv.gz")
SNAPSHOT = Path("data/snapshot/clients.csv")
TRAIN = Path("data/prepared/train.csv")
TEST = Path("data/prepared/test.csv")
MODEL = Path("models/credit-default.json")
REPORTS = Path("reports")

ID = "ID"
LABEL = "DEFAULT_NEXT_MONTH"

P = TypeVar("P")


class StageError(Exception):
    """A stage refuses to go on; the message says what was refused and what to do."""


def run(name: str, stage: Callable[[], str]) -> None:
    """Run one stage and print the line that it returns.

    Args:
        name: the stage's name in `dvc.yaml`.
        stage: does the work and returns one line about it.

    Raises:
        SystemExit: the stage raised `StageError`; the message goes to standard error.
    """
    try:
        print(f"{name}: {stage()}", flush=True)
    except StageError as error:
        sys.exit(f"{name}: {error}")


def read_params(kind: type[P], section: str, path: Path = PARAMS) -> P:
    """Read one section of the parameters as a dataclass.

    Args:
        kind: a dataclass whose fields are exactly the section's keys.
        section: the section's name, such as `train`.
        path: the parameter file.

    Returns:
        An instance of `kind`.

    Raises:
        StageError: the section is missing, or its keys are not the fields of `kind`.
    """
    values = yaml.safe_load(path.read_text(encoding="utf-8")).get(section)
    wanted = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    if not isinstance(values, dict) or set(values) != wanted:
        raise StageError(f"{path}: section {section!r} must have the keys {sorted(wanted)}")
    return kind(**values)


def write_json(path: Path, value: object) -> None:
    """Write JSON with sorted keys and six decimals: equal results are equal bytes.

    Args:
        path: the file to write; its folder is made.
        value: dicts, lists, strings, numbers (NumPy's too). NaN and infinity become null.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_plain(value), indent=2, sort_keys=True, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    """Return the value in JSON's own types."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value
