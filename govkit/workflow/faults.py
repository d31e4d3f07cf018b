"""What is wrong with the log as a whole, and with the repository's tags, whichever version is asked about."""

from __future__ import annotations

from govkit.core import digests, tagcheck
from govkit.core.errors import Refused, Usage
from govkit.core.judged import Judged
from govkit.core.state import State
from govkit.storage import log as log_storage
from govkit.workflow.session import Session


def acknowledgement(state: State, judged: Judged) -> str:
    """Return by which event a violation was acknowledged and why, to be put behind what is said of it, or nothing."""
    event = state.acknowledged.get(judged.index)
    if event is None or event.event is None:
        return ""
    return f"; acknowledged by {event.event.actor} in event {event.index}: {event.event.body.get('reason')}"


def check_min_head(log: log_storage.Log, min_head: str | None) -> None:
    """Refuse a log that does not hold a head that somebody has seen.

    Raises:
        Usage: if the head is not ``SIZE`` or ``SIZE:sha256:…``.
        Refused: if the log is shorter, or had another root at that size.
    """
    if min_head is None:
        return
    size, _, root = min_head.partition(":")
    if not size.isdigit() or len(size) > 9 or (root and not digests.is_sha256(root)):
        raise Usage(f"'{min_head}' is not a head", fix="write SIZE or SIZE:sha256:…, as 'govkit log verify' prints it")
    tree = log.state.tree
    if int(size) > len(tree):
        raise Refused(
            f"the log has {len(tree)} events, and {size} were seen before",
            why="its tail is missing here",
            fix="fetch the log again with 'govkit log sync'",
        )
    if root and f"sha256:{tree.roots[int(size)].hex()}" != root:
        raise Refused(f"the log had another root at size {size}", why="its history was rewritten")


def tag_faults(session: Session) -> list[tagcheck.TagFault]:
    """Hold all tags of the repository against the log."""
    before = {tag.name: tag.id.partition(":")[2] for tag in session.imported.tags}
    return tagcheck.faults(session.state, session.tag_refs(), session.git.read_tag, before)
