"""Gate ``card``."""

import pytest

from govkit.core.card import STATEMENTS
from govkit.core.gates.base import Context, Verdict
from govkit.core.gates.card import CardGate
from tests.unit.core.cards import card


def context(**statements: str) -> Context:
    """Return a card with statements."""
    return Context(card(statements={"schema": "govkit.model/v1", **statements}))


@pytest.mark.parametrize("section", STATEMENTS)
@pytest.mark.parametrize(
    ("text", "expected"),
    [("written", Verdict.PASS), ("", Verdict.FAIL), (" \n\t", Verdict.FAIL), ("\u00a0\u2003", Verdict.FAIL)],
)
def test_verdict(section: str, text: str, expected: Verdict) -> None:
    """A statement that is blank, or nothing but space, fails."""
    assert expected is CardGate(sections=[section]).decide(context(**{section: text})).verdict


def test_words() -> None:
    """Blank statements are named, and where to fill them in."""
    outcome = CardGate(sections=["owner", "limitations", "monitoring"]).decide(context(owner="risk"))
    assert (outcome.required, outcome.found) == (
        "filled in: owner, limitations, monitoring",
        "blank: limitations, monitoring",
    )
    assert outcome.fix == "fill it in model.yaml and run 'dvc repro'"


@pytest.mark.parametrize("section", ["tier", "schema", "onwer", "data", "", "__class__"])
def test_unknown_section_never_passes(section: str) -> None:
    """What is no statement fails, and is a fault of the policy."""
    assert CardGate(sections=[section]).decide(context(owner="risk")).verdict is Verdict.FAIL
    assert [f"'{section}' is no section; there are {', '.join(STATEMENTS)}"] == CardGate(sections=[section]).faults()


def test_faults() -> None:
    """A gate without sections could never refuse."""
    assert CardGate(sections=[]).faults() == ["it names no sections, so it could never refuse"]
    assert CardGate(sections=["owner"]).faults() == []


TIERED = CardGate(sections=["owner"], tiers={"medium": ["owner", "limitations"], "high": ["monitoring"]})


@pytest.mark.parametrize(
    ("tier", "blank"),
    [("low", ""), ("medium", "limitations"), ("high", "monitoring")],
)
def test_tiers_ask_for_more(tier: str, blank: str) -> None:
    """A model of a higher tier has to say more, beside what all have to."""
    outcome = TIERED.decide(context(owner="risk", tier=tier))
    expected = (Verdict.FAIL, f"blank: {blank}") if blank else (Verdict.PASS, "all filled in")
    assert expected == (outcome.verdict, outcome.found)
    filled = context(owner="risk", tier=tier, **({blank: "written"} if blank else {}))
    assert TIERED.decide(filled).verdict is Verdict.PASS


def test_tier_that_nobody_stated_is_the_highest() -> None:
    """Who says nothing of the tier is asked for the most."""
    assert TIERED.decide(context(owner="risk")).required == "filled in: owner, monitoring (tier high)"


@pytest.mark.parametrize(
    ("gate", "faults"),
    [
        (TIERED, []),
        (CardGate(sections=[], tiers={"low": ["owner"], "medium": ["owner"], "high": ["owner"]}), []),
        (CardGate(sections=[], tiers={"high": ["owner"]}), ["it names no sections, so it could never refuse"]),
        (CardGate(sections=["owner"], tiers={"high": []}), ["tier 'high' names no sections"]),
        (
            CardGate(sections=["owner"], tiers={"high": ["onwer"]}),
            [f"'onwer' is no section; there are {', '.join(STATEMENTS)}"],
        ),
    ],
)
def test_faults_of_tiers(gate: CardGate, faults: list[str]) -> None:
    """Every model must be asked for something, and for what there is."""
    assert faults == gate.faults()
