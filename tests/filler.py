"""Makes the log of a test's repository long, without a process for each event: records of deployments."""

from __future__ import annotations

import hashlib
import zlib

from cryptography.hazmat.primitives import serialization

from benchmarks.biglog import Signer
from govkit.core import commits, events, records
from govkit.core.entities import Promotion
from govkit.core.events import Event
from govkit.core.ledger import Entry
from govkit.storage import log as log_storage
from tests.world import MODEL, World


class _KeyOf(Signer):
    """The key of one of the world's people, signing in this process."""

    def __init__(self, world: World, person: str) -> None:
        super().__init__(person)
        key = serialization.load_ssh_private_key(world.key_path(person).read_bytes(), None)
        point = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self._key = key
        self._blob = len(b"ssh-ed25519").to_bytes(4, "big") + b"ssh-ed25519" + len(point).to_bytes(4, "big") + point
        self.public = world.key(person).public


def fill(world: World, size: int, *, twins: int = 0) -> None:
    """Append records of deployments to the world's log until it has ``size`` events.

    Args:
        world: the world.
        size: how many.
        twins: so many of the commits are made once more, each signed as ``git commit -S`` signs, on a branch ``twin``.
    """
    log, signer = world.log(), _KeyOf(world, "remy")
    served = log.state.last(MODEL, "production")
    assert isinstance(served, Promotion)
    body = {"config": None, "environment": "prod-eu", "promotion": served.at.id, "reason": "", "status": "succeeded"}
    parent, twin, left = log.commits[-1], None, twins
    while log.head.size < size:
        event = Event(
            schema=events.SCHEMA,
            log=log.head,
            type="deployment.recorded",
            time=log.state.effective,
            actor="remy",
            subject=MODEL,
            body=body,
            evidence={},
        )
        content = records.to_json(event)
        signature = signer.sign(content, "govkit-event")
        judged = log.ledger.append(Entry(content, signature, signer.public, "", {}))
        assert judged.status == "good", judged.reason
        found = {events.EVENT_FILE: content, events.SIGNATURE_FILE: signature}
        lines = (
            f"100644 {name}\0".encode() + bytes.fromhex(_store(world, "blob", data)) for name, data in found.items()
        )
        tree = _store(world, "tree", b"".join(lines))
        parent = _store(world, "commit", commits.build(event, tree, parent))
        if left > 0:
            twin, left = _store(world, "commit", _signed(signer, commits.build(event, tree, twin))), left - 1
    if twin is not None:
        world.git("update-ref", "refs/heads/twin", twin)
    world.git("update-ref", log_storage.BRANCH, parent)


def _signed(signer: Signer, commit: bytes) -> bytes:
    header, _, message = commit.partition(b"\n\n")
    block = signer.sign(commit, "git").rstrip(b"\n").replace(b"\n", b"\n ")
    return header + b"\ngpgsig " + block + b"\n\n" + message


def _store(world: World, kind: str, content: bytes) -> str:
    """Write a loose object and return its id."""
    data = f"{kind} {len(content)}\0".encode() + content
    identity = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    path = world.repo / ".git" / "objects" / identity[:2] / identity[2:]
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(zlib.compress(data, 1))
    return identity
