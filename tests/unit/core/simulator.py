"""A world in memory for tests of the ledger: people, a policy, and a log to which they append. No Git, no crypto.

In the spirit of python-tuf's ``RepositorySimulator``.
Each method that writes an event makes an honest one; keywords override any part of it, so that an attack is one line:

- ``actor``: who the event names; ``signer``: the key that signed it (the actor's by default), or None.
- ``body``: fields of the body; ``digests`` and ``tag`` likewise, one level down.
- ``event``: fields of the event itself; ``at``: the head that it is signed for; ``files``: its evidence.

:meth:`World.append` checks of every entry that is not good that it left no trace in the state, and of every entry that a
ledger which goes on from a snapshot judges it alike.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import structs

from govkit.core import canonical, digests, events, keys, merkle, names, policy, records, tags, times
from govkit.core import snapshot as snapshots
from govkit.core.entities import Promotion, Request
from govkit.core.judged import Judged, Status
from govkit.core.ledger import Entry, Ledger
from govkit.core.policy import InForce
from govkit.core.rules import Evidence
from govkit.core.state import State

MODEL = "credit-default"
START = "2026-01-05T09:00:00Z"
Json = dict[str, Any]
_ACTORS_OWN = "the actor's own key"
#: The worlds of the test that runs: afterwards each log is judged by the auditor's file, too.
WORLDS: list[World] = []


def key(name: str) -> str:
    """Return a well-formed Ed25519 key that depends on a name alone."""
    kind = b"ssh-ed25519"
    point = hashlib.sha256(name.encode()).digest()
    return keys.from_blob(b"".join(len(part).to_bytes(4, "big") + part for part in (kind, point)))


def digest(text: str) -> str:
    """Return the digest of a text."""
    return digests.sha256(text.encode())


def commit(text: str) -> str:
    """Return a commit id that depends on a text alone."""
    return digests.git_object_id("commit", text.encode())


def policy_value() -> Json:
    """Return the policy of the world, as people write it.

    Alice is an engineer; she, Dan and Erin are administrators, two of whom must agree to what the third proposes.
    Bob and Dan are risk owners, Carol a validator, Erin releases, Frank may lift rejects; Robot is a service that
    somebody gave too many roles.
    """
    people = ("alice", "bob", "carol", "dan", "erin", "frank")
    members = {who: {"name": who.title(), "emails": [f"{who}@bank.example"], "keys": [key(who)]} for who in people}
    return {
        "schema": "govkit.policy/v1",
        "rules": 1,
        "branches": ["main"],
        "people": {**members, "robot": {"name": "Robot", "kind": "service", "keys": [key("robot")]}},
        "roles": {
            "engineer": {"people": ["alice", "robot"]},
            "risk-owner": {"people": ["bob", "dan", "robot"]},
            "validator": {"people": ["carol"]},
            "release": {"people": ["erin", "robot"]},
            "head": {"people": ["frank"]},
            "admin": {"people": ["alice", "dan", "erin"]},
        },
        "admin": {"roles": ["admin"], "approvals": {"quorum": {"role": "admin", "count": 2}, "lift": ["head"]}},
        "register": ["engineer"],
        "revoke": ["risk-owner"],
        "records": {kind: ["release"] for kind in ("canary.recorded", "deployment.recorded", "config.changed")}
        | {
            "waiver.granted": ["risk-owner"],
            "finding.opened": ["validator"],
            "finding.closed": ["validator"],
            "reproduction.recorded": ["validator"],
            "checkpoint.recorded": ["release", "engineer"],
        },
        "gates": {
            "auc": {"type": "metric", "metric": "auc", "min": 0.75},
            "origin": {"type": "lineage"},
            "statements": {"type": "card", "sections": ["owner", "intended_use"]},
        },
        "stages": {
            "staging": {"gates": ["auc"], "approvals": {"quorum": {"role": "risk-owner"}}, "promote": ["release"]},
            "production": {
                "gates": ["auc", "origin"],
                "approvals": {
                    "quorum": {"all": [{"role": "risk-owner"}, {"role": "validator"}]},
                    "valid_for": "30d",
                    "lift": ["head"],
                },
                "promote": ["release"],
            },
        },
    }


def edited(value: Json, *path: str, to: Any) -> Json:
    """Return a copy of a JSON value in which the value at a path is another; an exception class takes it out."""
    result: Json = copy.deepcopy(value)
    inner = result
    for part in path[:-1]:
        inner = inner[part]
    if to is KeyError:
        del inner[path[-1]]
    else:
        inner[path[-1]] = to
    return result


def in_force(value: Json) -> InForce:
    """Return a policy as it would be after its adoption."""
    return policy.parse(policy.written_out(value))


def snapshot(state: State) -> Json:
    """Return a deep copy of a state, without the tree, and the verdicts and what tells where some are, which grow with every entry."""
    names_of_fields = {field.name for field in structs.fields(State)} - {"tree", "judged", "remarkable", "tagged"}
    return {name: copy.deepcopy(getattr(state, name)) for name in sorted(names_of_fields)}


class World:
    """A log, its policy, and people who write to it.

    Attributes:
        ledger: judges what is written.
        entries: everything that was written.
        value: the policy in force as people wrote it.
        now: the time on everybody's clock; a minute passes with each entry.
    """

    def __init__(self, value: Json | None = None, *, found: bool = True) -> None:
        self.ledger = Ledger()
        self.entries: list[Entry] = []
        self.value = policy_value() if value is None else value
        self.now = START
        WORLDS.append(self)
        if found:
            assert self.adopt_first().status is Status.GOOD

    # -- looking ------------------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """The state after the last entry."""
        return self.ledger.state

    @property
    def policy(self) -> InForce:
        """The policy in force."""
        found = self.state.policy
        assert found is not None
        return found

    def head(self, size: int | None = None) -> events.Head:
        """Return the head of the log at a size, now if None."""
        size = len(self.state.tree) if size is None else size
        return events.Head(size=size, root=merkle.text(self.state.tree.roots[size]))

    def request_of(self, name: str) -> Request:
        """Return the newest request with a name or identity."""
        found = self.state.find_request(name)
        assert found is not None
        return found

    def newest_request(self) -> Request:
        """Return the newest open request, or the newest of all."""
        every = list(self.state.requests.values())
        return next((request for request in reversed(every) if request.state == "open"), every[-1])

    def champion(self, stage: str = "production") -> Promotion:
        """Return what serves in a stage."""
        found = self.state.champion(MODEL, stage)
        assert found is not None
        return found

    def requirements(self, version: str, stage: str) -> str:
        """Return the digest of what the policy in force requires; a made-up one where it knows no such stage."""
        known = self.state.versions.get((MODEL, version))
        found = self.policy.requirements(MODEL, known.body.tier if known else "high", stage)
        return found.digest if found else digest("no requirements")

    # -- writing anything ---------------------------------------------------------------------------------------

    def sleep(self, span: str) -> None:
        """Let time pass."""
        self.now = times.add(self.now, times.span(span))

    def sign(
        self,
        kind: str,
        actor: str,
        body: Json,
        *,
        subject: str = events.ALL,
        files: Mapping[str, Evidence] | None = None,
        signer: str | None = _ACTORS_OWN,
        at: events.Head | None = None,
        event: Json | None = None,
    ) -> Entry:
        """Return an entry for the next place, without appending it."""
        given = dict(files or {})
        value = {
            "schema": events.SCHEMA,
            "log": records.to_value(at or self.head()),
            "type": kind,
            "time": self.now,
            "actor": actor,
            "subject": subject,
            "body": body,
            "evidence": {name: file.sha256 for name, file in given.items()},
            **(event or {}),
        }
        text = canonical.encode(value)
        signer = key(actor) if signer == _ACTORS_OWN else signer
        signature = None if signer is None else f"{signer} signed {digests.sha256(text)}".encode()
        return Entry(event=text, signature=signature, signer=signer, evidence=given)

    def append(self, entry: Entry) -> Judged:
        """Append an entry; an entry that is not good must leave no trace but its own verdict."""
        before, restored = snapshot(self.state), snapshots.read(snapshots.write(self.ledger))
        judged = self.ledger.append(entry)
        # A ledger that goes on from a snapshot judges the same, and then knows the same.
        assert restored.append(entry) == judged
        assert restored.state == self.state
        assert (restored.decisions, restored.violations) == (self.ledger.decisions, self.ledger.violations)
        assert self.state.models == sorted({model for model, _ in self.state.versions})
        self.entries.append(entry)
        self.now = times.add(self.now, times.parse("2026-01-01T00:01:00Z") - times.parse("2026-01-01T00:00:00Z"))
        if judged.status is not Status.GOOD:
            expected = before
            if judged.status is Status.CONFLICT:
                expected["conflicts"][judged.index] = judged
            if judged.status is Status.UNDECIDED:
                expected["undecided"][judged.index] = judged
            assert expected == snapshot(self.state)
            assert expected["effective"] == judged.effective
        assert self.state.judged[-1] is judged
        assert len(self.state.tree) == len(self.state.judged) == len(self.entries)
        return judged

    def write(self, kind: str, actor: str, body: Json, **options: Any) -> Judged:
        """Sign and append an entry; options as in :meth:`sign`."""
        return self.append(self.sign(kind, actor, body, **options))

    def fill(self, count: int) -> None:
        """Append entries that mean nothing."""
        for _ in range(count):
            assert self.append(Entry(b"junk", None, None)).status is Status.INERT

    # -- the policy ---------------------------------------------------------------------------------------------

    def adopt_first(self, *, actor: str = "alice", body: Json | None = None, **options: Any) -> Judged:
        """Write event 0."""
        genesis = {"nonce": "0" * 32, "remote": "https://git.bank.example/models", "continues": None}
        options.setdefault("files", {"policy.json": policy_file(self.value)})
        return self.write("policy.adopted", actor, {"genesis": genesis, **(body or {})}, **options)

    def request_policy(self, value: Json, *, actor: str = "alice", body: Json | None = None, **options: Any) -> Judged:
        """Ask for another policy."""
        file = policy_file(value)
        asked = {
            "action": "policy",
            "reason": "times change",
            "policy": file.sha256,
            "base": self.state.policies[-1][0],
            **(body or {}),
        }
        options.setdefault("files", {"policy.json": file})
        return self.write("request.opened", actor, asked, **options)

    def adopt(self, value: Json, *, actor: str = "alice", body: Json | None = None, **options: Any) -> Judged:
        """Adopt a policy on the newest request for one."""
        asked = [request for request in self.state.requests.values() if request.body.action == "policy"]
        resting_on = {"request": asked[-1].id if asked else None}
        options.setdefault("files", {"policy.json": policy_file(value)})
        judged = self.write("policy.adopted", actor, {**resting_on, **(body or {})}, **options)
        if judged.status is Status.GOOD:
            self.value = value
        return judged

    def change(self, value: Json, *, removed: list[Json] | None = None) -> Judged:
        """Do everything for a change of the policy: Alice asks and adopts, Dan and Erin approve."""
        request = good(self.request_policy(value))
        for who in ("dan", "erin"):
            good(self.decide(who, "admin", request=request.id))
        return good(self.adopt(value, body={"removed": removed or []}))

    def edit(self, *path: str, to: Any) -> Judged:
        """Change one value of the policy in force, with everything that it takes."""
        return self.change(edited(self.value, *path, to=to))

    # -- versions, requests and decisions -----------------------------------------------------------------------

    def register(
        self, version: str, *, actor: str = "alice", body: Json | None = None, tag: Json | None = None, **options: Any
    ) -> Judged:
        """Register a version."""
        facts = version_facts(version)
        name = f"{MODEL}@v{version}"
        said = {"ref": name, "kind": "register", "version": version, **facts, "actor": actor, **(tag or {})}
        file = self.tag_file(said, options)
        stated = {
            "version": version,
            **facts,
            "data": digest(f"data of {version}"),
            "tier": "high",
            "tag": {"name": name, "id": tag_id(file)},
            **(body or {}),
        }
        options.setdefault("files", {"card.json": card_file(version), "tag": file})
        return self.write("version.registered", actor, stated, subject=options.pop("subject", MODEL), **options)

    def request(
        self,
        version: str,
        stage: str = "production",
        *,
        actor: str = "alice",
        body: Json | None = None,
        digests: Json | None = None,
        **options: Any,
    ) -> Judged:
        """Ask for a version to enter a stage."""
        facts = version_facts(version)
        champion = self.state.champion(MODEL, stage)
        bound = {
            "card": facts["card"],
            "weights": facts["weights"],
            "data": digest(f"data of {version}"),
            "requirements": self.requirements(version, stage),
            "champion": champion.at.id if champion else None,
            **(digests or {}),
        }
        asked = {
            "action": "promote",
            "reason": "it is better",
            "version": version,
            "stage": stage,
            "commit": facts["commit"],
            "digests": bound,
            **(body or {}),
        }
        options.setdefault("files", {"card.json": card_file(version)})
        return self.write("request.opened", actor, asked, subject=options.pop("subject", MODEL), **options)

    def decision(
        self,
        actor: str,
        role: str,
        word: str = "approve",
        *,
        request: str | None = None,
        body: Json | None = None,
        **options: Any,
    ) -> Entry:
        """Return a signed decision on a request (the newest one if None), to be appended now or carried in later."""
        target = self.request_of(request) if request else self.newest_request()
        rules = self.state.requirements_of(target, self.policy)
        needs_end = word == "approve" and rules is not None and rules.approvals.valid_for
        stated = {
            "request": target.id,
            "role": role,
            "decision": word,
            "meaning": "I have read the card",
            "expires": times.add(self.now, times.span("30d")) if needs_end else None,
            **(body or {}),
        }
        if target.body.policy:
            files = {"policy.json": Evidence(target.body.policy)}
        elif target.body.digests:
            files = {"card.json": Evidence(target.body.digests.card)}
        else:
            files = {}
        options.setdefault("files", files)
        return self.sign("decision.recorded", actor, stated, subject=options.pop("subject", target.model), **options)

    def decide(self, actor: str, role: str, word: str = "approve", **options: Any) -> Judged:
        """Decide on a request; see :meth:`decision`."""
        return self.append(self.decision(actor, role, word, **options))

    def withdraw(self, request: str, *, actor: str = "alice", **options: Any) -> Judged:
        """Take a request back."""
        body = {"request": self.request_of(request).id}
        return self.write("request.withdrawn", actor, body, subject=options.pop("subject", MODEL), **options)

    def approve_all(self) -> None:
        """Let a risk owner and a validator approve the newest request."""
        good(self.decide("bob", "risk-owner"))
        if self.newest_request().body.stage == "production":
            good(self.decide("carol", "validator"))

    # -- stages -------------------------------------------------------------------------------------------------

    def promote(
        self,
        version: str,
        stage: str = "production",
        *,
        actor: str = "erin",
        kind: str = "promote",
        body: Json | None = None,
        tag: Json | None = None,
        **options: Any,
    ) -> Judged:
        """Promote a version on its newest request, or with ``kind="rollback"`` back to its newest promotion."""
        facts = version_facts(version)
        name = f"{MODEL}#{stage}#{self.state.next_counter(MODEL)}"
        stated = {
            "kind": kind,
            "version": version,
            "stage": stage,
            **facts,
            "policy": self.policy.digest,
            **(self._rests_on(version, stage) if kind == "promote" else self._goes_back_to(version, stage)),
            **(body or {}),
        }
        same = ("kind", "version", "stage", "commit", "card", "weights", "requirements", "policy", "request")
        said = {"ref": name, "actor": actor, **{part: stated[part] for part in same}}
        file = self.tag_file({**said, "decisions": stated["decisions"], **(tag or {})}, options)
        stated = {"tag": {"name": name, "id": tag_id(file)}, **stated}
        options.setdefault("files", {"tag": file})
        return self.write("promotion.recorded", actor, stated, subject=options.pop("subject", MODEL), **options)

    def _rests_on(self, version: str, stage: str) -> Json:
        request = self.state.find_request(f"{MODEL}@{version}#{stage}")
        if request is None or request.body.digests is None:
            return {"requirements": self.requirements(version, stage), "request": None, "decisions": []}
        counted = self.state.tally(request, at=max(self.now, self.state.effective)).counted
        return {
            "requirements": request.body.digests.requirements,
            "request": request.id,
            "decisions": [decision.at.id for _, decision in sorted(counted.items())],
        }

    def _goes_back_to(self, version: str, stage: str) -> Json:
        earlier = [
            entry
            for entry in self.state.stages.get((MODEL, stage), [])
            if isinstance(entry, Promotion) and entry.body.version == version
        ]
        return {
            "requirements": earlier[-1].body.requirements if earlier else digest("none"),
            "request": None,
            "decisions": [],
            "restores": earlier[-1].at.id if earlier else None,
        }

    def clear(
        self,
        stage: str = "production",
        *,
        actor: str = "erin",
        body: Json | None = None,
        tag: Json | None = None,
        **options: Any,
    ) -> Judged:
        """Empty a stage."""
        last = self.state.last(MODEL, stage)
        name = f"{MODEL}#{stage}!#{self.state.next_counter(MODEL)}"
        said = {
            "ref": name,
            "kind": "clear",
            "stage": stage,
            "actor": actor,
            "version": last.body.version if isinstance(last, Promotion) else "1.0.0",
            "commit": last.body.commit if isinstance(last, Promotion) else commit("nothing"),
            **(tag or {}),
        }
        file = self.tag_file(said, options)
        stated = {"stage": stage, "reason": "it drifts", "tag": {"name": name, "id": tag_id(file)}, **(body or {})}
        options.setdefault("files", {"tag": file})
        return self.write("stage.cleared", actor, stated, subject=options.pop("subject", MODEL), **options)

    def revoke(self, version: str, *, actor: str = "bob", **options: Any) -> Judged:
        """Revoke a version."""
        body = {"version": version, "reason": "trained on the wrong data"}
        return self.write("version.revoked", actor, body, subject=options.pop("subject", MODEL), **options)

    def tag_file(self, said: Json, options: Json) -> Evidence:
        """Return a tag object as evidence; takes ``tag_text`` and ``tag_signer`` out of the options."""
        empty = ("version", "stage", "card", "weights", "requirements", "request")
        record = records.from_value(
            {
                "schema": tags.SCHEMA,
                **dict.fromkeys(empty),
                "model": MODEL,
                "policy": self.policy.digest,
                "decisions": [],
                "log": records.to_value(self.head()),
                **said,
            },
            tags.TagRecord,
        )
        assert names.parse_tag(record.ref) is not None
        known = record.actor in self.policy.policy.people
        tagger = self.policy.tagger(record.actor) if known else "Somebody <somebody@bank.example>"
        text = tags.payload(record, tagger, self._signed_at(options)) + keys.armour(b"a signature")
        text = options.pop("tag_text", text)
        return Evidence(digests.sha256(text), text, options.pop("tag_signer", key(record.actor)))

    def _signed_at(self, options: Json) -> str:
        """Return the event's own time, which its tag must carry."""
        return str((options.get("event") or {}).get("time", self.now))

    # -- whole stories ------------------------------------------------------------------------------------------

    def serve(self, version: str, stage: str = "production") -> Judged:
        """Register a version, ask for a stage, approve and promote."""
        if (MODEL, version) not in self.state.versions:
            good(self.register(version))
        good(self.request(version, stage))
        self.approve_all()
        return good(self.promote(version, stage))

    def fork(self, actor: str = "bob") -> Judged:
        """Let somebody sign for another history of the log."""
        return self.write("checkpoint.recorded", actor, {}, at=events.Head(size=0, root=digest("another log")))

    def acknowledge(self, index: int, *, actor: str = "alice", body: Json | None = None, **options: Any) -> Judged:
        """Acknowledge a violation on the newest request."""
        request = self.newest_request().id
        stated = {"index": index, "reason": "a copy of the log from a test", "request": request, **(body or {})}
        return self.write("violation.acknowledged", actor, stated, **options)

    def request_acknowledgement(self, index: int, *, actor: str = "alice", body: Json | None = None) -> Judged:
        """Ask for a violation to be acknowledged."""
        asked = {"action": "acknowledge", "reason": "it was a test", "index": index, **(body or {})}
        return self.write("request.opened", actor, asked)


def version_facts(version: str) -> Json:
    """Return commit, card and weights of a version."""
    return {
        "commit": commit(f"commit of {version}"),
        "card": card_file(version).sha256,
        "weights": digest(f"weights of {version}"),
    }


def card_file(version: str) -> Evidence:
    """Return a version's card as evidence; the ledger never looks into it."""
    return Evidence(digest(f"card of {version}"))


def policy_file(value: Json) -> Evidence:
    """Return a policy as evidence; one that cannot be written out stands as it is."""
    try:
        text = policy.written_out(value)
    except ValueError:
        text = canonical.encode(value)
    return Evidence(digests.sha256(text), text)


def tag_id(file: Evidence) -> str:
    """Return the id of the tag object in a piece of evidence."""
    return digests.git_object_id("tag", file.content or b"")


def good(judged: Judged) -> Judged:
    """Return a verdict after making sure that it is a good one."""
    assert (judged.status, judged.reason) == (Status.GOOD, "")
    return judged


def refused(judged: Judged, reason: str) -> None:
    """Make sure that an entry is inert, for this reason."""
    assert (judged.status, judged.reason) == (Status.INERT, reason)


Step = Callable[[World], Judged]
