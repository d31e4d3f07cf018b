"""Gate ``drift``."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.core import measures
from govkit.core.card import Card
from govkit.core.gates.base import Context, Outcome, Verdict
from govkit.core.gates.drift import DriftGate
from tests.unit.core.cards import card, history, measures_value

EVEN = [float(i * 5) for i in range(21)]
AGE = {"missing": 0, "quantiles": EVEN}
OLDER = {"missing": 0, "quantiles": [point + 10 for point in EVEN]}
SEX = {"missing": 0, "counts": {"1": 400, "2": 600}}


def profile(features: Any, path: str = "clients.csv", rows: Any = 1000) -> dict[str, Any]:
    """Return a data profile as a pipeline writes it."""
    return {"path": path, "rows": rows, "features": features}


def model(*profiles: dict[str, Any]) -> Card:
    """Return a card with data profiles."""
    return card(profiles=measures_value([measures.profile("data.json", one) for one in profiles]))


def gate(**changes: Any) -> DriftGate:
    """Return a gate on the PSI."""
    return DriftGate(**{"statistic": "psi", "max": 0.2, "first": "fail", **changes})


def judge(rule: DriftGate, own: Card, theirs: Card) -> Outcome:
    """Return the outcome, having checked that only a pass needs no fix."""
    outcome = rule.decide(Context(own, champion=theirs, history=history()))
    assert (outcome.fix == "") == outcome.verdict.opens
    return outcome


@pytest.mark.parametrize(
    ("rule", "own", "expected", "found"),
    [
        (gate(), {"AGE": AGE, "SEX": SEX}, Verdict.PASS, "worst: AGE 0; 2 compared"),
        (gate(), {"AGE": OLDER, "SEX": SEX}, Verdict.FAIL, "worst: AGE 0.7594; 2 compared"),
        (gate(max=0.8), {"AGE": OLDER, "SEX": SEX}, Verdict.PASS, "worst: AGE 0.7594; 2 compared"),
        (gate(features=["SEX"]), {"AGE": OLDER, "SEX": SEX}, Verdict.PASS, "worst: SEX 0; 1 compared"),
        (gate(features=["SEX"]), {"SEX": SEX}, Verdict.PASS, "worst: SEX 0; 1 compared"),
        (gate(statistic="ks", max=0.1), {"AGE": OLDER, "SEX": SEX}, Verdict.PASS, "worst: AGE 0.1; 2 compared"),
        (gate(statistic="ks", max=0.09), {"AGE": OLDER, "SEX": SEX}, Verdict.FAIL, "worst: AGE 0.1; 2 compared"),
        (gate(), {"AGE": AGE}, Verdict.ERROR, "SEX is not in the profile of this version"),
        (gate(), {"AGE": AGE, "SEX": SEX, "x": SEX}, Verdict.ERROR, "x is not in the profile of the champion"),
        (gate(features=["SEX", "x"]), {"AGE": AGE, "SEX": SEX}, Verdict.ERROR, "no profile has x"),
        (
            gate(),
            {"AGE": SEX, "SEX": SEX},
            Verdict.ERROR,
            "AGE: counts in one profile and quantiles in the other",
        ),
        (gate(), {"AGE": {}, "SEX": SEX}, Verdict.ERROR, "AGE: neither counts nor quantiles in the profile"),
        (
            gate(min_rows=1001),
            {"AGE": OLDER, "SEX": SEX},
            Verdict.INCONCLUSIVE,
            "worst: AGE 0.7594; 2 compared; too few rows in clients.csv (1000)",
        ),
        (gate(min_rows=1001), {"AGE": {}, "SEX": SEX}, Verdict.ERROR, None),
        (gate(min_rows=1000), {"AGE": AGE, "SEX": SEX}, Verdict.PASS, None),
    ],
)
def test_verdict(rule: DriftGate, own: Any, expected: Verdict, found: str | None) -> None:
    """The worst feature decides; what one of the two does not report, or reports otherwise, is an error."""
    outcome = judge(rule, model(profile(own)), model(profile({"AGE": AGE, "SEX": SEX})))
    assert expected is outcome.verdict
    assert found in (None, outcome.found)


@pytest.mark.parametrize("rows", [None, "1000", True, 1000.5, -1, math.nan])
def test_unknown_rows_are_inconclusive(rows: Any) -> None:
    """Where a rule asks for rows, a profile that does not say how many cannot pass."""
    own, theirs = model(profile({"SEX": SEX}, rows=rows)), model(profile({"SEX": SEX}))
    assert judge(gate(), own, theirs).verdict is Verdict.PASS
    for one, other in ((own, theirs), (theirs, own)):
        outcome = judge(gate(min_rows=10), one, other)
        assert outcome.verdict is Verdict.INCONCLUSIVE
        assert outcome.found == "worst: SEX 0; 1 compared; too few rows in clients.csv (?)"


A, B = profile({"SEX": SEX}, "a.csv"), profile({"SEX": SEX}, "b.csv")


@pytest.mark.parametrize(
    ("own", "theirs", "found"),
    [
        ([], [A], "this version has no data profile"),
        ([A], [], "the champion has no data profile"),
        ([], [], "this version has no data profile"),
        ([A], [B], "only one of the two has a profile of a.csv, b.csv"),
        ([A, B], [A], "only one of the two has a profile of b.csv"),
        ([A, A], [A], "this version has two profiles of one snapshot"),
        ([A], [A, A], "the champion has two profiles of one snapshot"),
        ([profile({})], [profile({})], "no profile has features"),
    ],
)
def test_snapshots_without_a_counterpart_are_an_error(own: Any, theirs: Any, found: str) -> None:
    """Every snapshot is compared with the champion's of the same path."""
    outcome = judge(gate(), model(*own), model(*theirs))
    assert (Verdict.ERROR, found) == (outcome.verdict, outcome.found)


