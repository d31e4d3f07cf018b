"""Gathering what the log knows of a version, for whoever looks at it: see :mod:`govkit.core.standing`."""

from __future__ import annotations

from collections.abc import Mapping

from govkit.core import approvals, history, keys, times
from govkit.core.entities import Decision, Promotion, Request, Tally, Version
from govkit.core.errors import GovkitError, Undecided, Usage
from govkit.core.gates.base import Gate
from govkit.core.report import GateReport
from govkit.core.resolve import Way
from govkit.core.standing import Asked, Champion, CodeChange, Decided, Happened, Standing
from govkit.workflow import decide, facts, gate, judge, query
from govkit.workflow.session import Session

#: So many files are named of a change in Git; the rest is counted.
MANY_FILES = 200


def of_request(session: Session, name: str) -> Standing:
    """Return how a request for a model's stage stands.

    Args:
        session: the repository; its log is pinned and in order, or the caller has said that it is not.
        name: ``MODEL@VERSION#STAGE``, or the request's identity.

    Raises:
        Usage: if there is no such request, or it is not for a model's stage.
        Undecided: if the clone does not have what is needed to judge it.
    """
    request = session.state.find_request(name)
    if request is None:
        decide.find_request(session, name)
    if request is None or request.body.version is None or request.body.stage is None:
        raise Usage(
            f"'{name}' is not a request for a model's stage",
            why="there is a page for versions only",
            fix="read a proposed policy with 'govkit policy diff'",
        )
    version = session.state.versions[request.model, request.body.version]
    return _standing(session, version, request.body.stage, request)


def of_version(session: Session, model: str, version: str | None, stage: str | None = None) -> Standing:
    """Return how a registered version stands, for a stage or for itself.

    Args:
        session: the repository.
        model: the model.
        version: the version; None for the one that was registered last.
        stage: the stage that its checks are decided for; None to decide none.

    Raises:
        Usage: if there is no such version, or the policy does not know the stage.
        Undecided: if the clone does not have what is needed to judge it.
    """
    found = judge.find_version(session, model, version)
    request = session.state.find_request(f"{model}@{found.body.version}#{stage}") if stage else None
    return _standing(session, found, stage, request)


def _standing(session: Session, version: Version, stage: str | None, request: Request | None) -> Standing:
    state, policy = session.state, session.policy
    champion = _champion(session, version, stage) if stage else None
    rules = state.requirements_of(request, policy) if request else None
    tally = judge.tally(session, request) if request else Tally({}, [], [], [])
    roles = {person: {decision.body.role} for person, decision in tally.counted.items()}
    at = version.at
    return Standing(
        model=version.model,
        version=version.body.version,
        commit=version.body.commit.partition(":")[2],
        registered=f"registered by {at.event.actor if at.event else '?'} at {at.effective}",
        report=_report(session, version, stage, request) if stage else None,
        asked=_asked(session, request) if request else None,
        gates=_gates(session, version, stage, request) if stage else {},
        needed=approvals.words(rules.approvals.quorum) if rules else "",
        approvals=approvals.progress(rules.approvals.quorum, roles) if rules else (0, 0),
        held=tally.held,
        decisions=[_decided(session, one, tally) for one in request.decisions] if request else [],
        champion=champion,
        code=_code(session, champion, version) if champion else None,
        serving=_serving(session, version),
        history=_history(session, version.model),
        notes=_notes(session, version, stage),
        head=(session.log.head.size, session.log.head.root),
        remote=state.remote,
    )


def _report(session: Session, version: Version, stage: str, request: Request | None) -> GateReport:
    return gate.report(session, judge.judge(session, version, stage, action=_action(request)))


def _gates(session: Session, version: Version, stage: str, request: Request | None) -> Mapping[str, Gate]:
    rules = session.policy.requirements(version.model, version.body.tier, stage, _action(request))
    return rules.gates if rules else {}


def _action(request: Request | None) -> Way:
    return request.way if request is not None else "promote"


