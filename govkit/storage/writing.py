"""Writing to a repository so that a crash leaves all or nothing, and one process at a time does it.

Objects come first; nobody sees them. Then refs move in one transaction of Git's. A process that is killed in the
middle of that transaction can leave some refs moved and lock files behind. So what is about to be done is written into
a journal before (``.git/govkit/journal``), and whoever comes next finishes it.
"""

from __future__ import annotations

import contextlib
import errno
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from govkit.core.errors import Refused
from govkit.storage import files
from govkit.storage.git import ZERO, RefUpdate, Repository

LOCK, JOURNAL = "govkit/lock", "govkit/journal"
_FORMAT: Final = "govkit.journal/v1"
#: How long, in seconds, a Git process whose parent was killed may still hold a ref; it needs milliseconds.
_LINGERS = 1.0
#: How long, in seconds, a reader waits for a writer who is moving refs.
_PATIENCE = 5.0


class _Journal(msgspec.Struct, forbid_unknown_fields=True):
    """What was about to be moved: name, new and old object id of each ref."""

    schema: str
    refs: list[tuple[str, str, str]]


@contextlib.contextmanager
def exclusively(repository: Repository) -> Iterator[None]:
    """Hold the lock that every govkit takes before it moves a ref of this repository, and finish what was begun.

    The system lets go of it when a process ends, however that is.

    Raises:
        Refused: if the repository cannot be written to.
    """
    from filelock import FileLock

    lock = FileLock(repository.git_dir / LOCK)
    try:
        (repository.git_dir / LOCK).parent.mkdir(exist_ok=True)
        lock.acquire()
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise
        raise read_only(repository, error) from error
    try:
        recover(repository)
        yield
    finally:
        lock.release()


def settle(repository: Repository) -> None:
    """Finish what a process that was killed had begun, before something is read.

    While somebody else is writing, this waits a moment, so that nobody sees refs of which only some have moved. A
    reader who may not write here reads what there is.
    """
    if not (repository.git_dir / JOURNAL).exists():
        return
    from filelock import FileLock, Timeout

    with contextlib.suppress(OSError, Timeout), FileLock(repository.git_dir / LOCK, timeout=_PATIENCE):
        recover(repository)


def read_only(repository: Repository, error: Exception) -> Refused:
    """Return the error for a repository that cannot be written to."""
    fix = "run it as somebody who may write there, or in a clone of your own"
    return Refused(f"{repository.git_dir} cannot be written to; nothing was written", why=str(error), fix=fix)


def move(repository: Repository, updates: Sequence[RefUpdate]) -> None:
    """Move refs, all or none; the lock must be held.

    Raises:
        Refused: if one of them has another value by now, or stands in the way of another.
    """
    journal = repository.git_dir / JOURNAL
    files.write(
        journal, msgspec.json.encode(_Journal(_FORMAT, [(update.name, update.new, update.old) for update in updates]))
    )
    try:
        repository.move_refs(updates)
    except BaseException:
        _settle(repository, updates)
        raise
    finally:
        journal.unlink(missing_ok=True)


def recover(repository: Repository) -> None:
    """Finish what a process that was killed had begun; the lock must be held."""
    journal = repository.git_dir / JOURNAL
    try:
        found = msgspec.json.decode(journal.read_bytes(), type=_Journal)
    except FileNotFoundError:
        return
    except (msgspec.DecodeError, OSError) as error:
        fix = "look at 'git reflog' of govkit/log and at 'govkit doctor', then remove the file"
        raise Refused(f"{journal} is damaged", why=str(error), fix=fix) from error
    updates = [RefUpdate(*update) for update in found.refs]
    _remove_locks(repository, updates)
    _settle(repository, updates)
    journal.unlink(missing_ok=True)


def _settle(repository: Repository, updates: Sequence[RefUpdate]) -> None:
    """Complete a transaction of which only some refs moved; where it cannot be completed, take those back."""
    now = repository.refs(*(update.name for update in updates))
    done = [update for update in updates if now.get(update.name, ZERO) == update.new]
    rest = [update for update in updates if update not in done]
    if not done or not rest:
        return
    if all(now.get(update.name, ZERO) == update.old for update in rest):
        repository.move_refs(rest)
    else:
        repository.move_refs([RefUpdate(update.name, update.old, update.new) for update in done])


def _remove_locks(repository: Repository, updates: Sequence[RefUpdate]) -> None:
    """Remove lock files of these refs that no living process holds."""
    names = [f"{update.name}.lock" for update in updates]
    places = [repository.git_dir / name for name in (*names, "packed-refs.lock", "reftable/tables.list.lock")]
    deadline = time.monotonic() + _LINGERS
    while any(place.exists() for place in places) and time.monotonic() < deadline:
        time.sleep(0.02)
    for place in places:
        Path(place).unlink(missing_ok=True)
