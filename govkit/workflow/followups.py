"""Waiving a gate, opening and closing findings, and taking a request back."""

from __future__ import annotations

from govkit.core import times
from govkit.core.errors import Refused, Usage
from govkit.core.events import FindingClosed, FindingOpened, RequestWithdrawn, WaiverGranted
from govkit.core.followups import Finding
from govkit.core.wording import suggest
from govkit.workflow import decide, facts, judge
from govkit.workflow.plans import Plan, Written
from govkit.workflow.session import Session


def waive(
    session: Session, model: str, version: str | None, stage: str, gate: str, *, until: str, reason: str, ticket: str
) -> Written:
    """Waive one gate for one version and stage, for exactly the bytes and requirements of now.

    Args:
        session: the repository.
        model: the model's full name.
        version: the version; None for the one registered last.
        stage: the stage.
        gate: the gate's name.
        until: a day (its end, UTC) or an instant.
        reason: why.
        ticket: a reference into another system.

    Raises:
        Usage: if the stage asks for no such gate, or something is left out.
        Refused: if the gate lets nobody, or not this person, waive it.
    """
    session.ready()
    if not reason.strip() or not ticket.strip():
        missing = "a reason" if not reason.strip() else "a ticket"
        raise Usage(f"a waiver needs {missing}", why="auditors read it", fix="-m 'REASON' --ticket TICKET")
    end = _day(session, until)
    return session.write(lambda: _waiver(session, model, version, stage, gate, end, reason, ticket))


def _waiver(
    session: Session, model: str, version: str | None, stage: str, gate: str, end: str, reason: str, ticket: str
) -> Plan:
    found = judge.find_version(session, model, version)
    rules = judge.requirements(session.policy, model, found.body.tier, stage)
    if gate not in rules.gates:
        known = ", ".join(rules.gates)
        raise Usage(f"'{stage}' asks for no gate '{gate}'{suggest(gate, rules.gates)}", why=f"gates: {known}")
    roles = rules.gates[gate].waive
    if not session.policy.may(session.actor, roles, model, found.body.tier):
        who = f"only somebody in the role {' or '.join(roles)}" if roles else "nobody"
        raise Refused(
            f"{session.actor} may not waive the gate '{gate}'",
            why=f"the policy in force lets {who}",
            fix="mend the model, or have the policy changed",
        )
    champion = session.state.champion(model, stage)
    body = WaiverGranted(
        gate=gate,
        version=found.body.version,
        stage=stage,
        digests=facts.bound(found, rules, champion),
        reason=reason,
        expires=end,
        ticket=ticket,
    )
    question = facts.Question(found, stage, rules, session.policy, champion, times.write(session.now()))
    shut = next((check for check in facts.gate_checks(session, question) if check.gate == gate), None)
    return Plan(
        "waiver.granted",
        model,
        body,
        summary=[
            f"waive the gate '{gate}' for {model}@{found.body.version} in {stage} until {end}",
            f"it stands at: {shut.verdict}, {shut.found}" if shut else "",
            f"reason: {reason} ({ticket})",
            f"card {body.digests.card}",
        ],
    )


def open_finding(
    session: Session, model: str, version: str | None, text: str, *, owner: str, due: str, severity: str = ""
) -> Written:
    """Open a finding about a version: something that its owner sees to until a day.

    Raises:
        Usage: if the owner is unknown or the day is none.
    """
    session.ready()
    if owner not in session.policy.policy.people:
        raise Usage(f"the policy in force does not know '{owner}'{suggest(owner, session.policy.policy.people)}")
    if not text.strip():
        raise Usage("a finding says what is to be done", fix="say it with -m 'TEXT'")
    end = _day(session, due)

    def plan() -> Plan:
        found = judge.find_version(session, model, version)
        body = FindingOpened(version=found.body.version, text=text, owner=owner, due=end, severity=severity)
        summary = [f"open a finding about {model}@{body.version}: {text}", f"{owner} sees to it until {end}"]
        return Plan("finding.opened", model, body, summary=summary)

    return session.write(plan)


def find_finding(session: Session, name: str) -> Finding:
    """Return an open finding by its name (``finding#INDEX``) or identity.

    Raises:
        Usage: if there is none; names those that are open.
    """
    found = session.state.find_finding(name)
    if found is not None and found.closed is None:
        return found
    known = ", ".join(f"'{one.name}'" for one in session.state.findings.values() if one.closed is None) or "none"
    what = f"'{name}' is closed already" if found else f"there is no finding '{name}'"
    raise Usage(what, why=f"open findings: {known}", fix="name one of them, in quotes")


def close_finding(session: Session, name: str, resolution: str) -> Written:
    """Close a finding and say how it ended.

    Raises:
        Usage: if there is no such open finding, or nothing is said.
        Refused: if this person may not.
    """
    session.ready()
    if not resolution.strip():
        raise Usage("say how the finding ended", why="auditors read it", fix="-m 'RESOLUTION'")

    def plan() -> Plan:
        found = find_finding(session, name)
        body = FindingClosed(finding=found.id, resolution=resolution)
        summary = [f"close {found.name} of {found.model}@{found.version}: {found.text}", f"resolution: {resolution}"]
        return Plan("finding.closed", found.model, body, summary=summary)

    return session.write(plan)


def withdraw(session: Session, name: str, reason: str) -> Written:
    """Take one's own request back.

    Raises:
        Usage: if there is no such open request.
        Refused: if somebody else asked.
    """
    session.ready()

    def plan() -> Plan:
        request = decide.find_request(session, name)
        body = RequestWithdrawn(request=request.id, reason=reason)
        return Plan("request.withdrawn", request.model, body, summary=[f"withdraw {request.name}", f"reason: {reason}"])

    return session.write(plan)


def _day(session: Session, text: str) -> str:
    try:
        end = times.end(text)
    except ValueError as error:
        raise Usage(str(error), fix="write a day like 2026-12-31") from error
    if end <= times.write(session.now()):
        raise Usage(f"{text} has passed", fix="name a day to come")
    return end
