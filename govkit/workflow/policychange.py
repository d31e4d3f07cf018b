"""Changing the policy in force: a request like any other, approved by the quorum that the policy in force demands."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from govkit.core import approvals, digests, peoplediff, policydiff
from govkit.core.change import Change
from govkit.core.entities import Request
from govkit.core.errors import Refused, Usage
from govkit.core.events import ALL, PolicyAdopted, RequestOpened
from govkit.core.policy import InForce, parse
from govkit.core.rules.policies import removed_keys
from govkit.core.wording import suggest
from govkit.storage.trees import WorkTree
from govkit.workflow import policyfile
from govkit.workflow.plans import Plan
from govkit.workflow.session import Session


class Proposal(Struct, frozen=True):
    """How the working tree's policy stands after it was proposed.

    Attributes:
        state: whether it was asked for now, had been asked for before, or is in force.
        index: the event that asks for it, or that adopted it.
        id: the identity of that event.
        policy: the policy's digest.
        needs: whose yes is still needed, or an empty string.
    """

    state: Literal["proposed", "already-proposed", "in-force"]
    index: int
    id: str
    policy: str
    needs: str = ""


class Adopted(Struct, frozen=True):
    """A policy that was adopted: the event, the policy's digest, and what changed of people, keys and roles."""

    index: int
    id: str
    policy: str
    people: list[str]


class _NothingToDo(Exception):
    """The policy is in force, or asked for."""

    def __init__(self, proposal: Proposal) -> None:
        self.proposal = proposal
        super().__init__(proposal.state)


def propose(session: Session, reason: str) -> Proposal:
    """Ask to adopt ``governance/policy.yaml`` of the working tree, unless that was done: it can run on every merge.

    Raises:
        Usage: if there is no reason, or no policy.
        Refused: if it cannot be adopted, or the log does not let the signer propose.
    """
    session.check_trust()
    session.check_history()
    try:
        _proposal(session, reason)  # Before a key is asked for: where there is nothing to do, nobody signs.
        written = session.write(lambda: _proposal(session, reason))
    except _NothingToDo as done:
        return done.proposal
    digest = digests.sha256(policyfile.read_fit(WorkTree(session.git))[1].canonical)
    needs = approvals.words(session.policy.policy.admin.approvals.quorum)
    return Proposal("proposed", written.judged.index, written.judged.id, digest, needs)


def _proposal(session: Session, reason: str) -> Plan:
    text, found = policyfile.read_fit(WorkTree(session.git))
    proposed = parse(found.canonical)
    start, digest = session.state.policies[-1][0], proposed.digest
    if digest == session.policy.digest:
        raise _NothingToDo(Proposal("in-force", start, session.state.judged[start].id, digest))
    for request in waiting(session):
        if (request.body.policy, request.body.base) == (digest, start):
            raise _NothingToDo(_open_already(session, request, digest))
    if not reason.strip():
        raise Usage("a request needs a reason", why="approvers and auditors read it", fix="say why with -m 'REASON'")
    return Plan(
        "request.opened",
        ALL,
        RequestOpened(action="policy", reason=reason, policy=digest, base=start),
        {"policy.json": found.canonical, "policy.yaml": text},
        summary=[
            f"ask to adopt {policyfile.PATH}",
            f"reason: {reason}",
            f"policy {digest}",
            *policydiff.summary_lines(session.policy, proposed),
        ],
    )


def _open_already(session: Session, request: Request, digest: str) -> Proposal:
    tally = session.state.tally(request)
    needs = f"{', '.join(tally.held)} to lift the reject" if tally.held else ", ".join(tally.shortfall)
    return Proposal("already-proposed", request.at.index, request.id, digest, needs)


def waiting(session: Session) -> list[Request]:
    """Return the open requests for a change of the policy, oldest first."""
    return [request for request in session.state.open_requests() if request.body.action == "policy"]


class Difference(Struct, frozen=True):
    """What would change with a policy.

    Attributes:
        before: digest of the policy in force.
        after: digest of the other one.
        source: where the other one stands: the file, or the request's name.
        changes: what changes.
        notes: why it cannot be adopted as it is.
    """

    before: str
    after: str
    source: str
    changes: list[Change]
    notes: list[str]