def _name(session: Session, person: str) -> str:
    known = session.policy.policy.people.get(person)
    return known.name if known and known.name else person


def _asked(session: Session, request: Request) -> Asked:
    body = request.body
    return Asked(
        name=request.name,
        id=request.id,
        action=body.action,
        requester=request.requester,
        person=_name(session, request.requester),
        reason=body.reason,
        ticket=body.ticket,
        time=request.at.effective,
        expires=body.expires,
        state=request.state,
        void=session.state.void(request) if request.state == "open" else "",
    )


def _decided(session: Session, decision: Decision, tally: Tally) -> Decided:
    body, person = decision.body, decision.person
    ignored = {id(one): why for one, why in tally.ignored}
    if tally.counted.get(person) is decision:
        note = "counts"
    elif id(decision) in ignored:
        note = ignored[id(decision)]
    elif body.decision == "reject":
        note = "counts" if person in tally.held else "no longer holds"
    else:
        note = "counts" if body.decision == "lift" else "a later word of the same person counts instead"
    return Decided(
        person=person,
        name=_name(session, person),
        role=body.role,
        decision=body.decision,
        meaning=body.meaning,
        comment=body.comment,
        time=decision.at.effective,
        expires=body.expires,
        key=keys.fingerprint(decision.at.signer) if decision.at.signer else "",
        note=note,
        conditions=[f"{c.owner} until {c.due}: {c.text}" for c in body.conditions],
    )


def _champion(session: Session, version: Version, stage: str) -> Champion | None:
    state = session.state
    serving = state.champion(version.model, stage)
    found = history.yardstick(state, version.model, stage)
    if found is None or found.body.version == version.body.version:
        return None
    card = facts.champion_card(session, found)
    if card is None:
        return None
    return Champion(
        version=found.body.version,
        commit=found.body.commit.partition(":")[2],
        digest=found.body.card,
        card=card,
        serves=serving is not None and serving.at.id == found.at.id,
        since=found.at.effective,
        by=found.at.event.actor if found.at.event else "?",
    )


def _code(session: Session, champion: Champion, version: Version) -> CodeChange:
    head = version.body.commit.partition(":")[2]
    try:
        commits = session.git.count_since(head, champion.commit)
        files = session.git.changed_lines(champion.commit, head, MANY_FILES)
    except (Undecided, GovkitError) as error:
        return CodeChange(champion.commit, head, problem=str(error))
    return CodeChange(champion.commit, head, commits, files)


def _serving(session: Session, version: Version) -> list[str]:
    found = []
    for stage, entries in sorted(session.state.stages_of(version.model).items()):
        last = entries[-1]
        mine = isinstance(last, Promotion) and last.body.version == version.body.version
        if mine and (version.model, version.body.version) not in session.state.revoked:
            found.append(stage)
    return found


def _history(session: Session, model: str) -> list[Happened]:
    lines = [line for line in query.events(session, model) if line.subject == model]
    return [
        Happened(line.index, line.time, line.actor, line.text, line.reason, str(line.status)) for line in lines[::-1]
    ]


def _notes(session: Session, version: Version, stage: str | None) -> list[str]:
    """Return what a reader must not miss: a revocation, a tier that changed, open findings."""
    state = session.state
    key = (version.model, version.body.version)
    revoked = state.revoked.get(key)
    notes = []
    if revoked is not None and revoked.event is not None:
        notes.append(f"REVOKED by {revoked.event.actor} at {revoked.effective}: {revoked.event.body.get('reason')}")
    tier = history.tier_words(state, version, stage)
    notes += [tier] if "CHANGED" in tier else []
    now = max(state.effective, times.write(session.now()))
    for finding in state.findings.values():
        if (finding.model, finding.version) == key and finding.closed is None:
            late = "OVERDUE" if finding.is_overdue(now) else "open"
            notes.append(f"{finding.name} is {late}, for {finding.owner} until {finding.due}: {finding.text}")
    return notes
