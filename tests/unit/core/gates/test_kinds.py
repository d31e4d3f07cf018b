"""What all kinds of gates have in common, as a policy names them."""

from typing import Any, get_args

import msgspec
import pytest

from govkit.core import assess
from govkit.core.errors import Malformed
from govkit.core.events import Digests, WaiverGranted
from govkit.core.followups import Waiver
from govkit.core.gates.base import Context, Gate, Verdict
from govkit.core.gates.kinds import AnyGate
from govkit.core.judged import Judged, Status
from tests.unit.core.cards import SHA, card, history

WAIVER = Waiver(
    "m",
    Judged(7, SHA, Status.GOOD, "", "2026-11-23T10:00:00Z", None, None),
    WaiverGranted(
        gate="rule",
        version="1.0.0",
        stage="production",
        digests=Digests(card=SHA, weights=SHA, data=SHA, requirements=SHA, champion=None),
        reason="more data is on its way",
        expires="2026-12-31T00:00:00Z",
        ticket="RISK-1",
    ),
)

#: One gate of each kind, as people write it.
WRITTEN: dict[str, dict[str, Any]] = {
    "metric": {"metric": "tpr", "equals": 0, "slice": {"attribute": "AGE", "group": "old"}},
    "fairness": {"attribute": "AGE", "rate": "tpr", "compare": "each", "min_group": 100, "min": 0.5},
    "lineage": {},
    "card": {"sections": ["owner"], "tiers": {"high": ["monitoring"]}},
    "champion": {"metric": "auc", "direction": "higher", "relative": -0.01, "first": "fail"},
    "calibration": {"max": 0.05},
    "drift": {"statistic": "psi", "max": 0.2, "first": "fail"},
    "data": {"max_age": "90d", "as_of": "params.yaml:ingest.as_of", "sources": ["s3://*"], "pushed": True},
    "compatibility": {},
    "stage": {"stage": "staging", "at_least": "7d"},
    "canary": {"min_share": 0.25},
    "artifact": {"formats": ["xgboost-json"]},
    "reproduced": {"roles": ["validator"]},
    "signed-commits": {},
    "expression": {"expression": "card.metrics.size() > 0"},
}


def read(kind: str, **changes: Any) -> Gate:
    """Read a gate as a policy is read."""
    gate: Gate = msgspec.convert({"type": kind, **WRITTEN[kind], **changes}, AnyGate)
    return gate


def test_every_kind_is_known() -> None:
    """The table above can tell of every kind that govkit has."""
    assert set(WRITTEN) == {gate.__struct_config__.tag for gate in get_args(AnyGate)}


@pytest.mark.parametrize("kind", WRITTEN)
def test_gate_as_written(kind: str) -> None:
    """A gate is read by its type, has no faults, and reads the same with every default written out."""
    gate = read(kind)
    assert gate.faults() == []
    assert gate == msgspec.convert(msgspec.to_builtins(gate), AnyGate)


@pytest.mark.parametrize("kind", WRITTEN)
def test_unknown_key_is_refused(kind: str) -> None:
    """A rule with a misspelt key is no rule."""
    with pytest.raises((msgspec.ValidationError, Malformed)):
        read(kind, mni=0.5)


@pytest.mark.parametrize("kind", WRITTEN)
def test_nothing_passes_by_being_empty(kind: str) -> None:
    """Of a card that says nearly nothing and a log that knows nothing, no gate makes a pass; each names a way out."""
    bare = card(
        lineage={"stages": [], "code": [], "data": [], "outs": [], "params": {}, "problems": [], "gaps": []},
        statements={"schema": "govkit.model/v1"},
    )
    known = history(version=None, commit=None, registrar=None, champion=None)
    for context in (
        Context(bare),
        Context(bare, history=known),
        Context(bare, history=history()),
        Context(bare, history=known, commits=[], pushed={}),
    ):
        outcome = read(kind).decide(context)
        assert outcome.verdict not in (Verdict.PASS, Verdict.WAIVED)
        assert outcome.required
        assert outcome.found
        assert outcome.fix


WAIVED_BY_ROLE = {"waive": ["risk-owner"]}


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_waiver_opens_every_kind_that_is_decided_and_shut(kind: str) -> None:
    """A gate that fails, errs or is inconclusive is waived, and still says what it found; a pending one is not."""
    gate, known = read(kind, **WAIVED_BY_ROLE), history(version=None, commit=None, registrar=None, champion=None)
    context = Context(card(statements={"schema": "govkit.model/v1"}), history=known, commits=[], pushed={})
    before = assess.gates({"rule": gate}, context)[0]
    after = assess.gates({"rule": gate}, context, waivers={"rule": WAIVER})[0]
    other = assess.gates({"rule": gate}, context, waivers={"another": WAIVER})[0]
    shut = before.verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE)
    assert (Verdict.WAIVED if shut else before.verdict) == after.verdict
    assert (f"{before.verdict}, {before.found}; {WAIVER.words}" if shut else before.found) == after.found
    assert other == before
