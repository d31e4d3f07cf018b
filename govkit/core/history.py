"""What the log knows of a version at one instant: for the gates, and what counts for and against it."""

from __future__ import annotations

from govkit.core.entities import Promotion, Version
from govkit.core.events import CanaryRecorded, Digests, ReproductionRecorded
from govkit.core.followups import Waiver
from govkit.core.gates.base import Canary, History, Reproduction, Served
from govkit.core.judged import Judged
from govkit.core.state import State


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

    def counts(judged: Judged, body: CanaryRecorded | ReproductionRecorded) -> bool:
        return body.version == name and judged.index < end and not state.is_compromised(judged)

    name = version.body.version
    return History(
        now=now,
        stage=stage,
        version=name,
        commit=version.body.commit,
        registrar=version.at.event.actor if version.at.event else None,
        champion=champion,
        formerly=served_before(state, version.model, stage, end),
        served=sorted(_served(state, version, end), key=lambda entry: entry.since),
        canaries=[
            Canary(at.effective, body)
            for at, body in state.recorded(CanaryRecorded, version.model)
            if counts(at, body) and body.stage == stage
        ],
        reproductions=[
            _reproduction(state, at, body, version)
            for at, body in state.recorded(ReproductionRecorded, version.model)
            if counts(at, body)
        ],
    )


def tier_words(state: State, version: Version, stage: str | None, before: int | None = None) -> str:
    """Return a version's risk tier for people, and that of the last version that was let in, where it was another.

    The tier is what the model's own people say of it, and the policy asks less of a lower one: who decides is told.

    Args:
        state: what the log says.
        version: the version.
        stage: the stage that it is for.
        before: only promotions before this place in the log count; None for all.
    """
    last = yardstick(state, version.model, stage, before=before) if stage else None
    known = state.versions.get((version.model, last.body.version)) if last else None
    if known is None or known.body.tier == version.body.tier:
        return f"risk tier {version.body.tier}"
    return f"risk tier {version.body.tier}: CHANGED, {known.model}@{known.body.version} has {known.body.tier}"


def _served(state: State, version: Version, end: int) -> list[Served]:
    """Return the times in which a version served; one that was revoked serves until then, an override until its end."""
    found = []
    revoked = state.revoked.get((version.model, version.body.version))
    for stage, entries in state.stages_of(version.model).items():
        known = [entry for entry in entries if entry.at.index < end]
        for place, entry in enumerate(known):
            following = known[place + 1] if place + 1 < len(known) else None
            if not isinstance(entry, Promotion):
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


def yardstick(
    state: State, model: str, stage: str, *, before: int | None = None, other_than: str | None = None
) -> Promotion | None:
    """Return what a version is measured against: what was let into the stage last in the usual way.

    An override passed neither gates nor approval, and a stage that was cleared held something before: nothing may
    be found little changed, or written by nobody, for being compared with the one, or with nothing. Only what
    was recorded ``before`` a place counts, and no promotion of the commit ``other_than``.
    """
    end = len(state.tree) if before is None else before
    found = None
    for entry in state.stages.get((model, stage), []):
        if isinstance(entry, Promotion) and entry.at.index < end and not entry.override:
            revoked = state.revoked.get((model, entry.body.version))
            if entry.body.commit != other_than and (revoked is None or revoked.index >= end):
                found = entry
    return found


def served_before(state: State, model: str, stage: str, before: int | None = None) -> bool:
    """Tell whether any version was let into a stage in the usual way, whatever became of it."""
    end = len(state.tree) if before is None else before
    entries = state.stages.get((model, stage), [])
    return any(isinstance(one, Promotion) and not one.override and one.at.index < end for one in entries)


def waived(
    state: State,
    version: Version,
    stage: str,
    bound: Digests,
    *,
    at: str,
    before: int | None = None,
    without: str = "",
) -> dict[str, Waiver]:
    """Return the waivers that count for a version in a stage, by gate; of several, the newest.

    Args:
        state: what the log says at its end.
        version: the version.
        stage: the stage.
        bound: what the request binds; a waiver for anything else is void.
        at: the instant for which ends count.
        before: only waivers before this place in the log count; None for all.
        without: a person whose waivers do not count, such as who asked.
    """
    found = {}
    for waiver in state.waivers:
        body = waiver.body
        same = (waiver.model, body.version, body.stage, body.digests) == (
            version.model,
            version.body.version,
            stage,
            bound,
        )
        in_time = body.expires >= at and (before is None or waiver.at.index < before)
        if same and in_time and waiver.person != without and not state.is_compromised(waiver.at):
            found[body.gate] = waiver
    return found
