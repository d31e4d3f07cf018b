"""Gate ``champion``."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.core import digests, measures
from govkit.core.card import Card
from govkit.core.gates.base import Context, Verdict
from govkit.core.gates.champion import ChampionGate
from tests.unit.core.cards import ITEM, WRONG, card, history, measures_value

DATA = [{**ITEM, "path": "test.csv"}]
OTHER = [{**ITEM, "path": "test.csv", "sha256": digests.sha256(b"other")}]


def model(content: Any, data: Any = DATA, **changes: Any) -> Card:
    """Return a card with metrics and evaluation data."""
    found = measures.metrics("metrics.json", content)
    return card(metrics=measures_value(found), evaluation_data=data, **changes)


def gate(**changes: Any) -> ChampionGate:
    """Return a gate that asks for 0.01 more."""
    values = {"metric": "auc", "direction": "higher", "absolute": 0.01, "first": "fail"}
    return ChampionGate(**{**values, **changes})


def judge(rule: ChampionGate, own: Any, theirs: Any) -> Verdict:
    """Return the verdict on one number against another, and check that only a pass needs no fix."""
    card = model({"auc": own}, weights={**ITEM, "sha256": digests.sha256(b"better")})
    outcome = rule.decide(Context(card, champion=model({"auc": theirs}), history=history()))
    assert (outcome.fix == "") == outcome.verdict.opens
    return outcome.verdict


WITH_INTERVAL = {"value": 0.8, "interval": [0.7, 0.9]}


@pytest.mark.parametrize(
    ("rule", "own", "theirs", "expected"),
    [
        (gate(), 0.81, 0.8, Verdict.PASS),
        (gate(absolute=0.1), 0.7, 0.6, Verdict.PASS),
        (gate(absolute=0.1), 0.3, 0.2, Verdict.PASS),
        (gate(), 0.8099999, 0.8, Verdict.FAIL),
        (gate(absolute=0), 0.8, 0.8, Verdict.PASS),
        (gate(absolute=-0.01), 0.79, 0.8, Verdict.PASS),
        (gate(absolute=-0.01), 0.7899, 0.8, Verdict.FAIL),
        (gate(direction="lower"), 0.79, 0.8, Verdict.PASS),
        (gate(direction="lower"), 0.8, 0.8, Verdict.FAIL),
        (gate(direction="lower", absolute=-0.01), 0.81, 0.8, Verdict.PASS),
        (gate(absolute=None, relative=0.1), 0.88, 0.8, Verdict.PASS),
        (gate(absolute=None, relative=0.1), 0.87, 0.8, Verdict.FAIL),
        (gate(absolute=None, relative=-0.1), 0.72, 0.8, Verdict.PASS),
        (gate(absolute=None, relative=0.5), -1, -2, Verdict.PASS),
        (gate(absolute=None, relative=0.5), -1.1, -2, Verdict.FAIL),
        (gate(absolute=None, relative=0.1), 0.1, 0, Verdict.ERROR),
        (gate(relative=-0.5), 0.1, 0, Verdict.ERROR),
        (gate(relative=0.5), 0.9, 0.8, Verdict.FAIL),
        (gate(absolute=0.2, relative=0.01), 0.9, 0.8, Verdict.FAIL),
        (gate(relative=0.1), 0.9, 0.8, Verdict.PASS),
        (gate(on="lower"), WITH_INTERVAL, 0.69, Verdict.PASS),
        (gate(on="lower"), WITH_INTERVAL, 0.7, Verdict.FAIL),
        (gate(on="upper"), WITH_INTERVAL, 0.85, Verdict.PASS),
        (gate(direction="lower", on="upper"), WITH_INTERVAL, 0.85, Verdict.FAIL),
        (gate(on="lower"), 0.9, WITH_INTERVAL, Verdict.ERROR),
        (gate(), 1e308, -1e308, Verdict.PASS),
        (gate(metric="f1"), 0.9, 0.8, Verdict.ERROR),
    ],
)
def test_verdict(rule: ChampionGate, own: Any, theirs: Any, expected: Verdict) -> None:
    """The improvement, absolute, relative or both, in the direction that is better, as decimals have it."""
    assert expected is judge(rule, own, theirs)


@pytest.mark.parametrize("raw", WRONG.values(), ids=WRONG.keys())
def test_wrong_number_is_an_error(raw: bytes) -> None:
    """A number that is none blocks, on either side and whatever loss is tolerated."""
    content = measures.load("m.json", b'{"auc": ' + raw + b"}")["auc"]
    for rule in (gate(absolute=-1e300), gate(absolute=None, relative=-1e300), gate(absolute=-1e300, direction="lower")):
        assert judge(rule, content, 0.8) is Verdict.ERROR
        assert judge(rule, 0.8, content) is Verdict.ERROR


@pytest.mark.parametrize(
    ("mine", "theirs", "why"),
    [
        ([], DATA, "this version names no evaluation data"),
        (DATA, [], "the champion names no evaluation data"),
        ([], [], "this version names no evaluation data"),
        (DATA, OTHER, "other evaluation data than the champion's"),
        (DATA + OTHER, DATA, "other evaluation data than the champion's"),
        ([{**ITEM, "sha256": None}], [{**ITEM, "sha256": None}], "evaluation data of this version has no SHA-256"),
        (DATA, [*DATA, {**ITEM, "sha256": None}], "evaluation data of the champion has no SHA-256"),
    ],
)
def test_other_data_is_an_error(mine: Any, theirs: Any, why: str) -> None:
    """Numbers on other data, or on data that nobody can name, do not compare."""
    context = Context(model({"auc": 0.9}, mine), champion=model({"auc": 0.1}, theirs), history=history())
    outcome = gate().decide(context)
    assert (Verdict.ERROR, f"not comparable: {why}") == (outcome.verdict, outcome.found)


def test_data_is_known_by_digest_alone() -> None:
    """The same bytes under another path, in another order or named twice are the same data."""
    moved = [{**OTHER[0], "path": "a.csv"}, {**DATA[0], "path": "b.csv"}, *DATA]
    context = Context(model({"auc": 0.9}, moved), champion=model({"auc": 0.1}, DATA + OTHER), history=history())
    assert gate().decide(context).verdict is Verdict.PASS


def test_champion_itself_passes() -> None:
    """A renewal is no worse than itself, whatever is asked of others; but bytes must be known to be the same."""
    same = model({"auc": 0.8})
    outcome = gate().decide(Context(same, champion=same, history=history()))
    assert (Verdict.PASS, "is the champion itself", "") == (outcome.verdict, outcome.found, outcome.fix)
    unknown = model({"auc": 0.8}, weights={**ITEM, "sha256": None})
    assert gate().decide(Context(unknown, champion=unknown, history=history())).verdict is Verdict.FAIL


@pytest.mark.parametrize(("first", "expected"), [("pass", Verdict.PASS), ("fail", Verdict.FAIL)])
def test_first_deployment(first: str, expected: Verdict) -> None:
    """Where nothing serves, the policy's own rule counts."""
    outcome = gate(first=first).decide(Context(model({"auc": 0.8}), history=history(champion=None)))
    assert expected is outcome.verdict
    assert (outcome.fix == "") == expected.opens


