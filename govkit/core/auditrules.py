"""The ``audit`` section of a policy: what makes it unfit, what a change of it does, and what it asks of locks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from govkit.core import mirrorurl, times
from govkit.core.change import Change, Effect, members, span, unhandled
from govkit.core.errors import Malformed

if TYPE_CHECKING:
    from govkit.core.policy import Audit, Policy
    from govkit.core.state import State

MAX_MIRRORS: Final = 16
#: Storage refuses ends that are too far; a hundred years are more than any rule asks for.
MAX_RETENTION: Final = "36500d"
CHECKPOINT: Final = "checkpoint.recorded"
_HANDLED: Final = frozenset({"mirrors", "retention", "freshness"})

Found = tuple[tuple[str | int, ...], str]


def faults(policy: Policy) -> Iterator[Found]:
    """Yield what is wrong with a policy's ``audit``: the keys that lead to it, and words."""
    audit = policy.audit
    if audit is None:
        return
    if not audit.mirrors and audit.freshness is None:
        yield ("audit",), "'audit' names neither mirrors nor freshness, and no rule is satisfied by being empty"
    if len(audit.mirrors) > MAX_MIRRORS:
        yield ("audit", "mirrors"), f"{len(audit.mirrors)} mirrors; {MAX_MIRRORS} are allowed"
        return
    kinds = set()
    for index, text in enumerate(audit.mirrors):
        try:
            kinds.add(mirrorurl.parse(text).kind)
        except Malformed as error:
            yield ("audit", "mirrors", index), str(error)
        if text.rstrip("/") in {other.rstrip("/") for other in audit.mirrors[:index]}:
            yield ("audit", "mirrors", index), f"the mirror '{text}' stands there twice"
    yield from _retention(audit, kinds)
    if audit.freshness is not None and not policy.records.get(CHECKPOINT):
        message = f"nobody may write '{CHECKPOINT}', so nothing would ever be fresh: name a role under 'records'"
        yield ("audit", "freshness"), message


def _retention(audit: Audit, kinds: set[mirrorurl.Kind]) -> Iterator[Found]:
    path = ("audit", "retention")
    if audit.retention is None:
        if "s3" in kinds:
            yield ("audit", "mirrors"), "an s3:// mirror needs 'retention': how long its objects stay locked"
    elif "s3" not in kinds:
        yield path, "'retention' is how long objects in s3:// stay locked, and there is no s3:// mirror"
    elif times.span(audit.retention) > times.span(MAX_RETENTION):
        yield path, f"objects are locked for {MAX_RETENTION} at most"


def changes(before: Audit | None, after: Audit | None) -> Iterator[Change]:
    """Yield what changes from one ``audit`` to another; fewer copies, shorter locks and older heads are looser."""
    gained, lost = "the log is copied to '{}' from now on", "the log is no longer copied to '{}'"
    mirrors: list[Sequence[str]] = [each.mirrors if each else [] for each in (before, after)]
    yield from members("audit.mirrors", *mirrors, gained=gained, lost=lost, more="stricter", fewer="looser")
    yield from _locked(before.retention if before else None, after.retention if after else None)
    old, new = (each.freshness if each else None for each in (before, after))
    words = "nothing is proven from a log whose last checkpoint is older:"
    yield from span("audit.freshness", old, new, words=words, none="any age will do")
    if before is not None and after is not None:
        yield from unhandled("audit", before, after, _HANDLED)


def _locked(before: str | None, after: str | None) -> Iterator[Change]:
    if before == after:
        return
    old, new = (times.span(each) if each else None for each in (before, after))
    effect: Effect = "other"
    if old != new:
        effect = "looser" if new is None or (old is not None and new < old) else "stricter"
    words = f"objects in s3:// mirrors stay locked for {after or 'no time at all'} instead of {before or 'none'}"
    yield Change("audit.retention", words, effect)


def locked_for(state: State, index: int) -> timedelta | None:
    """Return for how long the object of an event must be locked: the shortest that any policy has asked for since.

    A longer retention that a later policy names holds for what is written from then on.

    Args:
        state: what the log says.
        index: the event's place; the log's size for what is written now.

    Returns:
        None if no policy says.
    """
    before = [policy for start, policy in state.policies if start <= index]
    since = [*before[-1:], *(policy for start, policy in state.policies if start > index)]
    named = [each.policy.audit.retention for each in since if each.policy.audit is not None]
    return min((times.span(each) for each in named if each is not None), default=None)


def unlocked(locked: timedelta | None, asked: timedelta | None) -> list[str]:
    """Say what is wrong with the lock of an object, in a storage that locks.

    Args:
        locked: for how long it is locked with mode ``COMPLIANCE`` from when it was written; None if it is not.
        asked: for how long it must be; None if no policy says.
    """
    if locked is None:
        return ["it is not locked with mode COMPLIANCE"]
    if asked is not None and locked < asked:
        return [f"it is locked for {_words(locked)} only; the policy asks for {_words(asked)}"]
    return []


def _words(length: timedelta) -> str:
    return f"{length.days} days" if length.days else f"{length.seconds // 60} minutes"
