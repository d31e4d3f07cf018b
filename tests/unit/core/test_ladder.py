"""How far a repository is: every step that is missing keeps it below its level."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from govkit.core import ladder, records
from govkit.core.card import Card
from govkit.core.ladder import Seen, climb
from tests.unit.core.cards import card_value
from tests.unit.core.simulator import MODEL, World, edited, good, in_force, policy_value

SAID = {"schema": "govkit.model/v1", "owner": "Risk", "intended_use": "Tests", "limitations": "Many"}
MIRROR = "s3://bucket/audit"


def card(**said: str) -> Card:
    """Return a card on which people said what they must, but for what is given."""
    return records.from_value(card_value(statements={**SAID, **said}), Card)


def strict() -> dict[str, Any]:
    """Return the world's policy as the third level wants it."""
    value: dict[str, Any] = {**policy_value(), "rules": 2}
    del value["records"]["waiver.granted"]  # under rules 2, who may waive stands at the gate
    for stage in value["stages"].values():
        stage["approvals"]["forbid"] = ["registrar"]
    return {**value, "audit": {"mirrors": [MIRROR], "retention": "30d", "freshness": "7d"}}


@pytest.fixture
def seen() -> Seen:
    """What is seen of a repository at the top: 1.0.0 serves in production."""
    world = World(strict())
    good(world.register("1.0.0"))
    good(world.request("1.0.0"))
    world.approve_all()
    good(world.promote("1.0.0"))
    return Seen({MODEL: card()}, [".gitlab-ci.yml"], world.state)


def test_the_top(seen: Seen) -> None:
    """With every step done it is the third level, and nothing is missing."""
    found = climb(seen)
    assert (found.level, found.title, found.missing) == (3, ladder.TITLES[3], [])
    assert all(step.done and not step.mend for step in found.steps)


@pytest.mark.parametrize(
    ("changed", "level", "missing"),
    [
        ({"cards": {}}, 0, ["models are declared", "each has a card in Git", "each card says owner, use and limits"]),
        ({"cards": {MODEL: None}}, 0, ["each has a card in Git", "each card says owner, use and limits"]),
        ({"cards": {MODEL: card(owner=" ")}}, 0, ["each card says owner, use and limits"]),
        ({"ci": []}, 1, ["CI runs the gates"]),
        ({"trust": "not pinned"}, 1, ["its root of trust is pinned"]),
        ({"cards": {MODEL: card(), "other": card()}}, 1, ["every model has a registered version"]),
        ({"faults": ["a tag moved"]}, 2, ["the log verifies"]),
        ({"unproven": ["m in production: refused"]}, 2, ["what serves is proven"]),
        ({"behind": ["s3://bucket: behind"]}, 2, ["every mirror holds the whole log"]),
        ({"stale": ["it has no checkpoint"]}, 2, ["an old copy of the log is noticed"]),
    ],
)
def test_one_thing_missing(seen: Seen, changed: dict[str, Any], level: int, missing: list[str]) -> None:
    """It falls to the level below, says what is missing there, and names what to do about it."""
    found = climb(replace(seen, **changed))
    assert (found.level, [step.what for step in found.missing]) == (level, missing)
    assert all(step.mend for step in found.missing)


@pytest.mark.parametrize(
    ("path", "to", "level", "missing"),
    [
        (("stages", "staging", "gates"), [], 1, "every stage has gates"),
        (("stages", "staging", "approvals", "forbid"), [], 2, "who made a version cannot approve it"),
        (("audit",), {"mirrors": ["file:///copy"], "freshness": "7d"}, 2, "a mirror keeps the log locked"),
        (("audit", "freshness"), None, 2, "an old copy of the log is noticed"),
        (("roles", "admin", "people"), ["alice"], 2, "nobody changes the policy alone"),
    ],
)
def test_the_policy_decides(seen: Seen, path: tuple[str, ...], to: Any, level: int, missing: str) -> None:
    """A policy that asks for less is a lower level, whatever else there is."""
    assert seen.state is not None
    policy = in_force(edited(strict(), *path, to=to))
    state = replace(seen.state, policies=[(0, policy)])
    found = climb(replace(seen, state=state))
    assert (found.level, [step.what for step in found.missing]) == (level, [missing])


def test_without_a_log(seen: Seen) -> None:
    """Cards alone are the first level; nothing of the others is met by there being nothing."""
    found = climb(Seen(seen.cards))
    assert found.level == 1
    assert not any(step.done for step in found.steps if step.level > 1)
    assert climb(Seen({})).title == "nothing yet"
