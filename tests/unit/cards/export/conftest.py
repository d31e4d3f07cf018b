"""Versions for the exporters: the worked example's card, an empty one, one with everything, and hostile ones."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from govkit.core import canonical, digests
from govkit.core.events import Head
from govkit.core.exported import SCHEMA, DecisionMade, Deed, Exported, LetIn
from govkit.core.gates.base import Check, Verdict
from govkit.core.report import GateReport

ROOT = Path(__file__).resolve().parents[4]
DIGEST = digests.sha256(b"")
Make = Callable[..., Exported]


def _hostile() -> Any:
    """Load the hostile texts of the pages' tests."""
    spec = importlib.util.spec_from_file_location("hostile", Path(__file__).parents[1] / "test_hostile.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOSTILE = _hostile()
ALL_HOSTILE = "\n".join(HOSTILE.HOSTILE)


def check(gate: str, verdict: Verdict, text: str = "said") -> Check:
    """Return a check with a text everywhere."""
    return Check(gate=gate, type=text, verdict=verdict, required=text, found=text, fix=text, champion=text, rule=text)


def gates(checks: list[Check], **more: Any) -> GateReport:
    """Return a report of checks."""
    report = {"model": "model", "version": "1.2.0", "stage": "production", "requirements": DIGEST, "policy": DIGEST}
    is_open = all(check.verdict.opens for check in checks)
    known = report | {"policy_event": 3, "champion": "1.1.0", "checks": checks, "open": is_open} | more
    return GateReport(schema="govkit.gate/v1", **known)


@pytest.fixture
def facts() -> Make:
    """Return a function that makes what is known of a version from its card's JSON value."""

    def made(card: dict[str, Any], text: str = "because", report: GateReport | None = None, **more: Any) -> Exported:
        deed = Deed(index=7, event=DIGEST, time="2026-11-20T10:00:00Z", by="rita", text=text)
        decision = DecisionMade(
            stage="production", request=DIGEST, role=text, decision="approve", meaning=text, deed=deed
        )
        let = LetIn(stage="production", kind="promote", override=False, tag="model#production#1", until=None, deed=deed)
        known: dict[str, Any] = {
            "model": card["model"]["name"],
            "version": "1.2.0",
            "commit": "git-sha1:" + "a" * 40,
            "tag": "model@v1.2.0",
            "card": digests.sha256(canonical.encode(card)),
            "weights": DIGEST,
            "data": DIGEST,
            "repository": "https://git.example.org/team/repo.git",
            "root": DIGEST,
            "head": Head(size=9, root=DIGEST),
            "time": "2026-11-23T10:15:00Z",
            "policy": DIGEST,
            "policy_event": 3,
            "registered": deed,
            "revoked": None,
            "decisions": [decision],
            "promotions": [let],
            "gates": report,
            "gates_time": "2026-11-22T10:15:00Z" if report else None,
            "card_json": card,
        }
        return Exported(schema=SCHEMA, **(known | more))

    return made


@pytest.fixture
def example() -> dict[str, Any]:
    """Return the worked example's card."""
    found: dict[str, Any] = json.loads((ROOT / "governance" / "credit-default" / "card.json").read_text())
    return found


@pytest.fixture
def empty(value: dict[str, Any]) -> dict[str, Any]:
    """Return a card in which nothing is said and nothing was measured."""
    item = value["weights"] | {"sha256": DIGEST, "md5": None, "size": None}
    lineage = {key: ({} if key == "params" else []) for key in value["lineage"]}
    model = {"name": "model", "file": "dvc.yaml", "description": "", "labels": []}
    lists = dict.fromkeys(("evaluation_data", "metrics", "fairness", "plots", "profiles", "reports"), [])
    contract = {key: type(entry)() for key, entry in value["statements"]["contract"].items() if entry is not None}
    statements = {key: type(entry)() for key, entry in value["statements"].items()} | {
        "schema": "govkit.model/v1",
        "tier": "high",
        "contract": contract | {"requirements_sha256": None},
    }
    return {"schema": "govkit.card/v1", "model": model, "weights": item, "lineage": lineage, **lists} | {
        "statements": statements
    }


@pytest.fixture
def many(value: dict[str, Any]) -> dict[str, Any]:
    """Return a card with 200 metrics, every tenth of them without a number."""
    good = {"value": 0.5, "interval": [0.4, 0.6], "level": 0.95, "n": 1000, "problem": ""}
    bad = good | {"value": None, "problem": "not a number but not finite: nan"}
    measured = [good if index % 10 else bad for index in range(200)]
    metrics = [{"name": f"m{i:03}", "path": "m.json", "measure": each} for i, each in enumerate(measured)]
    return value | {"metrics": metrics}


@pytest.fixture(params=["example", "value", "empty", "many", "hostile"])
def any_card(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return each card in turn."""
    if request.param == "hostile":
        found: dict[str, Any] = HOSTILE.replaced(request.getfixturevalue("value"), ALL_HOSTILE)
        return found | {"model": found["model"] | {"name": "model"}}
    card: dict[str, Any] = request.getfixturevalue(request.param)
    return card


@pytest.fixture(params=[None, tuple(Verdict), (Verdict.PASS, Verdict.WAIVED)], ids=["ungated", "shut", "open"])
def any_report(request: pytest.FixtureRequest) -> GateReport | None:
    """Return no report, one with every verdict in it, and one that is open; hostile text stands in all of them."""
    if request.param is None:
        return None
    return gates([check(f"gate {verdict}", verdict, ALL_HOSTILE) for verdict in request.param])
