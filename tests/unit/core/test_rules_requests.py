"""Rules: opening, replacing and withdrawing requests for a version."""

import pytest

from tests.unit.core.simulator import MODEL, Step, World, commit, digest, edited, good, policy_value, refused

NAME = f"{MODEL}@1.0.0#production"


def test_request_is_opened(registered: World) -> None:
    """A request has the identity of its event, a name, a requester, and what a reject of it holds for."""
    judged = good(registered.request("1.0.0"))
    request = registered.request_of(NAME)
    assert (judged.id, NAME, "alice", "open") == (request.id, request.name, request.requester, request.state)
    assert (MODEL, "production", digest("card of 1.0.0")) == request.hold
    assert registered.request_of(judged.id) is request


def test_newer_request_replaces_the_older(requested: World) -> None:
    """Of two open requests for one version and stage, the newer counts; approvals do not go over to it."""
    first = requested.request_of(NAME)
    good(requested.decide("bob", "risk-owner"))
    second = good(requested.request("1.0.0"))
    assert (first.state, requested.request_of(NAME).state) == ("superseded", "open")
    assert requested.request_of(NAME).id == second.id
    refused(requested.decide("carol", "validator", request=first.id), f"{NAME} is superseded")
    good(requested.decide("carol", "validator"))
    refused(requested.promote("1.0.0"), "approvals are missing: risk-owner")


def test_requests_for_other_things_stay_open(requested: World) -> None:
    """Another stage, another version and a policy are other requests."""
    good(requested.register("1.1.0"))
    good(requested.request("1.0.0", "staging"))
    good(requested.request("1.1.0"))
    good(requested.request_policy(policy_value()))
    assert [request.state for request in requested.state.requests.values()] == ["open"] * 4


REQUESTS: dict[str, tuple[Step, str]] = {
    "unregistered": (lambda w: w.request("9.0.0"), f"{MODEL}@9.0.0 is not registered"),
    "of no model": (lambda w: w.request("1.0.0", subject="*"), "its subject must be a model"),
    "of another model": (lambda w: w.request("1.0.0", subject="fraud"), "fraud@1.0.0 is not registered"),
    "without the role": (lambda w: w.request("1.0.0", actor="bob"), "bob holds none of the roles engineer"),
    "unknown stage": (
        lambda w: w.request("1.0.0", "canary"),
        "the policy in force knows no stage 'canary'",
    ),
    "rollback": (
        lambda w: w.request("1.0.0", body={"action": "rollback"}),
        "the policy in force has no request for rollback",
    ),
    "break-glass": (
        lambda w: w.request("1.0.0", body={"action": "break-glass"}),
        "the policy in force has no request for break-glass",
    ),
    "no version": (lambda w: w.request("1.0.0", body={"version": None}), "it leaves out what it asks for"),
    "no stage": (lambda w: w.request("1.0.0", body={"stage": None}), "it leaves out what it asks for"),
    "no commit": (lambda w: w.request("1.0.0", body={"commit": None}), "it leaves out what it asks for"),
    "no digests": (lambda w: w.request("1.0.0", body={"digests": None}), "it leaves out what it asks for"),
    "a policy in it": (
        lambda w: w.request("1.0.0", body={"policy": digest("x"), "base": 0}),
        "a request for promote has no base and no policy",
    ),
    "another commit": (
        lambda w: w.request("1.0.0", body={"commit": commit("x")}),
        "it names other bytes than were registered",
    ),
    **{
        f"another {part}": (
            lambda w, part=part: w.request("1.0.0", digests={part: digest("x")}),
            "it names other bytes than were registered",
        )
        for part in ("card", "weights", "data")
    },
    "other requirements": (
        lambda w: w.request("1.0.0", digests={"requirements": digest("x")}),
        "it names other requirements than the policy in force has",
    ),
    "requirements of another stage": (
        lambda w: w.request("1.0.0", digests={"requirements": w.requirements("1.0.0", "staging")}),
        "it names other requirements than the policy in force has",
    ),
    "another champion": (
        lambda w: w.request("1.0.0", digests={"champion": digest("x")}),
        "it names another champion than serves now",
    ),
    "no card": (
        lambda w: w.request("1.0.0", files={}),
        "its card is not among its evidence",
    ),
}


@pytest.mark.parametrize(("step", "reason"), REQUESTS.values(), ids=REQUESTS.keys())
def test_request_is_refused(registered: World, step: Step, reason: str) -> None:
    """A request binds what was registered, what is required and what serves; nothing is left out or made up."""
    refused(step(registered), reason)
    assert registered.state.requests == {}


def test_request_that_ignores_the_champion_is_refused(serving: World) -> None:
    """Where a version serves, a request must name its promotion."""
    good(serving.register("1.1.0"))
    refused(serving.request("1.1.0", digests={"champion": None}), "it names another champion than serves now")
    good(serving.request("1.1.0"))


def test_champion_of_a_cleared_stage_is_nobody(serving: World) -> None:
    """After a stage was cleared, requests name no champion."""
    good(serving.clear())
    good(serving.register("1.1.0"))
    good(serving.request("1.1.0", digests={"champion": None}))


def test_service_may_ask(registered: World) -> None:
    """A service asks like anybody else who holds the role; it only never decides."""
    good(registered.request("1.0.0", actor="robot"))


# -- withdrawing ------------------------------------------------------------------------------------------------------


def test_request_is_withdrawn(requested: World) -> None:
    """A withdrawn request takes no decisions and lets nothing in."""
    requested.approve_all()
    good(requested.withdraw(NAME))
    assert requested.request_of(NAME).state == "withdrawn"
    refused(requested.decide("dan", "risk-owner"), f"{NAME} is withdrawn")
    refused(requested.promote("1.0.0"), f"{NAME} is withdrawn")
    refused(requested.withdraw(NAME), f"{NAME} is withdrawn")


def test_only_its_requester_withdraws_a_request(requested: World) -> None:
    """Nobody else takes a request away from under its approvers."""
    refused(requested.withdraw(NAME, actor="erin"), "only its requester can withdraw a request")
    refused(requested.withdraw(NAME, subject="*"), "there is no such request for this subject")
    assert requested.request_of(NAME).state == "open"


def test_former_requester_without_a_role_may_withdraw(requested: World) -> None:
    """To take one's own request back needs no role."""
    requested.change(edited(requested.value, "roles", "engineer", "people", to=["robot"]))
    good(requested.withdraw(NAME))


# -- names ------------------------------------------------------------------------------------------------------------


def test_name_means_the_newest_open_request(requested: World) -> None:
    """A name leads to the newest open request; where none is open, to the newest of all; else to none."""
    first = requested.request_of(NAME)
    good(requested.request("1.0.0"))
    second = requested.request_of(NAME)
    assert first is not second
    good(requested.withdraw(NAME))
    assert requested.request_of(NAME) is second
    assert requested.state.find_request(first.id) is first
    assert requested.state.find_request(f"{MODEL}@1.0.0#staging") is None
