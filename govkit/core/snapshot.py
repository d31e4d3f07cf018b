"""What a ledger knows after some entries, as bytes, so that it can go on from there instead of judging them again.

A snapshot is a function of the entries and of the rules in this package; whoever keeps one sees to it that it belongs
to the same commits, and was made by the same code (:mod:`govkit.storage.logcache`). It holds every entry once; what
the state says of them is told by their place. What grows with the log is made when it is asked for
(:mod:`govkit.core.lazy`), so that a long log is taken up again in little time.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from govkit.core import canonical, events, merkle
from govkit.core.entities import Clearing, Decision, Promotion, Request, Version
from govkit.core.errors import Malformed
from govkit.core.events import Event
from govkit.core.followups import Finding, Waiver
from govkit.core.judged import Judged, Status
from govkit.core.lazy import LazyDict, LazyList
from govkit.core.ledger import Ledger
from govkit.core.policy import parse as parse_policy
from govkit.core.state import State

K = TypeVar("K")
_HASH = 32


class _Entry(msgspec.Struct, array_like=True, frozen=True):
    """A judged entry; ``signer`` is a place in the list of keys, or -1."""

    status: Status
    reason: str
    effective: str
    event: Event | None
    signer: int
    irregular: tuple[str, ...]
    unknown: bool


class _Version(msgspec.Struct, array_like=True, frozen=True):
    model: str
    version: str
    commit: str
    index: int


class _Request(msgspec.Struct, array_like=True, frozen=True):
    """A request: by its place, what became of it, and the places of its decisions, each with whether it lifts."""

    index: int
    hold: int
    name: str
    state: str
    decisions: list[tuple[int, bool]]


class _Requests(msgspec.Struct, array_like=True, frozen=True):
    """All requests, oldest first, and what a reject of one holds for."""

    holds: list[tuple[str, ...]]
    requests: list[_Request]


class _Finding(msgspec.Struct, array_like=True, frozen=True):
    id: str
    name: str
    model: str
    version: str
    text: str
    owner: str
    due: str
    index: int
    override: bool
    closed: int | None


class _Snapshot(msgspec.Struct, array_like=True, frozen=True):
    """Everything; ``ends`` are the ends of the entries in ``entries``, as unsigned numbers of eight bytes.

    ``versions`` is a list of :class:`_Version`, ``requests`` is :class:`_Requests`: few questions need them.
    """

    leaves: bytes
    roots: bytes
    edge: list[tuple[int, bytes]]
    entries: memoryview
    ends: bytes
    signers: list[str]
    remarkable: list[int]
    policies: list[tuple[int, bytes]]
    owners: dict[str, str]
    gone: list[str]
    compromised: dict[str, int]
    versions: msgspec.Raw
    revoked: list[tuple[str, str, int]]
    requests: msgspec.Raw
    open: list[str]
    holds: list[tuple[tuple[str, ...], list[tuple[str, int, bool]]]]
    stages: list[tuple[str, str, list[tuple[int, bool]]]]
    tags: dict[str, str]
    numbers: dict[str, int]
    waivers: list[int]
    findings: list[_Finding]
    records: list[tuple[str, str, list[int]]]
    conflicts: list[int]
    undecided: list[int]
    acknowledged: dict[int, int]
    tagged: int | None
    remote: str
    effective: str
    decisions: bytes
    violations: dict[str, int]


def write(ledger: Ledger) -> bytes:
    """Return a ledger's knowledge as bytes (MessagePack)."""
    state = ledger.state
    signers = {judged.signer: -1 for judged in state.judged if judged.signer is not None}
    entries, ends = _packed(state.judged, {signer: place for place, signer in enumerate(signers)})
    return msgspec.msgpack.encode(
        _Snapshot(
            leaves=b"".join(state.tree.leaves),
            roots=b"".join(state.tree.roots),
            edge=state.tree.edge,
            entries=memoryview(entries),
            ends=ends,
            signers=list(signers),
            remarkable=state.remarkable,
            policies=[(index, canonical.encode(policy.raw)) for index, policy in state.policies],
            owners=state.owners,
            gone=sorted(state.gone),
            compromised=state.compromised,
            versions=_raw([_Version(*key, one.body.commit, one.at.index) for key, one in state.versions.items()]),
            revoked=[(*key, judged.index) for key, judged in state.revoked.items()],
            requests=_raw(_requests(state)),
            open=list(state.open),
            holds=[(hold, _holding(found)) for hold, found in state.holds.items()],
            stages=[(*key, [_staged(entry) for entry in found]) for key, found in state.stages.items()],
            tags=state.tags,
            numbers=state.numbers,
            waivers=[waiver.at.index for waiver in state.waivers],
            findings=[_finding(finding) for finding in state.findings.values()],
            records=[(*key, [judged.index for judged, _ in found]) for key, found in state.records.items()],
            conflicts=list(state.conflicts),
            undecided=list(state.undecided),
            acknowledged={index: judged.index for index, judged in state.acknowledged.items()},
            tagged=state.tagged,
            remote=state.remote,
            effective=state.effective,
            decisions=b"".join(merkle.raw(digest) for digest in sorted(ledger.decisions)),
            violations=ledger.violations,
        )
    )


