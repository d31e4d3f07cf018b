"""Gate ``data``."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.core.card import Card, Item
from govkit.core.gates.base import Context, Verdict
from govkit.core.gates.data import DataGate, lookup, origin
from tests.unit.core.cards import ITEM, card, card_value, history

URL = "https://data.bank.example/clients.csv"


def model(*sources: str, params: Any = None, weights: str = "") -> Card:
    """Return a card with data snapshots from these sources, and parameters."""
    data = [{**ITEM, "path": f"data/{index}.csv", "source": source} for index, source in enumerate(sources)]
    lineage = {**card_value()["lineage"], "data": data, "params": params or {}}
    return card(lineage=lineage, weights={**ITEM, "source": weights})


def aged(value: Any) -> Card:
    """Return a card whose data is as of a value."""
    return model("", params={"params.yaml": {"ingest": {"as_of": value}}})


AGE = DataGate(max_age="30d", as_of="params.yaml:ingest.as_of")


@pytest.mark.parametrize(
    ("value", "expected", "found"),
    [
        ("2026-11-23", Verdict.PASS, "as of 2026-11-23, 0 days old"),
        ("2026-10-25", Verdict.PASS, "as of 2026-10-25, 29 days old"),
        ("2026-10-24", Verdict.FAIL, "as of 2026-10-24, 30 days old"),
        ("2026-10-24T10:00:00Z", Verdict.PASS, "as of 2026-10-24T10:00:00Z, 30 days old"),
        ("2026-10-24T09:59:59Z", Verdict.FAIL, "as of 2026-10-24T09:59:59Z, 30 days old"),
        ("2026-11-22T10:00:00Z", Verdict.PASS, "as of 2026-11-22T10:00:00Z, 1 day old"),
        ("2005-10-31", Verdict.FAIL, "as of 2005-10-31, 7693 days old"),
        ("2026-11-24", Verdict.ERROR, "as of 2026-11-24, which is to come"),
        ("2026-11-23T10:00:01Z", Verdict.ERROR, "as of 2026-11-23T10:00:01Z, which is to come"),
        ("9999-12-31", Verdict.ERROR, "as of 9999-12-31, which is to come"),
        ("2026-02-30", Verdict.ERROR, "params.yaml:ingest.as_of is '2026-02-30', and no day"),
        ("2026-11", Verdict.ERROR, "params.yaml:ingest.as_of is '2026-11', and no day"),
        ("20261123", Verdict.ERROR, "params.yaml:ingest.as_of is '20261123', and no day"),
        ("2026-W47-1", Verdict.ERROR, "params.yaml:ingest.as_of is '2026-W47-1', and no day"),
    ],
)
def test_age(value: str, expected: Verdict, found: str) -> None:
    """A day begins at midnight; what is to come, or is no day, is an error."""
    outcome = AGE.decide(Context(aged(value), history=history()))
    assert (expected, found) == (outcome.verdict, outcome.found)
    assert (outcome.fix == "") == expected.opens


@pytest.mark.parametrize(
    "value", [None, True, 0, 20261123, 1e15, [], ["2026-11-23"], {}, "", " ", "2026-11-23\n", "٢٠٢٦-11-23"]
)
def test_wrong_day_is_an_error(value: Any) -> None:
    """What is no day blocks, also before anybody knows today's date."""
    for known in (None, history()):
        assert AGE.decide(Context(aged(value), history=known)).verdict is Verdict.ERROR


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"params.yaml": {"ingest.as_of": "2026-11-23"}}, Verdict.PASS),
        ({"params.yaml": {"ingest": {"as_of": "2026-11-23"}, "ingest.as_of": "2026-11-23"}}, Verdict.PASS),
        ({"params.yaml": {"ingest": {"as_of": "2026-11-23"}, "ingest.as_of": "2026-11-22"}}, Verdict.ERROR),
        ({"params.yaml": {"as_of": "2026-11-23"}}, Verdict.ERROR),
        ({"params.yaml": {"ingest": ["2026-11-23"]}}, Verdict.ERROR),
        ({"other.yaml": {"ingest": {"as_of": "2026-11-23"}}}, Verdict.ERROR),
        ({}, Verdict.ERROR),
    ],
)
def test_parameter_is_found_by_its_name(params: Any, expected: Verdict) -> None:
    """Nested or dotted, but in the file that is named, and with one value."""
    assert expected is AGE.decide(Context(model("", params=params), history=history())).verdict


