"""Gate ``reproduced``."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.core import digests
from govkit.core.events import ReproductionRecorded
from govkit.core.gates.base import Context, Outcome, Reproduction, Verdict
from govkit.core.gates.reproduced import ReproducedGate
from tests.unit.core.cards import ITEM, SHA, card, history

PART = {"reports/metrics.json": SHA}
COMMIT = "git-sha1:" + "1" * 40
SAME = {"models/m.json": SHA}
OTHER = {"models/m.json": digests.sha256(b"other")}


def run(
    verdict: str = "identical", actor: str = "carol", role: str = "validator", outputs: Any = None, commit: str = COMMIT
) -> Reproduction:
    """Return a recorded run."""
    values: dict[str, Any] = {"verdict": verdict, "outputs": SAME if outputs is None else outputs}
    return Reproduction(actor, frozenset({role}), ReproductionRecorded(version="1.1.0", commit=commit, **values))


GATE = ReproducedGate(roles=["validator"])
LOOSE = ReproducedGate(roles=["validator", "auditor"], accept=["identical", "within-tolerance"])


def judge(gate: ReproducedGate, runs: list[Reproduction], **known: Any) -> Outcome:
    """Return the outcome, having checked that only a pass needs no fix."""
    outcome = gate.decide(Context(card(), history=history(reproductions=runs, **known)))
    assert (outcome.fix == "") == outcome.verdict.opens
    return outcome


@pytest.mark.parametrize(
    ("gate", "runs", "expected", "found"),
    [
        (GATE, [run()], Verdict.PASS, "identical by carol"),
        (GATE, [], Verdict.FAIL, "by nobody who counts"),
        (GATE, [run(role="engineer")], Verdict.FAIL, "by nobody who counts"),
        (GATE, [run(actor="alice")], Verdict.FAIL, "by nobody who counts"),
        (GATE, [run(commit="git-sha1:" + "2" * 40)], Verdict.FAIL, "by nobody who counts"),
        (GATE, [run("within-tolerance", outputs=OTHER)], Verdict.FAIL, "carol got it within-tolerance only"),
        (LOOSE, [run("within-tolerance", outputs=OTHER)], Verdict.PASS, "within-tolerance by carol"),
        (LOOSE, [run(role="auditor")], Verdict.PASS, "identical by carol"),
        (GATE, [run("different", outputs=OTHER)], Verdict.FAIL, "carol got something different"),
        (GATE, [run(), run("different", "dan", outputs=OTHER)], Verdict.FAIL, "dan got something different"),
        (GATE, [run("different", "dan", outputs=OTHER), run()], Verdict.PASS, "identical by carol"),
        (GATE, [run(), run("different", "dan"), run("within-tolerance")], Verdict.FAIL, "dan got something different"),
        (GATE, [run(), run("different", "alice")], Verdict.PASS, "identical by carol"),
        (GATE, [run(), run("different", "dan", role="engineer")], Verdict.PASS, "identical by carol"),
        (
            GATE,
            [run(), run("within-tolerance", "dan", outputs=OTHER)],
            Verdict.INCONCLUSIVE,
            "identical by carol, but since within-tolerance by dan",
        ),
        (
            GATE,
            [run(outputs=OTHER)],
            Verdict.ERROR,
            "carol calls it identical, but the weights have another digest",
        ),
        (GATE, [run(outputs={})], Verdict.ERROR, "the run by carol does not say what it got for models/m.json"),
        (LOOSE, [run("within-tolerance", outputs={})], Verdict.ERROR, None),
        (GATE, [run(), run(outputs=OTHER)], Verdict.ERROR, None),
        (GATE, [run(), run(actor="dan", outputs=PART)], Verdict.PASS, "identical by carol"),
        (GATE, [run(), run("different", "dan"), run()], Verdict.PASS, "identical by carol"),
        (GATE, [run(outputs=PART)], Verdict.ERROR, "the run by carol does not say what it got for models/m.json"),
        (GATE, [run(), run("different", "dan", outputs=PART)], Verdict.FAIL, "dan got something different"),
        (GATE, [run("different"), run(outputs=PART)], Verdict.FAIL, "carol got something different"),
        (GATE, [run(), run("within-tolerance", "dan", outputs=PART)], Verdict.INCONCLUSIVE, None),
    ],
)
def test_verdict(gate: ReproducedGate, runs: list[Reproduction], expected: Verdict, found: str | None) -> None:
    """The newest accepted run by somebody independent counts, unless one since differs or it contradicts itself."""
    outcome = judge(gate, runs)
    assert expected is outcome.verdict
    assert found in (None, outcome.found)


@pytest.mark.parametrize("unknown", ["commit", "registrar"])
def test_unregistered_version_fails(unknown: str) -> None:
    """Where it is not known who registered which commit, nobody can be independent of them."""
    assert judge(GATE, [run()], **{unknown: None}).verdict is Verdict.FAIL


def test_weights_without_a_digest_are_an_error() -> None:
    """Nothing is identical to what nobody knows."""
    unknown = card(weights={**ITEM, "sha256": None})
    assert GATE.decide(Context(unknown, history=history(reproductions=[run()]))).verdict is Verdict.ERROR


def test_without_a_log_it_is_pending() -> None:
    """Only the log knows of reproductions."""
    outcome = GATE.decide(Context(card()))
    assert (outcome.verdict, bool(outcome.fix)) == (Verdict.PENDING, True)


def test_words() -> None:
    """The rule as people read it."""
    outcome = judge(LOOSE, [])
    assert outcome.required == (
        "reproduced (identical or within-tolerance) by validator or auditor, not by who registered it"
    )
    assert outcome.fix == "somebody who is validator or auditor runs: govkit reproduce 'm@1.1.0'"


def test_faults_and_roles() -> None:
    """A rule that nothing could meet is a fault of the policy; its roles are named."""
    assert ReproducedGate(roles=[], accept=[]).faults() == [
        "it names no roles, so nothing could pass",
        "it accepts no result, so nothing could pass",
    ]
    assert GATE.faults() == []
    assert LOOSE.named_roles() == ["validator", "auditor"]


runs_of = st.lists(
    st.builds(
        run,
        st.sampled_from(["identical", "within-tolerance", "different"]),
        st.sampled_from(["alice", "carol", "dan"]),
        st.sampled_from(["validator", "auditor", "engineer"]),
        st.sampled_from([SAME, OTHER]),
    ),
    max_size=5,
)


@given(runs_of, st.permutations(["validator", "auditor"]))
def test_who_does_not_count_changes_nothing(runs: list[Reproduction], roles: list[str]) -> None:
    """The verdict rests on independent runs alone, in whatever order the roles are named."""
    counted = [one for one in runs if one.actor != "alice" and one.roles & set(roles)]
    verdict = judge(ReproducedGate(roles=roles), runs).verdict
    assert verdict is judge(ReproducedGate(roles=["validator", "auditor"]), counted).verdict
    if verdict is Verdict.PASS:
        assert counted[-1].body.verdict == "identical"
