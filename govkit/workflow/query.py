"""Looking at the log: what serves where, what happened, what waits and for whom."""

from __future__ import annotations

from msgspec import Struct, field

from govkit.core import approvals, commits, times
from govkit.core.deployed import Deployed, reports
from govkit.core.entities import Clearing, Promotion, Request
from govkit.core.errors import GovkitError, Usage
from govkit.core.followups import Finding
from govkit.core.judged import Judged
from govkit.core.state import State
from govkit.core.wording import several, suggest
from govkit.storage import log as log_storage
from govkit.workflow import faults
from govkit.workflow.checkup import Ailment, Examination, due
from govkit.workflow.session import Session


class Serving(Struct, frozen=True):
    """What the log has for one model's stage.

    Attributes:
        model: the model.
        stage: the stage.
        version: the version, or None if the stage is empty.
        since: claimed time of the promotion or clearing.
        by: who wrote it.
        kind: promote, rollback, break-glass or cleared.
        tag: the tag's name.
        warning: why this may not be relied on, or an empty string.
        review_by: when it must have been approved again, or None.
        expires: when an override ends, or None.
        deployed: what was reported last of each environment.
    """

    model: str
    stage: str
    version: str | None
    since: str
    by: str
    kind: str
    tag: str
    warning: str = ""
    review_by: str | None = None
    expires: str | None = None
    deployed: list[Deployed] = field(default_factory=list)


def show(session: Session, model: str | None = None) -> list[Serving]:
    """Return what serves in every stage, by model and stage.

    Raises:
        Usage: if there is no log, or it knows no such model.
    """
    state = session.state
    known = state.models
    if model is not None and model not in known:
        raise unknown_model(model, known)
    broken = {fault.name: fault.problem for fault in faults.tag_faults(session) if fault.recorded}
    now = _now(session)
    rows = [
        _serving(state, entries[-1], broken, now)
        for (name, _), entries in sorted(state.stages.items())
        if model in (None, name)
    ]
    staged = {row.model for row in rows}
    rows += [_unserved(state, name) for name in known if name not in staged and model in (None, name)]
    return sorted(rows, key=lambda row: (row.model, row.stage))


def unknown_model(model: str, known: list[str]) -> Usage:
    """Return the error for a model that the log does not know."""
    listing = several(known, 20) or "none"
    return Usage(
        f"the log knows no model '{model}'{suggest(model, known)}",
        why=f"models with versions: {listing}",
        fix=f"register a version: govkit register {model}",
    )


def _now(session: Session) -> str:
    return max(session.state.effective, times.write(session.now()))


def _serving(state: State, entry: Promotion | Clearing, broken: dict[str, str], now: str) -> Serving:
    by = entry.at.event.actor if entry.at.event else "?"
    tag, stage = entry.body.tag.name, entry.body.stage
    if isinstance(entry, Clearing):
        running = reports(state, entry.model, stage)
        since, fault = entry.at.effective, broken.get(tag, "")
        return Serving(entry.model, stage, None, since, by, "cleared", tag, fault, deployed=running)
    body = entry.body
    warnings = [broken[tag]] if tag in broken else []
    warnings += [ailment.found for ailment in due.of_promotion(state, entry, now)]
    mine = [f for f in state.findings.values() if (f.model, f.version) == (entry.model, body.version)]
    overdue = [finding.name for finding in mine if finding.is_overdue(now)]
    warnings += [f"overdue: {', '.join(overdue)}"] if overdue else []
    return Serving(
        entry.model,
        stage,
        body.version,
        entry.at.effective,
        by,
        body.kind,
        tag,
        "; ".join(warnings),
        body.review_by,
        body.expires,
        reports(state, entry.model, stage),
    )


class FindingRow(Struct, frozen=True):
    """A finding for people; ``state`` is open, overdue or closed."""

    name: str
    id: str
    model: str
    version: str
    text: str
    owner: str
    due: str
    state: str


def findings(session: Session, model: str | None = None) -> list[FindingRow]:
    """Return all findings, of one model if it is named, the first due first.

    Raises:
        Usage: if there is no log, or it knows no such model.
    """
    known = sorted({key[0] for key in session.state.versions})
    if model is not None and model not in known:
        raise unknown_model(model, known)
    now = _now(session)
    rows = [
        FindingRow(f.name, f.id, f.model, f.version, f.text, f.owner, f.due, _state(f, now))
        for f in session.state.findings.values()
        if model in (None, f.model)
    ]
    return sorted(rows, key=lambda row: row.due)


def _state(finding: Finding, now: str) -> str:
    if finding.closed is not None:
        return "closed"
    return "overdue" if finding.is_overdue(now) else "open"


def _unserved(state: State, model: str) -> Serving:
    newest = state.versions[[key for key in state.versions if key[0] == model][-1]]
    by = newest.at.event.actor if newest.at.event else "?"
    return Serving(model, "-", newest.body.version, newest.at.effective, by, "registered", newest.body.tag.name)


class Line(Struct, frozen=True):
    """One event for people: index, claimed time, actor, what happened, and how it is judged."""

    index: int
    time: str
    actor: str
    subject: str
    type: str
    text: str
    status: str
    reason: str
    id: str


