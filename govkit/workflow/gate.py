"""What ``govkit gate`` answers: a judgement with the policy that it was made under, and where its rules stand."""

from __future__ import annotations

from govkit.core import report as reports
from govkit.core.report import GateReport
from govkit.workflow import policyfile
from govkit.workflow.judge import Judgement
from govkit.workflow.session import Session


def report(session: Session, judgement: Judgement) -> GateReport:
    """Return a judgement as a report.

    Args:
        session: the repository.
        judgement: made under the policy in force.
    """
    checks = policyfile.located(session, judgement.checks, judgement.stage)
    return GateReport(
        schema=reports.SCHEMA,
        model=judgement.model,
        version=judgement.version,
        stage=judgement.stage,
        requirements=judgement.requirements,
        policy=session.policy.digest,
        policy_event=session.state.policies[-1][0],
        champion=judgement.champion,
        checks=checks,
        open=not reports.blocking(judgement.version, checks),
        action=judgement.action,
        overridden=judgement.overridden,
    )
