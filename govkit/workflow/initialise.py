"""Bringing a DVC repository under governance: files, the hook's DVC stage, the log, the pin."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import Any

from msgspec import Struct, field

from govkit.core import digests, events, imported, merkle, names, records, times
from govkit.core.errors import Refused, Usage
from govkit.core.events import ALL, Event, Genesis, Head, PolicyAdopted
from govkit.core.imported import Imported
from govkit.core.judged import Status
from govkit.core.ledger import Entry, Ledger
from govkit.core.lineage import Project
from govkit.core.policytext import PolicyText
from govkit.storage import entries, pins, writing, yamledit
from govkit.storage import log as log_storage
from govkit.storage.signatures import EVENT_NAMESPACE
from govkit.storage.trees import project_of
from govkit.workflow import adoption, cards, imports, policyfile, scaffold, sync, writer
from govkit.workflow.adoption import Found
from govkit.workflow.changes import Changes
from govkit.workflow.session import Session


class Initialised(Struct):
    """What was done.

    Attributes:
        written: files that were written, or would be.
        kept: files that were there before, and were left alone.
        models: the models' full names.
        root: the log's root of trust.
        opened: whether the log was opened now.
        found: what is known of each model.
        imported: how many tags of GTO's became history, or would.
        notes: what may trouble, and what to do about it.
        diff: all changes to files as one unified diff; only in a dry run.
    """

    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    root: str = ""
    opened: bool = False
    found: list[Found] = field(default_factory=list)
    imported: int = 0
    notes: list[str] = field(default_factory=list)
    diff: str = ""


class Choices(Struct, frozen=True):
    """What a person may say.

    Attributes:
        person: the id of the one administrator to start with; made from Git's ``user.name`` if None.
        remote: the repository's canonical remote; ``origin``'s URL if None.
        declare: models to declare, each ``NAME=PATH``.
        keep_tags: whether GTO's tags become history.
    """

    person: str | None = None
    remote: str | None = None
    declare: Sequence[str] = ()
    keep_tags: bool = True


class Opening(Struct, frozen=True):
    """A log that is ready to be opened: event 0, the root of trust, the evidence, and the canonical remote."""

    entry: Entry
    root: str
    evidence: dict[str, bytes]
    remote: str


def initialise(session: Session, choices: Choices) -> Initialised:
    """Write the governance files that are missing, open the log, and pin it. Running it again is safe.

    Nothing is written before everything is known to fit, and whoever signs has agreed.

    Args:
        session: the repository.
        choices: what the person said.

    Raises:
        Usage: if this is no DVC repository, declares no model, there is no key, or Git does not know who this is.
        Refused: if the policy there cannot be adopted, or the signer does not agree.
    """
    done = Initialised()
    changes = Changes(session.git)
    found = adoption.project(changes)
    if choices.declare:
        adoption.declare(changes, found, list(choices.declare))
        found = project_of(changes)
    done.models = sorted(found.artifacts)
    if not done.models:
        raise adoption.none_declared(found, changes)
    _ = session.key
    sync.before(session)
    tags = session.imported if log_storage.exists(session.git) else _tags(session, choices)
    if changes.size(policyfile.PATH) is None:
        live = any(one.model in found.artifacts for one in imported.standings(tags))
        changes.put(policyfile.PATH, _policy(session, choices.person, scaffold.WAIVE if live else ""))
    _write_attributes(changes, done.models)
    for model in done.models:
        path = cards.path_of(model, "model.yaml")
        if changes.now(path) is None:
            changes.put(path, scaffold.MODEL.format(model=model).encode())
        else:
            done.kept.append(path)
        file = found.artifact(model).file
        changes.put(file, scaffold.add_hook(changes.now(file) or b"", found, model, where=file))
    _govern(session, done, changes, choices, tags)
    return done


def _govern(session: Session, done: Initialised, changes: Changes, choices: Choices, tags: Imported) -> None:
    """Look at everything that will be, and only then write it and open the log."""
    is_open = log_storage.exists(session.git)
    found = project_of(changes)
    done.imported = len(tags.tags)
    done.found = [_describe(session, changes, found, model, tags) for model in done.models]
    done.notes = adoption.cautions(session.git, changes, found)
    done.written = list(changes.changed)
    if is_open:
        done.root = session.log.root_of_trust
    opening = None if is_open else _opening(session, changes, choices, tags)
    if session.options.dry_run:
        done.diff = changes.diff()
        return
    changes.write()
    if opening is not None:
        _open(session, done, opening)


def _tags(session: Session, choices: Choices) -> Imported:
    """Return the tags of GTO's that will be history: all that there are, as later ones can be anybody's.

    Raises:
        Usage: if the remote has some that are not here.
    """
    found = imports.find(session.git) if choices.keep_tags else imports.NOTHING
    missing = imports.missing_here(session) if choices.keep_tags and not session.options.dry_run else []
    if missing:
        raise Usage(
            f"{len(missing)} tags of GTO's are not in this clone, e.g. '{missing[0]}'",
            why="they become history when the log is opened, and not later",
            fix="git fetch --tags; or leave them out with --no-import",
        )
    return found


def _describe(session: Session, changes: Changes, found: Project, model: str, tags: Imported) -> Found:
    known = adoption.describe(session.git, changes, found, model, tags)
    stages = yamledit.mapping(changes.now(known.file) or b"", "stages", where=known.file)
    known.statements = cards.path_of(model, "model.yaml")
    known.hook = scaffold.hook_of(stages, model) or ""
    return known


def _write_attributes(changes: Changes, models: list[str]) -> None:
    text = (changes.now(".gitattributes") or b"").decode("utf-8", "surrogateescape")
    present = {line.rstrip("\r") for line in text.split("\n")}
    folders = dict.fromkeys(["", *(names.folder_of(model)[0] for model in models)])
    missing = [line for folder in folders for line in scaffold.attributes(folder) if line not in present]
    if missing:
        end = "\r\n" if "\r\n" in text else "\n"
        start = text if not text or text.endswith("\n") else text + end
        added = "".join(line + end for line in missing)
        changes.put(".gitattributes", (start + added).encode("utf-8", "surrogateescape"))


def _policy(session: Session, person: str | None, waive: str) -> bytes:
    name, email = session.git.config("user.name"), session.git.config("user.email")
    if not name or not email:
        raise Usage(
            "Git does not know who you are",
            why="you become the first administrator, and commits are told to be yours by your e-mail address",
            fix="git config user.name 'Your Name'; git config user.email you@example.org",
        )
    identity = person or re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "admin"
    if not names.is_person(identity):
        raise Usage(f"'{identity}' cannot be a person's id", fix="name one with --person: small letters, digits, '-'")
    branch = session.git.try_run("symbolic-ref", "--short", "HEAD")[1].decode().strip() or "main"
    quoted = {"name": _quoted(name), "email": _quoted(email), "branch": _quoted(branch)}
    return scaffold.POLICY.format(person=identity, key=session.key.public, waive=waive, **quoted).encode()


def _quoted(text: str) -> str:
    """Return a text as a YAML double-quoted scalar."""
    import json

    return json.dumps(text, ensure_ascii=False)


def _opening(session: Session, changes: Changes, choices: Choices, tags: Imported) -> Opening:
    """Make event 0 of the policy that will be there, and see that it opens a log; in a dry run without a signature.

    Raises:
        Usage: if the remote holds a character that is not to be seen.
        Refused: if the policy cannot be adopted, or the signer does not agree.
    """
    text, policy = policyfile.read_fit(changes)
    url = choices.remote if choices.remote is not None else _origin(session)
    if not url.isprintable():
        raise Usage("the remote holds a character that is not to be seen", fix="name it with --remote URL")
    evidence = {"policy.json": policy.canonical, "policy.yaml": text, **imports.evidence(tags)}
    entry = _first_entry(session, policy, evidence, url, len(tags.tags))
    judged = Ledger().append(entry)
    if judged.status is not Status.GOOD:
        raise Refused("the log cannot be opened with this policy", why=judged.reason, fix=f"mend {policyfile.PATH}")
    return Opening(entry, judged.id, evidence, url)


def _open(session: Session, done: Initialised, opening: Opening) -> None:
    """Open the log, and pin it."""
    event, signature = opening.entry.event or b"", opening.entry.signature or b""
    commit = log_storage.store(session.git, event, signature, opening.evidence, None)
    with writing.exclusively(session.git):
        writer.publish(session, None, commit, {})
    pins.pin(session.pins, opening.root, opening.remote)
    done.root, done.opened = opening.root, True


def _origin(session: Session) -> str:
    code, out, _ = session.git.try_run("remote", "get-url", "origin")
    return out.decode("utf-8", "replace").strip() if code == 0 else ""


def _first_entry(session: Session, policy: PolicyText, evidence: dict[str, bytes], remote: str, tags: int) -> Entry:
    adopted = policy.in_force
    actor = adopted.owner(session.key.public) if adopted else None
    if adopted is None or actor is None:
        raise Refused(
            f"the key {session.key.path} belongs to nobody in {policyfile.PATH}",
            why="event 0 is signed by an administrator of the policy that it adopts",
            fix="add yourself with 'govkit people add', or name an administrator's key with --key",
        )
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
    _ask(session, actor, adopted.policy.people, digests.sha256(policy.canonical), tags)
    content = records.to_json(event)
    signature = b"" if session.options.dry_run else session.key.sign(content, EVENT_NAMESPACE)
    found = {name: entries.make_evidence(name, data) for name, data in evidence.items()}
    return Entry(content, signature, session.key.public, "", found)


def _ask(session: Session, actor: str, people: dict[str, Any], digest: str, tags: int) -> None:
    lines = ["open the governance log of this repository", f"policy {digest}", f"people: {', '.join(sorted(people))}"]
    if tags:
        lines.append(f"history: {tags} tags of GTO's, imported, signed by nobody and approved by nobody")
    if session.options.show is not None:
        session.options.show([*lines, f"signed by {actor} with {session.key.path}"])
    if not session.options.dry_run and session.options.agree is not None and not session.options.agree("Sign this?"):
        raise Refused("nothing was signed", why="you did not agree")
