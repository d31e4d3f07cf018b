"""What a server's pre-receive hook does: it reads what is pushed, which nobody has accepted yet, and judges it.

Git keeps pushed objects apart until the hook says yes, and tells by its environment where; whatever runs Git here
hands that environment on. Sizes are asked for before anything is read: who can push must not fill the memory.
"""

from __future__ import annotations

from collections.abc import Sequence

from govkit.core import pushcheck, times
from govkit.core.errors import Refused, Usage
from govkit.core.judged import Status
from govkit.core.ledger import Ledger
from govkit.core.pushcheck import LOG, Push, Update
from govkit.storage import entries
from govkit.storage import log as log_storage
from govkit.storage.git import Repository
from govkit.storage.gitobjects import RawCommit
from govkit.workflow.plans import Options


def receive(options: Options, lines: bytes) -> list[Refused]:
    """Judge a push.

    Args:
        options: where the bare repository is, the root of trust that is pinned for it, and the clock.
        lines: what Git writes to a pre-receive hook: ``OLD NEW REF`` for each ref.

    Returns:
        Why it is refused; nothing if it may go in.

    Raises:
        Usage: if that is not what Git writes, or there is no repository.
    """
    updates = parse(lines)
    found = [refusal for update in updates if (refusal := pushcheck.by_name(update)) is not None]
    if found or not any(pushcheck.is_governed(update) for update in updates):
        return found
    repository = Repository(options.repo)
    refs = repository.refs(LOG, pushcheck.TAGS.rstrip("/"))
    try:
        ledger, known = _judge(repository, refs.get(LOG), updates)
    except Refused as error:
        return [error]
    latest = times.write(options.clock() + times.MAX_AHEAD)
    return pushcheck.refusals(Push(updates, refs, ledger.state, known, options.root, latest))


def parse(lines: bytes) -> list[Update]:
    """Read what Git writes to a pre-receive hook.

    Raises:
        Usage: for anything else.
    """
    found = []
    for line in lines.decode("utf-8", "surrogateescape").split("\n"):
        parts = line.split(" ", 2)
        if len(parts) == 3 and all(len(part) == 40 for part in parts[:2]) and parts[2].startswith("refs/"):
            found.append(Update(parts[2], parts[0], parts[1]))
        elif line:
            raise Usage("this is not what Git writes to a pre-receive hook", why="it writes 'OLD NEW REF'")
    return found


def _judge(repository: Repository, before: str | None, updates: Sequence[Update]) -> tuple[Ledger, int]:
    """Judge the log as it would be; stops at the first event that is not good, as that is refused.

    Returns:
        The ledger, and how many events it had before.
    """
    after = next((update.new for update in updates if update.ref == LOG), before)
    # Bounded before the old log is read, so that a push of rubbish costs little.
    new = _new_commits(repository, before, after) if after is not None and after != before else []
    ledger = log_storage.read_at(repository, before).ledger if before is not None else Ledger()
    known = len(ledger.state.judged)
    for place, commit in enumerate(new, start=known):
        _check_size(repository, place, commit)
    for entry in entries.read(repository, [commit.id for commit in new], before):
        if ledger.append(entry).status is not Status.GOOD:
            break
    return ledger, known


def _new_commits(repository: Repository, before: str | None, after: str) -> list[RawCommit]:
    """Return the commits that a push appends, the first of them first.

    Raises:
        Refused: if they do not stand on what is there, or are too many, too large, or no commits.
    """
    found: list[RawCommit] = []
    current: str | None = after
    while current is not None and current != before:
        kind, size = repository.header(current)
        if kind != "commit":
            raise Refused("the branch govkit/log is a chain of commits", why=f"{current[:12]} is a {kind}")
        if size > pushcheck.MAX_COMMIT:
            raise Refused("a commit of the log is too large", why=f"{current[:12]} has {size:,} bytes")
        if len(found) == pushcheck.MAX_EVENTS:
            why = f"more than {pushcheck.MAX_EVENTS:,} at once, or another history than the one that is here"
            fix = "push it in parts: git push origin COMMIT:refs/heads/govkit/log"
            raise Refused("these are too many events for one push", why=why, fix=fix)
        found.append(repository.commit(current))
        current = found[-1].parents[0] if found[-1].parents else None
    if current != before:
        raise pushcheck.not_an_extension()
    found.reverse()
    return found


def _check_size(repository: Repository, index: int, commit: RawCommit) -> None:
    """Refuse an event that is too large, before its files are read.

    Raises:
        Refused: names what is too large.
    """
    kind, size = repository.header(commit.tree)
    if kind != "tree" or size > pushcheck.MAX_TREE:
        raise pushcheck.oversized(index, "its list of files", size, pushcheck.MAX_TREE)
    try:
        files = [item for item in repository.tree(commit.tree) if item.mode == "100644"]
    except ValueError as error:
        raise Refused(f"the list of files of event {index} is malformed", why=str(error)) from error
    total = 0
    for item in files:
        _, size = repository.header(item.id)
        refusal = pushcheck.too_large(index, item.name, size)
        if refusal is not None:
            raise refusal
        total += size
    if total > pushcheck.MAX_TOTAL:
        raise pushcheck.oversized(index, "all of it", total, pushcheck.MAX_TOTAL)
