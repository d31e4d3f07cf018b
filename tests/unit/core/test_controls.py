"""Which requirement is evidenced, partial or not covered; and what a repository shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from govkit.core import controls, evidence, records
from govkit.core.card import Card
from govkit.core.controls import Control
from govkit.core.errors import Malformed
from govkit.core.evidence import NamedCard, Piece
from tests.unit.core.cards import card_value
from tests.unit.core.simulator import World, edited, in_force, policy_value

DAY = "2026-11-27"
SOURCE = {"title": "t", "url": "https://example.org", "read": "not read", "on": DAY}


def mapping(*items: dict[str, Any], **more: Any) -> bytes:
    """Return a mapping as it lies in a file."""
    asked = [{"place": "1", "asks": "a", **item} for item in items]
    value = {"schema": controls.FRAMEWORK, "id": "own", "name": "Own", "as_of": DAY, "sources": [SOURCE]}
    return json.dumps({**value, "controls": asked, **more}).encode()


def words(pieces: evidence.Pieces, *items: dict[str, Any]) -> list[str]:
    """Return the words that requirements come out with."""
    return [met.word for met in controls.weigh(controls.parse(mapping(*items)), pieces).controls]


def states(pieces: evidence.Pieces, *names: str) -> list[str]:
    """Return how pieces of evidence stand."""
    return [pieces[name].state for name in names]


def named(name: str, **statements: str) -> NamedCard:
    """Return a card of a version."""
    said = {"schema": "govkit.model/v1", **statements}
    return NamedCard(name, "sha256:" + "0" * 64, records.from_value(card_value(statements=said), Card))


def test_all_some_none() -> None:
    """All of its evidence makes a requirement evidenced, some partial, none not covered; none asked for is none met."""
    pieces = {
        "card:owner": Piece(evidence="card:owner", state="there"),
        "card:data": Piece(evidence="card:data", state="partly"),
        "card:plots": Piece(evidence="card:plots", state="missing"),
    }
    asked = (
        ["card:owner"],
        ["card:owner", "card:plots"],
        ["card:owner", "card:data"],
        ["card:data"],
        ["card:plots"],
        ["log:verified"],
        ["card:owner", "log:verified"],
        [],
    )
    assert words(pieces, *({"evidence": names} for names in asked)) == [
        "evidenced",
        *["partial"] * 3,
        *["not covered"] * 2,
        "partial",
        "not covered",
    ]
    assert words(pieces, {"evidence": ["card:owner"], "most": "partial"}) == ["partial"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (mapping({"evidence": ["card:onwer"]}), "no evidence called card:onwer"),
        (mapping({"evidence": ["gate:vibes", "event:x"]}), "event:x, gate:vibes"),
        (mapping({"wants": []}), "wants"),
        (mapping(), "controls"),
        (mapping({}, sources=[]), "sources"),
        (mapping({}, as_of="today"), "as_of"),
        (mapping({}, schema="govkit.framework/v2"), "v2"),
        (b"\xff{", "malformed"),
        (b"[" * 100_000, ""),
        (b" " * (1 << 20) + b"{}", "allowed"),
    ],
)
def test_what_is_no_mapping(data: bytes, said: str) -> None:
    """Unknown evidence, unknown keys, no source, no day: none of it passes for a requirement that is met."""
    with pytest.raises(Malformed) as error:
        controls.parse(data)
    assert said.lower() in str(error.value).lower()


def test_a_section_counts_if_every_card_has_it() -> None:
    """On one of two cards it is partly there, and who lacks it is named; a card that cannot be read has nothing."""
    pieces = evidence.of_cards([named("a@1.0.0", owner="Risk", limitations="Many"), named("b@1.0.0", owner=" ")])
    assert states(pieces, "card:owner", "card:limitations", "card:monitoring", "card:data") == [
        *["partly"] * 2,
        "missing",
        "there",
    ]
    assert "not on that of b@1.0.0" in pieces["card:owner"].record
    unread = evidence.of_cards([NamedCard("a@1.0.0", "sha256:0", None)])
    assert {piece.state for piece in unread.values()} == {"missing"}
    assert {piece.state for piece in evidence.of_cards([]).values()} == {"missing"}


def test_every_word_of_the_language_is_answered(serving: World) -> None:
    """Whatever a mapping can name is either there or missing once cards and log were looked at."""
    pieces = {**evidence.of_cards([]), **evidence.of_log(serving.state, verified="head")}
    assert pieces.keys() == evidence.VOCABULARY.keys()


def test_what_a_log_shows(serving: World) -> None:
    """Good events alone count, gates only where a stage asks for them, and the record says where to look."""
    pieces = evidence.of_log(serving.state, verified="")
    assert states(pieces, "event:promotion.recorded", "gate:metric", "policy:revoke") == ["there"] * 3
    # The gate 'statements' is in the policy, and no stage asks for it.
    assert states(pieces, "gate:card", "event:canary.recorded", "log:verified", "mirror:seen") == ["missing"] * 4
    assert pieces["event:promotion.recorded"].record.startswith("event 5, by erin at 2026-01-05T")
    assert pieces["gate:metric"].record == "policy of event 0: gate 'auc' for production, gate 'auc' for staging"
    before = evidence.of_log(World().state, verified="")
    assert before["event:promotion.recorded"].state == "missing"


def test_an_event_without_effect_shows_nothing(registered: World) -> None:
    """Who may not revoke leaves an event that is inert, and that is no evidence of a revocation."""
    registered.revoke("1.0.0", actor="alice")
    assert evidence.of_log(registered.state, verified="")["event:version.revoked"].state == "missing"


APPROVALS = {"quorum": {"role": "risk-owner"}, "forbid": ["registrar"], "review_after": "90d"}


@pytest.mark.parametrize(
    ("rule", "path", "to", "is_met"),
    [
        ("approvals", ("revoke",), [], True),
        ("approvals", ("stages", "staging", "approvals"), KeyError, False),
        ("independence", ("revoke",), [], False),
        ("revoke", ("revoke",), [], False),
        ("roles", ("revoke",), [], True),
        ("tiers", ("revoke",), [], False),
        ("tiers", ("stages", "staging", "tiers"), {"high": {"gates": ["origin"]}}, True),
        ("review", ("stages", "staging", "approvals"), APPROVALS, True),
        ("independence", ("stages", "staging", "approvals"), APPROVALS, False),
        ("rollback", ("stages", "staging", "rollback"), {"roles": ["release"]}, True),
    ],
)
def test_rules_of_a_policy(rule: str, path: tuple[str, ...], to: Any, is_met: bool) -> None:
    """A rule is there only if every stage keeps it where it is about all, and none is met by being empty."""
    policy = in_force(edited({**policy_value(), "rules": 2}, *path, to=to))
    assert evidence.rules(policy)[rule] is is_met
    bare = in_force({**policy_value(), "stages": {}})
    assert not evidence.rules(bare)["approvals"]


def test_text_of_a_requirement() -> None:
    """What is shown is grouped by its record, and what is missing stands beside what evidence cannot show."""
    pieces = evidence.of_cards([named("a@1.0.0", owner="Risk", limitations="Many")])
    control = {"evidence": ["card:owner", "card:limitations", "log:verified"], "note": "and more"}
    met = controls.weigh(controls.parse(mapping(control)), pieces).controls[0]
    assert met.shown == "the card's owner, the card's limitations: card of a@1.0.0 (sha256:000000000000)"
    assert met.lacking == "the log verifies under its pinned root of trust; and more"
    assert Control(place="1", asks="a").evidence == []
