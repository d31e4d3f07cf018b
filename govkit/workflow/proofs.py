"""Proofs from the log that stand alone: that it holds an event, and that it only grew."""

from __future__ import annotations

from govkit.core import bundle, events
from govkit.core.bundle import Proof
from govkit.core.errors import Usage
from govkit.core.events import EVENT_FILE, SIGNATURE_FILE
from govkit.core.merkle import Prover
from govkit.workflow.session import Session


def leaf(session: Session, index: int) -> bytes:
    """Return the four lines that stand for an event in the tree."""
    repository = session.git
    found = repository.tree(repository.commit(session.log.commits[index]).tree)
    wanted = {item.name: item.id for item in found if item.mode == "100644"}
    event, signature = (
        repository.read(wanted[name])[1] if name in wanted else None for name in (EVENT_FILE, SIGNATURE_FILE)
    )
    return events.leaf(event, signature)


def inclusion(session: Session, index: int, size: int | None = None) -> Proof:
    """Prove that the log holds an event.

    Args:
        session: the repository.
        index: the event.
        size: of which head; the log's own if None.

    Raises:
        Usage: if there is no such event, or the log was never of this size.
        Refused, Undecided: if the log is not the pinned one, or cannot be relied on.
    """
    tree = _reliable(session)
    size = len(tree) if size is None else size
    if not 0 <= index < size <= len(tree):
        raise Usage(
            f"event {index} is not in a log of {size} events",
            why=f"the log has {len(tree)} events, from 0 to {len(tree) - 1}",
            fix="see their numbers with 'govkit log'",
        )
    return bundle.inclusion(tree, index, size, leaf(session, index))


def consistency(session: Session, old: int, size: int | None = None) -> Proof:
    """Prove that the log only grew since it had ``old`` events.

    Args:
        session: the repository.
        old: how many events it had.
        size: how many the newer head has; the log's own if None.

    Raises:
        Usage: if the log was never of one of these sizes.
        Refused, Undecided: if the log is not the pinned one, or cannot be relied on.
    """
    tree = _reliable(session)
    size = len(tree) if size is None else size
    if not 0 < old <= size <= len(tree):
        raise Usage(
            f"no log grew from {old} to {size} events here",
            why=f"the log has {len(tree)} events",
            fix="name sizes from 1 on, the smaller one with --from",
        )
    return bundle.consistency(tree, old, size)


def _reliable(session: Session) -> Prover:
    session.check_trust()
    session.check_history()
    return Prover(session.state.tree.leaves)
