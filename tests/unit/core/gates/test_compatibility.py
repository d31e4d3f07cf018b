"""Gate ``compatibility``."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.core.card import Column, Contract
from govkit.core.gates.base import Context, Verdict
from govkit.core.gates.compatibility import FIELDS, CompatibilityGate, problems
from tests.unit.core.cards import SHA, card, history

GOOD: dict[str, Any] = {
    "framework": "xgboost",
    "framework_version": ">=3.0,<4",
    "python": ">=3.11",
    "format": "xgboost-json",
    "hardware": {"accelerator": "none", "memory_mib": 512},
    "limits": {"batch": 10000},
    "outputs": [{"name": "probability", "dtype": "float32", "min": 0, "max": 1}],
}
GATE = CompatibilityGate()


def context(changes: dict[str, Any], **known: Any) -> Context:
    """Return a card with a contract."""
    contract = {**GOOD, **changes}
    return Context(card(statements={"schema": "govkit.model/v1", "contract": contract}), **known)


def columns(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Return columns of the contract."""
    return [{"name": "x", "dtype": "int64", **one} for one in changes]


@pytest.mark.parametrize(
    ("changes", "expected", "found"),
    [
        ({}, Verdict.PASS, "filled in and valid"),
        ({"inputs": columns({}, {"name": "y"})}, Verdict.PASS, None),
        ({"inputs": columns({"min": 1, "max": 1, "shape": [-1, 3]})}, Verdict.PASS, None),
        ({"inputs": columns({"name": "probability"})}, Verdict.PASS, None),
        ({"hardware": {}, "limits": {}}, Verdict.PASS, None),
        ({"requirements": "requirements.txt", "requirements_sha256": SHA}, Verdict.PASS, None),
        ({"framework": ""}, Verdict.FAIL, "blank: framework"),
        ({"framework": " \n", "outputs": []}, Verdict.FAIL, "blank: framework, outputs"),
        ({"python": ""}, Verdict.FAIL, "blank: python"),
        ({"python": "3.11"}, Verdict.ERROR, "python: '3.11' is no version specifier such as >=3.0,<4"),
        ({"python": "any"}, Verdict.ERROR, None),
        ({"framework_version": "<4,>=three"}, Verdict.ERROR, None),
        ({"outputs": columns({}, {})}, Verdict.ERROR, "outputs: 2 columns named 'x'"),
        ({"inputs": columns({}, {"name": "x "})}, Verdict.ERROR, "inputs: 2 columns named 'x'"),
        ({"inputs": columns({"name": " "})}, Verdict.ERROR, "inputs: a column without a name"),
        ({"inputs": columns({"dtype": "float"})}, Verdict.ERROR, None),
        ({"inputs": columns({"dtype": "Int64"})}, Verdict.ERROR, None),
        ({"inputs": columns({"min": 2, "max": 1})}, Verdict.ERROR, "inputs: x: min 2 is above max 1"),
        ({"inputs": columns({"shape": [0]})}, Verdict.ERROR, None),
        ({"requirements": "r.txt"}, Verdict.ERROR, "requirements: r.txt is not in Git"),
        ({"framework": "", "python": "any"}, Verdict.ERROR, None),
    ],
)
def test_verdict(changes: dict[str, Any], expected: Verdict, found: str | None) -> None:
    """What is blank fails; what contradicts itself, or cannot be read, is an error."""
    outcome = GATE.decide(context(changes))
    assert expected is outcome.verdict
    assert found in (None, outcome.found)
    assert (outcome.fix == "") == expected.opens


@pytest.mark.parametrize("wrong", [None, "512", True, False, 0, -1, [512], {}, "NaN", "inf", ""], ids=repr)
@pytest.mark.parametrize("key", ["memory_mib", "cpus", "gpu", "disk_gb"])
def test_wrong_amount_is_an_error(key: str, wrong: Any) -> None:
    """An amount of hardware or an operating limit is a number above 0."""
    assert GATE.decide(context({"hardware": {key: wrong}})).verdict is Verdict.ERROR
    assert GATE.decide(context({"limits": {"batch": wrong}})).verdict is Verdict.ERROR


def test_other_numbers_of_hardware_are_amounts() -> None:
    """A number under a key that nobody knows must make sense all the same; words are free."""
    assert GATE.decide(context({"hardware": {"bandwidth": -1}})).verdict is Verdict.ERROR
    assert GATE.decide(context({"hardware": {"bandwidth": 0.5, "accelerator": "cuda"}})).verdict is Verdict.PASS


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none(wrong: float) -> None:
    """No reader lets these through; should one do, they are refused."""
    column = Column(name="x", dtype="int64", min=wrong)
    for contract in (
        Contract(inputs=[column]),
        Contract(limits={"batch": wrong}),
        Contract(hardware={"memory_mib": wrong}),
    ):
        assert len(list(problems(contract))) == 1


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("2026-11-24", Verdict.PASS),
        ("2026-11-23", Verdict.FAIL),
        ("2026-11-22", Verdict.FAIL),
        ("2027-02-29", Verdict.ERROR),
        ("0000-01-01", Verdict.ERROR),
    ],
)
def test_valid_until(until: str, expected: Verdict) -> None:
    """The named day is the first on which the version must not serve."""
    outcome = GATE.decide(context({"valid_until": until}, history=history()))
    assert expected is outcome.verdict
    assert (outcome.fix == "") == expected.opens


def test_valid_until_without_a_log_is_pending() -> None:
    """Without an instant nobody can say; what is wrong or blank is told at once."""
    until = {"valid_until": "2026-11-24"}
    assert GATE.decide(context(until)).verdict is Verdict.PENDING
    assert GATE.decide(context({**until, "format": ""})).verdict is Verdict.FAIL
    assert GATE.decide(context({"valid_until": "2026-13-01"})).verdict is Verdict.ERROR


@pytest.mark.parametrize("field", FIELDS)
def test_every_key_can_be_required(field: str) -> None:
    """Each key of a contract is blank in an empty one, and filled in here."""
    gate = CompatibilityGate(require=[field])
    assert gate.faults() == []
    empty = Context(card(statements={"schema": "govkit.model/v1"}))
    assert gate.decide(empty).verdict is Verdict.FAIL
    full = {
        "requirements": "r.txt",
        "requirements_sha256": SHA,
        "environments": ["staging"],
        "regions": ["eu"],
        "valid_until": "2027-01-01",
        "inputs": columns({}),
    }
    assert gate.decide(context(full, history=history())).verdict is Verdict.PASS


def test_lists_of_blanks_are_blank() -> None:
    """A region without a name is none."""
    assert CompatibilityGate(require=["regions"]).decide(context({"regions": ["", " "]})).verdict is Verdict.FAIL


def test_faults() -> None:
    """A gate that an empty contract would meet, or none could, is a fault of the policy."""
    assert GATE.faults() == []
    assert CompatibilityGate(require=[]).faults() == ["it requires nothing, so an empty contract would pass"]
    assert CompatibilityGate(require=["pyhton"]).faults() == [
        f"'pyhton' is no key of a contract; there are {', '.join(FIELDS)}"
    ]


@given(st.permutations(columns({}, {"name": "y"}, {"name": "z", "dtype": "?"})), st.permutations(["python", "format"]))
def test_order_does_not_matter(inputs: list[Any], require: list[str]) -> None:
    """The verdict does not depend on the order of columns or of what is required."""
    gate = CompatibilityGate(require=require)
    assert gate.decide(context({"inputs": inputs})).verdict is Verdict.ERROR
    assert gate.decide(context({"inputs": [one for one in inputs if one["name"] != "z"]})).verdict is Verdict.PASS
