"""What each type of event needs to be allowed, and what it then does to the state: rules 1 of the ledger.

One function for each type. Each raises :class:`NotAllowed` with the reason, or :class:`CannotDecide`, before it
touches the state; if it returns, the event has had its effect. Judging which key signed, and in which place an event
stands, comes before (:mod:`govkit.core.ledger`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from govkit.core import canonical, digests, keys, names, policy, policycheck, tags, times
from govkit.core.approvals import roles_in, satisfiable
from govkit.core.errors import Malformed
from govkit.core.events import (
    ALL,
    DecisionRecorded,
    Event,
    PolicyAdopted,
    PromotionRecorded,
    RequestOpened,
    RequestWithdrawn,
    StageCleared,
    TagRef,
    VersionRegistered,
    VersionRevoked,
    ViolationAcknowledged,
)
from govkit.core.policy import InForce
from govkit.core.records import Record
from govkit.core.state import Clearing, Decision, Judged, Promotion, Request, State, Version


class NotAllowed(Exception):
    """The event breaks a rule, so it has no effect."""


class CannotDecide(Exception):
    """Whether the event is allowed cannot be told by this govkit or with this evidence."""


@dataclass(frozen=True)
class Evidence:
    """A file beside an event.

    Attributes:
        sha256: the digest of its bytes.
        content: its bytes, for the small ones that rules look into (``policy.json`` and ``tag``), else None.
        signer: for ``tag``, the key whose Git signature on it is good, else None.
    """

    sha256: str
    content: bytes | None = None
    signer: str | None = None


@dataclass(frozen=True)
class Case:
    """An event on trial."""

    state: State
    event: Event
    judged: Judged
    evidence: Mapping[str, Evidence]

    @property
    def policy(self) -> InForce:
        """The policy in force."""
        found = self.state.policy
        if found is None:
            raise NotAllowed("no policy is in force")
        return found

    @property
    def model(self) -> str:
        """The subject, which must be a model."""
        require(self.event.subject != ALL, "its subject must be a model")
        return self.event.subject

    def needs_role(self, roles: list[str], tier: str | None = None) -> None:
        """Refuse unless the actor holds one of the roles."""
        model = None if self.event.subject == ALL else self.event.subject
        allowed = self.policy.may(self.event.actor, roles, model, tier)
        require(allowed, f"{self.event.actor} holds none of the roles {', '.join(roles) or '(none)'}")

    def content(self, name: str) -> bytes:
        """Return the bytes of a piece of evidence that the event names."""
        require(name in self.event.evidence, f"it names no evidence '{name}'")
        found = self.evidence[name].content
        if found is None:
            raise CannotDecide(f"the evidence '{name}' was not read")
        return found

    def version(self, version: str) -> Version:
        """Return a registered version that is not revoked."""
        key = (self.model, version)
        require(key in self.state.versions, f"{self.model}@{version} is not registered")
        require(key not in self.state.revoked, f"{self.model}@{version} is revoked")
        return self.state.versions[key]


def require(condition: bool, reason: str) -> None:
    """Raise :class:`NotAllowed` unless a condition holds."""
    if not condition:
        raise NotAllowed(reason)


def read_policy(data: bytes) -> InForce:
    """Read a ``policy.json`` that somebody wants in force.

    Raises:
        CannotDecide: if it is of a version that this govkit does not know.
        NotAllowed: if it is malformed or must not be adopted.
    """
    try:
        value = canonical.decode(data)
        known = isinstance(value, dict) and (value.get("schema"), value.get("rules")) == (policy.SCHEMA, policy.RULES)
        if isinstance(value, dict) and not known and isinstance(value.get("rules"), int):
            raise CannotDecide(
                f"it adopts rules {value['rules']} of {value.get('schema')}, which this govkit does not know"
            )
        found = policy.parse(data)
    except Malformed as error:
        raise NotAllowed(f"its policy cannot be read: {error}") from error
    fatal = [fault.message for fault in policycheck.faults(found) if fault.fatal]
    require(not fatal, f"its policy must not be adopted: {'; '.join(fatal[:3])}")
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
            request = _approved(case, body.request, "policy")
            require(request.body.policy == adopted.digest, "the request was for another policy")
            require(request.body.base == state.policies[-1][0], "the request was made against an older policy")
        _check_people(state, adopted)
    for removed in body.removed:
        require(_is_spelled_right(removed.key), "a key that it takes out is not written as 'TYPE BASE64'")
        still = adopted.owner(removed.key)
        require(still is None, f"a key that it takes out still stands under '{still}'")
    if body.genesis is not None:
        state.remote = body.genesis.remote
    if body.request is not None:
        state.requests[body.request].state = "done"
    _bring_in(state, case.judged, adopted, body)


def _is_spelled_right(key: str) -> bool:
    """Tell whether a key stands as members have it; with a comment, taking it out would take out nothing."""
    try:
        return keys.normalise(key) == key
    except Malformed:
        return False


def _check_people(state: State, adopted: InForce) -> None:
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


def version_registered(case: Case, body: VersionRegistered) -> None:
    """A version is registered once, with its tag."""
    case.needs_role(case.policy.policy.register, body.tier)
    key = (case.model, body.version)
    require(key not in case.state.versions, f"{case.model}@{body.version} is registered already")
    taken = [v for v in case.state.versions.values() if v.model == case.model and v.body.commit == body.commit]
    require(not taken, f"this commit is {case.model}@{taken[0].body.version if taken else ''} already")
    require(case.event.evidence.get("card.json") == body.card, "its card is not among its evidence")
    tag = _tag(case, body.tag)
    said = (tag.kind, tag.version, tag.commit, tag.card, tag.weights)
    require(said == ("register", body.version, body.commit, body.card, body.weights), "its tag says something else")
    case.state.tags[body.tag.name] = body.tag
    case.state.versions[key] = Version(case.model, case.judged, body)


def request_opened(case: Case, body: RequestOpened) -> None:
    """A request binds what the log and the policy say now; it replaces an older one for the same thing."""
    request = Request(case.judged, case.event.subject, body)
    if body.action in ("policy", "acknowledge"):
        _request_of_admins(case, body)
    else:
        _request_of_model(case, body)
    for other in case.state.requests.values():
        if other.state == "open" and (other.hold[:2], other.body.version) == (request.hold[:2], body.version):
            other.state = "superseded"
    case.state.requests[request.id] = request


def _request_of_admins(case: Case, body: RequestOpened) -> None:
    require(case.event.subject == ALL, "its subject must be '*'")
    case.needs_role(case.policy.policy.admin.roles)
    _only(body, {"policy", "base"} if body.action == "policy" else {"index"})
    if body.action == "policy":
        proposed = read_policy(case.content("policy.json"))
        require(proposed.digest == body.policy, "it names another policy than its evidence")
        require(body.base == case.state.policies[-1][0], "it is made against an older policy")
        _check_people(case.state, proposed)
    else:
        require(body.index in case.state.conflicts, "there is no such violation")


def _only(body: RequestOpened, own: set[str]) -> None:
    """Refuse what does not concern the action: it would change which rejects hold and what decisions bind."""
    every = {"version", "stage", "commit", "digests", "restores", "policy", "base", "index"}
    foreign = sorted(name for name in every - own if getattr(body, name) is not None)
    require(not foreign, f"a request for {body.action} has no {' and no '.join(foreign)}")


def _request_of_model(case: Case, body: RequestOpened) -> None:
    require(body.action == "promote", f"the policy in force has no request for {body.action}")
    _only(body, {"version", "stage", "commit", "digests"})
    require(None not in (body.version, body.stage, body.commit, body.digests), "it leaves out what it asks for")
    version = case.version(cast(str, body.version))
    case.needs_role(case.policy.policy.register, version.body.tier)
    rules = case.policy.requirements(case.model, version.body.tier, cast(str, body.stage))
    require(rules is not None, f"the policy in force knows no stage '{body.stage}'")
    bound = body.digests
    if bound is None or rules is None:
        raise NotAllowed("it leaves out what it asks for")
    registered = (version.body.commit, version.body.card, version.body.weights, version.body.data)
    require(
        (body.commit, bound.card, bound.weights, bound.data) == registered, "it names other bytes than were registered"
    )
    require(bound.requirements == rules.digest, "it names other requirements than the policy in force has")
    champion = case.state.champion(case.model, cast(str, body.stage))
    require(bound.champion == (champion.at.id if champion else None), "it names another champion than serves now")
    require(case.event.evidence.get("card.json") == bound.card, "its card is not among its evidence")


def request_withdrawn(case: Case, body: RequestWithdrawn) -> None:
    """Only its requester takes a request back."""
    request = _request(case, body.request)
    require(request.requester == case.event.actor, "only its requester can withdraw a request")
    request.state = "withdrawn"


def decision_recorded(case: Case, body: DecisionRecorded) -> None:
    """A person decides in a role that the request's quorum asks for; never the requester, never a service."""
    request = _request(case, body.request)
    person = case.event.actor
    policy_in_force = case.policy
    require(
        policy_in_force.policy.people[person].kind == "person", f"{person} is a service, and a service never decides"
    )
    rules = case.state.requirements_of(request, policy_in_force)
    if rules is None:
        raise NotAllowed("the policy in force does not know what is asked for")
    version = case.state.versions.get((request.model, request.body.version or ""))
    model, tier = (request.model, version.body.tier) if version else (None, None)
    require(
        body.role in policy_in_force.roles_of(person, model, tier), f"{person} does not hold the role '{body.role}'"
    )
    asked = roles_in(rules.approvals.quorum) | set(rules.approvals.lift if body.decision == "lift" else [])
    require(body.role in asked, f"nobody in the role '{body.role}' is asked here")
    meanings = policy_in_force.policy.meanings
    require(not meanings or body.meaning in meanings, f"the policy has no meaning '{body.meaning}'")
    _check_evidence(case, request)
    if body.decision == "approve":
        require(person != request.requester, f"{person} asked for this, and nobody approves their own request")
        _check_end(case.event, body, rules.approvals.valid_for)
    # Who asked cannot end what others said against it.
    lifts = body.role in rules.approvals.lift and person != request.requester
    request.decisions.append(Decision(case.judged, body, lifts=lifts))
    if body.decision == "reject" or case.state.holds.get(request.hold):
        case.state.holds[request.hold] = case.state.rejects(request.hold)


