"""A card of every part, in the smallest form, and how to make cards and drafts of changed ones."""

from collections.abc import Callable
from typing import Any

import pytest

from govkit.core import canonical, digests
from govkit.core.card import Card, parse
from govkit.core.draft import Draft, StageDraft
from govkit.core.gates.base import Check, Verdict
from govkit.core.standing import Standing
from tests.unit.cards.standings import standing

DIGEST = digests.sha256(b"")


def measure(value: float | None, **more: Any) -> dict[str, Any]:
    """Return a measure's JSON value."""
    return {"value": value, "interval": None, "level": None, "n": None, "problem": ""} | more


def item(path: str) -> dict[str, Any]:
    """Return the JSON value of something that DVC tracks."""
    return {"path": path, "md5": "0" * 32, "sha256": DIGEST, "size": 12, "files": None, "source": ""}


@pytest.fixture
def value() -> dict[str, Any]:
    """Return a card as a JSON value."""
    rates = {"rate": measure(0.75, interval=[0.5, 1])}
    statements = ("description", "ethical_risks", "human_oversight", "intended_use", "limitations", "monitoring")
    column = {"name": "age", "dtype": "int64", "shape": [1], "nullable": True, "values": [], "min": 0, "max": 99}
    return {
        "schema": "govkit.card/v1",
        "model": {"name": "model", "file": "dvc.yaml", "description": "Says yes or no", "labels": ["small"]},
        "weights": item("models/model.json"),
        "lineage": {
            "stages": [
                {
                    "name": "train",
                    "file": "dvc.yaml",
                    "cmd": ["python train.py"],
                    "deps": ["train.py"],
                    "outs": ["models/model.json"],
                    "params": {"params.yaml": ["train"]},
                }
            ],
            "code": [{"path": "train.py", "sha256": DIGEST, "size": 1}],
            "data": [item("data.csv")],
            "outs": [item("train.csv")],
            "params": {"params.yaml": {"train": {"seed": 12345678, "rate": 0.123456}, "train.seed": 12345678}},
            "problems": ["dvc.lock is older"],
            "gaps": ["data.csv has no digest"],
        },
        "evaluation_data": [item("test.csv")],
        "metrics": [
            {"name": "auc", "path": "m.json", "measure": measure(0.780505, interval=[0.7, 0.8], level=0.95, n=9000)},
            {"name": "f1", "path": "m.json", "measure": measure(None, problem="not a number but null: None")},
        ],
        "fairness": [
            {
                "path": "f.json",
                "data": "test.csv",
                "outcome": "yes",
                "attributes": {
                    "SEX": {
                        "groups": {"female": {"n": 10, "rates": rates}, "male": {"n": None, "rates": rates}},
                        "difference": {"rate": measure(0.25)},
                        "ratio": {"rate": measure(None, problem="not a number but text: x")},
                    }
                },
            }
        ],
        "plots": [
            {
                "path": "roc.json",
                "title": "ROC curve",
                "x": "fpr",
                "y": ["tpr"],
                "total": 2,
                "points": [{"fpr": 0, "tpr": 0}, {"fpr": 1, "tpr": 1}],
            },
            {"path": "w.json", "title": "words", "x": "w", "y": ["v"], "total": 1, "points": [{"w": "a", "v": None}]},
        ],
        "profiles": [
            {
                "path": "data.csv",
                "report": "p.json",
                "rows": 100,
                "label": {"name": "default", "rate": 0.25},
                "features": {
                    "age": {"dtype": "int64", "missing": 5, "mean": 40.1234567, "quantiles": [18, 40, 99]},
                    "city": {"dtype": "object", "missing": 0, "counts": {"a": 60, "b": 40}},
                },
            }
        ],
        "reports": [{"path": "m.json", "sha256": DIGEST, "size": 5}],
        "statements": {
            "schema": "govkit.model/v1",
            "owner": "Risk",
            "tier": "medium",
            **dict.fromkeys(statements, "Said.\nMore."),
            "out_of_scope": "",
            "data": [],
            "evaluation_data": [],
            "contract": {
                "framework": "xgboost",
                "framework_version": ">=3",
                "python": ">=3.11",
                "format": "json",
                "requirements": "",
                "requirements_sha256": None,
                "hardware": {"memory_mib": 20480},
                "limits": {},
                "environments": ["eu"],
                "regions": [],
                "valid_until": "2027-01-31",
                "inputs": [column],
                "outputs": [],
            },
        },
        "x-own": {"note": "ours"},
    }


Build = Callable[[dict[str, Any]], tuple[Card, bytes]]


@pytest.fixture
def build() -> Build:
    """Return a function that makes a card and its bytes of a JSON value."""

    def made(value: dict[str, Any]) -> tuple[Card, bytes]:
        raw = canonical.encode(value)
        return parse(raw), raw

    return made


@pytest.fixture
def drafted() -> Callable[..., Draft]:
    """Return a function that drafts one stage of a card, with a check of each verdict; ``text`` stands everywhere."""

    def made(raw: bytes, text: str = "said", verdicts: tuple[Verdict, ...] = tuple(Verdict)) -> Draft:
        checks = [
            Check(gate=text, type=text, verdict=verdict, required=text, found=text, fix=text) for verdict in verdicts
        ]
        stage = StageDraft(requirements=DIGEST, checks=checks)
        return Draft(
            schema="govkit.draft/v1",
            model="model",
            card=digests.sha256(raw),
            weights=DIGEST,
            policy=DIGEST,
            stages={"production": stage},
        )

    return made


@pytest.fixture
def stood() -> Callable[..., Standing]:
    """Return the function that says how a version stands."""
    return standing
