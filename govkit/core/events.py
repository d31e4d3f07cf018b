"""The events of the log, ``govkit.event/v1``: what each type holds, and the leaf that stands for it in the tree."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, Final, Literal

import msgspec

from govkit.core import canonical, digests, limits, merkle, records
from govkit.core.errors import Malformed
from govkit.core.names import is_model
from govkit.core.records import Digest, GitId, Index, Instant, Person, Record, Stage, Text, Version, Words

SCHEMA: Final = "govkit.event/v1"
LEAF = "govkit.leaf/v1"
#: The file names of a commit of the log; everything else in its tree is evidence.
EVENT_FILE, SIGNATURE_FILE = "event.json", "event.json.sig"
#: Events are small: what is large is evidence.
MAX_EVENT_BYTES = limits.EVENT
ALL = "*"

EvidenceName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]*$(?!\n)", max_length=100)]
Action = Literal["promote", "rollback", "break-glass", "policy", "acknowledge"]
PromotionKind = Literal["promote", "rollback", "break-glass"]


class Head(Record, frozen=True):
    """A state of the log: how many leaves it has and the root over them."""

    size: Index
    root: Digest


class TagRef(Record, frozen=True):
    """A tag by its name and the id of its object."""

    name: Annotated[str, msgspec.Meta(max_length=400)]
    id: GitId


class Event(Record, frozen=True):
    """One entry of the log, as signed."""

    schema: Literal["govkit.event/v1"]
    log: Head
    type: Annotated[str, msgspec.Meta(pattern=r"^[a-z]+\.[a-z]+$(?!\n)", max_length=64)]
    time: Instant
    actor: Person
    subject: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    body: dict[str, Any]
    evidence: dict[EvidenceName, Digest]


class Genesis(Record, frozen=True):
    """What only event 0 says.

    Attributes:
        nonce: 128 random bits in hex, so that no two logs share a root of trust.
        remote: the repository's canonical remote, or an empty string where it has none.
        continues: the head of the log that this one continues, or null.
    """

    nonce: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]
    remote: Annotated[str, msgspec.Meta(max_length=2000)]
    continues: Head | None = None


class RemovedKey(Record, frozen=True):
    """A key that this policy takes out; what rests on it from ``compromised_from`` on no longer proves."""

    key: Annotated[str, msgspec.Meta(max_length=20_000)]
    compromised_from: Index | None = None


class PolicyAdopted(Record, frozen=True):
    """``policy.adopted``: the policy in evidence ``policy.json`` is in force from here on."""

    genesis: Genesis | None = None
    request: Digest | None = None
    removed: list[RemovedKey] = []


class Digests(Record, frozen=True):
    """What a request binds: the card, the weights, the data, the requirements, and the champion's promotion."""

    card: Digest
    weights: Digest
    data: Digest
    requirements: Digest
    champion: Digest | None


class VersionRegistered(Record, frozen=True):
    """``version.registered``: this commit is this version of the model."""

    version: Version
    commit: GitId
    tier: Text
    card: Digest
    weights: Digest
    data: Digest
    tag: TagRef


class RequestOpened(Record, frozen=True):
    """``request.opened``: a wish that needs approval.

    For a model: version, stage, commit and digests. For ``policy``: the digest of the proposed ``policy.json`` and
    the index of the event that adopted the policy it is meant to replace. For ``acknowledge``: the index of the
    violation.
    """

    action: Action
    reason: Words
    version: Version | None = None
    stage: Stage | None = None
    commit: GitId | None = None
    digests: Digests | None = None
    restores: Digest | None = None
    policy: Digest | None = None
    base: Index | None = None
    index: Index | None = None
    ticket: Text = ""
    expires: Instant | None = None


class RequestWithdrawn(Record, frozen=True):
    """``request.withdrawn``: the requester takes the request back."""

    request: Digest
    reason: Text = ""


class Condition(Record, frozen=True):
    """A condition of an approval: it opens a finding with an owner and a due date."""

    text: Words
    owner: Person
    due: Instant


class DecisionRecorded(Record, frozen=True):
    """``decision.recorded``: one signed yes or no to one request, or the lifting of the rejects that hold for it.

    ``comment`` is what the person says in their own words (rules 2; a reject needs it).
    """

    request: Digest
    role: Text
    decision: Literal["approve", "reject", "lift"]
    meaning: Words
    conditions: list[Condition] = []
    expires: Instant | None = None
    comment: Text = ""


class PromotionRecorded(Record, frozen=True):
    """``promotion.recorded``: this version serves in this stage from here on.

    Until ``expires``, if it is an override; ``review_by`` (rules 2) is when it must have been approved again.
    """

    kind: PromotionKind
    version: Version
    stage: Stage
    commit: GitId
    card: Digest
    weights: Digest
    requirements: Digest
    policy: Digest
    request: Digest | None
    decisions: list[Digest]
    tag: TagRef
    restores: Digest | None = None
    reason: Text = ""
    ticket: Text = ""
    expires: Instant | None = None
    review_by: Instant | None = None


class StageCleared(Record, frozen=True):
    """``stage.cleared``: no version serves in this stage."""

    stage: Stage
    reason: Words
    tag: TagRef


class VersionRevoked(Record, frozen=True):
    """``version.revoked``: this version may not serve anywhere, ever."""

    version: Version
    reason: Words