def test_several_snapshots() -> None:
    """Where there are several, the snapshot is named."""
    turned = profile({"SEX": {"missing": 0, "counts": {"1": 900, "2": 100}}}, "b.csv")
    outcome = judge(gate(), model(A, turned), model(B, A))
    assert (Verdict.FAIL, "worst: SEX in b.csv 1.301; 2 compared") == (outcome.verdict, outcome.found)


WRONG_COUNTS = [None, math.nan, math.inf, "400", True, [400], {}, 1e400, -400, 0.5, 10**310]


@pytest.mark.parametrize("wrong", WRONG_COUNTS, ids=repr)
@pytest.mark.parametrize("statistic", ["psi", "ks"])
def test_wrong_number_is_an_error(wrong: Any, statistic: str) -> None:
    """A count or quantile that is none blocks, on either side and under any bound."""
    rule = gate(statistic=statistic, max=0.99)
    good = model(profile({"SEX": SEX, "AGE": AGE}))
    bad = [{"SEX": {**SEX, "counts": {"1": wrong, "2": 600}}, "AGE": AGE}]
    bad += [{"SEX": {**SEX, "missing": wrong}, "AGE": AGE}]
    if wrong not in (-400, 0.5):  # these are fine quantiles
        bad += [{"SEX": SEX, "AGE": {**AGE, "quantiles": [*EVEN[:-1], wrong]}}]
    for features in bad:
        broken = model(profile(features))
        assert judge(rule, broken, good).verdict is Verdict.ERROR
        assert judge(rule, good, broken).verdict is Verdict.ERROR


@pytest.mark.parametrize(("first", "expected"), [("pass", Verdict.PASS), ("fail", Verdict.FAIL)])
def test_first_deployment(first: str, expected: Verdict) -> None:
    """Where nothing serves, the policy's own rule counts."""
    assert expected is gate(first=first).decide(Context(model(A), history=history(champion=None))).verdict


def test_without_a_log_it_is_pending() -> None:
    """Who drafts in a pipeline does not know what serves."""
    assert gate(first="pass").decide(Context(model(A))).verdict is Verdict.PENDING


def test_long_names_are_cut() -> None:
    """A name of a thousand letters does not drown the sentence."""
    long = model(profile({"x" * 1000: SEX}))
    assert judge(gate(), long, long).found == f"worst: {'x' * 59}… 0; 1 compared"


@pytest.mark.parametrize(
    ("rule", "faults"),
    [
        (gate(), []),
        (gate(statistic="ks", max=0.99), []),
        (gate(statistic="ks", max=1), ["no ks is above 1, so it could never refuse"]),
        (gate(max=18.5), ["no psi is above 18.5, so it could never refuse"]),
        (gate(max=-0.1), ["no psi is below -0.1, so nothing could pass"]),
        (gate(max=math.nan), ["a bound must be a finite number"]),
    ],
)
def test_faults(rule: DriftGate, faults: list[str]) -> None:
    """A rule that could never refuse, or never pass, is a fault of the policy."""
    assert faults == rule.faults()


features = st.dictionaries(
    st.sampled_from("abcd"),
    st.tuples(st.integers(0, 9), st.integers(1, 9)).map(lambda n: {"missing": 0, "counts": {"x": n[0], "y": n[1]}}),
    min_size=1,
)


@given(features, st.floats(0, 2), st.floats(0, 2), st.randoms())
def test_order_and_tightness(own: Any, bound: float, less: float, random: Any) -> None:
    """The verdict does not depend on the order of features, and a smaller bound lets no more through."""
    theirs = model(profile(dict.fromkeys(own, {"missing": 0, "counts": {"x": 5, "y": 5}}), rows=None))
    names = list(own)
    random.shuffle(names)
    wide = judge(gate(max=bound), model(profile(own, rows=None)), theirs)
    shuffled = model(profile({name: own[name] for name in names}, rows=None))
    assert wide == judge(gate(max=bound), shuffled, theirs)
    named = judge(gate(max=bound, features=names), shuffled, theirs)
    assert (wide.verdict, wide.found) == (named.verdict, named.found)
    if wide.verdict is Verdict.FAIL:
        assert judge(gate(max=bound - less), shuffled, theirs).verdict is Verdict.FAIL