def _check_evidence(case: Case, request: Request) -> None:
    name, bound = "policy.json", request.body.policy
    if request.body.digests is not None:
        name, bound = "card.json", request.body.digests.card
    require(bound is None or case.event.evidence.get(name) == bound, f"it was made on another {name}")


def _check_end(event: Event, body: DecisionRecorded, valid_for: str | None) -> None:
    if valid_for is not None:
        try:
            latest = times.add(event.time, times.span(valid_for))
        except ValueError as error:
            raise NotAllowed(f"its end cannot be told: {error}") from error
        require(body.expires is not None and body.expires <= latest, f"an approval must end within {valid_for}")


def promotion_recorded(case: Case, body: PromotionRecorded) -> None:
    """A version enters a stage: on an approved request, or back to where it served before."""
    version = case.version(body.version)
    rules = case.policy.policy.stages.get(body.stage)
    require(rules is not None, f"the policy in force knows no stage '{body.stage}'")
    case.needs_role(rules.promote if rules else [], version.body.tier)
    registered = (version.body.commit, version.body.card, version.body.weights)
    require((body.commit, body.card, body.weights) == registered, "it names other bytes than were registered")
    require(body.policy == case.policy.digest, "it names another policy than the one in force")
    tag = _tag(case, body.tag)
    said = (tag.kind, tag.version, tag.stage, tag.commit, tag.card, tag.weights, tag.requirements, tag.policy)
    own = (body.kind, body.version, body.stage, body.commit, body.card, body.weights, body.requirements, body.policy)
    require(
        said == own and (tag.request, tag.decisions) == (body.request, body.decisions), "its tag says something else"
    )
    override = _restored(case, body) if body.kind == "rollback" else _asked_for(case, body)
    serving = Promotion(case.model, case.judged, body, override)
    case.state.tags[body.tag.name] = body.tag
    if body.request is not None:
        case.state.requests[body.request].state = "done"
    case.state.stages.setdefault((case.model, body.stage), []).append(serving)


