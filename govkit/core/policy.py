"""Policy-as-code, ``govkit.policy/v1``: who people are, what they may do, and what each stage requires.

A policy is adopted as canonical JSON with every default written out. What it requires of a model's stage is cut out
of those bytes, never rebuilt, so that its digest stays the same under every later govkit
(:mod:`govkit.core.resolve`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Struct

from govkit.core import canonical, digests, limits, records, resolve, rules1, tags
from govkit.core.card import Tier
from govkit.core.errors import Malformed
from govkit.core.gates.kinds import AnyGate
from govkit.core.records import GateName, Index, Person, Record, RoleName, Span, Stage, Words
from govkit.core.resolve import Requirements, StageView, Way

SCHEMA: Final = "govkit.policy/v1"
#: The versions of the ledger's rules that this govkit knows; see :mod:`govkit.core.ledger`. New policies get the last.
KNOWN_RULES: Final = (1, 2)
RULES: Final = 2

Kind = Literal["person", "service"]
Choice = Literal["approve", "reject", "lift"]


class Member(Record, frozen=True):
    """A person or service.

    Attributes:
        name: for people to read, and in tags.
        kind: a service signs, but never decides.
        emails: addresses under which they commit.
        keys: SSH public keys, ``TYPE BASE64``.
    """

    name: Words
    kind: Kind = "person"
    emails: list[str] = []
    keys: list[str] = []


class Role(Record, frozen=True):
    """Who holds a role, and for which models and risk tiers (glob patterns)."""

    people: list[Person]
    models: list[str] = msgspec.field(default_factory=lambda: ["*"])
    tiers: list[str] = msgspec.field(default_factory=lambda: ["*"])


class Quorum(Record, frozen=True):
    """How many people of which roles must agree: one of ``role`` with ``count``, ``all`` or ``any``.

    In ``all``, a person counts for one role only: two roles need two people.
    """

    role: RoleName | None = None
    count: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1
    all: list[Quorum] = []
    any: list[Quorum] = []


class Approvals(Record, frozen=True):
    """Whose yes is needed, and how long it lasts.

    Attributes:
        quorum: how many people of which roles.
        forbid: who may not approve. The requester never may, whether named here or not.
        commit_authors: whether authors are known by the e-mail addresses in commits (``claimed``) or by signatures
            of commits (``verified``; an unsigned commit then denies). A squash merge that a host made is signed with
            the host's key, which is nobody's in the policy, so it counts as unsigned: use merge commits, or rebase
            and push signed commits, or say ``claimed``.
        valid_for: how long after it was signed an approval may be used.
        lift: roles that may lift a reject, beside its author.
        review_after: how long after a promotion the version must be asked for and approved again.
        on_overdue: what ``verify`` does when that day, or the end of a waiver, has passed: ``warn`` or ``refuse``.
    """

    quorum: Quorum
    forbid: list[Literal["requester", "registrar", "commit-author"]] = []
    commit_authors: Literal["claimed", "verified"] = "claimed"
    valid_for: Span | None = None
    lift: list[RoleName] = []
    review_after: Span | None = None
    on_overdue: Literal["warn", "refuse"] = "warn"


class TierRules(Record, frozen=True):
    """What a stage asks in addition of models of one risk tier.

    Attributes:
        gates: gates on top of the stage's.
        approvals: whose yes is needed instead of the stage's, or null.
    """

    gates: list[GateName] = []
    approvals: Approvals | None = None


class BreakGlass(Record, frozen=True):
    """How a version enters a stage in an emergency, past gates and the usual approval; never shown as approved.

    Attributes:
        approvals: whose yes is needed.
        lasts: how long it may serve; after that nothing is proven any more.
        review_within: within what time somebody else than who promoted must look at it and close the finding that
            it opens.
        gates: gates that must be open all the same.
    """

    approvals: Approvals
    lasts: Span
    review_within: Span
    gates: list[GateName] = []


class Rollback(Record, frozen=True):
    """How a stage is taken back to a version that served there before.

    Attributes:
        roles: roles that may do it; empty for those that may promote into the stage.
        approvals: whose yes is needed; null if one of these people does it alone, at once.
    """

    roles: list[RoleName] = []
    approvals: Approvals | None = None


class CanaryRules(Record, frozen=True):
    """What is asked of a version that serves a part of the traffic, beside the version that serves the rest.

    Attributes:
        gates: names of gates that read numbers (``metric`` and ``champion``); they are asked of what both versions
            measured on the same traffic, step by step.
    """

    gates: list[GateName]


class StageRules(Record, frozen=True):
    """What a stage requires.

    Attributes:
        inherits: another stage, whose gates count here too, and whose approvals and promoters do unless they are
            named here. Break-glass is never inherited.
        gates: names of gates that must be open.
        approvals: whose yes is needed.
        promote: roles that may promote into the stage, roll it back and clear it.
        tiers: what is asked in addition of models of a risk tier (``low``, ``medium``, ``high``).
        break_glass: how a version enters in an emergency; null if never.
        rollback: who takes it back to an earlier version, and whose yes that needs; null if whoever may promote does
            it alone. Never inherited.
        canary: what a canary for this stage is held against; null if there are none. Never inherited.
        description: what serving here means.
    """

    inherits: Stage | None = None
    gates: list[GateName] = []
    approvals: Approvals | None = None
    promote: list[RoleName] = []
    tiers: dict[Tier, TierRules] = {}
    break_glass: BreakGlass | None = None
    rollback: Rollback | None = None
    canary: CanaryRules | None = None
    description: str = ""


class Admin(Record, frozen=True):
    """Who may change the policy.

    Attributes:
        roles: roles that may propose and adopt.
        approvals: whose yes a change needs.
        propose: roles that may propose only, such as that of a service in CI.
        sole: there is one administrator so far, who may adopt alone; for the first hour of a repository.
    """

    roles: list[RoleName]
    approvals: Approvals
    propose: list[RoleName] = []
    sole: bool = False


class Retired(Record, frozen=True):
    """A key that is out for good.

    Attributes:
        key: the public key, ``TYPE BASE64``.
        person: whose it was.
        reason: ``left``, ``lost`` or ``compromised``.
        since: of a compromised one, the event from which on nothing that it signed proves anything.
    """

    key: str
    person: Person
    reason: Literal["left", "lost", "compromised"]
    since: Index | None = None


class Audit(Record, frozen=True):
    """Where else the log is kept, and how old it may be when something is proven from it.

    Attributes:
        mirrors: URLs of copies of the log: ``file:///DIR``, ``s3://BUCKET/PREFIX`` (with Object Lock), and
            ``https://HOST/PATH`` for a webhook that is told of every event. They hold no user name, no password and
            no token: everybody reads the policy.
        retention: how long an object in ``s3://`` stays locked (mode ``COMPLIANCE``) from the day it is written.
        freshness: ``verify`` proves nothing from a log whose newest ``checkpoint.recorded`` is older; null for any age.
    """

    mirrors: list[str] = []
    retention: Span | None = None
    freshness: Span | None = None


class Policy(Record, frozen=True):
    """A policy; see the module's docstring.

    Attributes:
        rules: the version of the ledger's rules by which events are judged from here on.
        branches: a version is registered from commits that are reachable from one of these.
        register: roles that may register versions and open requests.
        revoke: roles that may revoke a version.
        records: roles that may write the events that only record something, by type of event.
        meanings: what a signature may mean, by decision (``approve``, ``reject``, ``lift``), or one list for all;
            empty for any words.
        retired: keys that are out for good; ``govkit people remove`` and ``rotate`` write them down.
        audit: copies of the log outside Git, and how fresh it must be.
    """

    schema: Literal["govkit.policy/v1"]
    rules: Annotated[int, msgspec.Meta(ge=1)]
    branches: list[str]
    people: dict[Person, Member]
    roles: dict[RoleName, Role]
    admin: Admin
    register: list[RoleName]
    gates: dict[GateName, AnyGate]
    stages: dict[Stage, StageRules]
    revoke: list[RoleName] = []
    records: dict[str, list[RoleName]] = {}
    meanings: list[str] | dict[Choice, list[str]] = []
    retired: list[Retired] = []
    audit: Audit | None = None
    description: str = ""


class InForce(Struct, frozen=True, dict=True):
    """A policy as the log adopted it.

    Attributes:
        policy: its content.
        raw: the JSON value of ``policy.json``, untouched.
        digest: the digest of those bytes.
    """

    policy: Policy
    raw: Mapping[str, Any]
    digest: str

    def owner(self, key: str) -> str | None:
        """Return the id of whose key this is (``TYPE BASE64``), or None."""
        return self._owners.get(key)

    @cached_property
    def _owners(self) -> dict[str, str]:
        # In reverse, so that of two people with one key, which no adopted policy has, the first counts.
        people = sorted(self.policy.people.items(), reverse=True)
        return {key: who for who, member in people for key in member.keys}

    # Kept once they were worked out: the same is asked for every event.
    @cached_property
    def _roles(self) -> dict[tuple[str | None, ...], frozenset[str]]:
        return {}

    @cached_property
    def _known(self) -> dict[tuple[str, ...], Requirements | None]:
        return {}

    def roles_of(self, person: str, model: str | None = None, tier: str | None = None) -> set[str]:
        """Return the roles that a person holds, for a model of a tier where one is given.

        A role limited to some models or tiers does not count where none is given, as for changes of the policy.
        """
        key = (person, model, tier)
        if key not in self._roles:
            self._roles[key] = frozenset(self._find_roles(person, model, tier))
        return set(self._roles[key])

    def _find_roles(self, person: str, model: str | None, tier: str | None) -> Iterator[str]:
        for name, role in self.policy.roles.items():
            fits = all(
                "*" in patterns if value is None else any(fnmatchcase(value, pattern) for pattern in patterns)
                for value, patterns in ((model, role.models), (tier, role.tiers))
            )
            if person in role.people and fits:
                yield name

    def tagger(self, person: str) -> str:
        """Return ``NAME <EMAIL>`` of a person, as their tags carry it."""
        member = self.policy.people[person]
        return tags.identity_line(member.name, member.emails[0] if member.emails else f"{person}@govkit.invalid")

    def may(self, person: str, roles: list[str], model: str | None = None, tier: str | None = None) -> bool:
        """Tell whether a person holds one of these roles."""
        return bool(self.roles_of(person, model, tier) & set(roles))

    def meanings(self, choice: Choice) -> list[str]:
        """Return what a signature under a decision may mean; empty for any words."""
        known = self.policy.meanings
        return known if isinstance(known, list) else known.get(choice, [])

    def stage(self, name: str, tier: str = "high") -> StageView | None:
        """Return a stage with what it inherits, for models of a tier; None if the policy does not know it."""
        return resolve.stage(self, name, tier)

    def requirements(self, model: str, tier: str, stage: str, action: Way = "promote") -> Requirements | None:
        """Return what a model of this tier must meet in a stage, or None if the policy does not know the stage.

        Args:
            model: the model's full name.
            tier: its risk tier.
            stage: the stage.
            action: the way into the stage; None if the stage has no such way, or it needs nobody's yes.
        """
        key = (model, tier, stage, action)
        if key not in self._known:
            self._known[key] = resolve.requirements(self, model, tier, stage, action)
        return self._known[key]

    def admin_requirements(self) -> Requirements:
        """Return what a change of the policy must meet."""
        raw = self.raw["admin"]["approvals"]
        return Requirements({}, self.policy.admin.approvals, digests.sha256(canonical.encode({"admin": raw})))


def parse(data: bytes) -> InForce:
    """Read the canonical bytes of ``policy.json``.

    Raises:
        Malformed: if they are not canonical, or not a policy. Whether the policy makes sense says
            :func:`govkit.core.policycheck.faults`.
    """
    value = canonical.decode(data, limit=limits.POLICY)
    policy = records.from_value(value, Policy)
    if not isinstance(value, dict):
        raise Malformed("a policy is a JSON object")
    if policy.rules == 1:
        rules1.check_policy(value)
    return InForce(policy, value, digests.sha256(data))


def written_out(value: Any) -> bytes:
    """Return the canonical ``policy.json`` of a policy value as people wrote it, with every default written out.

    Raises:
        Malformed: if it is not a policy.
    """
    full = records.to_value(records.from_value(value, Policy))
    return canonical.encode(rules1.without_newer_defaults(full) if full["rules"] == 1 else full)