def test_lookup_of_mixed_names() -> None:
    """Dots may stand in keys and between them."""
    assert lookup({"a.b": {"c": 1}, "a": {"b": {"c": 2}, "b.c": 3}, "a.b.c": 4}, "a.b.c") == [4, 3, 2, 1]
    assert lookup({"a": {"b": None}}, "a.b") == [None]
    assert lookup({"a": "b"}, "a.b") == []


def test_age_without_a_log_is_pending() -> None:
    """How old the data is can be told at the instant of the judgement."""
    assert AGE.decide(Context(aged("2026-11-23"))).verdict is Verdict.PENDING


@pytest.mark.parametrize(
    ("sources", "expected", "found"),
    [
        ([f"a.dvc ({URL})"], Verdict.PASS, f"from {URL}"),
        ([URL], Verdict.PASS, f"from {URL}"),
        (["a.dvc (s3://elsewhere/a.csv)"], Verdict.FAIL, "from s3://elsewhere/a.csv"),
        ([f"a.dvc ({URL})", "b.dvc"], Verdict.FAIL, "from data/1.csv"),
        (["", ""], Verdict.FAIL, "from data/0.csv, data/1.csv"),
        (["git"], Verdict.FAIL, "from data/0.csv"),
        ([f"x.dvc ({URL}/.dvc (s3://elsewhere/a.csv)"], Verdict.FAIL, None),
        ([f"x.dvc (s3://elsewhere/.dvc ({URL})"], Verdict.FAIL, None),
        (["a.dvc (../shared/a.csv)"], Verdict.FAIL, "from ../shared/a.csv"),
        ([], Verdict.ERROR, "no data snapshot is known"),
    ],
)
def test_sources(sources: list[str], expected: Verdict, found: str | None) -> None:
    """Every snapshot must come from where it may come from."""
    outcome = DataGate(sources=["https://data.bank.example/*"]).decide(Context(model(*sources)))
    assert expected is outcome.verdict
    assert found in (None, outcome.found)
    assert (outcome.fix == "") == expected.opens


def test_origin_of_what_stands_in_the_repository() -> None:
    """A snapshot without an import is its own origin, and a pattern may allow it."""
    item = Item(path="data (1).csv", md5=None, sha256=None, size=None, source="data (1).csv.dvc")
    assert origin(item) == "data (1).csv"
    assert DataGate(sources=["s3://*", "data/*"]).decide(Context(model("", "git"))).verdict is Verdict.PASS


ALL = {"models/m.json": True, "data/0.csv": True}


@pytest.mark.parametrize(
    ("known", "sources", "weights", "expected"),
    [
        (ALL, [""], "", Verdict.PASS),
        ({"models/m.json": True}, ["git"], "", Verdict.PASS),
        ({"data/0.csv": True}, [""], "git", Verdict.PASS),
        ("attested", [""], "", Verdict.PASS),
        ({**ALL, "data/0.csv": False}, [""], "", Verdict.FAIL),
        ({**ALL, "data/0.csv": 1}, [""], "", Verdict.FAIL),
        ({**ALL, "data/0.csv": "yes"}, [""], "", Verdict.FAIL),
        ({**ALL, "data/0.csv": None}, [""], "", Verdict.FAIL),
        ({"data/0.csv": True}, [""], "", Verdict.FAIL),
        (ALL, ["", ""], "", Verdict.FAIL),
        ({}, [""], "", Verdict.FAIL),
        (None, [""], "", Verdict.PENDING),
        (ALL, [], "", Verdict.INCONCLUSIVE),
        ("attested", [], "", Verdict.INCONCLUSIVE),
        (ALL, ["git"], "git", Verdict.INCONCLUSIVE),
    ],
)
def test_pushed(known: Any, sources: list[str], weights: str, expected: Verdict) -> None:
    """All bytes that DVC tracks are in the remote; nothing is met by there being none."""
    outcome = DataGate(pushed=True).decide(Context(model(*sources, weights=weights), pushed=known))
    assert expected is outcome.verdict
    assert (outcome.fix == "") == expected.opens