def _asked_for(case: Case, body: PromotionRecorded) -> bool:
    """Check a promotion against its request; return whether it overrides the usual approval."""
    require(body.kind == "promote", f"the policy in force has no {body.kind}")
    request = _request(case, body.request)
    bound = request.body.digests
    same = (request.model, request.body.version, request.body.stage) == (case.model, body.version, body.stage)
    if bound is None or not same:
        raise NotAllowed("the request was for something else")
    require(body.requirements == bound.requirements, "it names other requirements than were approved")
    approved = _approved(case, body.request, "promote")
    tally = case.state.tally(approved, at=case.judged.effective)
    listed = {person: d for person, d in tally.counted.items() if d.at.id in body.decisions}
    require(
        len(listed) == len(set(body.decisions)) == len(body.decisions), "it rests on a decision that does not count"
    )
    rules = case.state.requirements_of(approved, case.policy)
    roles = {person: {decision.body.role} for person, decision in listed.items()}
    require(rules is not None and satisfiable(rules.approvals.quorum, roles), "the decisions it names are not enough")
    return False


def _restored(case: Case, body: PromotionRecorded) -> bool:
    """Check a rollback against what it restores; return whether that was an override."""
    earlier = case.state.stages.get((case.model, body.stage), [])
    found = [entry for entry in earlier if isinstance(entry, Promotion) and entry.at.id == body.restores]
    require(bool(found), "it does not go back to a promotion into this stage")
    require(
        not case.state.is_compromised(found[0].at), "the promotion it goes back to was signed with a compromised key"
    )
    same = (found[0].body.version, found[0].body.requirements) == (body.version, body.requirements)
    require(same and body.request is None and not body.decisions, "it says something else than what it goes back to")
    return found[0].override


