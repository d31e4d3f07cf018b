"""What changes between what two policies ask of a stage, inheritance and risk tiers seen through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, get_args

from govkit.core.approvals import alternatives, satisfiable, slots, words
from govkit.core.card import Tier
from govkit.core.change import Change, Effect, members, span, unhandled
from govkit.core.policy import Approvals, BreakGlass, CanaryRules, InForce, Quorum
from govkit.core.policycheck import MAX_ALTERNATIVES, MAX_SLOTS
from govkit.core.resolve import StageView

TIERS: Final[tuple[str, ...]] = get_args(Tier)
_APPROVALS: Final = frozenset({"quorum", "forbid", "commit_authors", "valid_for", "lift", "review_after", "on_overdue"})
_BREAK_GLASS: Final = frozenset({"approvals", "lasts", "review_within", "gates"})
_ROLLBACK: Final = frozenset({"roles", "approvals"})
_CANARY: Final = frozenset({"gates"})
_STAGE: Final = frozenset(
    {"inherits", "gates", "approvals", "promote", "tiers", "break_glass", "rollback", "canary", "description"}
)


def approvals(before: Approvals, after: Approvals) -> list[Change]:
    """Return what changes between two rules of whose yes is needed."""
    return list(_approvals(before, after))


def _approvals(before: Approvals, after: Approvals) -> Iterator[Change]:
    if before.quorum != after.quorum:
        old, new = words(before.quorum), words(after.quorum)
        text = f"quorum from {old} to {new}" if old != new else "the quorum is written in another way"
        yield Change("quorum", text, _quorum_effect(before.quorum, after.quorum))
    for who in sorted({*before.forbid, *after.forbid}):
        if (who in before.forbid) == (who in after.forbid):
            continue
        effect: Effect = "stricter" if who in after.forbid else "looser"
        text = f"forbid {'has' if who in after.forbid else 'no longer has'} {who}"
        # The requester never approves, whether named or not.
        yield Change("forbid", text, "other" if who == "requester" else effect)
    if before.commit_authors != after.commit_authors:
        effect = "stricter" if after.commit_authors == "verified" else "looser"
        text = f"commit_authors are {after.commit_authors} instead of {before.commit_authors}"
        yield Change("commit_authors", text, effect)
    yield from span("valid_for", before.valid_for, after.valid_for, words="approvals last", none="for ever")
    lift = {"gained": "the role '{}' may lift rejects from now on", "lost": "the role '{}' may no longer lift rejects"}
    yield from members("lift", before.lift, after.lift, **lift, more="looser", fewer="stricter")
    review = "a promotion is reviewed after"
    yield from span("review_after", before.review_after, after.review_after, words=review, none="no time at all")
    if before.on_overdue != after.on_overdue:
        text = f"what is overdue makes verify {after.on_overdue} instead of {before.on_overdue}"
        yield Change("on_overdue", text, "stricter" if after.on_overdue == "refuse" else "looser")
    yield from unhandled("", before, after, _APPROVALS)


def _quorum_effect(before: Quorum, after: Quorum) -> Effect:
    """A quorum is looser if some people who meet the new one do not meet the old one."""
    if not _implies(after, before):
        return "looser"
    return "other" if _implies(before, after) else "stricter"


def _implies(one: Quorum, other: Quorum) -> bool:
    """Tell whether everybody who meets one quorum meets the other; False where that is too much to find out."""
    if max(slots(one), slots(other)) > MAX_SLOTS:
        return False
    ways = alternatives(one)
    if max(len(ways), len(alternatives(other))) > MAX_ALTERNATIVES:
        return False
    # Each yes is given in one role, so one person for each place is all that a quorum can see.
    return all(satisfiable(other, {f"{place:03}": {role} for place, role in enumerate(way)}) for way in ways)


def stages(before: InForce, after: InForce) -> list[Change]:
    """Return what changes at the stages of two policies."""
    return list(_stages(before, after))


def _stages(before: InForce, after: InForce) -> Iterator[Change]:
    old, new = before.policy.stages, after.policy.stages
    for name in [*old, *(name for name in new if name not in old)]:
        path, title = f"stages.{name}", f"stage '{name}'"
        if name not in new:
            yield Change(path, f"{title} is gone: nothing enters it any more", "other")
        elif name not in old:
            yield Change(path, f"a new stage '{name}': {_summary(after.stage(name))}", "looser")
        else:
            yield from _tiers(name, before, after)
            if old[name].description != new[name].description:
                yield Change(f"{path}.description", f"{title}: its description changes", "other")
            for change in unhandled("", old[name], new[name], _STAGE):
                yield change.under(path, title)


def _summary(view: StageView | None) -> str:
    if view is None or view.approvals is None:
        return "nothing can enter it"
    gates = ", ".join(view.gates) or "no gates"
    return f"gates {gates}; needs {words(view.approvals.quorum)}; promoted by {', '.join(view.promote) or 'nobody'}"


def _tiers(name: str, before: InForce, after: InForce) -> Iterator[Change]:
    """Compare a stage for each tier; say once what is so for several."""
    found: dict[Change, list[str]] = {}
    for tier in TIERS:
        for change in _views(before.stage(name, tier), after.stage(name, tier)):
            found.setdefault(change, []).append(tier)
    for change, tiers in found.items():
        if len(tiers) == len(TIERS):
            yield change.under(f"stages.{name}", f"stage '{name}'")
        else:
            said = f"tier {tiers[0]}" if len(tiers) == 1 else f"tiers {' and '.join(tiers)}"
            yield change.under(f"stages.{name}.tiers.{'+'.join(tiers)}", f"stage '{name}', {said}")


def _views(before: StageView | None, after: StageView | None) -> Iterator[Change]:
    if before is None or after is None:
        if (before is None) != (after is None):
            yield Change(
                "inherits", "what it inherits from can now be found" if after else "nothing can enter it", "other"
            )
        return
    gates = {"gained": "asks for gate '{}' from now on", "lost": "no longer asks for gate '{}'"}
    yield from members("gates", before.gates, after.gates, **gates, more="stricter", fewer="looser")
    yield from _needed(before.approvals, after.approvals)
    promote = {
        "gained": "the role '{}' may promote into it from now on",
        "lost": "the role '{}' may no longer promote into it",
    }
    yield from members("promote", before.promote, after.promote, **promote, more="looser", fewer="stricter")
    yield from _break_glass(before.break_glass, after.break_glass)
    yield from _rollback(before, after)
    yield from _canary(before.canary, after.canary)


def _needed(before: Approvals | None, after: Approvals | None) -> Iterator[Change]:
    if before is None or after is None:
        if after is not None:
            yield Change("approvals", f"needs {words(after.quorum)}; nothing could enter it so far", "looser")
        elif before is not None:
            yield Change("approvals", "says no longer whose yes is needed: nothing can enter it", "other")
        return
    for change in _approvals(before, after):
        yield Change(f"approvals.{change.path}", change.words, change.effect)


def _break_glass(before: BreakGlass | None, after: BreakGlass | None) -> Iterator[Change]:
    if before is None or after is None:
        if after is not None:
            text = f"break-glass is introduced: with {words(after.approvals.quorum)}, for {after.lasts}"
            yield Change("break_glass", text, "looser")
        elif before is not None:
            yield Change("break_glass", "there is no break-glass any more", "stricter")
        return
    found = [
        *span("lasts", before.lasts, after.lasts, words="it lasts", none="for ever"),
        *span("review_within", before.review_within, after.review_within, words="it is reviewed within", none="never"),
        *members(
            "gates",
            before.gates,
            after.gates,
            gained="asks for gate '{}' from now on",
            lost="no longer asks for gate '{}'",
            more="stricter",
            fewer="looser",
        ),
        *_needed(before.approvals, after.approvals),
        *unhandled("", before, after, _BREAK_GLASS),
    ]
    for change in found:
        yield change.under("break_glass", "break-glass")


def _rollback(before: StageView, after: StageView) -> Iterator[Change]:
    back = {
        "gained": "the role '{}' may roll it back from now on",
        "lost": "the role '{}' may no longer roll it back",
    }
    if before.rollback is None and after.rollback is None:
        return
    yield from members("rollback.roles", before.roll_back, after.roll_back, **back, more="looser", fewer="stricter")
    old = before.rollback.approvals if before.rollback else None
    new = after.rollback.approvals if after.rollback else None
    if old is None or new is None:
        if new is not None:
            yield Change("rollback.approvals", f"a rollback needs {words(new.quorum)} from now on", "stricter")
        elif old is not None:
            yield Change("rollback.approvals", "a rollback no longer needs anybody's yes", "looser")
    else:
        for change in _approvals(old, new):
            yield change.under("rollback.approvals", "rollback")
    if before.rollback is not None and after.rollback is not None:
        yield from unhandled("rollback", before.rollback, after.rollback, _ROLLBACK)


def _canary(before: CanaryRules | None, after: CanaryRules | None) -> Iterator[Change]:
    if before is None or after is None:
        if before is not after:
            asked = ", ".join((before or after or CanaryRules([])).gates)
            gone = "canaries for it are held against nothing any more, so there are none"
            yield Change("canary", f"its canaries are held against {asked}" if after else gone, "other")
        return
    gates = {"gained": "asks for gate '{}' from now on", "lost": "no longer asks for gate '{}'"}
    found = members("gates", before.gates, after.gates, **gates, more="stricter", fewer="looser")
    for change in [*found, *unhandled("", before, after, _CANARY)]:
        yield change.under("canary", "canary")
