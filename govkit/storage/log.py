"""The log in Git: the branch ``govkit/log``, one commit an event, read by raw objects from its head to its start."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from govkit.core import commits, digests, events, merkle
from govkit.core.errors import Malformed, Refused, Undecided, Usage
from govkit.core.events import EVENT_FILE, SIGNATURE_FILE, Head
from govkit.core.ledger import Entry, Ledger
from govkit.core.rules import Evidence
from govkit.core.state import State
from govkit.storage import files
from govkit.storage.git import ZERO, RawCommit, RefUpdate, Repository
from govkit.storage.signatures import EVENT_NAMESPACE, TAG_NAMESPACE, signer_of

BRANCH = "refs/heads/govkit/log"
#: A file in the Git folder: the last head that this clone has seen and found to extend what it knew.
ACCEPTED = "govkit/accepted"
#: Evidence that rules look into; all other evidence is only digested.
_LOOKED_INTO = ("policy.json", "tag")
#: What rules look into is small; anything larger is digested and let go of, whoever pushed it.
_MAX_LOOKED_INTO = 1024 * 1024


@dataclass
class Log:
    """A log as it was read.

    Attributes:
        commits: the ids of its commits in hex, event 0 first.
        ledger: the ledger that judged them.
        branch_head: what the local branch pointed at, or None where only a remote's branch is known.
    """

    commits: list[str]
    ledger: Ledger
    branch_head: str | None

    @property
    def state(self) -> State:
        """What the log says."""
        return self.ledger.state

    @property
    def head(self) -> Head:
        """Size and root of the log."""
        tree = self.state.tree
        return Head(size=len(tree), root=merkle.text(tree.roots[-1]))

    @property
    def root_of_trust(self) -> str:
        """The identity of event 0."""
        return self.state.judged[0].id

    def files(self, repository: Repository, index: int) -> dict[str, bytes]:
        """Return every plain file of an event's commit by its name: event, signature and evidence."""
        entries = repository.tree(repository.commit(self.commits[index]).tree)
        return {entry.name: repository.read(entry.id)[1] for entry in entries if entry.mode == "100644"}

    def evidence_id(self, repository: Repository, index: int, name: str) -> str | None:
        """Return the blob id of a piece of evidence of an event, or None."""
        tree = repository.commit(self.commits[index]).tree
        return next((entry.id for entry in repository.tree(tree) if entry.name == name), None)

    def evidence(self, repository: Repository, index: int, name: str, digest: str) -> bytes:
        """Return the bytes of a piece of evidence.

        Raises:
            Undecided: if it is missing, or its digest is another.
        """
        identity = self.evidence_id(repository, index, name)
        content = repository.read(identity)[1] if identity else None
        if content is None or digests.sha256(content) != digest:
            raise Undecided(
                f"the evidence '{name}' of event {index} is missing or different", fix="fetch the log again"
            )
        return content


def read(repository: Repository) -> Log:
    """Read the whole log and judge it.

    Raises:
        Usage: if there is no log.
        Undecided: if commits are missing from this clone.
        Refused: if the local branch and a remote's have forked, or the log lost what this clone has seen.
    """
    heads = _heads(repository)
    if not heads:
        raise Usage(
            "this repository has no governance log",
            why="there is no branch govkit/log here or on a remote that was fetched",
            fix="open one with 'govkit init', or fetch it: git fetch origin govkit/log:govkit/log",
        )
    accepted = _accepted(repository)
    if accepted is not None:
        heads[ACCEPTED] = accepted
    walked = {identity: _chain(repository, identity) for identity in set(heads.values())}
    chains = {name: walked[identity] for name, identity in heads.items()}
    longest = max(chains.values(), key=len)
    for name, chain in sorted(chains.items(), key=lambda item: item[0] != ACCEPTED):
        if longest[len(chain) - 1].id != chain[-1].id:
            raise _forked(ACCEPTED if longest is chains.get(ACCEPTED) else name, chain, longest)
    if ACCEPTED in chains and len(chains[ACCEPTED]) > max(len(c) for n, c in chains.items() if n != ACCEPTED):
        raise Refused(
            "the log was cut short",
            why=f"this clone has seen {len(chains[ACCEPTED])} events, and now the branch is shorter",
            fix="fetch the log again from a clone or mirror that has it all",
        )
    ledger = Ledger()
    reader = EntryReader(repository)
    ledger.read(reader.entry(commit) for commit in longest)
    return Log([commit.id for commit in longest], ledger, heads.get(BRANCH))