def test_champion_without_a_card_is_an_error() -> None:
    """A champion whose card is not at hand is not the same as none."""
    assert gate(first="pass").decide(Context(model({"auc": 1}), history=history())).verdict is Verdict.ERROR


def test_without_a_log_it_is_pending() -> None:
    """Who drafts in a pipeline does not know what serves."""
    outcome = gate(first="pass").decide(Context(model({"auc": 0.8}), champion=model({"auc": 0.1})))
    assert outcome.verdict is Verdict.PENDING
    assert outcome.fix


@pytest.mark.parametrize(
    ("rule", "required"),
    [
        (gate(), "auc at least 0.01 higher than the champion's on the same data"),
        (gate(absolute=0), "auc not lower than the champion's on the same data"),
        (gate(absolute=-0.01, direction="lower"), "auc at most 0.01 higher than the champion's on the same data"),
        (
            gate(relative=0.07, on="lower"),
            "auc at least 0.01 higher than and at least 7 % higher than the champion's on the same data"
            " (lower end of the interval)",
        ),
    ],
)
def test_words(rule: ChampionGate, required: str) -> None:
    """The rule as people read it."""
    assert required == rule.decide(Context(model({}))).required


@pytest.mark.parametrize(
    ("rule", "faults"),
    [
        (gate(), []),
        (gate(absolute=None, relative=0), []),
        (gate(absolute=None), ["it sets neither absolute nor relative, so it could never refuse"]),
        (gate(absolute=-math.inf), ["an improvement must be a finite number"]),
        (gate(relative=math.nan), ["an improvement must be a finite number"]),
    ],
)
def test_faults(rule: ChampionGate, faults: list[str]) -> None:
    """A rule that could never refuse is a fault of the policy."""
    assert faults == rule.faults()


small = st.floats(-10, 10)


@given(small, small, small, st.floats(0, 10), st.sampled_from(["higher", "lower"]), st.booleans())
def test_asking_for_more_never_helps(
    own: float, theirs: float, amount: float, more: float, direction: str, relative: bool
) -> None:
    """What fails a smaller improvement fails a larger one."""
    key, other = ("relative", "absolute") if relative else ("absolute", "relative")
    less = gate(direction=direction, **{key: amount, other: None})
    much = gate(direction=direction, **{key: amount + more, other: None})
    assert judge(less, own, theirs) is not Verdict.FAIL or judge(much, own, theirs) is Verdict.FAIL
