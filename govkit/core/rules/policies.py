"""Rules for policies and for the acknowledgement of violations."""

from __future__ import annotations

from itertools import islice

from govkit.core import canonical, keys, policy, policycheck
from govkit.core.errors import Malformed
from govkit.core.events import (
    ALL,
    PolicyAdopted,
    RemovedKey,
    ViolationAcknowledged,
)
from govkit.core.judged import Judged
from govkit.core.policy import InForce
from govkit.core.rules.case import (
    CannotDecide,
    Case,
    NotAllowed,
    approved_request,
    require,
)
from govkit.core.state import State


def read_policy(data: bytes) -> InForce:
    """Read a ``policy.json`` that somebody wants in force.

    Raises:
        CannotDecide: if it is of a version that this govkit does not know.
        NotAllowed: if it is malformed or must not be adopted.
    """
    try:
        value = canonical.decode(data)
        known = (
            isinstance(value, dict)
            and value.get("schema") == policy.SCHEMA
            and any(value.get("rules") == number for number in policy.KNOWN_RULES)
        )
        if isinstance(value, dict) and not known and isinstance(value.get("rules"), int):
            raise CannotDecide(
                f"it adopts rules {value['rules']} of {value.get('schema')}, which this govkit does not know"
            )
        found = policy.parse(data)
    except Malformed as error:
        raise NotAllowed(f"its policy cannot be read: {error}") from error
    # Three are told; who may only propose must not make every reader look for thousands.
    fatal = list(islice((fault.message for fault in policycheck.each_fault(found) if fault.fatal), 3))
    require(not fatal, f"its policy must not be adopted: {'; '.join(fatal)}")
    return found


def policy_adopted(case: Case, body: PolicyAdopted) -> None:
    """Event 0 is signed by an administrator of the policy it brings; later ones rest on an approved request."""
    state = case.state
    require(case.event.subject == ALL, "its subject must be '*'")
    if case.judged.index > 0:  # before the policy is read: who may not adopt one cannot make the log undecided
        case.needs_role(case.policy.policy.admin.roles)
    adopted = read_policy(case.content("policy.json"))
    if case.judged.index == 0:
        require(body.genesis is not None and body.request is None, "event 0 holds nonce and remote, and no request")
        require(
            adopted.may(case.event.actor, adopted.policy.admin.roles), f"{case.event.actor} is no administrator in it"
        )
    else:
        require(body.genesis is None, "only event 0 opens a log")
        if not (case.policy.policy.admin.sole and body.request is None):
            request = approved_request(case, body.request, "policy")
            require(request.body.policy == adopted.digest, "the request was for another policy")
            require(request.body.base == state.policies[-1][0], "the request was made against an older policy")
        check_people(state, adopted)
        if case.policy.policy.rules > 1:
            require(adopted.policy.rules >= case.policy.policy.rules, "rules never go back to an older version")
            moved = [gone for gone in body.removed if gone.key in state.compromised]
            require(
                all(
                    gone.compromised_from is not None and gone.compromised_from <= state.compromised[gone.key]
                    for gone in moved
                ),
                "a key that is reported as compromised does not become sound again",
            )
            expected = removed_keys(case.policy, adopted)
            require(body.removed == expected, "the keys that it takes out are not those that the policy takes out")
    for removed in body.removed:
        require(_is_spelled_right(removed.key), "a key that it takes out is not written as 'TYPE BASE64'")
        still = adopted.owner(removed.key)
        require(still is None, f"a key that it takes out still stands under '{still}'")
    if body.genesis is not None:
        state.remote = body.genesis.remote
    if body.request is not None:
        state.end_request(state.requests[body.request], "done")
    _bring_in(state, case.judged, adopted, body)


def removed_keys(before: InForce, after: InForce) -> list[RemovedKey]:
    """Return the keys that a new policy takes out, with the event from which on a compromised one proves nothing.

    A key that was taken out before and is reported as compromised only now is among them.
    """
    old, new = ({key for member in p.policy.people.values() for key in member.keys} for p in (before, after))
    known = {(gone.key, gone.since) for gone in before.policy.retired}
    since = {gone.key: gone.since for gone in after.policy.retired if (gone.key, gone.since) not in known}
    late = {key for key, start in since.items() if start is not None}
    return [RemovedKey(key=key, compromised_from=since.get(key)) for key in sorted((old - new) | (late - new))]


def _is_spelled_right(key: str) -> bool:
    """Tell whether a key stands as members have it; with a comment, taking it out would take out nothing."""
    try:
        return keys.normalise(key) == key
    except Malformed:
        return False


def check_people(state: State, adopted: InForce) -> None:
    """Refuse ids that were used before, keys that belonged to somebody else, and compromised keys."""
    for who, member in adopted.policy.people.items():
        require(who not in state.gone, f"the id '{who}' was used before, and ids are never used twice")
        for key in member.keys:
            require(state.owners.get(key, who) == who, f"a key of '{who}' belonged to '{state.owners.get(key)}'")
            require(key not in state.compromised, f"a key of '{who}' is reported as compromised")


def _bring_in(state: State, judged: Judged, adopted: InForce, body: PolicyAdopted) -> None:
    before = set(state.policy.policy.people) if state.policy else set()
    state.gone |= before - set(adopted.policy.people)
    for who, member in adopted.policy.people.items():
        state.owners.update(dict.fromkeys(member.keys, who))
    for removed in body.removed:
        if removed.compromised_from is not None:
            state.compromised[removed.key] = removed.compromised_from
            # A reject that a stolen key lifted holds again.
            state.holds.update({request.hold: state.rejects(request.hold) for request in state.requests.values()})
    state.policies.append((judged.index, adopted))


def violation_acknowledged(case: Case, body: ViolationAcknowledged) -> None:
    """An administrator quorum says that it knows of a violation, and why to go on; it has no effect for ever.

    Under rules 1 that is for conflicts alone; from rules 2 on also for events of a type or schema that the rules do not
    know, and a sole administrator, who adopts policies alone, needs nobody's approval.
    """
    admin = case.policy.policy.admin
    case.needs_role(admin.roles)
    request = approved_request(case, body.request, "acknowledge", alone=admin.sole and case.rules > 1)
    require(request.body.index == body.index and body.index in case.state.violations, "there is no such violation")
    case.state.end_request(request, "done")
    case.state.conflicts.pop(body.index, None)
    case.state.undecided.pop(body.index, None)
    case.state.acknowledged[body.index] = case.judged
