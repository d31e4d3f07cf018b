"""An event on trial: what rules look at, and what several of them ask."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from govkit.core import digests, names, tags, times
from govkit.core.entities import Promotion, Request, Version
from govkit.core.errors import Malformed
from govkit.core.events import (
    ALL,
    Event,
    TagRef,
)
from govkit.core.judged import Judged
from govkit.core.policy import InForce
from govkit.core.state import State


class NotAllowed(Exception):
    """The event breaks a rule, so it has no effect."""


class CannotDecide(Exception):
    """Whether the event is allowed cannot be told by this govkit or with this evidence."""


class Evidence(Struct, frozen=True):
    """A file beside an event.

    Attributes:
        sha256: the digest of its bytes.
        content: its bytes, for the small ones that rules look into (``policy.json`` and ``tag``), else None.
        signer: for ``tag``, the key whose Git signature on it is good, else None.
    """

    sha256: str
    content: bytes | None = None
    signer: str | None = None


class Case(Struct, frozen=True):
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

    @property
    def rules(self) -> int:
        """The version of the rules by which the event is judged."""
        return self.policy.policy.rules

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


def open_request(case: Case, identity: str | None) -> Request:
    """Return an open request of the event's subject."""
    found = case.state.requests.get(identity or "")
    if found is None or found.model != case.event.subject:
        raise NotAllowed("there is no such request for this subject")
    require(found.state == "open", f"{found.name} is {found.state}")
    return found


def approved_request(case: Case, identity: str | None, action: str, *, alone: bool = False) -> Request:
    """Return an open request that is approved under the policy in force, and still means what it meant.

    Args:
        case: the event on trial.
        identity: the request's.
        action: what it must be for.
        alone: whether nobody's approval is needed.
    """
    request = open_request(case, identity)
    require(request.body.action == action, f"the request was for {request.body.action}")
    require(request.body.expires is None or request.body.expires >= case.judged.effective, "the request has expired")
    require(not case.state.is_compromised(request.at), "the request was signed with a compromised key")
    void = case.state.void(request)
    require(not void, void)
    tally = case.state.tally(request, at=case.judged.effective)
    require(not tally.held, f"a reject by {', '.join(tally.held)} holds")
    require(alone or not tally.shortfall, f"approvals are missing: {', '.join(tally.shortfall)}")
    return request


def restorable(case: Case, stage: str, identity: str | None) -> Promotion:
    """Return the promotion that a rollback may go back to: one of the same model into the same stage."""
    earlier = case.state.stages.get((case.model, stage), [])
    found = next((one for one in earlier if isinstance(one, Promotion) and one.at.id == identity), None)
    if found is None:
        raise NotAllowed("it does not go back to a promotion into this stage")
    require(not case.state.is_compromised(found.at), "the promotion it goes back to was signed with a compromised key")
    return found


def check_due(case: Case, owner: str, due: str) -> None:
    """Refuse a finding whose owner the policy does not know, or whose day is no day or has passed."""
    require(owner in case.policy.policy.people, f"the policy in force does not know '{owner}'")
    try:
        times.parse(due)
    except ValueError as error:
        raise NotAllowed(f"the day it is due cannot be told: {error}") from error
    require(due > case.judged.effective, "the day it is due has passed")


def own_tag(case: Case, named: TagRef) -> tags.TagRecord:
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
