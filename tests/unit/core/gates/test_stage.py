"""Gate ``stage``."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.core.gates.base import Context, Served, Verdict
from govkit.core.gates.stage import StageGate, words
from tests.unit.core.cards import card, history

GATE = StageGate(stage="staging", at_least="7d")


def day(number: int, clock: str = "10:00:00") -> str:
    """Return an instant of November 2026; the judgement is on the 23rd at ten."""
    return f"2026-11-{number:02}T{clock}Z"


def served(since: int, until: int | None, stage: str = "staging", *, override: bool = False) -> Served:
    """Return a time of service."""
    return Served(stage, day(since), None if until is None else day(until), override)


@pytest.mark.parametrize(
    ("times", "expected", "found"),
    [
        ([served(16, None)], Verdict.PASS, "served there for 7 days"),
        ([served(17, None)], Verdict.FAIL, "served there for 6 days"),
        ([Served("staging", day(16, "10:00:01"), None)], Verdict.FAIL, "served there for 6 days 23 hours"),
        ([served(1, 4), served(10, 14)], Verdict.PASS, "served there for 7 days"),
        ([served(1, 4), served(10, 13), served(22, None)], Verdict.PASS, "served there for 7 days"),
        ([served(1, 4), served(10, 13)], Verdict.FAIL, "served there for 6 days"),
        ([served(1, 20, override=True)], Verdict.FAIL, "never served in staging but under break-glass"),
        ([served(1, 20, override=True), served(20, None)], Verdict.FAIL, "served there for 3 days"),
        ([served(1, None, "production")], Verdict.FAIL, "never served in staging"),
        ([served(1, None, "Staging")], Verdict.FAIL, "never served in staging"),
        ([], Verdict.FAIL, "never served in staging"),
        ([served(25, None)], Verdict.FAIL, "served there for less than an hour"),
        ([served(20, 30)], Verdict.FAIL, "served there for 3 days"),
        ([served(20, 10), served(16, 23)], Verdict.PASS, "served there for 7 days"),
    ],
)
def test_verdict(times: list[Served], expected: Verdict, found: str) -> None:
    """All times in the stage count together, save under break-glass and those to come."""
    outcome = GATE.decide(Context(card(), history=history(served=times)))
    assert (expected, found) == (outcome.verdict, outcome.found)
    assert (outcome.fix == "") == expected.opens


@pytest.mark.parametrize(
    ("times", "fix"),
    [
        ([], "promote it into staging first"),
        ([served(20, None)], "wait until 2026-11-27T10:00:00Z"),
        ([served(20, 22)], "let it serve in staging for 5 days more"),
    ],
)
def test_way_out(times: list[Served], fix: str) -> None:
    """What serves has only to go on; what does not must come back."""
    assert fix == GATE.decide(Context(card(), history=history(served=times))).fix


def test_without_a_log_it_is_pending() -> None:
    """Only the log knows what served."""
    outcome = GATE.decide(Context(card()))
    assert (outcome.verdict, bool(outcome.fix)) == (Verdict.PENDING, True)


def test_names_its_stage() -> None:
    """The policy's checks can see which stage is meant."""
    assert GATE.named_stages() == ["staging"]
    assert GATE.faults() == []


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(0, "less than an hour"), (1, "1 hour"), (24, "1 day"), (25, "1 day 1 hour"), (50, "2 days 2 hours")],
)
def test_lengths_in_words(hours: int, expected: str) -> None:
    """Days and hours, as people count."""
    assert expected == words(timedelta(hours=hours, minutes=59 if hours != 24 else 0))


spans = st.lists(st.tuples(st.integers(1, 23), st.integers(1, 23)).map(sorted), max_size=4)


@given(spans, st.integers(1, 40), st.integers(0, 40))
def test_longer_time_never_helps(days: list[list[int]], least: int, more: int) -> None:
    """What fails a shorter time fails a longer one; the order of what served does not matter."""
    times = [served(first, last) for first, last in days]
    context = Context(card(), history=history(served=times))
    short = StageGate(stage="staging", at_least=f"{least}d").decide(context)
    long = StageGate(stage="staging", at_least=f"{least + more}d").decide(context)
    assert short.verdict is not Verdict.FAIL or long.verdict is Verdict.FAIL
    turned = Context(card(), history=history(served=times[::-1]))
    assert short.verdict is StageGate(stage="staging", at_least=f"{least}d").decide(turned).verdict
