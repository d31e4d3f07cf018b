"""Gate ``expression``: a rule in the Common Expression Language, for what no other gate can say."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec

from govkit.core import records, times
from govkit.core.card import Card
from govkit.core.gates.base import Context, EvaluationError, Gate, Outcome, Verdict, pending

#: The names that an expression may begin with.
ROOTS: Final = frozenset(("card", "champion", "stage", "now"))
MAX_LENGTH: Final = 2000


class ExpressionGate(Gate, tag="expression", frozen=True, kw_only=True):
    """An expression in CEL (https://cel.dev) over the card is true.

    It sees ``card``, the card as JSON; ``champion``, the card of the version that serves in the stage now, or null;
    ``stage``, the name of the stage asked for; and ``now``, the instant of the judgement, as a timestamp. Every number
    of a card is a double: compare it with any number, but write ``2.0`` where you compute with it.

    Only true opens. A text, a number, null, a missing key, and more time or memory than allowed are an error, which
    blocks. As in CEL, ``all()`` of an empty list is true, and dividing by 0.0 gives infinity. Other than in CEL, ``||``
    is refused, and ``&&`` wherever it could hide that something is missing: write ``[a, b].exists(x, x)`` or
    ``a ? true : b``.

    Attributes:
        expression: the rule, such as ``card.metrics.exists(m, m.name == "auc" && m.measure.value >= 0.7)``.
        seconds: how long it may take.
        says: what the rule means, for people; shown instead of the expression.
    """

    needs: ClassVar[frozenset[Literal["commits", "pushed", "evaluate"]]] = frozenset({"evaluate"})

    expression: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_LENGTH, pattern=r"\S")]
    seconds: Annotated[int, msgspec.Meta(ge=1, le=10)] = 2
    says: Annotated[str, msgspec.Meta(max_length=MAX_LENGTH)] = ""

    def decide(self, context: Context) -> Outcome:
        """Evaluate the expression; whatever is neither true nor false is an error."""
        required = self.says or self.expression
        if context.history is None:
            return pending(required, "what the log says")
        if context.evaluate is None:
            return pending(required, "what the expression gives")
        values = {
            "card": _value(context.card),
            "champion": None if context.champion is None else _value(context.champion),
            "stage": context.history.stage,
            "now": times.parse(context.history.now),
        }
        try:
            result = context.evaluate(self.expression, values, self.seconds)
        except EvaluationError as error:
            return Outcome(Verdict.ERROR, required, str(error), "report what it looks for, or have the policy changed")
        if result is True:
            return Outcome(Verdict.PASS, required, "true")
        if result is False:
            return Outcome(Verdict.FAIL, required, "false", "change what it looks at, or have the policy changed")
        found = f"neither true nor false, but {_name(result)}"
        return Outcome(Verdict.ERROR, required, found, "have the policy changed, so that it compares something")


def _value(card: Card) -> Any:
    return _with_doubles(records.to_value(card))


def _with_doubles(value: Any) -> Any:
    """Return a JSON value with every number as a double, so that a metric of exactly 1 behaves as one of 0.99 does."""
    if isinstance(value, dict):
        return {key: _with_doubles(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_doubles(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _name(result: Any) -> str:
    names = {str: "a text", int: "a number", float: "a number", type(None): "null"}
    return names.get(type(result), "something else")
