"""The card as a value."""

import pytest
from hypothesis import given, settings

from govkit.core import canonical, records
from govkit.core import card as cards
from govkit.core.errors import Malformed
from tests.unit.core.cards import ITEM, card, card_value, with_fairness, with_metrics
from tests.unit.core.strategies import hostile

DATA = canonical.encode(card_value())


def test_card_is_read() -> None:
    """A card has its model, its weights and its statements; defaults are filled in."""
    found = cards.parse(DATA)
    assert (found.model.name, found.weights.path, found.statements.tier) == ("m", "models/m.json", "medium")
    assert cards.parse(records.to_json(found)) == found


def test_users_own_keys_are_let_through() -> None:
    """Keys that begin with x- are the users' own; any other is misspelt."""
    assert cards.parse(canonical.encode(card_value(**{"x-team": {"a": [1]}}))) == cards.parse(DATA)
    with pytest.raises(Malformed, match="unknown field `y-team`"):
        cards.parse(canonical.encode(card_value(**{"y-team": 1})))


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"null", b"{}", b'"card"', canonical.encode(card_value(schema="govkit.card/v2")), DATA + b"\n"],
)
def test_other_bytes_are_malformed(data: bytes) -> None:
    """Only a canonical card of this version is one."""
    with pytest.raises(Malformed):
        cards.parse(data)


@settings(max_examples=150)
@given(hostile(DATA))
def test_parse_raises_only_malformed(data: bytes) -> None:
    """Arbitrary bytes are a card, or malformed."""
    try:
        found = cards.parse(data)
    except Malformed:
        return
    assert found.schema == cards.SCHEMA


@pytest.mark.parametrize("day", ["2026-1-1", "tomorrow", "2026-01-01\n", "2026-01-01T00:00:00Z"])
def test_contracts_day_is_a_day(day: str) -> None:
    """The day from which a version must not serve has one spelling."""
    statements = {"schema": "govkit.model/v1", "contract": {"valid_until": day}}
    with pytest.raises(Malformed):
        card(statements=statements)


def test_statements() -> None:
    """A statement comes without surrounding space; what is none is empty; the tier is high where nobody said."""
    found = card(statements={"schema": "govkit.model/v1", "owner": "  risk \n"})
    assert (
        found.statement("owner"),
        found.statement("monitoring"),
        found.statement("tier"),
        found.statements.tier,
    ) == ("risk", "", "", "high")


def test_metrics_are_found_by_name_or_path() -> None:
    """One name in two files is found twice."""
    found = with_metrics({"auc": 1, "b": {"auc": 2}}, "x.json", "y.json")
    assert [(m.path, m.name) for m in found.find_metrics("auc")] == [("x.json", "auc"), ("y.json", "auc")]
    assert [m.path for m in found.find_metrics("y.json:b.auc")] == ["y.json"]
    assert found.find_metrics("f1") == []


def test_fairness_is_found_once_or_not() -> None:
    """An attribute that two files report is reported by neither."""
    one = {"age": {"groups": {}}}
    assert with_fairness(one).find_fairness("age") is not None
    assert with_fairness(one).find_fairness("sex") is None
    assert with_fairness(one, "a", "b").find_fairness("age") is None


def test_data_digest_is_of_all_snapshots() -> None:
    """Path, digests and size of each snapshot count, and their order; where it came from does not."""
    lineage = card_value()["lineage"]

    def digest(*items: dict[str, object]) -> str:
        return card(lineage={**lineage, "data": [{**ITEM, **item} for item in items]}).data_digest()

    changes: list[dict[str, object]] = [
        {},
        {"path": "x"},
        {"md5": "1" * 32},
        {"md5": None},
        {"sha256": None},
        {"size": 6},
        {"size": None},
    ]
    assert len({digest(change) for change in changes} | {digest(), digest({}, {})}) == 9
    assert digest({}) == digest({"source": "data.dvc", "files": 3})
