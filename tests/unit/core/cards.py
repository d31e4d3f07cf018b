"""Cards for tests of gates, checks and drafts."""

from __future__ import annotations

from typing import Any

from govkit.core import canonical, digests, measures, records
from govkit.core import card as cards
from govkit.core.card import Card
from govkit.core.gates.base import History

SHA = digests.sha256(b"bytes")
ITEM = {"path": "models/m.json", "md5": "0" * 32, "sha256": SHA, "size": 5, "files": None, "source": ""}

#: Numbers that are none, as a report may hold them: a gate on one is an error, never a pass.
WRONG = {
    "null": b"null",
    "NaN": b"NaN",
    "infinity": b"Infinity",
    "minus infinity": b"-Infinity",
    "1e400": b"1e400",
    "text": b'"0.99"',
    "true": b"true",
    "a list": b"[0.99]",
    "an empty list": b"[]",
    "an empty mapping": b'{"value": {}}',
    "a large integer": b"1" * 310,
    "a value of null": b'{"value": null, "interval": [0.9, 0.99]}',
    "a value of true": b'{"value": true, "interval": [0.9, 0.99]}',
    "an interval of text": b'{"value": 0.99, "interval": ["0.9", "0.99"]}',
    "an interval of one": b'{"value": 0.99, "interval": [0.9]}',
    "a crossed interval": b'{"value": 0.99, "interval": [0.99, 0.9]}',
    "an infinite interval": b'{"value": 0.99, "interval": [0.9, Infinity]}',
}


def card_value(**changes: Any) -> dict[str, Any]:
    """Return a card as JSON: complete, without metrics and without fairness."""
    return {
        "schema": "govkit.card/v1",
        "model": {"name": "m", "file": "dvc.yaml", "description": "", "labels": []},
        "weights": ITEM,
        "lineage": {
            "stages": [],
            "code": [{"path": "train.py", "sha256": SHA, "size": 5}],
            "data": [{**ITEM, "path": "data.csv"}],
            "outs": [],
            "params": {},
            "problems": [],
            "gaps": [],
        },
        "evaluation_data": [],
        "metrics": [],
        "fairness": [],
        "plots": [],
        "profiles": [],
        "reports": [],
        "statements": {"schema": "govkit.model/v1", "owner": "risk", "tier": "medium"},
        **changes,
    }


def card(**changes: Any) -> Card:
    """Return a card."""
    return cards.parse(canonical.encode(card_value(**changes)))


def with_metrics(content: Any, *paths: str) -> Card:
    """Return a card whose metrics were read from a value, as if it stood in files."""
    found = [metric for path in paths or ("metrics.json",) for metric in measures.metrics(path, content)]
    return card(metrics=measures_value(found))


def with_fairness(attributes: Any, *paths: str) -> Card:
    """Return a card with a fairness report of these attributes, in one file or several."""
    reports = [measures.fairness(path, {"attributes": attributes}) for path in paths or ("fairness.json",)]
    return card(fairness=measures_value(reports))


def history(**changes: Any) -> History:
    """Return what the log knows of version 1.1.0, asked for in production, where 1.0.0 serves."""
    known: dict[str, Any] = {
        "now": "2026-11-23T10:00:00Z",
        "stage": "production",
        "version": "1.1.0",
        "commit": "git-sha1:" + "1" * 40,
        "registrar": "alice",
        "champion": "1.0.0",
    }
    return History(**{**known, **changes})


def measures_value(found: list[Any]) -> list[Any]:
    """Return records as JSON values."""
    return [records.to_value(item) for item in found]
