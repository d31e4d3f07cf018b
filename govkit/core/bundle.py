"""The formats of a bundle of evidence for an auditor, and of one proof: what stands in its JSON files.

The bundle is checked by a program that knows nothing of govkit (:mod:`govkit.evidence.verify_bundle`), so nothing rests
on these types; they are here so that the formats are published as all others are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from govkit.core import canonical, digests, merkle, records
from govkit.core.entities import Promotion
from govkit.core.events import Head
from govkit.core.merkle import Prover
from govkit.core.records import Digest, Index, Model, Record, Stage, Version
from govkit.core.state import State

SCHEMA: Final = "govkit.bundle/v1"
CLAIMS_SCHEMA: Final = "govkit.bundle-claims/v1"
PROOF_SCHEMA: Final = "govkit.proof/v1"
MANIFEST = "manifest.json"
#: Leaves of all events in their order, four lines each.
LEAVES = "leaves.txt"


class BundleFile(Record, frozen=True):
    """One file of a bundle.

    Attributes:
        name: its path in the bundle.
        sha256: the digest of its bytes.
        size: in bytes.
    """

    name: str
    sha256: Digest
    size: Index


class Manifest(Record, frozen=True):
    """``manifest.json``: every other file of a bundle, sorted by name; nothing else may be in it.

    Attributes:
        files: the files.
    """

    schema: Literal["govkit.bundle/v1"]
    files: list[BundleFile]


class EventClaim(Record, frozen=True):
    """What govkit says of an event that is shown.

    Attributes:
        status: ``good``, ``inert``, ``conflict`` or ``undecided``.
        reason: why it is not good, or an empty string.
        effective: its effective time; for one that is not good that of the event before, or an empty string.
    """

    status: str
    reason: str
    effective: str


class ServingClaim(Record, frozen=True):
    """What govkit says serves in a stage.

    Attributes:
        version: the version.
        promotion: identity of the promotion's event.
        kind: ``promote``, ``rollback`` or ``break-glass``.
        override: whether the usual approval was overridden.
    """

    version: Version
    promotion: Digest
    kind: str
    override: bool


class BytesClaim(Record, frozen=True):
    """Which SHA-256 of the card its maker had bytes for.

    Attributes:
        proven: paths whose SHA-256 was computed from bytes at hand.
        on_trust: paths whose SHA-256 was taken from the card, as the bytes were not there.
        unread: reports whose bytes were not there, so that their part of the card could not be made again.
        differences: where the committed card differs from the one made again.
        problem: why the card could not be made again at all, or an empty string.
    """

    proven: list[str]
    on_trust: list[str]
    unread: list[str]
    differences: list[str]
    problem: str


class Claims(Record, frozen=True):
    """``claims.json``: what govkit says of the log. Whoever checks the bundle works it out anew, and compares.

    Attributes:
        govkit: the release that made the bundle.
        model: the model that the bundle is about.
        version: the version that it is about.
        root_of_trust: identity of the log's event 0.
        remote: the repository that event 0 names.
        head: the head of the log that the bundle speaks for.
        events: verdicts on the events that are shown, by index.
        serving: what serves, by stage; null where a stage was emptied.
        bytes: which digests were proven from bytes, and which taken on trust.
    """

    schema: Literal["govkit.bundle-claims/v1"]
    govkit: str
    model: Model
    version: Version
    root_of_trust: Digest
    remote: str
    head: Head
    events: dict[str, EventClaim]
    serving: dict[Stage, ServingClaim | None]
    bytes: BytesClaim


class Proof(Record, frozen=True):
    """A proof about a log, as RFC 6962 defines it: that it holds an event, or that it only grew.

    An inclusion proof is checked as in RFC 9162 section 2.1.3.2, a consistency proof as in section 2.1.4.2.

    Attributes:
        kind: ``inclusion`` or ``consistency``; what concerns the other kind is null.
        size: how many leaves the tree has that the proof leads to.
        root: its root.
        path: the hashes, from the leaf upwards.
        index: the event's place.
        leaf: the four lines that stand for the event in the tree.
        leaf_hash: SHA-256 over a zero byte and the leaf, which is the event's identity.
        old_size: how many leaves the earlier tree had.
        old_root: its root.
    """

    schema: Literal["govkit.proof/v1"]
    kind: Literal["inclusion", "consistency"]
    size: Index
    root: Digest
    path: list[Digest]
    index: Index | None = None
    leaf: str | None = None
    leaf_hash: Digest | None = None
    old_size: Index | None = None
    old_root: Digest | None = None


def inclusion(prover: Prover, index: int, size: int, leaf: bytes) -> Proof:
    """Return the proof that an event is in the tree of the first ``size`` events.

    Raises:
        IndexError: if it is not.
    """
    return Proof(
        schema=PROOF_SCHEMA,
        kind="inclusion",
        size=size,
        root=merkle.text(prover.root(size)),
        path=[merkle.text(node) for node in prover.inclusion(index, size)],
        index=index,
        leaf=leaf.decode(),
        leaf_hash=merkle.text(merkle.leaf_hash(leaf)),
    )


def consistency(prover: Prover, old: int, size: int) -> Proof:
    """Return the proof that the tree of the first ``old`` events is a prefix of that of the first ``size``.

    Raises:
        IndexError: unless ``0 < old <= size``, and there are so many.
    """
    return Proof(
        schema=PROOF_SCHEMA,
        kind="consistency",
        size=size,
        root=merkle.text(prover.root(size)),
        path=[merkle.text(node) for node in prover.consistency(old, size)],
        old_size=old,
        old_root=merkle.text(prover.root(old)),
    )


def manifest(files: Mapping[str, bytes]) -> bytes:
    """Return the manifest of files."""
    listing = [BundleFile(name=n, sha256=digests.sha256(files[n]), size=len(files[n])) for n in sorted(files)]
    return records.to_json(Manifest(schema=SCHEMA, files=listing))


def claims(
    state: State, model: str, version: str, shown: list[int], head: Head, *, made: BytesClaim, release: str
) -> Claims:
    """Return what govkit says of the log and the model.

    Args:
        state: what the log says.
        model: the model.
        version: the version.
        shown: indices of the events that the bundle shows.
        head: the log's head.
        made: which digests were proven from bytes.
        release: govkit's own version.
    """
    judged = [state.judged[index] for index in shown]
    return Claims(
        schema=CLAIMS_SCHEMA,
        govkit=release,
        model=model,
        version=version,
        root_of_trust=state.judged[0].id,
        remote=state.remote,
        head=head,
        events={
            str(one.index): EventClaim(status=str(one.status), reason=one.reason, effective=one.effective)
            for one in judged
        },
        serving={stage: _serving(state.champion(model, stage)) for name, stage in state.stages if name == model},
        bytes=made,
    )


def _serving(champion: Promotion | None) -> ServingClaim | None:
    if champion is None:
        return None
    return ServingClaim(
        version=champion.body.version,
        promotion=champion.at.id,
        kind=champion.body.kind,
        override=champion.override,
    )


def lineage(card: bytes, edges: list[tuple[str, str]]) -> bytes:
    """Return ``lineage.json``: weights and lineage as they stand in the card, and the edges of the graph."""
    raw: dict[str, Any] = canonical.decode(card)
    value = {"schema": "govkit.lineage/v1", "model": raw["model"]["name"]}
    value |= {"weights": raw["weights"], "lineage": raw["lineage"]}
    return canonical.encode({**value, "edges": [{"from": start, "to": end} for start, end in edges]})
