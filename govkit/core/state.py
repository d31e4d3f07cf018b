"""What a log says when it is read to its end: versions, requests, decisions and what serves where."""

from __future__ import annotations

from collections.abc import MutableMapping, MutableSequence, Sequence, Set
from itertools import chain
from typing import TypeVar, cast

from msgspec import Struct, field

from govkit.core import approvals, merkle, names
from govkit.core.entities import Clearing, Decision, Promotion, Request, Tally, Version
from govkit.core.events import ALL, Head, TagRef
from govkit.core.followups import Finding, Waiver
from govkit.core.judged import Judged
from govkit.core.merkle import Tree
from govkit.core.policy import InForce
from govkit.core.records import Record
from govkit.core.resolve import Requirements

R = TypeVar("R", bound=Record)


class State(Struct):
    """The state of a log after some of its entries; only :class:`govkit.core.ledger.Ledger` changes it.

    What grows with the log may be lazy (:mod:`govkit.core.lazy`), so the types say no more than what is promised.

    Attributes:
        judged: every entry with its verdict.
        remarkable: the places of entries that are not good, or whose commits are irregular.
        tags: the object id in hex of every tag that was recorded, by name.
        numbers: the highest running number of a model's tags.
        tagged: the place of the last entry that brings a tag, or None.
        by_hold: the identities of requests, by what a reject of them holds for.
        by_name: the identities of requests, by the name that people use, oldest first.
        open: the identities of open requests, oldest first.
        by_commit: a model's version by the commit that it was registered from.
        records: events that only record something, by the name of their body's type and their subject.
    """

    tree: Tree = field(default_factory=Tree)
    judged: MutableSequence[Judged] = field(default_factory=list)
    remarkable: list[int] = field(default_factory=list)
    policies: MutableSequence[tuple[int, InForce]] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    compromised: dict[str, int] = field(default_factory=dict)
    versions: MutableMapping[tuple[str, str], Version] = field(default_factory=dict)
    revoked: dict[tuple[str, str], Judged] = field(default_factory=dict)
    requests: MutableMapping[str, Request] = field(default_factory=dict)
    holds: dict[tuple[str, ...], dict[str, Decision]] = field(default_factory=dict)
    stages: MutableMapping[tuple[str, str], MutableSequence[Promotion | Clearing]] = field(default_factory=dict)
    by_hold: MutableMapping[tuple[str, ...], list[str]] = field(default_factory=dict)
    by_name: MutableMapping[str, list[str]] = field(default_factory=dict)
    open: dict[str, None] = field(default_factory=dict)
    by_commit: MutableMapping[tuple[str, str], str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    waivers: MutableSequence[Waiver] = field(default_factory=list)
    findings: dict[str, Finding] = field(default_factory=dict)
    records: dict[tuple[str, str], MutableSequence[tuple[Judged, Record]]] = field(default_factory=dict)
    conflicts: dict[int, Judged] = field(default_factory=dict)
    undecided: dict[int, Judged] = field(default_factory=dict)
    acknowledged: dict[int, Judged] = field(default_factory=dict)
    tagged: int | None = None
    remote: str = ""
    effective: str = ""

    @property
    def policy(self) -> InForce | None:
        """The policy in force, or None before the first was adopted."""
        return self.policies[-1][1] if self.policies else None

    @property
    def models(self) -> list[str]:
        """All models that have a version, sorted: each version took a number when its tag was recorded."""
        return sorted(self.numbers)

    def holds_head(self, head: Head) -> bool:
        """Tell whether the log went through a head: it is as long, and had this root at that size."""
        roots = self.tree.roots
        return head.size < len(roots) and merkle.text(roots[head.size]) == head.root

    def add_request(self, request: Request) -> None:
        """Take in a request that was opened."""
        self.requests[request.id] = request
        self.by_hold.setdefault(request.hold, []).append(request.id)
        self.by_name.setdefault(request.name, []).append(request.id)
        self.open[request.id] = None

    def end_request(self, request: Request, how: str) -> None:
        """Take in that a request is no longer open; see :class:`Request`."""
        request.state = how
        self.open.pop(request.id, None)

    def open_requests(self) -> list[Request]:
        """Return the requests that are open, oldest first."""
        return [self.requests[identity] for identity in self.open]

    def requests_about(self, hold: tuple[str, ...]) -> list[Request]:
        """Return the requests for which a reject would hold alike (:attr:`Request.hold`), oldest first."""
        return [self.requests[identity] for identity in self.by_hold.get(hold, [])]

    def add_version(self, version: Version) -> None:
        """Take in a version that was registered."""
        self.versions[version.model, version.body.version] = version
        self.by_commit[version.model, version.body.commit] = version.body.version

    def add_record(self, judged: Judged, body: Record) -> None:
        """Take in an event that only records something."""
        subject = judged.event.subject if judged.event else ALL
        self.records.setdefault((type(body).__name__, subject), []).append((judged, body))

    def recorded(self, kind: type[R], subject: str | None = None) -> Sequence[tuple[Judged, R]]:
        """Return the events of a kind that only record something, oldest first.

        Args:
            kind: the type of their bodies.
            subject: the model that they are about; None for all.
        """
        name = kind.__name__
        found = [each for key, each in self.records.items() if key[0] == name and subject in (None, key[1])]
        merged = found[0] if len(found) == 1 else sorted(chain(*found), key=lambda record: record[0].index)
        return cast(Sequence[tuple[Judged, R]], merged)

    def add_tag(self, model: str, tag: TagRef) -> None:
        """Take in a tag of a model, and the running number that it takes."""
        self.tags[tag.name] = tag.id.partition(":")[2]
        self.numbers[model] = max([self.numbers.get(model, 0), *names.numbers(tag.name, model)])

    def policy_at(self, index: int) -> InForce | None:
        """Return the policy by which the event at ``index`` was judged."""
        return next((policy for start, policy in reversed(self.policies) if start < max(index, 1)), None)

    @property
    def violations(self) -> dict[int, Judged]:
        """What an administrator quorum can acknowledge, by index: conflicts, and from rules 2 on what is unknown."""
        newer = self.policy is not None and self.policy.policy.rules > 1
        unknown = {index: judged for index, judged in self.undecided.items() if judged.unknown and newer}
        return dict(sorted({**self.conflicts, **unknown}.items()))

    def stages_of(self, model: str) -> dict[str, MutableSequence[Promotion | Clearing]]:
        """Return what happened in each stage of a model, oldest first, by stage."""
        return {stage: entries for (name, stage), entries in self.stages.items() if name == model}

    def last(self, model: str, stage: str) -> Promotion | Clearing | None:
        """Return what was recorded last for a model's stage."""
        entries = self.stages.get((model, stage))
        return entries[-1] if entries else None

    def champion(self, model: str, stage: str) -> Promotion | None:
        """Return the promotion that serves in a stage; None if it is empty, cleared, or its version revoked."""
        last = self.last(model, stage)
        if not isinstance(last, Promotion) or (model, last.body.version) in self.revoked:
            return None
        return last

    def original(self, promotion: Promotion) -> Promotion:
        """Return the promotion that the approval was for: of a rollback, the one that it goes back to."""
        found, seen = promotion, set[str]()
        while found.body.kind == "rollback" and found.at.id not in seen:
            seen.add(found.at.id)
            promotions = [each for each in self.stages[found.model, found.body.stage] if isinstance(each, Promotion)]
            found = next((each for each in promotions if each.at.id == found.body.restores), found)
        return found

    def requirements_of(self, request: Request, policy: InForce) -> Requirements | None:
        """Return what a policy requires of a request; None if it does not know the stage or the version."""
        if request.body.version is None or request.body.stage is None:
            return policy.admin_requirements()
        version = self.versions.get((request.model, request.body.version))
        if version is None:
            return None
        return policy.requirements(request.model, version.body.tier, request.body.stage, request.way)

    def void(self, request: Request) -> str:
        """Return why nothing can rest on a request any more, though it is open, or an empty string.

        What it binds must still be what the policy in force requires and what serves in the stage.
        """
        bound, policy = request.body.digests, self.policy
        if bound is None or policy is None:
            return ""
        rules = self.requirements_of(request, policy)
        if rules is None or rules.digest != bound.requirements:
            return "the requirements changed since it was opened"
        champion = self.champion(request.model, request.body.stage or "")
        same = bound.champion == (champion.at.id if champion else None)
        return "" if same else "another version serves there since it was opened"

    def find_finding(self, name: str) -> Finding | None:
        """Return the finding with a name or identity."""
        return next((finding for finding in self.findings.values() if name in (finding.name, finding.id)), None)

    def find_request(self, name: str) -> Request | None:
        """Return the newest open request with this name or identity, else the newest of any state."""
        found = [name] if name in self.requests else self.by_name.get(name, [])
        named = [self.requests[identity] for identity in found]
        return next((r for r in reversed(named) if r.state == "open"), named[-1] if named else None)

    def tally(self, request: Request, excluded: Set[str] = frozenset(), *, at: str | None = None) -> Tally:
        """Count the decisions on a request under the policy in force.

        Args:
            request: the request.
            excluded: people who may not approve it for a reason that only Git knows (authors of its commits).
            at: the instant for which ends count; the log's effective time if None.
        """
        policy = self.policy
        rules = self.requirements_of(request, policy) if policy else None
        if policy is None or rules is None:
            return Tally({}, ["the policy in force does not know this stage"], [], [])
        now = at or self.effective
        counted: dict[str, Decision] = {}
        ignored: list[tuple[Decision, str]] = []
        for decision in self._last_words(request):
            if decision.body.decision != "approve":
                continue
            reason = self._unfit(decision, request, policy, rules, now)
            if not reason and decision.person in excluded:
                reason = "wrote a commit that this version brings in"
            if reason:
                ignored.append((decision, reason))
            else:
                counted[decision.person] = decision
        roles = {person: {decision.body.role} for person, decision in counted.items()}
        held = sorted(self.holds.get(request.hold, {}))
        return Tally(counted, approvals.shortfall(rules.approvals.quorum, roles), held, ignored)

    def rejects(self, hold: tuple[str, ...]) -> dict[str, Decision]:
        """Return the rejects that hold for :attr:`Request.hold`, by person, read from the decisions in their order.

        A person's newer word ends their own reject. A lift by a role that may lift ends those that its signer saw in
        the log. What a compromised key says never ends one.
        """
        decisions = [d for request in self.requests_about(hold) for d in request.decisions]
        holding: dict[str, Decision] = {}
        newest: dict[str, tuple[int, str, bool]] = {}
        for decision in sorted(decisions, key=lambda d: d.at.index):
            person, event = decision.person, decision.at.event
            if decision.body.decision == "reject":
                if decision.word >= newest.get(person, decision.word):
                    holding[person] = decision
            elif self.is_compromised(decision.at):
                continue
            else:
                seen = event.log.size if event and decision.lifts and decision.body.decision == "lift" else 0
                holding = {
                    who: reject
                    for who, reject in holding.items()
                    if reject.at.index >= seen and (who != person or reject.word >= decision.word)
                }
            newest[person] = max(decision.word, newest.get(person, decision.word))
        return holding

    def _last_words(self, request: Request) -> list[Decision]:
        words: dict[str, Decision] = {}
        for decision in request.decisions:
            known = words.get(decision.person)
            if known is None or decision.word > known.word:
                words[decision.person] = decision
        return [words[person] for person in sorted(words)]

    def _unfit(self, decision: Decision, request: Request, policy: InForce, rules: Requirements, now: str) -> str:
        """Return why an approval does not count now, or an empty string."""
        person, model = decision.person, request.model if request.body.version else None
        version = self.versions.get((request.model, request.body.version or ""))
        tier = version.body.tier if version else None
        if decision.body.role not in policy.roles_of(person, model, tier):
            return f"no longer holds the role '{decision.body.role}'"
        if policy.policy.people[person].kind != "person":
            return "is a service, and a service never decides"
        if decision.body.expires is not None and decision.body.expires < now:
            return f"expired at {decision.body.expires}"
        if self.is_compromised(decision.at):
            return "was signed with a key that is reported as compromised"
        if "registrar" in rules.approvals.forbid and version and self._actor(version.at) == person:
            return "registered this version"
        return ""

    def is_compromised(self, judged: Judged) -> bool:
        """Tell whether an event was signed with a key that was compromised by then."""
        return self.is_stolen(judged.signer or "", judged.index)

    def is_stolen(self, key: str, index: int) -> bool:
        """Tell whether a key was compromised when the event at an index was recorded."""
        start = self.compromised.get(key)
        return start is not None and index >= start

    @staticmethod
    def _actor(judged: Judged) -> str:
        return judged.event.actor if judged.event else ""

    def next_counter(self, model: str, existing: Set[str] = frozenset()) -> int:
        """Return GTO's next running number of a model: one more than the highest over all of its tags.

        Args:
            model: the model.
            existing: names of tags in the repository, so that a number somebody squats on is skipped.
        """
        return names.next_number(model, self.numbers.get(model, 0), existing)