def stage_cleared(case: Case, body: StageCleared) -> None:
    """Who may promote into a stage may also empty it."""
    rules = case.policy.policy.stages.get(body.stage)
    require(rules is not None, f"the policy in force knows no stage '{body.stage}'")
    case.needs_role(rules.promote if rules else [], "*")
    last = case.state.last(case.model, body.stage)
    if not isinstance(last, Promotion):
        raise NotAllowed(f"nothing serves in '{body.stage}'")
    tag = _tag(case, body.tag)
    said = (tag.kind, tag.stage, tag.version, tag.commit)
    require(said == ("clear", body.stage, last.body.version, last.body.commit), "its tag says something else")
    case.state.tags[body.tag.name] = body.tag
    case.state.stages[case.model, body.stage].append(Clearing(case.model, case.judged, body))


def version_revoked(case: Case, body: VersionRevoked) -> None:
    """A revoked version may not serve anywhere, and does not come back."""
    version = case.version(body.version)
    case.needs_role(case.policy.policy.revoke, version.body.tier)
    case.state.revoked[case.model, body.version] = case.judged


def violation_acknowledged(case: Case, body: ViolationAcknowledged) -> None:
    """An administrator quorum says that it knows of a violation, and why to go on."""
    case.needs_role(case.policy.policy.admin.roles)
    request = _approved(case, body.request, "acknowledge")
    require(request.body.index == body.index and body.index in case.state.conflicts, "there is no such violation")
    request.state = "done"
    del case.state.conflicts[body.index]


def recorded(case: Case, body: Record) -> None:
    """Events that only record something: their writers stand under ``records`` in the policy."""
    version = getattr(body, "version", None)
    tier = case.version(version).body.tier if version is not None else None
    case.needs_role(case.policy.policy.records.get(case.event.type, []), tier)
    case.state.records.append((case.judged, body))


def _request(case: Case, identity: str | None) -> Request:
    """Return an open request of the event's subject."""
    found = case.state.requests.get(identity or "")
    if found is None or found.model != case.event.subject:
        raise NotAllowed("there is no such request for this subject")
    require(found.state == "open", f"{found.name} is {found.state}")
    return found


def _approved(case: Case, identity: str | None, action: str) -> Request:
    """Return an open request that is approved under the policy in force, and still means what it meant."""
    request = _request(case, identity)
    require(request.body.action == action, f"the request was for {request.body.action}")
    require(request.body.expires is None or request.body.expires >= case.judged.effective, "the request has expired")
    require(not case.state.is_compromised(request.at), "the request was signed with a compromised key")
    void = case.state.void(request)
    require(not void, void)
    tally = case.state.tally(request, at=case.judged.effective)
    require(not tally.held, f"a reject by {', '.join(tally.held)} holds")
    require(not tally.shortfall, f"approvals are missing: {', '.join(tally.shortfall)}")
    return request


def _tag(case: Case, named: TagRef) -> tags.TagRecord:
    """Return the record of the event's tag, if the tag is the actor's, made for this event, and new."""
    content = case.content("tag")
    require(digests.git_object_id("tag", content) == named.id, "its tag has another id than it names")
    try:
        tag = tags.parse(content)
    except Malformed as error:
        raise NotAllowed(f"its tag is malformed: {error}") from error
    signer = case.evidence["tag"].signer
    owner = case.policy.owner(signer) if signer else None
    require(owner == case.event.actor, f"its tag is signed by {owner or 'nobody known'}, not by {case.event.actor}")
    record, name = tag.record, names.parse_tag(tag.name)
    require(tag.name == named.name and record.actor == case.event.actor, "its tag speaks of something else")
    require(record.model == case.model, "its tag is of another model")
    require(
        (record.log, record.policy) == (case.event.log, case.policy.digest), "its tag stands on another head or policy"
    )
    written = (tag.tagger, tag.epoch)
    own = (case.policy.tagger(case.event.actor), times.epoch(case.event.time))
    require(written == own, "its tag has another tagger or date than the event")
    require(named.name not in case.state.tags, f"the tag {named.name} was made before")
    counter = name.counter if name else None
    require(counter is None or counter >= case.state.next_counter(case.model), "its tag's number was used before")
    return record


RULES: dict[str, Callable[[Case, Record], None]] = {
    "policy.adopted": cast(Callable[[Case, Record], None], policy_adopted),
    "version.registered": cast(Callable[[Case, Record], None], version_registered),
    "request.opened": cast(Callable[[Case, Record], None], request_opened),
    "request.withdrawn": cast(Callable[[Case, Record], None], request_withdrawn),
    "decision.recorded": cast(Callable[[Case, Record], None], decision_recorded),
    "promotion.recorded": cast(Callable[[Case, Record], None], promotion_recorded),
    "stage.cleared": cast(Callable[[Case, Record], None], stage_cleared),
    "version.revoked": cast(Callable[[Case, Record], None], version_revoked),
    "violation.acknowledged": cast(Callable[[Case, Record], None], violation_acknowledged),
}