def test_words_of_pushed() -> None:
    """Whose word it is, and how to find out."""
    gate = DataGate(pushed=True)
    assert "attested" in gate.decide(Context(model(""), pushed="attested")).found
    assert gate.decide(Context(model(""))).fix == "ask with --online"


def test_remote_is_only_asked_for_where_it_counts() -> None:
    """Looking at the remote costs time, so that not every gate on data asks for it."""
    assert DataGate(pushed=True).asks() == {"pushed"}
    assert AGE.asks() == frozenset()


@pytest.mark.parametrize(
    ("value", "known", "expected"),
    [
        ("2026-11-23", ALL, Verdict.PASS),
        ("2026-11-23", {}, Verdict.FAIL),
        ("2026-11-23", None, Verdict.PENDING),
        ("2026-10-01", None, Verdict.FAIL),
        ("no day", {}, Verdict.ERROR),
    ],
)
def test_worst_of_several_rules(value: str, known: Any, expected: Verdict) -> None:
    """Each rule is decided and told; the worst decides."""
    gate = DataGate(max_age="30d", as_of="params.yaml:ingest.as_of", sources=["data/*"], pushed=True)
    outcome = gate.decide(Context(aged(value), history=history(), pushed=known))
    assert expected is outcome.verdict
    assert outcome.required == (
        "data at most 30d old by params.yaml:ingest.as_of; data from data/*; weights and data in the DVC remote"
    )
    assert (outcome.fix == "") == expected.opens


@pytest.mark.parametrize(
    ("gate", "faults"),
    [
        (AGE, []),
        (DataGate(pushed=True), []),
        (DataGate(sources=["s3://*"]), []),
        (DataGate(), ["it sets neither max_age, sources nor pushed, so it could never refuse"]),
        (
            DataGate(max_age="30d"),
            ["max_age and as_of are set together: how old, and which parameter says from when"],
        ),
        (
            DataGate(as_of="params.yaml:x", pushed=True),
            ["max_age and as_of are set together: how old, and which parameter says from when"],
        ),
        (
            DataGate(max_age="30d", as_of="ingest.as_of"),
            ["as_of is FILE:NAME, such as params.yaml:ingest.as_of, not 'ingest.as_of'"],
        ),
        (DataGate(sources=["s3://*", "**"]), ["the source '*' is every source, so it could never refuse"]),
    ],
)
def test_faults(gate: DataGate, faults: list[str]) -> None:
    """A rule that is empty, or lacks its other half, is a fault of the policy."""
    assert faults == gate.faults()


def test_gate_without_rules_never_passes() -> None:
    """A policy with a fault cannot be adopted; should one be, its empty gate stays shut."""
    assert DataGate().decide(Context(model(""), history=history())).verdict is Verdict.ERROR


@given(st.integers(0, 400), st.integers(1, 400), st.integers(0, 400))
def test_shorter_age_never_helps(age: int, limit: int, more: int) -> None:
    """What is too old for one limit is too old for a shorter one."""
    now = f"{2026 + age // 365}-11-23T10:00:00Z"
    context = Context(aged("2026-01-01"), history=history(now=now))
    short = DataGate(max_age=f"{limit}d", as_of="params.yaml:ingest.as_of").decide(context)
    long = DataGate(max_age=f"{limit + more}d", as_of="params.yaml:ingest.as_of").decide(context)
    assert long.verdict is not Verdict.FAIL or short.verdict is Verdict.FAIL


@given(st.permutations(["data/*", "s3://*", "nothing"]), st.permutations(["", "git", "a.dvc (s3://x)", URL]))
def test_order_does_not_matter(patterns: list[str], sources: list[str]) -> None:
    """The verdict does not depend on the order of patterns or snapshots."""
    assert DataGate(sources=patterns).decide(Context(model(*sources))).verdict is Verdict.FAIL
    assert DataGate(sources=[*patterns, "https://*"]).decide(Context(model(*sources))).verdict is Verdict.PASS
