"""Where a version would run, held against its contract: each misfit by name, and what nobody said is never a fit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.core import compatibility, records
from govkit.core.card import Contract
from govkit.core.compatibility import Target
from govkit.core.errors import Malformed
from govkit.core.gates.base import Verdict

CONTRACT: dict[str, Any] = {
    "framework": "xgboost",
    "framework_version": ">=3.0,<4",
    "python": ">=3.11,<3.14",
    "format": "xgboost-json",
    "hardware": {"accelerator": "none", "memory_mib": 512, "architecture": ["x86_64", "aarch64"], "protocol": "http"},
    "limits": {"batch": 10000},
    "environments": ["staging", "production"],
    "regions": ["eu-west-1", "eu-central-1"],
    "inputs": [
        {"name": "age", "dtype": "int64", "min": 18, "max": 120},
        {"name": "limit", "dtype": "float64", "nullable": True},
        {"name": "status", "dtype": "string", "values": ["single", "married"]},
        {"name": "history", "dtype": "float32", "shape": [-1, 6]},
    ],
    "outputs": [{"name": "probability", "dtype": "float32", "min": 0, "max": 1}],
}
TARGET: dict[str, Any] = {
    "schema": "govkit.target/v1",
    "python": "3.12.4",
    "frameworks": {"xgboost": "3.1.0", "numpy": "2.2.0"},
    "formats": ["xgboost-json", "onnx"],
    "hardware": {"memory_gib": 1, "architecture": "x86_64", "protocol": ["http", "grpc"]},
    "load": {"batch": 500},
    "environment": "production",
    "region": "eu-west-1",
    "inputs": [
        {"name": "age", "dtype": "int32", "min": 18, "max": 99},
        {"name": "limit", "dtype": "float32", "nullable": True},
        {"name": "status", "dtype": "string", "values": ["single"]},
        {"name": "history", "dtype": "float32", "shape": [32, 6]},
    ],
    "outputs": [{"name": "probability", "dtype": "float64", "min": 0, "max": 1}],
}


def judged(contract: dict[str, Any], target: dict[str, Any]) -> dict[str, tuple[Verdict, str]]:
    """Return verdict and finding by point."""
    checks = compatibility.judge(records.from_value(contract, Contract), records.from_value(target, Target))
    assert len({check.gate for check in checks}) == len(checks)
    return {check.gate.removeprefix("target-"): (check.verdict, check.found) for check in checks}


def shut(contract: dict[str, Any], target: dict[str, Any]) -> dict[str, str]:
    """Return the verdict of every point that does not open."""
    return {name: str(found[0]) for name, found in judged(contract, target).items() if found[0] is not Verdict.PASS}


def column(side: str, name: str, **changes: Any) -> dict[str, Any]:
    """Return a change of one column of a target's ``inputs`` or ``outputs``."""
    return {side: [{**one, **changes} if one["name"] == name else one for one in TARGET[side]]}


def test_a_target_that_fits() -> None:
    """Nothing stands in the way, and every point was looked at."""
    assert shut(CONTRACT, TARGET) == {}
    assert len(judged(CONTRACT, TARGET)) == 15


