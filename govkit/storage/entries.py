"""From commits of the log to entries that the ledger can judge: files read, signatures checked, evidence digested."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

from govkit.core import commits, digests, events, keys
from govkit.core.errors import Malformed, Refused, Undecided
from govkit.core.events import EVENT_FILE, SIGNATURE_FILE, Event
from govkit.core.ledger import Entry
from govkit.core.rules import Evidence
from govkit.storage import workers
from govkit.storage.git import Repository
from govkit.storage.gitobjects import RawCommit, TreeEntry, parse_commit, parse_tree
from govkit.storage.objects import RawObject, Reader
from govkit.storage.signatures import EVENT_NAMESPACE, TAG_NAMESPACE, signer_of

#: Evidence that rules look into; all other evidence is only digested.
_LOOKED_INTO = ("policy.json", "tag")
#: What rules look into is small; anything larger is digested and let go of, whoever pushed it.
_MAX_LOOKED_INTO = 1024 * 1024
#: Leaves hold digests of whole files, so an event beyond this cannot be passed over, only refused; evidence can.
MAX_FILE = 64 * 1024 * 1024
#: Commits whose objects are asked for in one go.
_AT_ONCE = 1000
#: Commits from which on several processes read them.
_WORTH_SPREADING = 2000
_TOO_LARGE = "too large to be digested"


def read(repository: Repository, ids: Sequence[str], before: str | None) -> Iterator[Entry]:
    """Yield the entries of a chain of commits.

    Args:
        repository: where they are.
        ids: the commits, oldest first.
        before: the commit that the first one must stand on; None for the start of the log.

    Raises:
        Undecided: if commits or files are missing from this clone, or an event is too large to be read.
        Refused: if it is no chain of commits.
    """
    starts = range(0, len(ids), _AT_ONCE)
    pieces = [(ids[start : start + _AT_ONCE], ids[start - 1] if start else before) for start in starts]
    if len(ids) < _WORTH_SPREADING:
        yield from itertools.chain.from_iterable(_piece(repository, piece) for piece in pieces)
        return
    yield from itertools.chain.from_iterable(workers.spread(lambda piece: list(_piece(repository, piece)), pieces))


def _piece(repository: Repository, piece: tuple[Sequence[str], str | None]) -> Iterator[Entry]:
    """Yield the entries of some commits; holds the files of no more than one of them."""
    with repository.reader() as reader:
        files = _files(reader, _commits(reader, *piece))
        seen: dict[tuple[str, str], Evidence] = {}
        wanted = [identity for one in files for identity in one.unread(seen)]
        objects = reader.read(wanted, MAX_FILE)
        yield from (one.entry(objects, seen) for one in files)


def _commits(reader: Reader, ids: Sequence[str], before: str | None) -> list[RawCommit]:
    """Return commits, each of which stands on the one before it, as its own bytes say."""
    found: list[RawCommit] = []
    for identity, item in reader.read(ids, MAX_FILE):
        if item.content is None:
            raise _unreadable(item)
        try:
            commit = parse_commit(identity, item.kind, item.content)
        except Malformed as error:
            raise no_chain(error) from error
        if commit.parents[:1] != ((before,) if before else ()):
            raise missing()
        found.append(commit)
        before = identity
    return found


def no_chain(error: Malformed) -> Refused:
    """Return the error for a branch that is no chain of commits."""
    return Refused(
        "the branch govkit/log is no chain of commits", why=str(error), fix="fetch it again from a good clone"
    )


def missing() -> Undecided:
    """Return the error for a log of which this clone does not have everything."""
    return Undecided(
        "part of the log is missing from this clone",
        why="it is shallow, or was fetched in part",
        fix="run: git fetch --unshallow origin govkit/log",
    )


def _unreadable(item: RawObject) -> Undecided:
    if item.kind == "missing":
        return missing()
    return Undecided(
        f"the log holds an object of {item.size:,} bytes",
        why=f"{MAX_FILE:,} bytes are read at most",
        fix="find out who pushed it, and have the host take it out of the branch",
    )


def _files(reader: Reader, chunk: Sequence[RawCommit]) -> list[_Files]:
    trees = dict(reader.read(dict.fromkeys(commit.tree for commit in chunk), MAX_FILE))
    found = []
    for commit in chunk:
        item = trees[commit.tree]
        if item.content is None:
            raise _unreadable(item)
        try:
            found.append(_Files(commit, parse_tree(item.content)))
        except Malformed as error:
            raise no_chain(error) from error
    return found


class _Files:
    """The files of one commit, and what else lies in its tree."""

    def __init__(self, commit: RawCommit, entries: Sequence[TreeEntry]) -> None:
        self._commit = commit
        self._blobs = {item.name: item.id for item in entries if item.mode == "100644"}
        self._strange = [f"holds '{i.name}', which is not a plain file" for i in entries if i.mode != "100644"]
        names = [item.name for item in entries]
        twice = sorted({name for name in names if names.count(name) > 1})
        self._strange += [f"holds '{name}' twice, so that others may read another one" for name in twice]
        self._unread: list[tuple[str, str]] = []

    def unread(self, seen: dict[tuple[str, str], Evidence]) -> list[str]:
        """Return the blobs to read: event and signature, and evidence that did not come up before."""
        for name, identity in self._blobs.items():
            key = _key(name, identity)
            if name in (EVENT_FILE, SIGNATURE_FILE) or key not in seen:
                self._unread.append((name, identity))
                # A placeholder, so that no later commit asks for it again.
                seen.setdefault(key, Evidence(""))
        return [identity for _, identity in self._unread]

    def entry(self, objects: Iterator[tuple[str, RawObject]], seen: dict[tuple[str, str], Evidence]) -> Entry:
        """Take this commit's files from the objects that were asked for, and make an entry of them."""
        own: dict[str, bytes] = {}
        for name, identity in self._unread:
            _, item = next(objects)
            if name in (EVENT_FILE, SIGNATURE_FILE):
                if item.content is None:
                    raise _unreadable(item)
                own[name] = item.content
            elif item.kind == "missing":
                raise missing()
            else:
                seen[_key(name, identity)] = _evidence(name, item)
        event, signature = own.get(EVENT_FILE), own.get(SIGNATURE_FILE)
        signer, problem = check_signature(event, signature, EVENT_NAMESPACE)
        evidence = {name: seen[_key(name, i)] for name, i in self._blobs.items() if name not in own}
        parsed = _parsed(event)
        strange = (*self._strange, *_differences(self._commit, parsed, evidence.keys()))
        return Entry(event, signature, signer, problem, evidence, strange, parsed)


