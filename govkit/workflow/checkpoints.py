"""Checkpoints: somebody signs that they saw the log at a head.

So a log in which nothing happened can be told from an old copy of one.
"""

from __future__ import annotations

from govkit.core import times
from govkit.core.auditrules import CHECKPOINT
from govkit.core.errors import Refused, Undecided
from govkit.core.events import ALL, CheckpointRecorded
from govkit.core.judged import Judged
from govkit.workflow.plans import Plan, Written
from govkit.workflow.session import Session


def newest(session: Session) -> Judged | None:
    """Return the newest good checkpoint of the log that was not signed with a compromised key, or None."""
    found = reversed(session.state.recorded(CheckpointRecorded))
    return next((judged for judged, _ in found if not session.state.is_compromised(judged)), None)


def stale(session: Session) -> list[str]:
    """Say why the log is older than the policy in force wants a log to be from which something is proven.

    Returns:
        One sentence, or none where it is fresh or the policy does not ask.
    """
    policy = session.state.policy
    audit = policy.policy.audit if policy else None
    if audit is None or audit.freshness is None:
        return []
    last, oldest = newest(session), session.now() - times.span(audit.freshness)
    if last is not None and last.effective >= times.write(oldest):
        return []
    found = f"its newest checkpoint is event {last.index} of {last.effective}" if last else "it has no checkpoint"
    return [f"{found}, and the policy wants one that is at most {audit.freshness} old"]


def check_fresh(session: Session) -> None:
    """Make sure that the log has a recent checkpoint, if the policy in force wants that.

    Raises:
        Undecided: if it has none: then newer events may be hidden from this reader.
    """
    for problem in stale(session):
        roles = " or ".join(session.policy.policy.records.get(CHECKPOINT, []))
        raise Undecided(
            "nothing is proven from a log that may be out of date",
            why=problem,
            fix="fetch the log: govkit log sync; "
            f"if that is all there is, somebody in the role {roles} signs: govkit log checkpoint",
        )


def checkpoint(session: Session, *, timeout: float = 10.0) -> Written:
    """Sign that the log was seen at its head, and which mirrors held it then.

    Webhooks are not among them: what they hold cannot be read.

    Args:
        session: the repository.
        timeout: seconds that the mirrors may take to answer.

    Raises:
        Refused: if this person may not, or the log cannot be relied on.
        Usage, Undecided: see :meth:`govkit.workflow.session.Session.ready`.
    """
    session.ready()
    roles = session.policy.policy.records.get(CHECKPOINT, [])
    if not session.policy.may(session.actor, roles):
        raise Refused(
            f"{session.actor} may not record a checkpoint",
            why=f"the policy in force lets only {' or '.join(roles)}" if roles else "the policy in force lets nobody",
            fix=f"name a role in the policy, under 'records: {{{CHECKPOINT}: [ROLE]}}'",
        )
    return session.write(lambda: _plan(session, timeout))


def _plan(session: Session, timeout: float) -> Plan:
    from govkit.storage import mirrors
    from govkit.workflow import mirror

    standing = [found for found in mirror.status(session, timeout) if mirrors.parse(found.url).readable]
    good = [found.url for found in standing if found.standing == "up to date"]
    summary = [
        f"checkpoint: the log was seen at head {session.log.head.size}:{session.log.head.root}",
        *(
            f"mirror {found.url}: {found.standing}" + (f", {found.problem}" if found.problem else "")
            for found in standing
        ),
    ]
    return Plan(CHECKPOINT, ALL, CheckpointRecorded(mirrors=good), summary=summary)