#: What is different of the target, and what that makes of which point.
MISFITS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "an old Python": ({"python": "3.10.9"}, {"python": "fail"}),
    "a new Python": ({"python": "3.14.0"}, {"python": "fail"}),
    "a release candidate in range": ({"python": "3.13.0rc1"}, {}),
    "no Python said": ({"python": ""}, {"python": "inconclusive"}),
    "no version of Python": ({"python": "three"}, {"python": "inconclusive"}),
    "a version of too many digits": ({"python": "9" * 5000}, {"python": "inconclusive"}),
    "an old framework": ({"frameworks": {"xgboost": "2.1.0"}}, {"framework": "fail"}),
    "another framework": ({"frameworks": {"torch": "2.9.0"}}, {"framework": "fail"}),
    "no framework said": ({"frameworks": {}}, {"framework": "inconclusive"}),
    "another format": ({"formats": ["onnx"]}, {"format": "fail"}),
    "no format said": ({"formats": []}, {"format": "inconclusive"}),
    "another environment": ({"environment": "test"}, {"environment": "fail"}),
    "another region": ({"region": "us-east-1"}, {"region": "fail"}),
    "no region said": ({"region": ""}, {"region": "inconclusive"}),
    "too little memory": ({"hardware": {**TARGET["hardware"], "memory_gib": 0.25}}, {"memory": "fail"}),
    "memory as text": (
        {"hardware": {**TARGET["hardware"], "memory_gib": "1"}},
        {"memory": "inconclusive", "memory_gib": "inconclusive"},
    ),
    "memory without a unit": (
        {"hardware": {**{k: v for k, v in TARGET["hardware"].items() if k != "memory_gib"}, "memory": 2**40}},
        {"memory": "inconclusive"},
    ),
    "memory said twice": ({"hardware": {**TARGET["hardware"], "memory_mib": 256}}, {"memory": "inconclusive"}),
    "memory said twice alike": ({"hardware": {**TARGET["hardware"], "memory_mib": 1024}}, {}),
    "no end of memory": (
        {"hardware": {**TARGET["hardware"], "memory_gib": float("inf")}},
        {"memory": "inconclusive", "memory_gib": "inconclusive"},
    ),
    "no end of a load": ({"load": {"batch": float("nan")}}, {"load-batch": "inconclusive"}),
    "a column twice": (
        {"inputs": [{"name": "age", "dtype": "string"}, *TARGET["inputs"]]},
        {"description": "error"},
    ),
    "a range upside down": (column("inputs", "age", min=99, max=18), {"description": "error"}),
    "another architecture": ({"hardware": {**TARGET["hardware"], "architecture": "riscv64"}}, {"architecture": "fail"}),
    "another protocol": ({"hardware": {**TARGET["hardware"], "protocol": "kafka"}}, {"protocol": "fail"}),
    "nothing of hardware": (
        {"hardware": {}},
        {"memory": "inconclusive", "architecture": "inconclusive", "protocol": "inconclusive"},
    ),
    "hardware that the contract says nothing of": (
        {"hardware": {**TARGET["hardware"], "disk_gib": 9}},
        {"disk": "inconclusive"},
    ),
    "too large a batch": ({"load": {"batch": 10001}}, {"load-batch": "fail"}),
    "a load without a limit": ({"load": {"batch": 1, "rate": 5}}, {"load-rate": "inconclusive"}),
    "a missing column": ({"inputs": TARGET["inputs"][1:]}, {"input-age": "fail"}),
    "a missing column that may be null": ({"inputs": [TARGET["inputs"][0], *TARGET["inputs"][2:]]}, {}),
    "a column too many": ({"inputs": [*TARGET["inputs"], {"name": "sex", "dtype": "string"}]}, {"input-sex": "fail"}),
    "no columns said": ({"inputs": []}, {"inputs": "inconclusive"}),
    "a wider type": (column("inputs", "age", dtype="float64"), {"input-age": "fail"}),
    "a type that loses digits": (column("inputs", "history", dtype="float64"), {"input-history": "fail"}),
    "text for a number": (column("inputs", "age", dtype="string"), {"input-age": "fail"}),
    "a type that is none": (column("inputs", "age", dtype="number"), {"input-age": "inconclusive"}),
    "nulls": (column("inputs", "age", nullable=True), {"input-age": "fail"}),
    "too low": (column("inputs", "age", min=17), {"input-age": "fail"}),
    "too high": (column("inputs", "age", max=121), {"input-age": "fail"}),
    "no range said": (column("inputs", "age", min=None), {"input-age": "inconclusive"}),
    "another value": (column("inputs", "status", values=["single", "divorced"]), {"input-status": "fail"}),
    "no values said": (column("inputs", "status", values=[]), {"input-status": "inconclusive"}),
    "listed values in range": (column("inputs", "age", min=None, max=None, values=[18, 40]), {}),
    "listed values out of range": (column("inputs", "age", min=None, max=None, values=[17, 40]), {"input-age": "fail"}),
    "another shape": (column("inputs", "history", shape=[32, 5]), {"input-history": "fail"}),
    "one dimension less": (column("inputs", "history", shape=[6]), {"input-history": "fail"}),
    "an output that is not there": ({"outputs": [{"name": "class", "dtype": "int64"}]}, {"output-class": "fail"}),
    "an output too narrow": (column("outputs", "probability", dtype="float16"), {"output-probability": "fail"}),
    "an output of less range": (column("outputs", "probability", max=0.5), {"output-probability": "fail"}),
    "no outputs expected": ({"outputs": []}, {}),
}


