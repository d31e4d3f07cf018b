"""Changing the policy in force: a request like any other, approved by the quorum that the policy in force demands."""

from __future__ import annotations

from govkit.core import digests
from govkit.core.errors import Refused, Usage
from govkit.core.events import ALL, PolicyAdopted, RequestOpened
from govkit.core.policy import parse
from govkit.core.rules.policies import removed_keys
from govkit.core.state import Request
from govkit.storage.trees import WorkTree
from govkit.workflow import policyfile
from govkit.workflow.plans import Plan, Written
from govkit.workflow.session import Session


def propose(session: Session, reason: str) -> Written:
    """Ask to adopt ``governance/policy.yaml`` of the working tree.

    Raises:
        Usage: if it is the policy in force already, or there is no reason.
        Refused: if it cannot be adopted.
    """
    session.ready()
    if not reason.strip():
        raise Usage("a request needs a reason", why="approvers and auditors read it", fix="say why with -m 'REASON'")
    return session.write(lambda: _proposal(session, reason))


def _proposal(session: Session, reason: str) -> Plan:
    text, found = policyfile.read_fit(WorkTree(session.git))
    digest = digests.sha256(found.canonical)
    if digest == session.policy.digest:
        raise Usage(f"{policyfile.PATH} is the policy in force", fix="there is nothing to propose")
    base = session.state.policies[-1][0]
    return Plan(
        "request.opened",
        ALL,
        RequestOpened(action="policy", reason=reason, policy=digest, base=base),
        {"policy.json": found.canonical, "policy.yaml": text},
        summary=[f"ask to adopt {policyfile.PATH}", f"reason: {reason}", f"policy {digest}"],
    )


def adopt(session: Session, name: str | None = None) -> Written:
    """Adopt an approved policy; a sole administrator adopts the working tree's.

    Args:
        session: the repository.
        name: the request (``policy#INDEX``); None for the newest open one.

    Raises:
        Usage: if no change is asked for.
        Refused: if it is not approved.
    """
    session.ready()
    return session.write(lambda: _adoption(session, name))


def _adoption(session: Session, name: str | None) -> Plan:
    waiting = [r for r in session.state.requests.values() if r.body.action == "policy" and r.state == "open"]
    chosen = [request for request in waiting if name in (None, request.name, request.id)]
    if not chosen:
        if session.policy.policy.admin.sole and name is None:
            return _alone(session)
        known = ", ".join(f"'{request.name}'" for request in waiting) or "none"
        what = f"there is no open request '{name}'" if name else "no change of the policy is asked for"
        raise Usage(what, why=f"open: {known}", fix="ask with 'govkit policy propose -m REASON'")
    request = chosen[-1]
    tally = session.state.tally(request)
    if not tally.approved:
        missing = ", ".join(tally.shortfall) or f"a reject by {', '.join(tally.held)} holds"
        raise Refused(
            f"{request.name} is not approved", why=f"still needed: {missing}", fix=f"govkit approve '{request.name}'"
        )
    return _plan(session, _evidence(session, request), request)


def _alone(session: Session) -> Plan:
    text, found = policyfile.read_fit(WorkTree(session.git))
    if digests.sha256(found.canonical) == session.policy.digest:
        raise Usage(f"{policyfile.PATH} is the policy in force", fix="there is nothing to adopt")
    return _plan(session, {"policy.json": found.canonical, "policy.yaml": text}, None)


def _evidence(session: Session, request: Request) -> dict[str, bytes]:
    event = request.at.event
    wanted = event.evidence if event else {}
    return {name: session.log.evidence(session.git, request.at.index, name, wanted[name]) for name in sorted(wanted)}


def _plan(session: Session, evidence: dict[str, bytes], request: Request | None) -> Plan:
    adopted = parse(evidence["policy.json"])
    body = PolicyAdopted(request=request.id if request else None, removed=removed_keys(session.policy, adopted))
    on = f"on request {request.name}" if request else "as the sole administrator"
    summary = [f"adopt the policy {adopted.digest}", on]
    return Plan("policy.adopted", ALL, body, evidence, summary=summary)