def events(session: Session, model: str | None = None) -> list[Line]:
    """Return the events of the log, oldest first; of one model, and of all models (``*``), if one is named.

    Raises:
        Usage: if there is no log, or it knows no such model.
    """
    state = session.state
    known = sorted({judged.event.subject for judged in state.judged if judged.event and judged.event.subject != "*"})
    known += sorted({tag.model for tag in session.imported.tags} - {*known})
    if model is not None and model not in known:
        raise unknown_model(model, known)
    return [
        line_of(judged) for judged in state.judged if model is None or (judged.event and judged.event.subject == model)
    ]


def line_of(judged: Judged) -> Line:
    """Return one event for people."""
    event = judged.event
    if event is None:
        return Line(judged.index, "", "?", "*", "?", "unreadable", judged.status, judged.reason, judged.id)
    text = commits.headline(event).removeprefix(f"{event.actor} ")
    body = event.body
    reason = judged.reason or str(body.get("reason") or body.get("comment") or body.get("meaning") or "")
    return Line(
        judged.index, event.time, event.actor, event.subject, event.type, text, judged.status, reason, judged.id
    )


class Waiting(Struct, frozen=True):
    """An open request: its name, who asked why, what is still needed, and whether the reader can decide."""

    name: str
    requester: str
    reason: str
    needed: str
    mine: bool


class Health(Struct, frozen=True):
    """What ``govkit status`` tells: who is asking, what waits, what is broken, what to do next."""

    me: str | None
    pinned: bool
    waiting: list[Waiting]
    broken: list[str]
    notes: list[str]
    next_steps: list[str]

    @property
    def exit_code(self) -> int:
        """1 if something is broken, else 0."""
        return 1 if self.broken else 0


def _examined(exam: Examination) -> list[Ailment]:
    """Return what ``status`` looks at; ``doctor`` looks at all."""
    from govkit.workflow.checkup import log

    checks = (log.trusted, log.reliable, log.disguised, log.tags, due.serving, due.findings, log.powerless)
    return [ailment for check in checks for ailment in check(exam)]


def status(session: Session) -> Health:
    """Say what waits for the reader, what is broken, and what to do next.

    Raises:
        Usage: if there is no log.
    """
    state, exam = session.state, Examination(session)
    pinned = session.pins.accepts(session.log.root_of_trust)
    # What cannot be decided for want of a pin is no news to somebody who only looks.
    found = _examined(exam)
    broken = [one for one in found if one.severity == "broken" or (one.severity == "undecided" and pinned)]
    notes = [one.line for one in found if one not in broken]
    stops = [one for one in found if one.severity in ("broken", "undecided")]
    steps = list(dict.fromkeys(one.mend for one in stops if one.mend))
    later = len(log_storage.waiting(session.git, session.log)) if session.remote else 0
    if later:
        notes.append(f"{later} events wait in this clone and are seen by nobody else")
        steps.append("publish them: govkit log sync")
    me = _me(session)
    waiting = [item for _, item in open_requests(session)]
    steps += [f"read the card, then: govkit approve '{item.name}' (or reject)" for item in waiting if item.mine]
    steps += _ready(session, me)
    if not waiting and not state.versions:
        steps.append("register a version: govkit register MODEL")
    return Health(me, pinned, waiting, [one.line for one in broken], notes, steps)


def _me(session: Session) -> str | None:
    try:
        return session.actor
    except GovkitError:
        return None


def open_requests(session: Session) -> list[tuple[Request, Waiting]]:
    """Return every open request, and how it stands for the reader."""
    me = _me(session)
    return [(r, _waiting(session, r, me)) for r in session.state.open_requests()]


def _waiting(session: Session, request: Request, me: str | None) -> Waiting:
    from govkit.workflow import judge

    state, policy = session.state, session.policy
    rules = state.requirements_of(request, policy)
    tally = judge.tally(session, request)
    version = state.versions.get((request.model, request.body.version or ""))
    model, tier = (request.model, version.body.tier) if version else (None, None)
    asked = approvals.roles_in(rules.approvals.quorum) if rules else set()
    held = policy.roles_of(me, model, tier) & asked if me else set()
    mine = bool(held) and me not in (*tally.counted, request.requester) and not tally.approved
    needed = (
        "approvals complete" if tally.approved else f"needs {', '.join(tally.shortfall)}" if tally.shortfall else ""
    )
    if tally.held:
        needed = f"rejected by {', '.join(tally.held)}"
    return Waiting(request.name, request.requester, request.body.reason, needed, mine)


def _ready(session: Session, me: str | None) -> list[str]:
    """Return what the reader can do about requests that are approved."""
    from govkit.workflow import judge

    found: list[str] = []
    state, policy = session.state, session.policy
    for request in state.open_requests():
        stage = policy.stage(request.body.stage or "")
        usual = stage.promote if stage else policy.policy.admin.roles
        roles = stage.roll_back if stage and request.way == "rollback" else usual
        model, tier = (request.model, "*") if stage else (None, None)
        if me is None or not policy.may(me, roles, model, tier):
            continue
        if judge.tally(session, request).approved and not state.void(request):
            verbs = {"policy": "adopt", "acknowledge": "acknowledge", "rollback": "roll back"}
            found.append(f"{verbs.get(request.body.action, 'promote')}: {due.use(request)}")
    return found
