"""Proving the whole log, and every tag that it recorded."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from govkit.core.errors import Refused, Undecided
from govkit.core.events import Head
from govkit.storage import log as log_storage
from govkit.workflow import checkpoints, mirrorcheck, policyfile
from govkit.workflow.faults import acknowledgement, check_min_head, tag_faults
from govkit.workflow.mirrorsource import Watch
from govkit.workflow.session import Session


class LogVerdict(Struct, frozen=True):
    """The whole log, checked.

    Attributes:
        head: size and root.
        root_of_trust: identity of event 0.
        counts: how many events are good, inert, conflict, undecided.
        problems: what disproves the log.
        undecided: what could not be decided.
        notes: what was seen and has no effect.
    """

    head: Head
    root_of_trust: str
    counts: dict[str, int]
    problems: list[str]
    undecided: list[str]
    notes: list[str]

    @property
    def exit_code(self) -> int:
        """0 proven, 1 disproven, 3 undecided."""
        return 1 if self.problems else 3 if self.undecided else 0


def verify_log(
    session: Session, *, min_head: str | None = None, mirrors: Sequence[str] = (), watch: Watch | None = None
) -> LogVerdict:
    """Check the whole log and every tag that it recorded; and that mirrors hold the same.

    Args:
        session: the repository.
        min_head: ``SIZE`` or ``SIZE:sha256:…``: the log must hold at least this head.
        mirrors: URLs of mirrors, of which every object is compared.
        watch: called while mirrors are compared.

    Raises:
        Usage: if there is no log, or a mirror's URL is none or that of a webhook.
        Refused, Undecided: if it is not the pinned one, or has forked or lost its tail.
    """
    session.check_trust()
    check_min_head(session.log, min_head)
    found = examine(session, mirrors=mirrors, watch=watch)
    if found.exit_code == 0:
        log_storage.remember(session.git, session.log.commits)
    return found


def examine(session: Session, *, mirrors: Sequence[str] = (), watch: Watch | None = None) -> LogVerdict:
    """Check the whole log as :func:`verify_log`, whoever's it is: nothing is proven by that alone.

    Args:
        session: the repository.
        mirrors: URLs of mirrors, of which every object is compared.
        watch: called while mirrors are compared.

    Raises:
        Usage: if there is no log, or a mirror's URL is none or that of a webhook.
        Refused: if no policy is in force, or the log has forked or lost its tail.
        Undecided: if commits of it are missing.
    """
    state, problems, undecided, notes = session.state, [], [], session.disguises()
    counts = dict.fromkeys(("good", "inert", "conflict", "undecided"), 0)
    for judged in state.judged:
        counts[judged.status] += 1
        line = f"event {judged.index}: {judged.reason}"
        if judged.index in state.conflicts:
            problems.append(f"{line} (conflict)")
        elif judged.index in state.undecided:
            undecided.append(line)
        elif judged.status != "good":
            notes.append(f"{line} ({judged.status}, no effect{acknowledgement(state, judged)})")
        else:
            said = policyfile.contradiction(session, judged)
            notes += [f"event {judged.index}: {said}"] if said else []
        problems += [f"event {judged.index}: its commit {strange}" for strange in judged.irregular]
    notes += checkpoints.stale(session)
    problems += [f"the log is not all there, or was rewritten: {problem}" for problem in session.unseen_history()]
    for fault in tag_faults(session):
        line = f"tag '{fault.name}': {fault.problem}"
        (problems if fault.recorded else notes).append(line)
    try:
        session.check_history()
    except Undecided as error:
        undecided.append(str(error))
    except Refused as error:
        problems += [] if problems else [str(error)]  # most is said above, one by one
    for text in mirrors:
        compared = mirrorcheck.compare(session, text, watch=watch)
        problems += compared.problems
        undecided += compared.undecided
        notes += compared.notes
    return LogVerdict(session.log.head, session.log.root_of_trust, counts, problems, undecided, notes)
