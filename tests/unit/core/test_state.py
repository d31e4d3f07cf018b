"""Asking the state: what serves, who approved, under which policy. How it comes about is tested with the rules."""

from govkit.core.entities import Request
from govkit.core.judged import Judged, Status
from govkit.core.ledger import Ledger
from govkit.core.state import State
from tests.unit.core.simulator import MODEL, World, good, key, snapshot

NAME = f"{MODEL}@1.0.0#production"


def test_empty_state_knows_nothing(requested: World) -> None:
    """Before the first event there is no policy, and nothing is approved."""
    state = State()
    assert (state.policy, state.champion(MODEL, "production"), state.policy_at(0)) == (None, None, None)
    assert state.find_request(NAME) is None
    assert state.next_counter(MODEL) == 1
    assert not state.tally(requested.request_of(NAME)).approved


def test_policy_at_an_event(world: World) -> None:
    """An event is judged by the policy that was in force before it; event 0 by its own."""
    first = world.policy
    changed = world.edit("description", to="second")
    second = world.policy
    expected = [first] * (changed.index + 1) + [second]
    assert expected == [world.state.policy_at(index) for index in range(changed.index + 2)]


def test_tally_at_an_instant(approved: World) -> None:
    """What counted then may no longer count later."""
    request = approved.request_of(NAME)
    assert approved.state.tally(request, at="2026-02-04T09:03:00Z").approved
    later = approved.state.tally(request, at="2026-02-04T09:03:01Z")
    assert ([d.body.role for d in later.counted.values()], sorted(later.counted)) == (["validator"], ["carol"])


def test_looking_changes_nothing(serving: World) -> None:
    """All questions leave the state as it is."""
    before = snapshot(serving.state)
    state, request = serving.state, serving.request_of(NAME)
    state.tally(request, {"bob"})
    state.rejects(request.hold)
    state.find_request(NAME)
    state.next_counter(MODEL, {"x#y#9"})
    state.requirements_of(request, serving.policy)
    assert before == snapshot(serving.state)


def test_compromised_signatures(world: World) -> None:
    """A signature counts as compromised from the index on that was reported, and only that key's."""
    judged = world.state.judged[0]
    for start, expected in ((0, True), (1, False)):
        world.state.compromised[judged.signer or ""] = start
        assert expected == world.state.is_compromised(judged)
    world.state.compromised = {key("bob"): 0}
    assert not world.state.is_compromised(judged)


def test_verdict_without_an_event_has_no_actor(requested: World) -> None:
    """What cannot be read was written by nobody."""
    nobody = Judged(9, "id", Status.INERT, "", "", None, None)
    request = Request(nobody, MODEL, requested.request_of(NAME).body)
    assert request.requester == ""


def test_requirements_of_an_unknown_version_are_unknown(requested: World) -> None:
    """Without the version nobody knows its tier, and so not what is required."""
    request = requested.request_of(NAME)
    requested.state.versions.clear()
    assert requested.state.requirements_of(request, requested.policy) is None


def test_ledgers_do_not_share_state(world: World) -> None:
    """A new ledger starts from nothing."""
    good(world.register("1.0.0"))
    assert Ledger().state.versions == {}
