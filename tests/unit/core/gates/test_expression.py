"""Gate ``expression``, with an evaluator that only pretends; the real one is tested in integration."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from govkit.core import records
from govkit.core.gates.base import Context, EvaluationError, History, Verdict
from govkit.core.gates.expression import ExpressionGate
from tests.unit.core.cards import card, with_metrics

HISTORY = History(now="2026-11-23T10:15:00Z", stage="production")
GATE = ExpressionGate(expression="card.x == 1", seconds=3)


class Evaluator:
    """Gives what it is told, and keeps what it was asked."""

    def __init__(self, result: Any) -> None:
        self.result = result
        self.asked: list[tuple[str, Mapping[str, Any], int]] = []

    def __call__(self, expression: str, values: Mapping[str, Any], seconds: int) -> Any:
        """Answer."""
        self.asked.append((expression, values, seconds))
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@pytest.mark.parametrize(
    ("result", "verdict", "found"),
    [
        (True, Verdict.PASS, "true"),
        (False, Verdict.FAIL, "false"),
        ("true", Verdict.ERROR, "neither true nor false, but a text"),
        (1, Verdict.ERROR, "neither true nor false, but a number"),
        (1.0, Verdict.ERROR, "neither true nor false, but a number"),
        (None, Verdict.ERROR, "neither true nor false, but null"),
        ([True], Verdict.ERROR, "neither true nor false, but something else"),
        (EvaluationError("there is no 'x'"), Verdict.ERROR, "there is no 'x'"),
    ],
)
def test_verdict(result: Any, verdict: Verdict, found: str) -> None:
    """True alone passes, and false alone fails; all else is an error."""
    outcome = GATE.decide(Context(card(), history=HISTORY, evaluate=Evaluator(result)))
    assert (outcome.verdict, outcome.required, outcome.found) == (verdict, "card.x == 1", found)
    assert bool(outcome.fix) is (verdict is not Verdict.PASS)


def test_pending_without_log_or_evaluator() -> None:
    """A draft knows no log; nothing is evaluated then."""
    evaluator = Evaluator(True)
    assert GATE.decide(Context(card(), evaluate=evaluator)).verdict is Verdict.PENDING
    assert GATE.decide(Context(card(), history=HISTORY)).verdict is Verdict.PENDING
    assert evaluator.asked == []


def test_what_an_expression_sees() -> None:
    """Both cards as JSON with every number a double, the stage's name, and the instant as a timestamp."""
    evaluator = Evaluator(True)
    made = with_metrics({"auc": {"value": 1, "n": 500}})
    GATE.decide(Context(made, card(), HISTORY, evaluate=evaluator))
    ((expression, values, seconds),) = evaluator.asked
    assert (expression, seconds) == ("card.x == 1", 3)
    assert (values["stage"], values["now"]) == ("production", datetime(2026, 11, 23, 10, 15, tzinfo=UTC))
    assert values["card"] == records.to_value(made)
    assert values["champion"] == records.to_value(card())
    measure = values["card"]["metrics"][0]["measure"]
    assert [type(measure[key]) for key in ("value", "n")] == [float, float]
    assert values["card"]["metrics"][0]["measure"]["interval"] is None


def test_no_champion_is_null() -> None:
    """A stage without a champion shows null, so that an expression can ask for it."""
    evaluator = Evaluator(True)
    GATE.decide(Context(card(), history=HISTORY, evaluate=evaluator))
    assert evaluator.asked[0][1]["champion"] is None


def test_words_for_people() -> None:
    """``says`` stands for the expression."""
    gate = ExpressionGate(expression="card.x", says="nobody is overlooked")
    assert gate.decide(Context(card())).required == "nobody is overlooked"


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"expression": ""},
        {"expression": " \n"},
        {"expression": "x" * 2001},
        {"expression": "true", "seconds": 0},
        {"expression": "true", "seconds": 11},
        {"expression": "true", "says": "x" * 2001},
    ],
)
def test_form(keys: dict[str, Any]) -> None:
    """What is empty or out of bounds is no gate."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"type": "expression", **keys}, ExpressionGate)


def test_needs() -> None:
    """It is the one gate that asks for an evaluator."""
    assert ExpressionGate.needs == {"evaluate"}
