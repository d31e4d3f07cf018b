"""Checks of other copies of the log: what waits here and nobody else has, and mirrors that are behind."""

from __future__ import annotations

from collections.abc import Iterator

from govkit.storage import log as log_storage
from govkit.workflow import mirror
from govkit.workflow.checkup import Ailment, Examination, Severity

#: Seconds for all mirrors together.
_TIMEOUT = 10.0


def waiting(exam: Examination) -> Iterator[Ailment]:
    """Find events that were signed with ``--local`` and not published yet."""
    session = exam.session
    count = len(log_storage.waiting(session.git, session.log)) if session.remote else 0
    if count:
        yield Ailment("note", "events that wait", f"{count} are in this clone alone", "govkit log sync")


def mirrors(exam: Examination) -> Iterator[Ailment]:
    """Ask every mirror that the policy names how far it is; a webhook cannot be asked."""
    for found in mirror.status(exam.session, timeout=_TIMEOUT):
        if found.standing == "up to date" and not found.problem:
            continue
        severity: Severity = "broken" if found.standing in ("differs", "ahead") else "overdue"
        behind = f"behind by {found.behind} events" if found.behind else found.standing
        text = f"{behind}: {found.problem}" if found.problem else behind
        yield Ailment(severity, f"the mirror {found.url}", text, found.fix or "govkit log mirror")
