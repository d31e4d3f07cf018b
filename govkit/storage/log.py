"""The log in Git: the branch ``govkit/log``, one commit an event, read by raw objects from its head to its start."""

from __future__ import annotations

import contextlib
import gc
import os
import re
from collections.abc import Iterator, Mapping, MutableSequence, Sequence

from msgspec import Struct, field

from govkit.core import commits, digests, events, merkle
from govkit.core.errors import Malformed, Refused, Undecided, Usage
from govkit.core.events import EVENT_FILE, SIGNATURE_FILE, Head
from govkit.core.ledger import Ledger
from govkit.core.state import State
from govkit.storage import entries, files, logcache, writing
from govkit.storage.git import Repository
from govkit.storage.gitobjects import RawCommit
from govkit.storage.logcache import Remembered
from govkit.storage.packs import ObjectSet

BRANCH = "refs/heads/govkit/log"
#: Events that were signed with ``--local`` and wait for 'govkit log sync'; beyond the branch, and not seen by others.
WAITING = "refs/govkit/waiting/log"
#: A file in the Git folder: the last head that this clone has seen and found to extend what it knew.
ACCEPTED = "govkit/accepted"


class Log(Struct):
    """A log as it was read.

    Attributes:
        commits: the ids of its commits in hex, event 0 first.
        ledger: the ledger that judged them.
        branch_head: what the local branch pointed at, or None where only a remote's branch is known.
        waiting_head: what the ref of events that wait for a sync pointed at, or None.
        tags: the tags that the log recorded, where it came with copies of them: object ids in hex by name.
    """

    commits: MutableSequence[str]
    ledger: Ledger
    branch_head: str | None
    waiting_head: str | None = None
    tags: dict[str, str] = field(default_factory=dict)

    def remember(self, repository: Repository) -> None:
        """Keep the head of a log that was found to be in order, so that an older one shows later."""
        remember(repository, self.commits)

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
        found = repository.tree(repository.commit(self.commits[index]).tree)
        return {item.name: repository.read(item.id)[1] for item in found if item.mode == "100644"}

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


def read(repository: Repository, *, waiting: bool = False, heads: Mapping[str, str] | None = None) -> Log:
    """Read the whole log and judge it.

    Args:
        repository: where it is.
        waiting: also the events that wait for a sync, where they still stand on the rest.
        heads: more heads that must be part of it, in hex, by what people call them.

    Raises:
        Usage: if there is no log.
        Undecided: if commits are missing from this clone.
        Refused: if the local branch and a remote's have forked, or the log lost what this clone has seen.
    """
    writing.settle(repository)
    own = _heads(repository, WAITING)
    waits = own.pop(WAITING, None)
    heads = {**own, **(heads or {})}
    if not heads and waits is None:
        raise Usage(
            "this repository has no governance log",
            why="there is no branch govkit/log here or on a remote that was fetched",
            fix="fetch it with 'govkit log sync', or open one with 'govkit init'",
        )
    known = logcache.load(repository.git_dir, os.environ)
    longest = _agreed(repository, heads, known) if heads else []
    if waits is not None and (waiting or not heads):
        longest = _continued(longest, _ids(repository, waits, known.commits))
    return Log(longest, _judge(repository, longest, known), own.get(BRANCH), waits)


def _agreed(repository: Repository, heads: dict[str, str], known: Remembered) -> MutableSequence[str]:
    """Return the longest chain of commits, if all heads, and what was accepted before, are part of it."""
    before = accepted(repository)
    if before is not None:
        heads = {**heads, ACCEPTED: before}
    walked = {identity: _ids(repository, identity, known.commits) for identity in set(heads.values())}
    chains = {name: walked[identity] for name, identity in heads.items()}
    longest = max(chains.values(), key=len)
    for name, chain in sorted(chains.items(), key=lambda item: item[0] != ACCEPTED):
        if longest[len(chain) - 1] != chain[-1]:
            raise _forked(ACCEPTED if longest is chains.get(ACCEPTED) else name, chain, longest)
    if ACCEPTED in chains and len(chains[ACCEPTED]) > max(len(c) for n, c in chains.items() if n != ACCEPTED):
        raise Refused(
            "the log was cut short",
            why=f"this clone has seen {len(chains[ACCEPTED])} events, and now the branch is shorter",
            fix=f"fetch the log again, or take back what this clone has seen: git update-ref {BRANCH} {before}\n"
            "find out who cut it; if the remote lost it, too: git push origin govkit/log",
        )
    return longest


def _continued(chain: MutableSequence[str], waiting: MutableSequence[str]) -> MutableSequence[str]:
    """Return the log with the events that wait for a sync."""
    shorter = min(len(chain), len(waiting))
    if chain[:shorter] != waiting[:shorter]:
        at = next(i for i, (a, b) in enumerate(zip(chain, waiting, strict=False)) if a != b)
        raise Refused(
            f"{len(waiting) - at} events wait here for a sync, and others wrote to the log since",
            why=f"they were signed for place {at} on, which is taken",
            fix="run 'govkit log sync': it signs yours again on what is there",
        )
    return max(chain, waiting, key=len)


def waiting(repository: Repository, log: Log) -> list[str]:
    """Return the commits of events that wait for a sync and are not in the log, oldest first."""
    if log.waiting_head is None:
        return []
    chain = _ids(repository, log.waiting_head, [])
    known = set(log.commits)
    return [identity for identity in chain if identity not in known]


