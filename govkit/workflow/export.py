"""``govkit export``: what the log has of a version, for the tools of others."""

from __future__ import annotations

from msgspec.structs import replace

from govkit.core import canonical, exported, times
from govkit.core.entities import Clearing, Promotion, Version
from govkit.core.errors import Usage
from govkit.core.exported import DecisionMade, Deed, Exported, LetIn
from govkit.core.gates.base import Check, Verdict
from govkit.core.judged import Judged
from govkit.core.report import GateReport
from govkit.core.state import State
from govkit.workflow import facts, gate, judge, retrospect
from govkit.workflow.session import Session


def gather(session: Session, model: str, version: str | None, stage: str | None = None) -> Exported:
    """Return what is known of a registered version.

    It is a function of the log alone: gates that are decided now are decided as of the log's last event, not of this
    machine's clock, so that everybody exports the same.

    Args:
        session: the repository.
        model: the model's full name.
        version: the version.
        stage: the stage whose gates are told, or None for none.

    Raises:
        Usage: if there is no log, no such version or no such stage, or no version is named.
        Refused, Undecided: if the log is not the pinned one or cannot be relied on, or evidence is missing.
    """
    session.check_trust()
    session.check_history()
    if version is None:
        judge.find_version(session, model, None)
        raise Usage(f"'{model}' names no version", fix=f"write {model}@VERSION; 'govkit history {model}' shows them")
    found = judge.find_version(session, model, version)
    raw, _ = facts.card_of(session, found)
    state = session.state
    report, time = _gates(session, found, stage) if stage else (None, None)
    return Exported(
        schema=exported.SCHEMA,
        model=model,
        version=found.body.version,
        commit=found.body.commit,
        tag=found.body.tag.name,
        card=found.body.card,
        weights=found.body.weights,
        data=found.body.data,
        repository=state.remote,
        root=session.log.root_of_trust,
        head=session.log.head,
        time=state.effective,
        policy=session.policy.digest,
        policy_event=state.policies[-1][0],
        registered=_deed(found.at),
        revoked=_deed(revoked) if (revoked := state.revoked.get((model, version))) else None,
        decisions=_decisions(state, found),
        promotions=_promotions(state, found),
        gates=report,
        gates_time=time,
        card_json=canonical.decode(raw),
    )


def _deed(judged: Judged) -> Deed:
    event = judged.event
    body = event.body if event else {}
    text = str(body.get("reason") or body.get("comment") or "")
    return Deed(index=judged.index, event=judged.id, time=judged.effective, by=event.actor if event else "?", text=text)


def _decisions(state: State, version: Version) -> list[DecisionMade]:
    wanted = (version.model, version.body.version)
    found = [
        DecisionMade(
            stage=request.body.stage or "",
            request=request.id,
            role=decision.body.role,
            decision=decision.body.decision,
            meaning=decision.body.meaning,
            deed=_deed(decision.at),
        )
        for request in state.requests.values()
        if (request.model, request.body.version) == wanted
        for decision in request.decisions
    ]
    return sorted(found, key=lambda made: made.deed.index)


def _promotions(state: State, version: Version) -> list[LetIn]:
    found = []
    for entries in state.stages_of(version.model).values():
        for entry, after in zip(entries, [*entries[1:], None], strict=True):
            if isinstance(entry, Promotion) and entry.body.version == version.body.version:
                found.append(_let_in(entry, after))
    return sorted(found, key=lambda let: let.deed.index)


def _let_in(entry: Promotion, after: Promotion | Clearing | None) -> LetIn:
    body = entry.body
    return LetIn(
        stage=body.stage,
        kind=body.kind,
        override=entry.override,
        tag=body.tag.name,
        until=after.at.effective if after else None,
        deed=_deed(entry.at),
    )


# -- gates --------------------------------------------------------------------------------------------------------


def _gates(session: Session, version: Version, stage: str) -> tuple[GateReport, str]:
    """Return how a version stands for a stage, and as of when: what let it in, where it is the last that was."""
    state = session.state
    judge.requirements(session.policy, version.model, version.body.tier, stage)
    last = state.last(version.model, stage)
    if isinstance(last, Promotion) and last.body.version == version.body.version:
        report = retrospect.report(session, last)
        return _with(report, _flaws(state, version, last)), state.original(last).at.effective
    as_of = Session(replace(session.options, clock=lambda: times.parse(state.effective)))
    as_of.take(session.log)
    report = gate.report(as_of, judge.judge(as_of, version, stage))
    return _with(report, _flaws(state, version, None)), state.effective


def _with(report: GateReport, flaws: list[Check]) -> GateReport:
    if not flaws:
        return report
    import msgspec

    return msgspec.structs.replace(report, checks=[*report.checks, *flaws], open=False)


def _flaws(state: State, version: Version, promotion: Promotion | None) -> list[Check]:
    """Return what no gate looks at and still shuts: a revocation, an override that ended, a stolen key."""
    required, found = "not revoked", state.revoked.get((version.model, version.body.version))
    flaws = [("revocation", required, f"revoked by {_deed(found).by}: {_deed(found).text}")] if found else []
    signed = [("registration", version.at), *([("promotion", promotion.at)] if promotion else [])]
    for name, judged in signed:
        if state.is_compromised(judged):
            flaws.append((name, "signed with a sound key", "its key is reported as compromised"))
    ends = promotion.body.expires if promotion and promotion.override else None
    if ends is not None and ends < state.effective:
        flaws.append(("override", "an override serves for a short time only", f"ended at {ends}"))
    return [
        Check(gate=gate, type="proof", verdict=Verdict.FAIL, required=required, found=found)
        for gate, required, found in flaws
    ]
