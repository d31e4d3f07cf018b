"""Policy-as-code, ``govkit.policy/v1``: who people are, what they may do, and what each stage requires.

A policy is adopted as canonical JSON with every default written out. What it requires of a model's stage is cut out
of those bytes, never rebuilt, so that its digest stays the same under every later govkit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Any, Final, Literal

import msgspec

from govkit.core import canonical, digests, records, tags
from govkit.core.errors import Malformed
from govkit.core.gates.base import Gate
from govkit.core.gates.card import CardGate
from govkit.core.gates.fairness import FairnessGate
from govkit.core.gates.lineage import LineageGate
from govkit.core.gates.metric import MetricGate
from govkit.core.records import Person, Record, Span, Stage, Words

SCHEMA: Final = "govkit.policy/v1"
#: The version of the ledger's rules that this govkit knows; see :mod:`govkit.core.ledger`.
RULES = 1

AnyGate = MetricGate | FairnessGate | LineageGate | CardGate
RoleName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$(?!\n)", max_length=64)]
GateName = RoleName
Kind = Literal["person", "service"]


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
    """Whose yes is needed.

    Attributes:
        quorum: how many people of which roles.
        forbid: who may not approve, beside the requester, who never may.
        commit_authors: whether authors are known by the e-mail addresses in commits (``claimed``) or by signatures
            of commits (``verified``; an unsigned commit then denies).
        valid_for: how long after it was signed an approval may be used.
        lift: roles that may lift a reject, beside its author.
    """

    quorum: Quorum
    forbid: list[Literal["registrar", "commit-author"]] = []
    commit_authors: Literal["claimed", "verified"] = "claimed"
    valid_for: Span | None = None
    lift: list[RoleName] = []


class StageRules(Record, frozen=True):
    """What a stage requires.

    Attributes:
        gates: names of gates that must be open.
        approvals: whose yes is needed.
        promote: roles that may promote into the stage, roll it back and clear it.
    """

    gates: list[GateName]
    approvals: Approvals
    promote: list[RoleName]
    description: str = ""


class Admin(Record, frozen=True):
    """Who may change the policy.

    Attributes:
        roles: roles that may propose and adopt.
        approvals: whose yes a change needs.
        sole: there is one administrator so far, who may adopt alone; for the first hour of a repository.
    """

    roles: list[RoleName]
    approvals: Approvals
    sole: bool = False


class Policy(Record, frozen=True):
    """A policy; see the module's docstring.

    Attributes:
        rules: the version of the ledger's rules by which events are judged from here on.
        branches: a version is registered from commits that are reachable from one of these.
        register: roles that may register versions and open requests.
        revoke: roles that may revoke a version.
        records: roles that may write the events that only record something, by type of event.
        meanings: what a signature may mean; empty for any words.
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
    meanings: list[str] = []
    description: str = ""


@dataclass(frozen=True)
class Requirements:
    """The gates and approval rules of one model, tier and stage, and their digest.

    Attributes:
        gates: the gates by name, in the policy's order.
        approvals: whose yes is needed.
        digest: SHA-256 of the canonical JSON of both as they stand in ``policy.json``.
    """

    gates: Mapping[str, Gate]
    approvals: Approvals
    digest: str


@dataclass(frozen=True)
class InForce:
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
        return next((who for who, member in sorted(self.policy.people.items()) if key in member.keys), None)

    def roles_of(self, person: str, model: str | None = None, tier: str | None = None) -> set[str]:
        """Return the roles that a person holds, for a model of a tier where one is given.

        A role limited to some models or tiers does not count where none is given, as for changes of the policy.
        """
        found = set()
        for name, role in self.policy.roles.items():
            fits = all(
                "*" in patterns if value is None else any(fnmatchcase(value, pattern) for pattern in patterns)
                for value, patterns in ((model, role.models), (tier, role.tiers))
            )
            if person in role.people and fits:
                found.add(name)
        return found

    def tagger(self, person: str) -> str:
        """Return ``NAME <EMAIL>`` of a person, as their tags carry it."""
        member = self.policy.people[person]
        return tags.identity_line(member.name, member.emails[0] if member.emails else f"{person}@govkit.invalid")

    def may(self, person: str, roles: list[str], model: str | None = None, tier: str | None = None) -> bool:
        """Tell whether a person holds one of these roles."""
        return bool(self.roles_of(person, model, tier) & set(roles))

    def requirements(self, model: str, tier: str, stage: str) -> Requirements | None:
        """Return what a model of this tier must meet in a stage, or None if the policy does not know the stage."""
        rules = self.policy.stages.get(stage)
        if rules is None:
            return None
        raw = self.raw["stages"][stage]
        cut = {
            "model": model,
            "tier": tier,
            "stage": stage,
            "gates": {name: self.raw["gates"][name] for name in rules.gates},
            "approvals": raw["approvals"],
        }
        gates = {name: self.policy.gates[name] for name in rules.gates}
        return Requirements(gates, rules.approvals, digests.sha256(canonical.encode(cut)))

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
    value = canonical.decode(data)
    policy = records.from_value(value, Policy)
    if not isinstance(value, dict):
        raise Malformed("a policy is a JSON object")
    return InForce(policy, value, digests.sha256(data))


def written_out(value: Any) -> bytes:
    """Return the canonical ``policy.json`` of a policy value as people wrote it, with every default written out.

    Raises:
        Malformed: if it is not a policy.
    """
    return records.to_json(records.from_value(value, Policy))