def _heads(repository: Repository) -> dict[str, str]:
    return {**repository.refs(BRANCH), **_remote_heads(repository)}


def _remote_heads(repository: Repository) -> dict[str, str]:
    """Return the log's branch of every remote: ``refs/remotes/REMOTE/govkit/log`` and nothing below or beside it."""
    refs = repository.refs("refs/remotes")
    return {name: head for name, head in refs.items() if name.split("/")[3:] == ["govkit", "log"]}


def _accepted(repository: Repository) -> str | None:
    """Return the head that this clone has accepted, from a file of its own: refs come and go with a fetch.

    Raises:
        Refused: if the file holds something else.
    """
    path = repository.git_dir / ACCEPTED
    if not path.is_file():
        return None
    text = path.read_text(encoding="ascii", errors="replace")[:100].strip()
    if re.fullmatch(r"[0-9a-f]{40}", text) is None:
        raise Refused(
            f"{path} is damaged", why="it should hold one commit id", fix="find out who wrote to it; then remove it"
        )
    return text


def _accept(repository: Repository, head: str) -> None:
    files.write(repository.git_dir / ACCEPTED, f"{head}\n".encode())


def _forked(name: str, chain: list[RawCommit], longest: list[RawCommit]) -> Refused:
    """Return the refusal for a history that is not part of the longest one."""
    at = next(i for i, (a, b) in enumerate(zip(chain, longest, strict=False)) if a.id != b.id)
    if name == ACCEPTED:
        return Refused(
            "the log has two histories",
            why=f"what this clone has accepted before differs from the rest at event {at}",
            fix="find out who rewrote it; compare with another clone or a mirror before you trust either",
        )
    return Refused(
        "the log has two histories, here and on the remote",
        why=f"they part at event {at}, with {len(chain) - at} and {len(longest) - at} events after it",
        fix="if the events here were never pushed, somebody else was faster: take the remote's with\n"
        "git fetch origin '+govkit/log:govkit/log', delete the tags of your own events, and do them again;\n"
        "if they were pushed, somebody rewrote the remote's: compare with another clone first",
    )


def _chain(repository: Repository, head: str) -> list[RawCommit]:
    """Return the commits from the first to ``head``, by first parents, as their own bytes say."""
    chain: list[RawCommit] = []
    current: str | None = head
    while current is not None:
        try:
            commit = repository.commit(current)
        except Malformed as error:
            raise Refused("the branch govkit/log is no chain of commits", why=str(error)) from error
        except Undecided as error:
            raise Undecided(
                "part of the log is missing from this clone",
                why="it is shallow, or was fetched in part",
                fix="run: git fetch --unshallow origin govkit/log",
            ) from error
        chain.append(commit)
        current = commit.parents[0] if commit.parents else None
    chain.reverse()
    return chain


class EntryReader:
    """Turns commits of the log into entries; remembers what it digested, as evidence recurs."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._seen: dict[tuple[str, bool], Evidence] = {}

    def entry(self, commit: RawCommit) -> Entry:
        """Read one commit: its event, its signature checked, its evidence digested."""
        blobs, strange = {}, []
        for item in self._repository.tree(commit.tree):
            if item.name in blobs:
                strange.append(f"holds '{item.name}' twice, so that others may read another one")
            if item.mode == "100644":
                blobs[item.name] = item.id
            else:
                strange.append(f"holds '{item.name}', which is not a plain file")
        event = self._content(blobs.pop(EVENT_FILE, None))
        signature = self._content(blobs.pop(SIGNATURE_FILE, None))
        signer, problem = check_signature(event, signature, EVENT_NAMESPACE)
        evidence = {name: self._evidence(name, identity) for name, identity in blobs.items()}
        strange += differences(commit, event, set(evidence))
        return Entry(event, signature, signer, problem, evidence, tuple(strange))

    def _content(self, identity: str | None) -> bytes | None:
        return None if identity is None else self._repository.read(identity)[1]

    def _evidence(self, name: str, identity: str) -> Evidence:
        key = (identity, name in _LOOKED_INTO)
        if key not in self._seen:
            content = self._repository.read(identity)[1]
            found = (
                make_evidence(name, content) if len(content) <= _MAX_LOOKED_INTO else Evidence(digests.sha256(content))
            )
            self._seen[key] = found
        return self._seen[key]


def make_evidence(name: str, content: bytes) -> Evidence:
    """Digest a piece of evidence; keep its bytes, and check a tag's signature, where rules look into it."""
    if name not in _LOOKED_INTO:
        return Evidence(digests.sha256(content))
    return Evidence(digests.sha256(content), content, tag_signer(content) if name == "tag" else None)