def _key(name: str, identity: str) -> tuple[str, str]:
    """Return what evidence is remembered by: rules look into some of it, by its name."""
    return identity, name if name in _LOOKED_INTO else ""


def _evidence(name: str, item: RawObject) -> Evidence:
    if item.content is None:
        return Evidence(_TOO_LARGE)
    return make_evidence(name if item.size <= _MAX_LOOKED_INTO else "", item.content)


def make_evidence(name: str, content: bytes) -> Evidence:
    """Digest a piece of evidence; keep its bytes, and check a tag's signature, where rules look into it."""
    if name not in _LOOKED_INTO:
        return Evidence(digests.sha256(content))
    return Evidence(digests.sha256(content), content, tag_signer(content) if name == "tag" else None)


def tag_signer(content: bytes) -> str | None:
    """Return the key whose signature on a tag object is good, or None."""
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


def _parsed(event: bytes | None) -> Event | None:
    try:
        return events.parse(event or b"")
    except Malformed:
        return None


def _differences(commit: RawCommit, parsed: Event | None, evidence: Iterable[str]) -> list[str]:
    """Return how a commit differs from the one that its event determines; nothing for an unreadable event."""
    if parsed is None:
        return []
    named = parsed.evidence.keys()
    found = [f"holds '{name}', which the event does not name" for name in sorted(set(evidence) - named)]
    try:
        expected = commits.build(parsed, commit.tree, commit.parents[0] if commit.parents else None)
    except ValueError:
        return found
    if expected != commit.raw:
        found.append("has another message, author, date or parent than its event determines")
    return found
