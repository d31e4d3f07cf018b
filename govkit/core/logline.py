"""One event of the log as one line for other systems, ``govkit.logline/v1``, and the choosing of such lines.

A line is a function of the log up to its event: it never changes when the log grows, so whoever keeps lines can
compare them with those of another clone, byte by byte. What became of an event later is said by later lines.
Everything that people wrote is a JSON string in it, with all but plain ASCII escaped, so no text can end a line, begin
another one, or act on a terminal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Literal

from msgspec import Struct

from govkit.core import commits, digests, events, keys, merkle, names, records
from govkit.core.entities import Promotion
from govkit.core.events import Event, Head
from govkit.core.judged import Judged
from govkit.core.records import Digest, Index, Instant, Record, Stage, Version
from govkit.core.state import State

SCHEMA: Final = "govkit.logline/v1"


class LogLine(Record, frozen=True):
    """One event of the log, for programs that read along. It is a statement about a log, not a proof.

    Attributes:
        root: the log's root of trust.
        index: the event's place in the log, from 0.
        id: its identity, the leaf hash; it covers the event and its signature.
        digest: SHA-256 of its ``event.json``; null where that cannot be read.
        head: size and root of the log that ends in this event.
        verdict: how it is judged. Only what is ``good`` has an effect; a ``conflict`` shows another history.
        why: why it is not good, or an empty string.
        claimed_time: the time that the signer claims; null where the event cannot be read.
        effective_time: the later of that and of the last good event before it; never runs backwards. Of what is not
            good, the time of the last good event before it; null if there is none.
        actor: whom the event names as its author; null where it cannot be read.
        person: whose key signed it, under the policy in force there; null if it is nobody's.
        key: fingerprint of that key as ``ssh-keygen -l`` prints it; null if there is no good signature.
        type: the type of event; null where it cannot be read.
        subject: a model's name, or ``*``.
        version: the version that it is about, also where it names that by a request, promotion or finding; or null.
        stage: the stage that it is about, likewise.
        summary: one line for people.
        words: what the signer gave as reason, comment or meaning, or an empty string.
        tag: name of the tag that came with it, or null.
        evidence: digests of the files beside it, by name.
        body: the event's body as it was signed; what it holds depends on the type.
    """

    schema: Literal["govkit.logline/v1"]
    root: Digest
    index: Index
    id: Digest
    digest: Digest | None
    head: Head
    verdict: Literal["good", "inert", "conflict", "undecided"]
    why: str
    claimed_time: str | None
    effective_time: Instant | None
    actor: str | None
    person: str | None
    key: str | None
    type: str | None
    subject: str
    version: Version | None
    stage: Stage | None
    summary: str
    words: str
    tag: str | None
    evidence: dict[str, Digest]
    body: dict[str, Any]


def text(line: LogLine) -> str:
    """Return a line as JSON of printable ASCII, without its line break; keys in the order of the schema."""
    return json.dumps(records.to_value(line), ensure_ascii=True, separators=(",", ":"))


class Lines:
    """Makes lines of the events of one log.

    Args:
        state: what the log says.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        entries = (entry for served in state.stages.values() for entry in served)
        self._promotions = {entry.at.id: entry for entry in entries if isinstance(entry, Promotion)}

    def line(self, judged: Judged) -> LogLine:
        """Return the line of an event."""
        state, event = self._state, judged.event
        policy, size = state.policy_at(judged.index), judged.index + 1
        about = self._about(judged.index, event.body) if event else _About()
        return LogLine(
            schema=SCHEMA,
            root=state.judged[0].id,
            index=judged.index,
            id=judged.id,
            digest=digests.sha256(records.to_json(event)) if event else None,
            head=Head(size=size, root=merkle.text(state.tree.roots[size])),
            verdict=judged.status.value,
            why=judged.reason,
            claimed_time=event.time if event else None,
            effective_time=judged.effective or None,
            actor=event.actor if event else None,
            person=policy.owner(judged.signer) if policy and judged.signer else None,
            key=keys.fingerprint(judged.signer) if judged.signer else None,
            type=event.type if event else None,
            subject=event.subject if event else events.ALL,
            version=about.version,
            stage=about.stage,
            summary=commits.headline(event) if event else "unreadable",
            words=words(event),
            tag=_tag(event),
            evidence=dict(event.evidence) if event else {},
            body=event.body if event else {},
        )

    def _about(self, index: int, body: Mapping[str, Any]) -> _About:
        """Return version and stage that an event is about; what it points at must stand before it in the log."""
        named = _About(_of(body, "version", names.is_version), _of(body, "stage", names.is_stage))
        request = self._state.requests.get(str(body.get("request")))
        promotion = self._promotions.get(str(body.get("promotion")))
        finding = self._state.findings.get(str(body.get("finding")))
        if request is not None and request.at.index < index:
            named = named.or_else(request.body.version, request.body.stage)
        if promotion is not None and promotion.at.index < index:
            named = named.or_else(promotion.body.version, promotion.body.stage)
        if finding is not None and finding.at.index < index:
            named = named.or_else(finding.version, None)
        return named


class _About(Struct, frozen=True):
    version: str | None = None
    stage: str | None = None

    def or_else(self, version: str | None, stage: str | None) -> _About:
        return _About(self.version or version, self.stage or stage)


def words(event: Event | None) -> str:
    """Return what an event's signer gave as reason, comment or meaning, or an empty string."""
    body = event.body if event else {}
    found = [body.get(key) for key in ("reason", "comment", "text", "resolution", "meaning")]
    return next((value for value in found if isinstance(value, str) and value), "")


def _of(body: Mapping[str, Any], key: str, fits: Any) -> str | None:
    value = body.get(key)
    return value if isinstance(value, str) and fits(value) else None


def _tag(event: Event | None) -> str | None:
    tag = event.body.get("tag") if event else None
    name = tag.get("name") if isinstance(tag, dict) else None
    return name if isinstance(name, str) else None


class Wanted(Struct, frozen=True):
    """Which lines somebody wants; an empty set wants all.

    Attributes:
        models: models by their full names.
        people: ids of people; a line is taken whether the event names them or their key signed it.
        types: types of events, or their first words, such as ``decision``.
        stages: stages.
        since: the first effective time, or None. Signers cannot date an event back behind that of its predecessor.
        until: the last one, or None.
        after: only events at this place and beyond.
    """

    models: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset()
    since: str | None = None
    until: str | None = None
    after: int = 0

    def takes(self, line: LogLine) -> bool:
        """Tell whether a line is wanted."""
        kind, time = line.type or "", line.effective_time or ""
        return (
            line.index >= self.after
            and (self.since is None or time >= self.since)
            and (self.until is None or time <= self.until)
            and (not self.models or line.subject in self.models)
            and (not self.people or bool(self.people & {line.actor, line.person}))
            and (not self.types or bool(self.types & {kind, kind.partition(".")[0]}))
            and (not self.stages or line.stage in self.stages)
        )