def _packed(judged: Iterable[Judged], places: Mapping[str, int]) -> tuple[bytes, bytes]:
    """Return all entries, one after the other, and where each ends."""
    packed, ends = bytearray(), array("Q")
    for one in judged:
        signer = -1 if one.signer is None else places[one.signer]
        said = (one.status, one.reason, one.effective, one.event, signer, one.irregular, one.unknown)
        packed += msgspec.msgpack.encode(_Entry(*said))
        ends.append(len(packed))
    return bytes(packed), ends.tobytes()


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.msgpack.encode(value))


def _requests(state: State) -> _Requests:
    places = {hold: place for place, hold in enumerate(state.by_hold)}
    return _Requests(
        list(places),
        [
            _Request(one.at.index, places[one.hold], one.name, one.state, _decisions(one.decisions))
            for one in state.requests.values()
        ],
    )


def _decisions(found: Iterable[Decision]) -> list[tuple[int, bool]]:
    return [(decision.at.index, decision.lifts) for decision in found]


def _holding(found: Mapping[str, Decision]) -> list[tuple[str, int, bool]]:
    return [(person, decision.at.index, decision.lifts) for person, decision in found.items()]


def _staged(entry: Promotion | Clearing) -> tuple[int, bool]:
    return entry.at.index, isinstance(entry, Promotion) and entry.override


def _finding(one: Finding) -> _Finding:
    closed = one.closed.index if one.closed else None
    about = (one.id, one.name, one.model, one.version, one.text, one.owner, one.due)
    return _Finding(*about, one.at.index, one.override, closed)


def read(data: bytes | memoryview) -> Ledger:
    """Return the ledger that was written.

    Raises:
        Malformed: if the bytes are no snapshot, or one that contradicts itself. What is wrong with a single entry shows
            when it is looked at, as a ``ValueError``.
    """
    try:
        return _Reading(msgspec.msgpack.decode(data, type=_Snapshot)).ledger
    except (msgspec.DecodeError, RecursionError, LookupError, TypeError, ValueError) as error:
        raise Malformed(f"no snapshot of a ledger: {error!r}") from error


