"""Bringing a DVC repository under governance: files, the hook's DVC stage, the log, the pin."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from govkit.core import digests, events, merkle, names, records, times
from govkit.core.errors import Refused, Usage
from govkit.core.events import ALL, Event, Genesis, Head, PolicyAdopted
from govkit.core.ledger import Entry, Ledger
from govkit.core.policytext import PolicyText
from govkit.core.state import Status
from govkit.storage import entries, files, pins, writing
from govkit.storage import log as log_storage
from govkit.storage.signatures import EVENT_NAMESPACE
from govkit.storage.trees import WorkTree, project_of
from govkit.workflow import cards, policyfile, scaffold, sync, writer
from govkit.workflow.session import Session


@dataclass
class Initialised:
    """What was done: files written, files left alone, models found, the log's root, and whether it was opened now."""

    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    root: str = ""
    opened: bool = False


def initialise(session: Session, *, person: str | None = None, remote: str | None = None) -> Initialised:
    """Write the governance files that are missing, open the log, and pin it. Running it again is safe.

    Args:
        session: the repository.
        person: the id of the one administrator to start with; made from Git's ``user.name`` if None.
        remote: the repository's canonical remote; ``origin``'s URL if None.

    Raises:
        Usage: if this is no DVC repository, declares no model, or there is no key.
        Refused: if the policy there cannot be adopted, or the signer does not agree.
    """
    done = Initialised()
    tree = WorkTree(session.git)
    project = project_of(tree)
    done.models = sorted(project.artifacts)
    if not done.models:
        raise Usage(
            "no model is declared in this repository",
            why="govkit governs entries of type 'model' under 'artifacts:' in dvc.yaml",
            fix="add e.g.\n  artifacts:\n    my-model: {path: model.pkl, type: model}",
        )
    _ = session.key
    _write_attributes(session, done)
    if tree.size(policyfile.PATH) is None:
        _write(session, done, policyfile.PATH, _policy(session, person))
    for model in done.models:
        path = cards.path_of(model, "model.yaml")
        _write(session, done, path, scaffold.MODEL.format(model=model).encode(), keep=True)
        file = project.artifact(model).file
        text = (session.git.root / file).read_bytes()
        changed = scaffold.add_hook(text, project, model, where=file)
        if changed != text:
            _write(session, done, file, changed)
    _open(session, done, remote)
    return done


def _write(session: Session, done: Initialised, path: str, content: bytes, *, keep: bool = False) -> None:
    target = files.place(session.git.root, path)
    if keep and target.exists():
        done.kept.append(path)
        return
    if not session.options.dry_run:
        files.write(target, content)
    done.written.append(path)


def _write_attributes(session: Session, done: Initialised) -> None:
    path = session.git.root / ".gitattributes"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    missing = [line for line in scaffold.ATTRIBUTES if line not in text.splitlines()]
    if missing:
        start = text if not text or text.endswith("\n") else text + "\n"
        _write(session, done, ".gitattributes", (start + "\n".join(missing) + "\n").encode())


def _policy(session: Session, person: str | None) -> bytes:
    name = session.git.config("user.name") or "Administrator"
    identity = person or re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "admin"
    if not names.is_person(identity):
        raise Usage(f"'{identity}' cannot be a person's id", fix="name one with --person: small letters, digits, '-'")
    email = session.git.config("user.email") or f"{identity}@example.org"
    branch = session.git.try_run("symbolic-ref", "--short", "HEAD")[1].decode().strip() or "main"
    text = scaffold.POLICY.format(
        person=identity, name=_quoted(name), email=_quoted(email), key=session.key.public, branch=_quoted(branch)
    )
    return text.encode()


def _quoted(text: str) -> str:
    """Return a text as a YAML double-quoted scalar."""
    import json

    return json.dumps(text, ensure_ascii=False)


def _open(session: Session, done: Initialised, remote: str | None) -> None:
    """Open the log with the policy of the working tree, and pin it; an open one is left alone."""
    if not session.options.dry_run:
        sync.before(session)
    if log_storage.exists(session.git):
        done.root = session.log.root_of_trust
        return
    if session.options.dry_run:
        return
    text, policy = policyfile.read_fit(WorkTree(session.git))
    url = remote if remote is not None else _origin(session)
    if not url.isprintable():
        raise Usage("the remote holds a character that is not to be seen", fix="name it with --remote URL")
    entry, evidence = _first_entry(session, text, policy, url)
    ledger = Ledger()
    judged = ledger.append(entry)
    if judged.status is not Status.GOOD:
        raise Refused("the log cannot be opened with this policy", why=judged.reason, fix=f"mend {policyfile.PATH}")
    commit = log_storage.store(session.git, entry.event or b"", entry.signature or b"", evidence, None)
    with writing.exclusively(session.git):
        writer.publish(session, None, commit, {})
    pins.pin(session.pins, judged.id, url)
    done.root, done.opened = judged.id, True


def _origin(session: Session) -> str:
    code, out, _ = session.git.try_run("remote", "get-url", "origin")
    return out.decode("utf-8", "replace").strip() if code == 0 else ""


def _first_entry(session: Session, text: bytes, policy: PolicyText, remote: str) -> tuple[Entry, dict[str, bytes]]:
    adopted = policy.in_force
    actor = adopted.owner(session.key.public) if adopted else None
    if adopted is None or actor is None:
        raise Refused(
            f"the key {session.key.path} belongs to nobody in {policyfile.PATH}",
            why="event 0 is signed by an administrator of the policy that it adopts",
            fix="add yourself with 'govkit people add', or name an administrator's key with --key",
        )
    evidence = {"policy.json": policy.canonical, "policy.yaml": text}
    body = PolicyAdopted(genesis=Genesis(nonce=secrets.token_hex(16), remote=remote))
    event = Event(
        schema=events.SCHEMA,
        log=Head(size=0, root=merkle.text(merkle.EMPTY)),
        type="policy.adopted",
        time=times.write(session.now()),
        actor=actor,
        subject=ALL,
        body=records.to_value(body),
        evidence={name: digests.sha256(content) for name, content in evidence.items()},
    )
    _ask(session, actor, adopted.policy.people, digests.sha256(policy.canonical))
    content = records.to_json(event)
    signature = session.key.sign(content, EVENT_NAMESPACE)
    found = {name: entries.make_evidence(name, data) for name, data in evidence.items()}
    return Entry(content, signature, session.key.public, "", found), evidence


def _ask(session: Session, actor: str, people: dict[str, Any], digest: str) -> None:
    lines = ["open the governance log of this repository", f"policy {digest}", f"people: {', '.join(sorted(people))}"]
    if session.options.show is not None:
        session.options.show([*lines, f"signed by {actor} with {session.key.path}"])
    if session.options.agree is not None and not session.options.agree("Sign this?"):
        raise Refused("nothing was signed", why="you did not agree")