@pytest.mark.parametrize(("changes", "points"), MISFITS.values(), ids=MISFITS.keys())
def test_each_misfit_is_named(changes: dict[str, Any], points: dict[str, str]) -> None:
    """Exactly the points that do not fit, each with its verdict."""
    assert shut(CONTRACT, {**TARGET, **changes}) == points


@pytest.mark.parametrize("key", sorted(CONTRACT))
def test_a_contract_that_says_nothing_is_no_fit(key: str) -> None:
    """Where the target says something and the contract nothing, it is not known."""
    contract = {name: value for name, value in CONTRACT.items() if name != key}
    found = shut(contract, TARGET)
    assert found and set(found.values()) <= {"inconclusive"}


def test_nothing_said_at_all_is_no_fit() -> None:
    """Python and framework are asked of every version."""
    assert shut({}, {"schema": "govkit.target/v1"}) == {"python": "inconclusive", "framework": "inconclusive"}


def test_a_contract_that_makes_no_sense_is_an_error() -> None:
    """It is not guessed what it might mean."""
    assert shut({**CONTRACT, "python": "newer"}, TARGET) == {"contract": "error"}


@pytest.mark.parametrize(
    ("day", "now", "verdict"),
    [
        ("2026-12-31", "2026-12-30T23:59:59Z", "pass"),
        ("2026-12-31", "2026-12-31T00:00:00Z", "fail"),
        ("2026-12-31", "2027-01-01T00:00:00Z", "fail"),
    ],
)
def test_validity(day: str, now: str, verdict: str) -> None:
    """From its last day on a version must not serve."""
    check = compatibility.validity(Contract(valid_until=day), now)
    assert check is not None and check.verdict == verdict
    assert ("expired" in check.found) == (verdict == "fail")


def test_a_validity_that_is_no_day() -> None:
    """What never comes must not be valid for ever."""
    check = compatibility.validity(Contract(valid_until="9999-99-99"), "2026-12-31T00:00:00Z")
    assert check is not None and check.verdict is Verdict.ERROR and "no day" in check.found


def test_no_validity() -> None:
    """A contract without a day is not judged by one."""
    assert compatibility.validity(Contract(), "2026-12-31T00:00:00Z") is None


def test_a_unit_on_one_side_only_is_no_fit() -> None:
    """512 of what? It would fit 512 MiB by being a smaller number than they have bytes."""
    contract = {**CONTRACT, "hardware": {"memory": 512}}
    assert shut(contract, {**TARGET, "hardware": {"memory_mib": 256}}) == {"memory": "inconclusive"}


_COLUMN = st.fixed_dictionaries(
    {
        "name": st.just("c"),
        "dtype": st.sampled_from(["int8", "int32", "int64", "float32", "float64", "string", "bool", "odd"]),
        "nullable": st.booleans(),
        "shape": st.lists(st.sampled_from([-1, 1, 6]), max_size=2),
        "values": st.lists(st.sampled_from([1, 2, 3]), max_size=2),
        "min": st.none() | st.integers(0, 2),
        "max": st.none() | st.integers(2, 5),
    }
)


@given(_COLUMN, _COLUMN)
def test_what_fits_holds_every_value(taken: dict[str, Any], sent: dict[str, Any]) -> None:
    """Where a column fits, each value that callers may send is one that is taken."""
    found = judged({**CONTRACT, "inputs": [taken]}, {**TARGET, "inputs": [sent]})
    if "input-c" in found and found["input-c"][0] is Verdict.PASS:
        assert taken["nullable"] or not sent["nullable"]
        assert len(taken["shape"]) == len(sent["shape"])
        assert all(value in _values(taken) for value in _values(sent))
        assert "odd" not in (taken["dtype"], sent["dtype"])


def _values(column: dict[str, Any]) -> set[int]:
    """Return which whole numbers a column may hold, of some."""
    low, high = (-50 if column["min"] is None else column["min"]), (50 if column["max"] is None else column["max"])
    return {value for value in range(low, high + 1) if not column["values"] or value in column["values"]}


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=True) | st.text(max_size=9) | st.integers(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    )
)
def test_hardware_of_any_kind_is_decided(value: Any) -> None:
    """Whatever stands there, it is decided without an error, and only equal or enough fits."""
    contract = {**CONTRACT, "hardware": {"memory_mib": 512}}
    try:
        found = judged(contract, {**TARGET, "hardware": {"memory_mib": value}})
    except Malformed:
        return
    is_enough = isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 512
    assert (found["memory"][0] is Verdict.PASS) == is_enough if "memory" in found else True
