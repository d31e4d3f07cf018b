"""Makes a Git repository with a long, honest governance log, without going through 10,000 commands.

Every event and tag is really signed (Ed25519, in this process) and judged by the ledger as it is made. For each
version: registered, asked for in staging, approved, promoted; two of these four events bring a tag.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from govkit.core import canonical, commits, digests, events, keys, merkle, policy, records, tags, times
from govkit.core.events import Event, Head
from govkit.core.ledger import Entry, Ledger
from govkit.core.rules import Evidence
from govkit.core.tags import TagRecord
from govkit.storage.git import Repository
from govkit.storage.packs import ObjectSet

MODEL = "credit-default"
#: Objects that are written together.
_AT_ONCE = 20_000
PEOPLE = {"ada": "engineer", "victor": "validator", "remy": "release", "rita": "admin"}


class Signer:
    """An Ed25519 key that signs as ``ssh-keygen -Y sign`` does (OpenSSH's PROTOCOL.sshsig)."""

    def __init__(self, name: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
        point = self._key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self._blob = _string(b"ssh-ed25519") + _string(point)
        self.public = keys.from_blob(self._blob)

    def private(self) -> bytes:
        """Return the private key as ``ssh-keygen`` writes it."""
        form = serialization.PrivateFormat.OpenSSH
        return self._key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())

    def sign(self, message: bytes, namespace: str) -> bytes:
        """Return an armoured signature."""
        purpose = _string(namespace.encode()) + _string(b"") + _string(b"sha512")
        raw = self._key.sign(b"SSHSIG" + purpose + _string(hashlib.sha512(message).digest()))
        signature = _string(_string(b"ssh-ed25519") + _string(raw))
        return keys.armour(b"SSHSIG\0\0\0\1" + _string(self._blob) + purpose + signature)


def _string(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


@dataclass
class BigLog:
    """A log in the making.

    Attributes:
        folder: the bare repository.
        heads: the commit of every event, in hex.
        tags: tag object ids by name.
        twins: the same commits once more, each signed as ``git commit -S`` signs, for stock Git to check.
        with_twins: whether these are made.
    """

    folder: Path
    heads: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    twins: list[str] = field(default_factory=list)
    with_twins: bool = True
    now: datetime = field(default_factory=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    ledger: Ledger = field(default_factory=Ledger)

    def __post_init__(self) -> None:
        self._cards: dict[str, bytes] = {}
        self._objects, self._waiting = ObjectSet(), 0
        self._writer, self._written = ThreadPoolExecutor(1), list[Future[int]]()
        self.keys = {who: Signer(who) for who in PEOPLE}
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(self.folder)], check=True)

    # -- Git objects --------------------------------------------------------------------------------------------

    def store(self, kind: str, content: bytes) -> str:
        """Take in an object, to be written with many others, and return its id."""
        if self._waiting >= _AT_ONCE:
            self._flush()
        self._waiting += 1
        return self._objects.add(kind, content)

    def _flush(self) -> None:
        """Let what waits be written while more is made."""
        self._written.append(self._writer.submit(self._objects.store, Repository(self.folder)))
        self._objects, self._waiting = ObjectSet(), 0

    def finish(self) -> None:
        """Set the refs and pack everything, as a clone has it."""
        self._flush()
        for each in self._written:
            each.result()
        self._written.clear()
        refs = {"refs/heads/govkit/log": self.heads[-1]}
        refs |= {"refs/heads/twin": self.twins[-1]} if self.twins else {}
        refs |= {f"refs/tags/{name}": identity for name, identity in self.tags.items()}
        lines = "".join(f"update {name} {identity}\n" for name, identity in refs.items())
        self._git("update-ref", "--stdin", stdin=lines.encode())
        self._git("pack-refs", "--all")
        self._git("repack", "-adq", "--window=3", "--depth=3")

    def _git(self, *words: str, stdin: bytes = b"") -> None:
        subprocess.run(["git", *words], cwd=self.folder, input=stdin, check=True)

    # -- events -------------------------------------------------------------------------------------------------

    def append(self, kind: str, actor: str, body: Any, evidence: Mapping[str, bytes], subject: str = MODEL) -> str:
        """Sign an event, have it judged good, write its commit, and return its identity."""
        state = self.ledger.state
        event = Event(
            schema=events.SCHEMA,
            log=self.head,
            type=kind,
            time=times.write(self.now),
            actor=actor,
            subject=subject,
            body=body,
            evidence={name: digests.sha256(content) for name, content in evidence.items()},
        )
        content = records.to_json(event)
        signature = self.keys[actor].sign(content, "govkit-event")
        found = {
            name: Evidence(digests.sha256(data), data, self.keys[actor].public if name == "tag" else None)
            for name, data in evidence.items()
        }
        judged = self.ledger.append(Entry(content, signature, self.keys[actor].public, "", found))
        if judged.status != "good":
            raise AssertionError(f"event {len(state.tree) - 1}: {judged.reason}")
        files = {events.EVENT_FILE: content, events.SIGNATURE_FILE: signature, **evidence}
        tree = self.store("tree", b"".join(self._entry(name, data) for name, data in sorted(files.items())))
        commit = commits.build(event, tree, self.heads[-1] if self.heads else None)
        self.heads.append(self.store("commit", commit))
        if self.with_twins:
            self._twin(commits.build(event, tree, self.twins[-1] if self.twins else None), actor)
        self.now += timedelta(seconds=2)
        return judged.id

    def _entry(self, name: str, data: bytes) -> bytes:
        return f"100644 {name}\0".encode() + bytes.fromhex(self.store("blob", data))

    def _twin(self, commit: bytes, actor: str) -> None:
        header, _, message = commit.partition(b"\n\n")
        block = self.keys[actor].sign(commit, "git").rstrip(b"\n").replace(b"\n", b"\n ")
        self.twins.append(self.store("commit", header + b"\ngpgsig " + block + b"\n\n" + message))

    @property
    def head(self) -> Head:
        """Size and root."""
        tree = self.ledger.state.tree
        return Head(size=len(tree), root=merkle.text(tree.roots[-1]))

    def open(self) -> None:
        """Write event 0."""
        text = policy.written_out(self._policy())
        genesis = {"nonce": "0" * 32, "remote": "https://git.example.org/models", "continues": None}
        self.append(
            "policy.adopted", "rita", {"genesis": genesis, "request": None, "removed": []}, {"policy.json": text}, "*"
        )

    def _policy(self) -> dict[str, Any]:
        return {
            "schema": "govkit.policy/v1",
            "rules": 2,
            "branches": ["main"],
            "people": {
                who: {"name": who.title(), "emails": [f"{who}@example.org"], "keys": [self.keys[who].public]}
                for who in PEOPLE
            },
            "roles": {role: {"people": [who]} for who, role in PEOPLE.items()},
            "admin": {"roles": ["admin"], "approvals": {"quorum": {"role": "admin"}}, "sole": True},
            "register": ["engineer"],
            "gates": {"auc": {"type": "metric", "metric": "auc", "min": 0.7}},
            "stages": {
                "staging": {"gates": ["auc"], "approvals": {"quorum": {"role": "validator"}}, "promote": ["release"]}
            },
        }

    def version(self, number: int, model: str = MODEL, *, promoted: bool = True) -> None:
        """Take one version from its registration to staging: four events, two tags; or register it, one of each."""
        version = f"1.{number}.0"
        card = canonical.encode({"schema": "govkit.card/v1", "model": model, "filler": f"{version} " * 300})
        weights, data = digests.sha256(f"{model} {version}".encode()), digests.sha256(b"data")
        facts = self.register(model, version, card, weights=weights, data=data)
        if promoted:
            self.promote(facts, self.ask(facts, "staging"))

    def register(self, model: str, version: str, card: bytes, *, weights: str, data: str) -> dict[str, str]:
        """Register a version on a commit of its own, and return what there is to know of it."""
        raw = self._source(model, version)
        facts = {"commit": f"git-sha1:{self.store('commit', raw)}", "card": digests.sha256(card), "weights": weights}
        tag, reference = self._tag("ada", f"{model}@v{version}", "register", model=model, version=version, **facts)
        body = {"version": version, **facts, "data": data, "tier": "high", "tag": reference}
        self.append("version.registered", "ada", body, {"card.json": card, "tag": tag}, model)
        self._cards[facts["card"]] = card
        return {"model": model, "version": version, "data": data, **facts}

    def _source(self, model: str, version: str) -> bytes:
        """Return a commit of its own for each version, whose tree is empty."""
        source, who = self.store("tree", b""), f"a <a@b> {version.split('.')[1]} +0000"
        return f"tree {source}\nauthor {who}\ncommitter {who}\n\n{model} {version}\n".encode()

    def ask(self, facts: Mapping[str, str], stage: str, reason: str = "better") -> tuple[str, dict[str, Any]]:
        """Ask for a stage, and return the request's identity and what a promotion says of it."""
        state, model = self.ledger.state, facts["model"]
        policy_, champion = state.policy, state.champion(model, stage)
        rules = policy_.requirements(model, "high", stage) if policy_ else None
        bound = {
            **{key: facts[key] for key in ("card", "weights", "data")},
            "requirements": rules.digest if rules else "",
            "champion": champion.at.id if champion else None,
        }
        asked = {"version": facts["version"], "stage": stage, "commit": facts["commit"], "digests": bound}
        request = self._record(events.RequestOpened, action="promote", reason=reason, **asked)
        card = self._cards[facts["card"]]
        identity = self.append("request.opened", "ada", request, {"card.json": card}, model)
        same = {key: facts[key] for key in ("version", "commit", "card", "weights")}
        return identity, {**same, "stage": stage, "requirements": bound["requirements"]}

    def promote(self, facts: Mapping[str, str], asked: tuple[str, dict[str, Any]]) -> None:
        """Approve what was asked for, and promote."""
        decision = self.approve(facts, asked)
        (request, same), model = asked, facts["model"]
        same = {**same, "request": request, "decisions": [decision]}
        state = self.ledger.state
        name = f"{model}#{same['stage']}#{state.numbers.get(model, 0) + 1}"
        tag, reference = self._tag("remy", name, "promote", model=model, **same)
        digest = state.policy.digest if state.policy else ""
        promoted = self._record(events.PromotionRecorded, kind="promote", policy=digest, tag=reference, **same)
        self.append("promotion.recorded", "remy", promoted, {"tag": tag}, model)

    def approve(self, facts: Mapping[str, str], asked: tuple[str, dict[str, Any]]) -> str:
        """Approve what was asked for; returns the decision's identity."""
        said = self._record(
            events.DecisionRecorded, request=asked[0], role="validator", decision="approve", meaning="I have read it"
        )
        card = self._cards[facts["card"]]
        return self.append("decision.recorded", "victor", said, {"card.json": card}, facts["model"])

    def _record(self, form: Any, /, **fields: Any) -> Any:
        return records.to_value(records.from_value(fields, form))

    def _tag(self, actor: str, name: str, kind: Any, /, **fields: Any) -> tuple[bytes, dict[str, str]]:
        adopted = self.ledger.state.policy
        if adopted is None:
            raise AssertionError("no policy")
        blank: dict[str, Any] = dict.fromkeys(("version", "stage", "card", "weights", "requirements", "request"))
        record = TagRecord(
            schema=tags.SCHEMA,
            ref=name,
            kind=kind,
            policy=adopted.digest,
            log=self.head,
            actor=actor,
            **{**blank, "decisions": [], **fields},
        )
        text = tags.payload(record, adopted.tagger(actor), times.write(self.now))
        content = text + self.keys[actor].sign(text, "git")
        self.tags[name] = self.store("tag", content)
        return content, {"name": name, "id": digests.git_object_id("tag", content)}


def build(folder: Path, size: int, *, twins: int = 0) -> BigLog:
    """Make a bare repository with a log of at least ``size`` events of one model, and at least so many twins."""
    log = BigLog(folder, with_twins=twins > 0)
    log.open()
    number = 0
    while len(log.heads) < size:
        log.version(number)
        log.with_twins = len(log.twins) < twins
        number += 1
    log.finish()
    return log


def registry(folder: Path, models: int, tags: int, *, served: bool = True, log: BigLog | None = None) -> BigLog:
    """Make a bare repository with so many models and tags.

    Args:
        folder: where.
        models: how many.
        tags: how many; each version is one, and one more where it is let into staging.
        served: whether versions are let into staging, as far as the number of tags allows.
        log: one that is not open yet; None for one of its own.
    """
    log = log or BigLog(folder, with_twins=False)
    log.open()
    number = 0
    while len(log.tags) < tags:
        for model in range(models):
            fits = len(log.tags) + 2 * (models - model) <= tags
            log.version(number, f"model-{model:03d}", promoted=served and fits)
        number += 1
    log.finish()
    return log
