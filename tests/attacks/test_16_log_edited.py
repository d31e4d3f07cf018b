"""An event of the log is edited, dropped, reordered or inserted, and the branch force-pushed.

Refused because every signature is over a root that holds all events before it: the signed roots no longer fit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from rawlog import Raw, edited, entries, find, rewrite
from world import World

from govkit.core import events

Change = Callable[[World, list[Raw]], int]


def signed_again(world: World, person: str, raw: Raw) -> Raw:
    """Return an entry with a new signature of a person."""
    return replace(raw, signature=world.sign(person, raw.event))


def edit(world: World, raws: list[Raw]) -> int:
    """Another reason for the production request, with the old signature on it."""
    at = find(raws, "request.opened", stage="production")
    raws[at] = edited(raws[at], lambda value: value["body"].update(reason="harmless"))
    return at


def edit_by_stranger(world: World, raws: list[Raw]) -> int:
    """The same, signed by the attacker."""
    at = edit(world, raws)
    raws[at] = signed_again(world, "mallory", raws[at])
    return at


def edit_by_its_author(world: World, raws: list[Raw]) -> int:
    """The same, signed again by the very person who signed it first."""
    at = edit(world, raws)
    raws[at] = signed_again(world, "ada", raws[at])
    return at


def edit_decision_by_its_author(world: World, raws: list[Raw]) -> int:
    """An approval turned into a reject, by its author."""
    at = find(raws, "decision.recorded", role="risk-owner")
    change = edited(raws[at], lambda value: value["body"].update(decision="reject"))
    raws[at] = signed_again(world, "rita", change)
    return at


def drop(world: World, raws: list[Raw]) -> int:
    """One approval taken out."""
    at = find(raws, "decision.recorded", role="risk-owner")
    del raws[at]
    return at


def swap(world: World, raws: list[Raw]) -> int:
    """Two approvals in the other order."""
    at = find(raws, "decision.recorded", role="risk-owner")
    raws[at], raws[at + 1] = raws[at + 1], raws[at]
    return at


def insert(world: World, raws: list[Raw]) -> int:
    """An unsigned event put in between."""
    at = find(raws, "request.opened", stage="production")
    raws.insert(at, replace(raws[1], signature=b"junk\n"))
    return at


def insert_copy(world: World, raws: list[Raw]) -> int:
    """A copy of an older event, with its good signature, put in between."""
    at = find(raws, "request.opened", stage="production")
    raws.insert(at, raws[1])
    return at


CHANGES = (edit, edit_by_stranger, edit_by_its_author, edit_decision_by_its_author, drop, swap, insert, insert_copy)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_changed_log_is_disproven(promoted: World, change: Change) -> None:
    """Whoever never saw the honest log refuses the changed one: later events were signed for another history."""
    raws = entries(promoted)
    change(promoted, raws)
    rewrite(promoted, raws)
    assert promoted.log().state.conflicts
    text = promoted.verify(expect=1).text
    assert "belongs to another history of this log" in text
    assert "signed it for another history of this log" in text
    assert "(conflict)" in promoted.govkit("log", "verify", expect=1).text
    assert "broken: event" in promoted.govkit("status", expect=1).text


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_clone_that_saw_the_log_names_the_event(promoted: World, change: Change) -> None:
    """The clone that has the honest log says where the other one begins to differ."""
    raws = entries(promoted)
    at = change(promoted, raws)
    rewrite(promoted, raws, forget=False)
    text = promoted.verify(expect=1).text
    assert "the log has two histories" in text
    assert f"differs from the rest at event {at}" in text


def test_evidence_changed(promoted: World) -> None:
    """The card beside a registration exchanged: the event names another digest, so nothing can be decided."""
    raws = entries(promoted)
    at = find(raws, "version.registered")
    raws[at] = replace(raws[at], evidence={**raws[at].evidence, "card.json": b"{}"})
    rewrite(promoted, raws)
    text = promoted.verify(expect=3).text
    assert f"event {at} cannot be decided" in text
    assert "its evidence 'card.json' is missing or different" in text
    assert "undecided: event" in promoted.govkit("log", "verify", expect=3).text


def test_subject_is_in_the_leaf(promoted: World) -> None:
    """The identity of an event changes with its bytes and with those of its signature."""
    raw = entries(promoted)[3]
    assert raw.signature is not None
    one, other = events.identity(raw.event, raw.signature), events.identity(raw.event, raw.signature + b"\n")
    assert len({one, other, events.identity(raw.event, None)}) == 3


def test_control(promoted: World) -> None:
    """The same entries written again are the same commits, and proven."""
    head = promoted.git("rev-parse", "govkit/log")
    rewrite(promoted, entries(promoted))
    assert promoted.git("rev-parse", "govkit/log") == head
    assert "PROVEN: scorer@1.0.0 serves in production" in promoted.verify().text
    promoted.govkit("log", "verify")
