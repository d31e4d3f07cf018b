"""Rules for waivers, findings, and what is reported about a version in service (rules 2).

Under rules 1 these events only record something: no more than a role is asked of them.
"""

from __future__ import annotations

from govkit.core import times
from govkit.core.entities import Promotion
from govkit.core.events import (
    CanaryRecorded,
    DeploymentRecorded,
    FindingClosed,
    FindingOpened,
    ReproductionRecorded,
    WaiverGranted,
)
from govkit.core.followups import Finding, Waiver
from govkit.core.records import Record
from govkit.core.rules.case import Case, NotAllowed, check_due, require


def recorded(case: Case, body: Record) -> None:
    """Events that only record something: their writers stand under ``records`` in the policy."""
    version = getattr(body, "version", None)
    tier = case.version(version).body.tier if version is not None else None
    case.needs_role(case.policy.policy.records.get(case.event.type, []), tier)
    case.state.add_record(case.judged, body)


def waiver_granted(case: Case, body: WaiverGranted) -> None:
    """Somebody whom the gate names waives it, for exactly what a request would bind now, until a day."""
    if case.rules == 1:
        recorded(case, body)
        return
    version, person = case.version(body.version), case.event.actor
    rules = case.policy.requirements(case.model, version.body.tier, body.stage)
    if rules is None or body.gate not in rules.gates:
        raise NotAllowed(f"'{body.stage}' asks for no gate '{body.gate}'")
    case.needs_role(rules.gates[body.gate].waive, version.body.tier)
    kind = case.policy.policy.people[person].kind
    require(kind == "person", f"{person} is a service, and a service never decides")
    registrar = version.at.event.actor if version.at.event else ""
    require(person != registrar, f"{person} registered this version, and nobody waives a gate for their own")
    require(bool(body.ticket.strip()), "a waiver needs a ticket")
    champion = case.state.champion(case.model, body.stage)
    bound = body.digests
    own = (version.body.card, version.body.weights, version.body.data, rules.digest)
    require((bound.card, bound.weights, bound.data, bound.requirements) == own, "it is for other bytes or requirements")
    require(bound.champion == (champion.at.id if champion else None), "it names another champion than serves now")
    try:
        times.parse(body.expires)
    except ValueError as error:
        raise NotAllowed(f"its end cannot be told: {error}") from error
    require(body.expires > case.judged.effective, "its end has passed")
    case.state.waivers.append(Waiver(case.model, case.judged, body))


def finding_opened(case: Case, body: FindingOpened) -> None:
    """Something is to be done about a version."""
    if case.rules > 1:
        check_due(case, body.owner, body.due)
    recorded(case, body)
    judged = case.judged
    case.state.findings[judged.id] = Finding(
        id=judged.id,
        name=f"finding#{judged.index}",
        model=case.model,
        version=body.version,
        text=body.text,
        owner=body.owner,
        due=body.due,
        at=judged,
    )


def finding_closed(case: Case, body: FindingClosed) -> None:
    """A finding ended; the review of an override is not closed by who overrode."""
    finding = case.state.findings.get(body.finding)
    if case.rules > 1:
        if finding is None or finding.model != case.event.subject:
            raise NotAllowed("there is no such finding for this subject")
        require(finding.closed is None, f"{finding.name} is closed already")
        own = finding.override and case.event.actor == finding.opener
        require(not own, f"{case.event.actor} promoted by break-glass, and somebody else reviews that")
    recorded(case, body)
    if finding is not None and finding.closed is None:
        finding.closed = case.judged


def canary_recorded(case: Case, body: CanaryRecorded) -> None:
    """A canary runs in a stage that the policy knows."""
    known = case.rules == 1 or case.policy.stage(body.stage) is not None
    require(known, f"the policy in force knows no stage '{body.stage}'")
    recorded(case, body)


def reproduction_recorded(case: Case, body: ReproductionRecorded) -> None:
    """A reproduction is of the commit that was registered."""
    if case.rules > 1:
        registered = case.version(body.version).body.commit
        require(body.commit == registered, "it reproduces another commit than was registered")
    recorded(case, body)


def deployment_recorded(case: Case, body: DeploymentRecorded) -> None:
    """What is deployed was promoted."""
    if case.rules > 1:
        entries = (entry for found in case.state.stages_of(case.model).values() for entry in found)
        known = any(isinstance(entry, Promotion) and entry.at.id == body.promotion for entry in entries)
        require(known, "there is no such promotion of this model")
    recorded(case, body)