class WaiverGranted(Record, frozen=True):
    """``waiver.granted``: one gate is waived for exactly what these digests name, until ``expires``."""

    gate: Text
    version: Version
    stage: Stage
    digests: Digests
    reason: Words
    expires: Instant
    ticket: Text = ""


class FindingOpened(Record, frozen=True):
    """``finding.opened``: something to be done about a version, by an owner, until a due date."""

    version: Version
    text: Words
    owner: Person
    due: Instant
    severity: Text = ""


class FindingClosed(Record, frozen=True):
    """``finding.closed``: how a finding ended; ``finding`` is the identity of what opened it."""

    finding: Digest
    resolution: Words


class CanaryRecorded(Record, frozen=True):
    """``canary.recorded``: one step of a canary; ``share`` is the part of the traffic, 0 to 1.

    ``metrics`` is the digest of what both versions measured in it; ``reason`` says why it was aborted (rules 2).
    """

    canary: Text
    step: Literal["start", "step", "abort", "finish"]
    version: Version
    stage: Stage
    share: Annotated[float, msgspec.Meta(ge=0, le=1)]
    verdict: Literal["pass", "fail", "inconclusive", "pending"]
    metrics: Digest | None = None
    reason: Text = ""


class DeploymentRecorded(Record, frozen=True):
    """``deployment.recorded``: a promotion was rolled out to, or withdrawn from, an environment."""

    promotion: Digest
    environment: Words
    status: Literal["started", "succeeded", "failed", "withdrawn"]
    config: Digest | None = None
    reason: Text = ""


class ConfigChanged(Record, frozen=True):
    """``config.changed``: configuration of a deployment changed from one digest to another."""

    environment: Words
    what: Words
    before: Digest | None
    after: Digest | None
    reason: Words


class ReproductionRecorded(Record, frozen=True):
    """``reproduction.recorded``: an independent run of a version's pipeline and how its outputs compare."""

    version: Version
    commit: GitId
    outputs: dict[str, Digest]
    verdict: Literal["identical", "within-tolerance", "different"]
    stages: list[str] = []


class CheckpointRecorded(Record, frozen=True):
    """``checkpoint.recorded``: somebody saw the log at the head that this event stands on."""

    mirrors: list[Text] = []


class ViolationAcknowledged(Record, frozen=True):
    """``violation.acknowledged``: an admin quorum knows of the violation at ``index`` and says why to go on."""

    index: Index
    reason: Words
    request: Digest


BODIES: dict[str, type[Record]] = {
    "policy.adopted": PolicyAdopted,
    "version.registered": VersionRegistered,
    "request.opened": RequestOpened,
    "request.withdrawn": RequestWithdrawn,
    "decision.recorded": DecisionRecorded,
    "promotion.recorded": PromotionRecorded,
    "stage.cleared": StageCleared,
    "version.revoked": VersionRevoked,
    "waiver.granted": WaiverGranted,
    "finding.opened": FindingOpened,
    "finding.closed": FindingClosed,
    "canary.recorded": CanaryRecorded,
    "deployment.recorded": DeploymentRecorded,
    "config.changed": ConfigChanged,
    "reproduction.recorded": ReproductionRecorded,
    "checkpoint.recorded": CheckpointRecorded,
    "violation.acknowledged": ViolationAcknowledged,
}


@lru_cache(maxsize=4)
def parse(data: bytes) -> Event:
    """Read ``event.json``; the body stays a mapping, for :func:`body`.

    Raises:
        Malformed: if it is not a canonical event, or its subject is neither a model's name nor ``*``.
    """
    if len(data) > MAX_EVENT_BYTES:
        raise Malformed(f"an event of {len(data)} bytes; {MAX_EVENT_BYTES} are allowed")
    event = records.from_json(data, Event)
    if event.subject != ALL and not is_model(event.subject):
        raise Malformed(f"subject {event.subject!r} is neither a model's name nor '*'")
    return event


def body(event: Event) -> Record | None:
    """Return an event's typed body, or None for a type that this govkit does not know.

    Raises:
        Malformed: if the body does not fit its type.
    """
    kind = BODIES.get(event.type)
    return None if kind is None else records.from_value(event.body, kind)


def leaf(event: bytes | None, signature: bytes | None, subject: str | None = None) -> bytes:
    """Return the leaf of a commit of the log: four lines, each ended by LF.

    Args:
        event: the bytes of ``event.json``, or None if the commit has no such file.
        signature: the bytes of ``event.json.sig``, or None.
        subject: the event's subject where it was parsed before; else it is read from the bytes.
    """
    subject = ALL if event is None else subject or _subject(event)
    said = "-" if event is None else digests.sha256(event)
    signed = "-" if signature is None else digests.sha256(signature)
    return f"{LEAF}\n{subject}\n{said}\n{signed}\n".encode()


def _subject(data: bytes) -> str:
    """Return the subject for the leaf, read as loosely as can be.

    Leaves are for ever: an older govkit must build the same leaf for an event whose format it does not know yet.
    """
    try:
        return parse(data).subject
    except Malformed:
        pass
    try:
        value = canonical.decode(data, limit=MAX_EVENT_BYTES)
    except Malformed:
        return ALL
    subject = value.get("subject") if isinstance(value, dict) else None
    return subject if isinstance(subject, str) and is_model(subject) else ALL


def identity(event: bytes | None, signature: bytes | None, subject: str | None = None) -> str:
    """Return an event's identity: its RFC 6962 leaf hash as ``sha256:<hex>``."""
    return merkle.text(merkle.leaf_hash(leaf(event, signature, subject)))
