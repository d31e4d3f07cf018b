"""What somebody with push access can do to the log and the tags below govkit's commands, for tests of attacks."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from world import MODEL, World

from govkit.core import canonical, commits, digests, events
from govkit.storage import log as log_storage
from govkit.storage.git import Repository
from govkit.storage.signatures import TAG_NAMESPACE
from govkit.workflow import decide, promote
from govkit.workflow.decide import Choice
from govkit.workflow.plans import Signed


@dataclass(frozen=True)
class Raw:
    """The files of one commit of the log."""

    event: bytes
    signature: bytes | None
    evidence: dict[str, bytes] = field(default_factory=dict)

    @property
    def value(self) -> Any:
        """The event as a JSON value."""
        return canonical.decode(self.event)


def entries(world: World) -> list[Raw]:
    """Return the files of every commit of the log, event 0 first."""
    git, found = world.repository(), []
    for commit in world.git("rev-list", "--reverse", log_storage.BRANCH).split():
        files = {entry.name: git.read(entry.id)[1] for entry in git.tree(git.commit(commit).tree)}
        found.append(Raw(files.pop(events.EVENT_FILE), files.pop(events.SIGNATURE_FILE), files))
    return found


def find(raws: list[Raw], kind: str, **body: Any) -> int:
    """Return the index of the last event of a type whose body has these values."""
    fits = [
        index
        for index, raw in enumerate(raws)
        if raw.value["type"] == kind and all(raw.value["body"].get(key) == value for key, value in body.items())
    ]
    return fits[-1]


def edited(raw: Raw, change: Callable[[Any], None]) -> Raw:
    """Return an entry with its event changed and the old signature left on it."""
    value = raw.value
    change(value)
    return replace(raw, event=canonical.encode(value))


def rewrite(world: World, raws: Iterable[Raw], *, forget: bool = True) -> None:
    """Force the branch to a history of these entries.

    Args:
        world: where.
        raws: what the commits hold.
        forget: also take away what this clone remembers, so that it is as a clone that never saw the log.
    """
    git: Repository = world.repository()
    parent: str | None = None
    for raw in raws:
        files = {events.EVENT_FILE: raw.event, events.SIGNATURE_FILE: raw.signature, **raw.evidence}
        blobs = {name: git.write_object("blob", content) for name, content in files.items() if content is not None}
        tree = git.write_tree(blobs)
        parent = git.write_object("commit", commits.build(events.parse(raw.event), tree, parent))
    force(world, parent or "", forget=forget)


def force(world: World, head: str, *, forget: bool = True) -> None:
    """Force the branch to a commit; ``forget`` as for :func:`rewrite`."""
    world.git("update-ref", log_storage.BRANCH, head)
    if forget:
        world.forget()


def set_tag(world: World, name: str, identity: str) -> None:
    """Point a tag's ref at an object, whatever it is."""
    world.git("update-ref", f"refs/tags/{name}", identity)


def tag_id(world: World, name: str) -> str:
    """Return the id of the object that a tag's ref points at."""
    return world.git("rev-parse", f"refs/tags/{name}")


def tag_bytes(world: World, name: str) -> bytes:
    """Return the bytes of the object that a tag's ref points at."""
    return world.repository().read(tag_id(world, name))[1]


def unsigned(tag: bytes) -> bytes:
    """Return a tag object without its signature."""
    return tag.partition(b"-----BEGIN SSH SIGNATURE-----")[0]


def sign_tag(world: World, person: str, payload: bytes, namespace: str = TAG_NAMESPACE) -> bytes:
    """Return a tag object signed by a person."""
    return payload + world.sign(person, payload, namespace)


def promotion(world: World, version: str, stage: str, *, as_: str = "remy") -> Signed:
    """Return the honest promotion event of an approved request, signed and not yet appended."""
    with world.session(as_) as session:
        return session.sign(promote.plan(session, MODEL, version, stage))


def decision(world: World, person: str, name: str, choice: Choice = "approve") -> Signed:
    """Return a decision on a request, signed and not yet appended."""
    with world.session(person) as session:
        return session.sign(
            decide.plan(session, name, choice, decide.Words(comment="not yet" if choice == "reject" else ""))
        )


def push_with_tag(world: World, signed: Signed, tag: bytes, *, as_: str = "remy", name: str | None = None) -> None:
    """Append an event with another tag object than its own, which it names and which ``as_`` signs for.

    Args:
        world: where.
        signed: the honest event.
        tag: the bytes of the tag object.
        as_: who signs the event.
        name: the name under which the event records the tag; that of the honest one if None.
    """
    value = canonical.decode(signed.content)
    value["body"]["tag"] = {"name": name or signed.tag, "id": digests.git_object_id("tag", tag)}
    value["evidence"]["tag"] = digests.sha256(tag)
    content = canonical.encode(value)
    world.push_event(content, world.sign(as_, content), {**signed.evidence, "tag": tag})
    identity = world.repository().write_object("tag", tag)
    if value["body"]["tag"]["name"] not in world.git("tag").split():
        set_tag(world, value["body"]["tag"]["name"], identity)


def push(world: World, signed: Signed) -> None:
    """Append an honest event and its tag as they are."""
    world.push_event(signed.content, signed.signature, signed.evidence)
    if signed.tag is not None:
        set_tag(world, signed.tag, world.repository().write_object("tag", signed.evidence["tag"]))


def allowed_signers(world: World, *people: str) -> Path:
    """Write an allowed-signers file for stock Git, and have the repository's configuration name it."""
    path = world.folder / "allowed_signers"
    lines = [f"{person}@example.org {world.key(person).public}\n" for person in people]
    path.write_text("".join(lines))
    world.git("config", "gpg.format", "ssh")
    world.git("config", "gpg.ssh.allowedSignersFile", str(path))
    return path


def stock_accepts(world: World, *words: str) -> bool:
    """Tell whether a stock command ends with exit code 0."""
    done = subprocess.run(
        words, cwd=world.repo, env=world.env, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return done.returncode == 0


def gto_serves(world: World, stage: str = "production") -> str:
    """Return the tag of the version that GTO has in a stage."""
    return world.shell("gto", "show", f"{MODEL}#{stage}", "--ref").strip()