class _Reading:
    """A snapshot that becomes a ledger again."""

    def __init__(self, found: _Snapshot) -> None:
        self.ledger = Ledger()
        self._state, self._found = self.ledger.state, found
        self._entries = found.entries
        self._ends = array("Q", found.ends)
        self._signers = [*found.signers, None]
        self._grow_tree()
        self._bring_in_people()
        self._bring_in_requests()
        self._bring_in_rest()

    def _grow_tree(self) -> None:
        tree, found, size = self._state.tree, self._found, len(self._ends)
        if (len(found.leaves), len(found.roots)) != (_HASH * size, _HASH * (size + 1)):
            raise ValueError("a tree of another size than the log")
        tree.leaves = LazyList(lambda index: _hash(found.leaves, index), range(size))
        tree.roots = LazyList(lambda index: _hash(found.roots, index), range(size + 1))
        tree.edge[:] = found.edge
        self._state.judged = LazyList(self._judged, range(size))

    # -- what is made when it is asked for ----------------------------------------------------------------------

    def _judged(self, index: int) -> Judged:
        one = msgspec.msgpack.decode(
            self._entries[self._ends[index - 1] if index else 0 : self._ends[index]], type=_Entry
        )
        said = (one.status, one.reason, one.effective, one.event, self._signers[one.signer], one.irregular, one.unknown)
        return Judged(index, merkle.text(self._state.tree.leaves[index]), *said)

    def _at(self, index: int) -> tuple[str, Judged, Any]:
        """Return the model that an event is about, the event, and its body."""
        judged = self._state.judged[index]
        if judged.event is None:
            raise ValueError(f"entry {index} has no event")
        return judged.event.subject, judged, events.body(judged.event)

    @cached_property
    def _versions(self) -> list[_Version]:
        return msgspec.msgpack.decode(self._found.versions, type=list[_Version])

    @cached_property
    def _requests(self) -> _Requests:
        return msgspec.msgpack.decode(self._found.requests, type=_Requests)

    def _identified(self) -> list[tuple[str, _Request]]:
        """Return all requests by their identities, oldest first."""
        leaves = self._state.tree.leaves
        return [(merkle.text(leaves[one.index]), one) for one in self._requests.requests]

    def _by(self, key: Callable[[_Request], K]) -> LazyDict[K, list[str]]:
        """Return the identities of requests by something that they have, oldest first."""

        def seeds() -> Iterable[tuple[K, list[str]]]:
            found: dict[K, list[str]] = {}
            for identity, one in self._identified():
                found.setdefault(key(one), []).append(identity)
            return found.items()

        return LazyDict(list, seeds)

    def _request(self, one: _Request) -> Request:
        model, judged, body = self._at(one.index)
        return Request(judged, model, body, one.state, [self._decision(said) for said in one.decisions])

    def _decision(self, said: tuple[int, bool]) -> Decision:
        _, judged, body = self._at(said[0])
        return Decision(judged, body, said[1])

    def _staged(self, said: tuple[int, bool]) -> Promotion | Clearing:
        model, judged, body = self._at(said[0])
        is_clearing = judged.event is not None and judged.event.type == "stage.cleared"
        return Clearing(model, judged, body) if is_clearing else Promotion(model, judged, body, said[1])

    # -- what is there at once ----------------------------------------------------------------------------------

    def _bring_in_people(self) -> None:
        state, found = self._state, self._found
        state.policies = LazyList(lambda one: (one[0], parse_policy(one[1])), found.policies)
        state.owners.update(found.owners)
        state.gone.update(found.gone)
        state.compromised.update(found.compromised)

    def _bring_in_requests(self) -> None:
        state, found = self._state, self._found
        state.versions = LazyDict(
            lambda index: Version(*self._at(index)),
            lambda: (((one.model, one.version), one.index) for one in self._versions),
        )
        state.by_commit = LazyDict(str, lambda: (((one.model, one.commit), one.version) for one in self._versions))
        state.revoked.update({(model, version): state.judged[index] for model, version, index in found.revoked})
        state.requests = LazyDict(self._request, self._identified)
        state.by_hold = self._by(lambda one: self._requests.holds[one.hold])
        state.by_name = self._by(lambda one: one.name)
        state.open.update(dict.fromkeys(found.open))
        for hold, holding in found.holds:
            state.holds[hold] = {person: self._decision((index, lifts)) for person, index, lifts in holding}
        for model, stage, entries in found.stages:
            state.stages[model, stage] = LazyList(self._staged, entries)

    def _bring_in_rest(self) -> None:
        state, found = self._state, self._found
        state.remarkable[:], state.tagged = found.remarkable, found.tagged
        state.tags.update(found.tags)
        state.numbers.update(found.numbers)
        state.waivers = LazyList(lambda index: Waiver(*self._at(index)), found.waivers)
        for one in found.findings:
            about = (one.id, one.name, one.model, one.version, one.text, one.owner, one.due)
            closed = state.judged[one.closed] if one.closed is not None else None
            state.findings[one.id] = Finding(*about, state.judged[one.index], one.override, closed)
        for kind, subject, places in found.records:
            state.records[kind, subject] = LazyList(lambda index: self._at(index)[1:], places)
        state.conflicts.update({index: state.judged[index] for index in found.conflicts})
        state.undecided.update({index: state.judged[index] for index in found.undecided})
        state.acknowledged.update({index: state.judged[by] for index, by in found.acknowledged.items()})
        state.remote, state.effective = found.remote, found.effective
        self.ledger.decisions = LazyDict(bool, lambda: ((merkle.text(each), True) for each in _split(found.decisions)))
        self.ledger.violations.update(found.violations)


def _hash(joined: bytes, index: int) -> bytes:
    return joined[_HASH * index : _HASH * (index + 1)]


def _split(joined: bytes) -> list[bytes]:
    return [_hash(joined, index) for index in range(len(joined) // _HASH)]