def tag_signer(content: bytes) -> str | None:
    """Return the key whose signature on a tag object is good, or None."""
    from govkit.core import keys

    try:
        payload, block = keys.split_signed(content)
        return signer_of(payload, block, TAG_NAMESPACE) if block else None
    except Malformed:
        return None


def check_signature(message: bytes | None, signature: bytes | None, namespace: str) -> tuple[str | None, str]:
    """Return the key whose signature is good, or None and the reason."""
    if message is None or signature is None:
        return None, "unsigned"
    try:
        return signer_of(message, signature, namespace), ""
    except Malformed as error:
        return None, f"its signature is not good: {error}"


def differences(commit: RawCommit, event: bytes | None, evidence: set[str]) -> list[str]:
    """Return how a commit differs from the one that its event determines; nothing for an unreadable event."""
    try:
        parsed = events.parse(event or b"")
    except Malformed:
        return []
    found = [f"holds '{name}', which the event does not name" for name in sorted(evidence - parsed.evidence.keys())]
    try:
        expected = commits.build(parsed, commit.tree, commit.parents[0] if commit.parents else None)
    except ValueError:
        return found
    if expected != commit.raw:
        found.append("has another message, author, date or parent than its event determines")
    return found


def store(
    repository: Repository, event: bytes, signature: bytes, evidence: Mapping[str, bytes], parent: str | None
) -> str:
    """Write an event's commit and return its id; no ref moves.

    Args:
        repository: where to.
        event: the bytes of ``event.json``.
        signature: its armoured signature.
        evidence: the other files, by name.
        parent: the log's head in hex, or None for event 0.
    """
    contents = {EVENT_FILE: event, SIGNATURE_FILE: signature, **evidence}
    blobs = {name: repository.write_object("blob", content) for name, content in contents.items()}
    tree = repository.write_tree(blobs)
    return repository.write_object("commit", commits.build(events.parse(event), tree, parent))


def advance(repository: Repository, log_head: str, before: str | None, tag: tuple[str, str] | None) -> None:
    """Move the branch and a new tag in one transaction; where there is no remote, remember the head.

    Args:
        repository: where.
        log_head: the new commit.
        before: what the local branch pointed at, or None if there was none.
        tag: name and object id of a tag to create, or None.

    Raises:
        Refused: if somebody else was faster, or the tag's name is taken.
    """
    updates = [RefUpdate(BRANCH, log_head, before or ZERO)]
    if tag is not None:
        updates.append(RefUpdate(f"refs/tags/{tag[0]}", tag[1], ZERO))
    repository.move_refs(updates)
    if not _remote_heads(repository):
        _accept(repository, log_head)


def remember(repository: Repository, log: Log) -> None:
    """Keep the head of a log that was found to be in order, so that a shorter one shows later.

    Where there is a remote, that is what the remote has: what was never pushed may still have to give way.
    A clone that cannot be written to remembers nothing, and that is no error: it is a reader's.
    """
    places = {commit: index for index, commit in enumerate(log.commits)}
    remote = [places[head] for head in _remote_heads(repository).values() if head in places]
    size = max(remote) if remote else len(log.commits) - 1
    if size > places.get(_accepted(repository) or "", -1):
        with contextlib.suppress(OSError):
            _accept(repository, log.commits[size])
