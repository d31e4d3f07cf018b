"""Gate ``canary``."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.core.events import CanaryRecorded
from govkit.core.gates.base import Canary, Context, Outcome, Verdict
from govkit.core.gates.canary import CanaryGate
from tests.unit.core.cards import card, history


def step(kind: str, share: float = 0.1, verdict: str = "pending", name: str = "c1") -> Canary:
    """Return a recorded step of a canary."""
    values: dict[str, Any] = {"canary": name, "step": kind, "share": share, "verdict": verdict}
    return Canary("2026-11-20T10:00:00Z", CanaryRecorded(**values, version="1.1.0", stage="production"))


def judge(gate: CanaryGate, steps: list[Canary]) -> Outcome:
    """Return the outcome, having checked that only a pass needs no fix."""
    outcome = gate.decide(Context(card(), history=history(canaries=steps)))
    assert (outcome.fix == "") == outcome.verdict.opens
    return outcome


START, HALF = step("start", 0.01), step("step", 0.5)


@pytest.mark.parametrize(
    ("steps", "expected", "found"),
    [
        (
            [START, HALF, step("finish", 1, "pass")],
            Verdict.PASS,
            "canary c1: finished, pass, up to 50 % of the traffic",
        ),
        ([START, step("finish", 0, "pass")], Verdict.PASS, "canary c1: finished, pass, up to 1 % of the traffic"),
        ([START, HALF, step("finish", 1, "fail")], Verdict.FAIL, None),
        ([START, HALF, step("finish", 1, "pending")], Verdict.FAIL, None),
        ([START, HALF, step("finish", 1, "inconclusive")], Verdict.INCONCLUSIVE, None),
        ([START, HALF, step("abort", 0, "fail")], Verdict.FAIL, "canary c1: aborted, up to 50 % of the traffic"),
        ([START, HALF, step("abort", 0, "pass")], Verdict.FAIL, None),
        ([START], Verdict.INCONCLUSIVE, "canary c1: running, up to 1 % of the traffic"),
        ([START, step("step", 0.5, "pass")], Verdict.INCONCLUSIVE, None),
        ([], Verdict.FAIL, "no canary is recorded"),
        (
            [step("finish", 1, "pass")],
            Verdict.FAIL,
            "canary c1: finished, pass, up to 0 % of the traffic, and no start is recorded",
        ),
        ([START, step("finish", 1, "pass"), step("abort")], Verdict.FAIL, None),
        ([START, step("finish", 1, "pass"), HALF], Verdict.INCONCLUSIVE, None),
        ([START, step("finish", 1, "pass"), START], Verdict.INCONCLUSIVE, None),
    ],
)
def test_verdict(steps: list[Canary], expected: Verdict, found: str | None) -> None:
    """The last step of a canary says how it ended."""
    outcome = judge(CanaryGate(), steps)
    assert expected is outcome.verdict
    assert found in (None, outcome.found)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([START, step("start", name="c2"), step("finish", 1, "pass")], Verdict.INCONCLUSIVE),
        ([START, step("finish", 1, "pass"), step("start", name="c2"), step("abort", name="c2")], Verdict.FAIL),
        ([START, step("start", name="c2"), step("abort"), step("finish", 1, "pass", "c2")], Verdict.PASS),
        ([step("start", name="c2"), START, step("finish", 1, "pass", "c2"), step("abort")], Verdict.FAIL),
    ],
)
def test_newest_canary_counts(steps: list[Canary], expected: Verdict) -> None:
    """The newest is the one that was begun last, whatever older ones still record."""
    assert expected is judge(CanaryGate(), steps).verdict


@pytest.mark.parametrize(
    ("least", "steps", "expected"),
    [
        (0.5, [START, HALF, step("step", 0.2), step("finish", 0, "pass")], Verdict.PASS),
        (0.51, [START, HALF, step("finish", 1, "pass")], Verdict.FAIL),
        (0.01, [START, step("finish", 0, "pass")], Verdict.PASS),
        (0.5, [START, HALF, START, step("finish", 1, "pass")], Verdict.FAIL),
        (0.5, [step("step", math.nan), step("finish", 1, "pass")], Verdict.FAIL),
        (0.5, [step("step", math.inf), step("finish", 1, "pass")], Verdict.FAIL),
        (math.nan, [START, HALF, step("finish", 1, "pass")], Verdict.FAIL),
        (0.5, [START, step("finish", 1, "inconclusive")], Verdict.INCONCLUSIVE),
    ],
)
def test_share(least: float, steps: list[Canary], expected: Verdict) -> None:
    """The share must have been reached in this run's test itself, not in the record of its end."""
    assert expected is judge(CanaryGate(min_share=least), steps).verdict


def test_words() -> None:
    """The rule as people read it."""
    outcome = judge(CanaryGate(min_share=0.07), [])
    assert outcome.required == "the newest canary passed with ≥ 7 % of the traffic"
    assert outcome.fix == "run a canary in production and record its steps"


def test_without_a_log_it_is_pending() -> None:
    """Only the log knows of canaries."""
    outcome = CanaryGate().decide(Context(card()))
    assert (outcome.verdict, bool(outcome.fix)) == (Verdict.PENDING, True)


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan, math.inf])
def test_faults(share: float) -> None:
    """A share is from 0 to 1."""
    assert CanaryGate(min_share=share).faults() == ["min_share is a part of the traffic, from 0 to 1"]
    assert CanaryGate(min_share=1).faults() == []


kinds = st.sampled_from(["start", "step", "abort", "finish"])
verdicts = st.sampled_from(["pass", "fail", "inconclusive", "pending"])
steps_of = st.lists(st.builds(step, kinds, st.floats(0, 1), verdicts, st.sampled_from(["c1", "c2"])), max_size=6)


@given(steps_of, st.floats(0, 1), st.floats(0, 1))
def test_larger_share_never_helps(steps: list[Canary], one: float, other: float) -> None:
    """What fails a smaller share fails a larger one; nothing passes that does not end with a pass."""
    less, more = sorted((one, other))
    small, large = judge(CanaryGate(min_share=less), steps), judge(CanaryGate(min_share=more), steps)
    assert small.verdict is not Verdict.FAIL or large.verdict is Verdict.FAIL
    if small.verdict is Verdict.PASS:
        assert any(one.body.step == "finish" and one.body.verdict == "pass" for one in steps)


@pytest.mark.parametrize("bad", [step("abort", 0, "fail"), step("finish", 1, "fail")])
def test_another_record_does_not_mend_a_run(bad: Canary) -> None:
    """After an abort or a bad finish only a run that is begun again can pass."""
    good = step("finish", 1, "pass")
    assert judge(CanaryGate(), [START, HALF, bad, good]).verdict is Verdict.FAIL
    assert judge(CanaryGate(), [START, HALF, bad, START, good]).verdict is Verdict.PASS