def difference(session: Session, name: str | None = None) -> Difference:
    """Say what changes between the policy in force and the working tree's, or the one that a request asks for.

    Args:
        session: the repository.
        name: the request (``policy#INDEX``), or None for the working tree.

    Raises:
        Usage: if there is no such request, or the file is no policy.
        Undecided: if the request's policy is missing from the log.
    """
    before, notes = session.policy, list[str]()
    if name is None:
        after, source = _of_file(session, notes), policyfile.PATH
    else:
        request = _named(session, name)
        after, source = parse(_evidence(session, request)["policy.json"]), request.name
        if request.state != "open":
            notes.append(f"{source} is {request.state}")
        elif request.body.base != session.state.policies[-1][0]:
            notes.append(f"{source} was made against an older policy, and can no longer be adopted: propose it again")
    return Difference(before.digest, after.digest, source, policydiff.changes(before, after), notes)


def _of_file(session: Session, notes: list[str]) -> InForce:
    _, found = policyfile.read(WorkTree(session.git))
    wrong = [f"{policyfile.PATH}:{line}: {fault.message}" for line, fault in found.faults if fault.fatal]
    if found.in_force is None:
        raise Usage(
            f"{policyfile.PATH} is no policy", why="\n".join(wrong), fix="mend it; 'govkit policy check' checks it"
        )
    notes += [f"it cannot be adopted: {each}" for each in wrong]
    return found.in_force


def _named(session: Session, name: str) -> Request:
    known = {request.name: request for request in session.state.requests.values() if request.body.action == "policy"}
    found = known.get(name) or next((request for request in known.values() if request.id == name), None)
    if found is None:
        listing = ", ".join(f"'{request.name}'" for request in waiting(session)) or "none"
        raise Usage(
            f"there is no request '{name}' for a change of the policy{suggest(name, known)}",
            why=f"open: {listing}",
            fix="name one of them, or none for the working tree's policy",
        )
    return found


def adopt(session: Session, name: str | None = None) -> Adopted:
    """Adopt an approved policy; a sole administrator adopts the working tree's.

    Args:
        session: the repository.
        name: the request (``policy#INDEX``); None for the newest open one.

    Raises:
        Usage: if no change is asked for.
        Refused: if it is not approved.
    """
    session.ready()
    made: list[Adopted] = []
    written = session.write(lambda: _adoption(session, name, made))
    return replace(made[-1], index=written.judged.index, id=written.judged.id)


def _adoption(session: Session, name: str | None, made: list[Adopted]) -> Plan:
    chosen = [request for request in waiting(session) if name in (None, request.name, request.id)]
    if not chosen:
        if session.policy.policy.admin.sole and name is None:
            return _alone(session, made)
        known = ", ".join(f"'{request.name}'" for request in waiting(session)) or "none"
        what = f"there is no open request '{name}'" if name else "no change of the policy is asked for"
        raise Usage(what, why=f"open: {known}", fix="ask with 'govkit policy propose -m REASON'")
    request = chosen[-1]
    tally = session.state.tally(request)
    if not tally.approved:
        missing = ", ".join(tally.shortfall) or f"a reject by {', '.join(tally.held)} holds"
        raise Refused(
            f"{request.name} is not approved", why=f"still needed: {missing}", fix=f"govkit approve '{request.name}'"
        )
    return _plan(session, _evidence(session, request), request, made)


def _alone(session: Session, made: list[Adopted]) -> Plan:
    text, found = policyfile.read_fit(WorkTree(session.git))
    if digests.sha256(found.canonical) == session.policy.digest:
        raise Usage(f"{policyfile.PATH} is the policy in force", fix="there is nothing to adopt")
    return _plan(session, {"policy.json": found.canonical, "policy.yaml": text}, None, made)


def _evidence(session: Session, request: Request) -> dict[str, bytes]:
    event = request.at.event
    wanted = event.evidence if event else {}
    return {name: session.log.evidence(session.git, request.at.index, name, wanted[name]) for name in sorted(wanted)}


def _plan(session: Session, evidence: dict[str, bytes], request: Request | None, made: list[Adopted]) -> Plan:
    before, adopted = session.policy, parse(evidence["policy.json"])
    body = PolicyAdopted(request=request.id if request else None, removed=removed_keys(before, adopted))
    on = f"on request {request.name}" if request else "as the sole administrator"
    people = [change.words for change in peoplediff.changes(before, adopted)]
    made.append(Adopted(-1, "", adopted.digest, people))
    summary = [f"adopt the policy {adopted.digest}", on, *policydiff.summary_lines(before, adopted)]
    return Plan("policy.adopted", ALL, body, evidence, summary=summary)
