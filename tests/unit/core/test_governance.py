"""How a version stands in one word, at each point of its life."""

from __future__ import annotations

import pytest

from govkit.core.governance import Governance, GovernanceStatus
from tests.unit.core.simulator import MODEL, World, good, key

PENDING, APPROVED, REJECTED, REVOKED = GovernanceStatus


def words(world: World, version: str = "1.0.0") -> tuple[str, dict[str, str]]:
    """Return the word for a version, and those for its stages."""
    state = world.state
    found = Governance(state, lambda request: state.tally(request, at=max(world.now, state.effective)).approved)
    return found.of(MODEL, version), dict(found.stages(MODEL, version))


def test_a_registered_version_waits(registered: World) -> None:
    """Nobody asked: it waits for review as a whole, and no stage has a word."""
    assert words(registered) == (PENDING, {})


def test_what_nobody_registered_waits(registered: World) -> None:
    """Of a version that the log does not know nothing good is said."""
    assert words(registered, "9.9.9") == (PENDING, {})


def test_a_request_waits_until_its_approvals_are_complete(requested: World) -> None:
    """One yes of two is not enough; with both it is approved, though it serves nowhere."""
    assert words(requested) == (PENDING, {"production": PENDING})
    good(requested.decide("bob", "risk-owner"))
    assert words(requested) == (PENDING, {"production": PENDING})
    good(requested.decide("carol", "validator"))
    assert words(requested) == (APPROVED, {"production": APPROVED})


def test_an_approval_that_has_ended_is_none(approved: World) -> None:
    """It can no longer be used, so the version waits again."""
    approved.sleep("31d")
    assert words(approved) == (PENDING, {"production": PENDING})


def test_an_approval_that_nothing_can_rest_on_is_none(approved: World) -> None:
    """Another version went in since: the request's champion is not the one that serves."""
    approved.serve("2.0.0")
    assert words(approved) == (PENDING, {"production": PENDING})


def test_a_withdrawn_request_leaves_no_word(approved: World) -> None:
    """Whatever was said yes to."""
    good(approved.withdraw(f"{MODEL}@1.0.0#production"))
    assert words(approved) == (PENDING, {})


def test_what_was_let_in_stays_approved(serving: World) -> None:
    """While it serves, after another took its place, and after the stage was emptied."""
    assert words(serving) == (APPROVED, {"production": APPROVED})
    serving.serve("2.0.0")
    assert words(serving) == (APPROVED, {"production": APPROVED})
    good(serving.promote("1.0.0", kind="rollback"))
    assert [words(serving, version)[0] for version in ("1.0.0", "2.0.0")] == [APPROVED, APPROVED]
    good(serving.clear())
    assert words(serving) == (APPROVED, {"production": APPROVED})


def test_a_no_in_one_stage_outweighs_a_yes_in_another(registered: World) -> None:
    """It serves in staging and is rejected for production: the one word is the careful one, until the no is lifted."""
    registered.serve("1.0.0", "staging")
    good(registered.request("1.0.0"))
    good(registered.decide("carol", "validator", "reject"))
    assert words(registered) == (REJECTED, {"production": REJECTED, "staging": APPROVED})
    good(registered.decide("frank", "head", "lift"))
    assert words(registered) == (APPROVED, {"production": PENDING, "staging": APPROVED})


def test_a_no_holds_over_a_new_request(requested: World) -> None:
    """Asking again changes nothing."""
    good(requested.decide("bob", "risk-owner", "reject"))
    good(requested.withdraw(f"{MODEL}@1.0.0#production"))
    assert words(requested) == (REJECTED, {"production": REJECTED})


@pytest.mark.parametrize("first", ["serving", "rejected"])
def test_revoked_outweighs_all(requested: World, first: str) -> None:
    """Whatever was said before."""
    if first == "serving":
        requested.approve_all()
        good(requested.promote("1.0.0"))
    else:
        good(requested.decide("bob", "risk-owner", "reject"))
    good(requested.revoke("1.0.0", actor="dan"))
    assert words(requested)[0] == REVOKED


def test_a_compromised_yes_lets_nothing_in(serving: World) -> None:
    """What was let in on a key that was stolen by then waits for review again."""
    stolen = next(judged.index for judged in serving.state.judged if judged.event and judged.event.actor == "carol")
    value = serving.value
    value = {**value, "people": {**value["people"], "carol": {**value["people"]["carol"], "keys": [key("carol2")]}}}
    good(serving.change(value, removed=[{"key": key("carol"), "compromised_from": stolen}]))
    assert words(serving) == (PENDING, {"production": PENDING})
