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