@contextlib.contextmanager
def _no_collector() -> Iterator[None]:
    """Keep Python from looking for garbage among objects that are all kept: in a long log that takes its time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _judge(repository: Repository, ids: Sequence[str], known: Remembered) -> Ledger:
    """Read what is new of a log, and judge it; what is known goes before it."""
    shared = len(known.commits)
    with _no_collector():
        before = known.ledger() if shared and (ids is known.commits or ids[:shared] == known.commits) else None
        ledger, start = (before, shared) if before else (Ledger(), 0)
        for entry in entries.read(repository, ids[start:], ids[start - 1] if start else None):
            ledger.append(entry)
        logcache.save(repository.git_dir, os.environ, start, ids, ledger)
    return ledger


def exists(repository: Repository) -> bool:
    """Tell whether there is a log here: the branch, a remote's that was fetched, or events that wait for a sync."""
    return bool(_heads(repository, WAITING))


def has_grown(repository: Repository, log: Log) -> bool:
    """Tell whether a branch that holds the log points at a commit that was not there when the log was read."""
    known = set(log.commits)
    return any(head not in known for head in _heads(repository).values())


def read_at(repository: Repository, head: str) -> Log:
    """Read and judge the log that ends in a commit, whatever refs there are and whatever was accepted before.

    Raises:
        Refused, Undecided: if that is no chain of commits, or part of it is missing.
    """
    known = logcache.load(repository.git_dir, os.environ)
    chain = _ids(repository, head, known.commits)
    return Log(chain, _judge(repository, chain, known), head)


def _heads(repository: Repository, *others: str) -> dict[str, str]:
    """Return the branch here and those of all remotes, and other refs that are named, as they are at one moment."""
    refs = repository.refs(BRANCH, "refs/remotes", *others)
    return {name: head for name, head in refs.items() if name in (BRANCH, *others) or _is_remotes(name)}


def _is_remotes(name: str) -> bool:
    """Tell whether a ref is a remote's log: ``refs/remotes/REMOTE/govkit/log``, and nothing below or beside it."""
    return name.startswith("refs/remotes/") and name.split("/")[3:] == ["govkit", "log"]


def accepted(repository: Repository) -> str | None:
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


def _forked(name: str, chain: Sequence[str], longest: Sequence[str]) -> Refused:
    """Return the refusal for a history that is not part of the longest one."""
    at = next(i for i, (a, b) in enumerate(zip(chain, longest, strict=False)) if a != b)
    if name == ACCEPTED:
        return Refused(
            "the log has two histories",
            why=f"what this clone has accepted before differs from the rest at event {at}",
            fix="find out who rewrote it; compare with another clone or a mirror before you trust either",
        )
    return Refused(
        "the log has two histories, here and on the remote",
        why=f"they part at event {at}, with {len(chain) - at} and {len(longest) - at} events after it",
        fix="compare with another clone or a mirror, to find out which one was rewritten; if it is the events here,\n"
        "which were never pushed: git fetch origin '+govkit/log:govkit/log', delete their tags, and do them again",
    )


def _ids(repository: Repository, head: str, known: MutableSequence[str]) -> MutableSequence[str]:
    """Return the commits from the first to ``head``, by first parents; ``known`` is a start that was walked before."""
    if known and head == known[-1]:  # as it is nearly always
        return known
    if head in known:
        return known[: known.index(head) + 1]
    words = ["rev-list", "--first-parent", "--end-of-options", head, *([f"^{known[-1]}"] if known else [])]
    code, out, _ = repository.try_run(*words)
    found = out.decode().split()[::-1]
    if known and (code != 0 or not found or _commit(repository, found[0]).parents[:1] != (known[-1],)):
        return _ids(repository, head, [])
    if code != 0:
        _commit(repository, head)
        raise entries.missing()
    return [*known, *found]


def _commit(repository: Repository, identity: str) -> RawCommit:
    try:
        return repository.commit(identity)
    except Malformed as error:
        raise entries.no_chain(error) from error
    except Undecided as error:
        raise entries.missing() from error


def store(
    repository: Repository, event: bytes, signature: bytes, evidence: Mapping[str, bytes], parent: str | None
) -> str:
    """Write an event's commit, and the tag that goes with it, all at once; return the commit's id. No ref moves.

    Args:
        repository: where to.
        event: the bytes of ``event.json``.
        signature: its armoured signature.
        evidence: the other files, by name.
        parent: the log's head in hex, or None for event 0.
    """
    contents, objects = {EVENT_FILE: event, SIGNATURE_FILE: signature, **evidence}, ObjectSet()
    tree = objects.add_tree({name: objects.add("blob", content) for name, content in contents.items()})
    if "tag" in evidence:
        objects.add("tag", evidence["tag"])
    commit = objects.add("commit", commits.build(events.parse(event), tree, parent))
    objects.store_loose(repository)
    return commit


def published(repository: Repository, commits: Sequence[str]) -> int:
    """Return how many events of a log a remote has; where there is no remote, how many the branch has."""
    places = {commit: index for index, commit in enumerate(commits)}
    found = _heads(repository)
    heads = {name: head for name, head in found.items() if name != BRANCH} or found
    return max((places[head] + 1 for head in heads.values() if head in places), default=0)


def remember(repository: Repository, commits: Sequence[str], size: int | None = None) -> None:
    """Keep the head of a log that was found to be in order, so that a shorter one shows later.

    Where there is a remote, that is what the remote has: what was never pushed may still have to give way.
    A clone that cannot be written to remembers nothing, and that is no error: it is a reader's.

    Args:
        repository: the clone.
        commits: the log's commits, oldest first.
        size: how many of its events are published, where that is known; see :func:`published`.
    """
    last = (published(repository, commits) if size is None else size) - 1
    before = accepted(repository)
    # From the end: what was accepted before is near it.
    if last > next((place for place in range(len(commits) - 1, -1, -1) if commits[place] == before), -1):
        with contextlib.suppress(OSError):
            files.write(repository.git_dir / ACCEPTED, f"{commits[last]}\n".encode())
