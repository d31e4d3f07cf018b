"""Judging a canary: the policy's gates on what both versions measured, and what follows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.core import canary, card, records
from govkit.core.errors import Malformed
from govkit.core.gates.base import Verdict
from govkit.core.gates.champion import ChampionGate
from govkit.core.gates.metric import MetricGate
from tests.unit.core.cards import WRONG, card_value

ERRORS = MetricGate(metric="errors", max=0.02, on="upper")
SLOWER = ChampionGate(metric="latency", direction="lower", relative=-0.1, first="fail", on="upper")


def made() -> card.Card:
    """Return a card."""
    return records.from_value(card_value(), card.Card)


def verdicts(challenger: Any, champion: Any, **gates: Any) -> dict[str, Verdict]:
    """Return how each gate comes out on what both measured."""
    measured = canary.read("step.json", json.dumps({"challenger": challenger, "champion": champion}).encode())
    checks = canary.judge(gates, measured, made(), made(), "production")
    return {check.gate: check.verdict for check in checks}


def number(low: float, high: float) -> dict[str, Any]:
    """Return a measured number with its interval."""
    return {"value": (low + high) / 2, "interval": [low, high]}


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.0, 0.01, "pass"), (0.0, 0.02, "pass"), (0.01, 0.03, "inconclusive"), (0.021, 0.03, "fail")],
)
def test_an_interval_around_the_bound_is_inconclusive(low: float, high: float, verdict: str) -> None:
    """Only what lies wholly beyond the bound is known to be harmful."""
    assert verdicts({"errors": number(low, high)}, {}, errors=ERRORS) == {"errors": verdict}


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(90, 109, "pass"), (105, 115, "inconclusive"), (111, 120, "fail")]
)
def test_the_champion_is_measured_on_the_same_traffic(low: float, high: float, verdict: str) -> None:
    """Both numbers come from the step's file, not from the cards."""
    assert verdicts({"latency": number(low, high)}, {"latency": 100}, slower=SLOWER) == {"slower": verdict}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("whose", ["challenger", "champion"])
def test_what_is_no_number_is_never_a_pass(text: bytes, whose: str) -> None:
    """Missing, NaN, text and the like, on either side: inconclusive."""
    parts = {"challenger": b"100", "champion": b"100"} | {whose: text}
    data = b'{"challenger": {"latency": %(challenger)s}, "champion": {"latency": %(champion)s}}' % {
        key.encode(): value for key, value in parts.items()
    }
    gate = ChampionGate(metric="latency", direction="lower", relative=-0.1, first="fail")
    checks = canary.judge({"slower": gate}, canary.read("step.json", data), made(), made(), "production")
    # A value with a broken interval has a problem, too; the number alone must not be taken.
    assert checks[0].verdict is Verdict.INCONCLUSIVE
    assert canary.sum_up(checks) == "inconclusive"


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"challenger": {}}', '{"challenger": {}, "champion": {}, "x": 1}', "{", "1"]
)
def test_a_file_of_something_else_is_refused(text: str) -> None:
    """Both parts and nothing else."""
    with pytest.raises(Malformed):
        canary.read("step.json", text.encode())


@given(st.lists(st.sampled_from(list(Verdict)), max_size=5))
def test_one_failure_ends_it_and_only_passes_let_it_go_on(found: list[Verdict]) -> None:
    """Whatever the order; and no rule is met by being empty."""
    checks = [canary.Check(gate="g", type="metric", verdict=each, required="r", found="f") for each in found]
    said = canary.sum_up(checks)
    assert (said == "pass") == (bool(found) and all(each is Verdict.PASS for each in found))
    assert (said == "fail") == (Verdict.FAIL in found)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_wider_interval_never_turns_the_unknown_into_a_pass(low: float, high: float) -> None:
    """Less knowledge never helps."""
    low, high = sorted((low, high))
    narrow = verdicts({"errors": number(low, high)}, {}, errors=ERRORS)["errors"]
    wide = verdicts({"errors": number(0.0, 1.0)}, {}, errors=ERRORS)["errors"]
    assert wide is Verdict.INCONCLUSIVE
    assert (narrow is Verdict.PASS) == (high <= 0.02)
