"""What the log knows of one version at one instant, cut out for the gates: :class:`govkit.core.gates.base.History`."""

from __future__ import annotations

from govkit.core.events import CanaryRecorded, ReproductionRecorded
from govkit.core.gates.base import Canary, History, Reproduction, Served
from govkit.core.state import Judged, Promotion, State, Version


def of(
    state: State, version: Version, stage: str, now: str, champion: str | None, before: int | None = None
) -> History:
    """Return what the log knew of a version.

    What was signed with a key that is reported as compromised by then is left out.

    Args:
        state: what the log says at its end.
        version: the version that is judged.
        stage: the stage that is asked for.
        now: the instant of the judgement.
        champion: the version that serves in the stage then.
        before: only events before this place count; None for all.
    """
    end = len(state.tree) if before is None else before

    def counts(judged: Judged) -> bool:
        return judged.index < end and not state.is_compromised(judged)

    name = version.body.version
    mine = [(at, body) for at, body in state.records if counts(at) and _is_of(at, body, version)]
    return History(
        now=now,
        stage=stage,
        version=name,
        commit=version.body.commit,
        registrar=version.at.event.actor if version.at.event else None,
        champion=champion,
        formerly=state.served_before(version.model, stage, end),
        served=sorted(_served(state, version, end), key=lambda entry: entry.since),
        canaries=[
            Canary(at.effective, body) for at, body in mine if isinstance(body, CanaryRecorded) and body.stage == stage
        ],
        reproductions=[
            _reproduction(state, at, body, version) for at, body in mine if isinstance(body, ReproductionRecorded)
        ],
    )


def _is_of(at: Judged, body: object, version: Version) -> bool:
    subject = at.event.subject if at.event else None
    return (subject, getattr(body, "version", None)) == (version.model, version.body.version)


def _served(state: State, version: Version, end: int) -> list[Served]:
    """Return the times in which a version served; one that was revoked serves until then, an override until its end."""
    found = []
    revoked = state.revoked.get((version.model, version.body.version))
    for (model, stage), entries in state.stages.items():
        known = [entry for entry in entries if entry.at.index < end]
        for place, entry in enumerate(known):
            following = known[place + 1] if place + 1 < len(known) else None
            if model != version.model or not isinstance(entry, Promotion):
                continue
            if entry.body.version != version.body.version or state.is_compromised(entry.at):
                continue
            ends = [following.at.effective] if following else []
            ends += [revoked.effective] if revoked and revoked.index < end else []
            # Under rules 1 a usual promotion could name an end, which meant nothing.
            ends += [entry.body.expires] if entry.body.expires and entry.override else []
            found.append(Served(stage, entry.at.effective, min(ends, default=None), entry.override))
    return found


def _reproduction(state: State, at: Judged, body: ReproductionRecorded, version: Version) -> Reproduction:
    actor = at.event.actor if at.event else ""
    policy = state.policy_at(at.index)
    roles = policy.roles_of(actor, version.model, version.body.tier) if policy else set()
    return Reproduction(actor, frozenset(roles), body)
