"""Gate ``lineage``."""

from typing import Any

import pytest

from govkit.core.gates.base import Context, Verdict
from govkit.core.gates.lineage import LineageGate
from tests.unit.core.cards import ITEM, card, card_value


@pytest.mark.parametrize(
    ("changes", "expected", "found"),
    [
        ({}, Verdict.PASS, "0 DVC stages, 1 code file, 1 data snapshot, all consistent"),
        ({"problems": ["a", "b"]}, Verdict.FAIL, "a; b"),
        ({"problems": ["a", "b", "c", "d", "e"]}, Verdict.FAIL, "a; b; c (and 2 more)"),
        ({"problems": ["a"], "gaps": ["b"]}, Verdict.FAIL, "a"),
        ({"gaps": ["b"]}, Verdict.INCONCLUSIVE, "b"),
        ({"code": []}, Verdict.INCONCLUSIVE, "no code"),
        ({"data": []}, Verdict.INCONCLUSIVE, "no data"),
        ({"code": [], "data": []}, Verdict.INCONCLUSIVE, "no code and no data"),
    ],
)
def test_verdict(changes: dict[str, Any], expected: Verdict, found: str) -> None:
    """A contradiction fails; what cannot be known, or is not there at all, is inconclusive."""
    outcome = LineageGate().decide(Context(card(lineage={**card_value()["lineage"], **changes})))
    assert (expected, found) == (outcome.verdict, outcome.found)
    assert (outcome.fix == "") == expected.opens


def test_weights_without_a_digest_are_inconclusive() -> None:
    """Nobody can say which bytes were approved."""
    outcome = LineageGate().decide(Context(card(weights={**ITEM, "sha256": None})))
    assert (outcome.verdict, outcome.found) == (Verdict.INCONCLUSIVE, "no SHA-256 of the weights")
