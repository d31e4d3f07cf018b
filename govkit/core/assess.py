"""Judging one version for one stage: gates, approvals and separation of duties, each as a check.

The same function serves the draft in ``request.json``, ``govkit gate``, ``govkit promote`` before it writes, and
``govkit verify`` long after.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import TYPE_CHECKING

from msgspec import Struct

from govkit.core import approvals
from govkit.core.gates.base import Check, Context, Gate, Outcome, Verdict
from govkit.core.policy import Approvals, InForce

if TYPE_CHECKING:
    from govkit.core.entities import Request, Tally
    from govkit.core.followups import Waiver


class Commit(Struct, frozen=True):
    """A commit that a version brings in.

    Attributes:
        id: ``git-sha1:…``.
        emails: addresses of its author and co-authors, in small letters.
        signer: the key whose Git signature on it is good, or None.
    """

    id: str
    emails: frozenset[str]
    signer: str | None


def gates(
    required: Mapping[str, Gate],
    context: Context,
    *,
    waivers: Mapping[str, Waiver] | None = None,
) -> list[Check]:
    """Decide every gate, in the policy's order.

    A gate that fails by itself is an ``error``: whatever happens, it does not open. A waiver opens a gate that is
    decided and shut; one that is open or pending stays as it is.

    Args:
        required: the gates by name.
        context: what is known of the version.
        waivers: those that are in force for this version and stage, by gate.
    """
    checks = []
    for name, gate in required.items():
        outcome = _decide(gate, context)
        waiver = (waivers or {}).get(name)
        if waiver is not None and not outcome.verdict.opens and outcome.verdict is not Verdict.PENDING:
            outcome = _waived(outcome, waiver)
        checks.append(
            Check(
                gate=name,
                type=str(gate.__struct_config__.tag),
                verdict=outcome.verdict,
                required=outcome.required,
                found=outcome.found,
                fix=outcome.fix,
                champion=_champions(gate, context),
            )
        )
    return checks


def _decide(gate: Gate, context: Context) -> Outcome:
    try:
        return gate.decide(context)
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        return Outcome(Verdict.ERROR, "a decision", f"the gate failed: {error}", "report this as a defect")


def _waived(outcome: Outcome, waiver: Waiver) -> Outcome:
    return Outcome(Verdict.WAIVED, outcome.required, f"{outcome.verdict}, {outcome.found}; {waiver.words}")


def _champions(gate: Gate, context: Context) -> str:
    """Return what the champion has for the same rule, where that can be compared."""
    if context.champion is None or not gate.comparable:
        return ""
    return _decide(gate, Context(context.champion)).found


def pending_approvals(rules: Approvals) -> Check:
    """Return the approvals as a check of a draft: nobody has been asked yet."""
    return Check(
        gate="approvals",
        type="approvals",
        verdict=Verdict.PENDING,
        required=approvals.words(rules.quorum),
        found="not asked yet",
        fix="open a request with 'govkit request'",
    )


def request_check(request: Request, void: str) -> Check | None:
    """Return that nothing can rest on a request any more as a check, where that is so."""
    if not void:
        return None
    return Check(
        gate="request",
        type="request",
        verdict=Verdict.FAIL,
        required="the request still binds what the policy requires and what serves now",
        found=void,
        fix=f"ask again: govkit request '{request.model}@{request.body.version}' --stage {request.body.stage} -m WHY",
    )


def approval_check(rules: Approvals, tally: Tally, *, override: bool = False) -> Check:
    """Return how a request's approvals stand, as a check.

    Args:
        rules: whose yes is needed.
        tally: the decisions.
        override: whether this is break-glass, which is never called approved.
    """
    word = "overridden" if override else "approved"
    found = [f"{person} as {decision.body.role}" for person, decision in sorted(tally.counted.items())]
    parts = [f"{word} by {', '.join(found)}" if found else f"{word} by nobody"]
    parts += [f"{decision.person} does not count: {why}" for decision, why in tally.ignored]
    parts += [f"a reject by {person} holds" for person in tally.held]
    if tally.held:
        fix = f"{', '.join(tally.held)} can lift the reject by approving"
        fix += f", or somebody in the role {' or '.join(rules.lift)} with 'govkit lift'" if rules.lift else ""
    else:
        fix = f"still needed: {', '.join(tally.shortfall)}" if tally.shortfall else ""
    name = "override" if override else "approvals"
    return Check(
        gate=name,
        type=name,
        verdict=Verdict.PASS if tally.approved else Verdict.FAIL,
        required=approvals.words(rules.quorum),
        found="; ".join(parts),
        fix=fix,
    )


class Authors(Struct, frozen=True):
    """Who wrote what a version brings in.

    Attributes:
        people: ids of authors.
        unknown: commits of which it cannot be said who wrote them, where the policy wants that verified.
    """

    people: Set[str]
    unknown: list[str]


def authors(rules: Approvals, policy: InForce, commits: list[Commit]) -> Authors:
    """Say who wrote the commits, in the way that the policy wants it known.

    Args:
        rules: the approval rules; authors matter only if they forbid ``commit-author``.
        policy: the policy in force, for addresses and keys.
        commits: all commits since the champion's.
    """
    if "commit-author" not in rules.forbid:
        return Authors(frozenset(), [])
    addresses = {address.lower(): who for who, member in policy.policy.people.items() for address in member.emails}
    claimed = {addresses[email] for commit in commits for email in commit.emails if email in addresses}
    if rules.commit_authors == "claimed":
        return Authors(claimed, [])
    owners = {commit.id: policy.owner(commit.signer) if commit.signer else None for commit in commits}
    unknown = [commit for commit, owner in owners.items() if owner is None]
    return Authors(claimed | {owner for owner in owners.values() if owner}, unknown)


def authors_check(rules: Approvals, found: Authors) -> Check | None:
    """Return separation of duties as a check, where the policy asks for it."""
    if "commit-author" not in rules.forbid:
        return None
    names = ", ".join(sorted(found.people)) or "nobody in the policy"
    if found.unknown:
        listing = ", ".join(commit.partition(":")[2][:10] for commit in found.unknown[:3])
        return Check(
            gate="commit-authors",
            type="commit-authors",
            verdict=Verdict.FAIL,
            required="every commit since the champion is signed by a key of the policy",
            found=f"{len(found.unknown)} not signed by anybody known: {listing}",
            fix="sign the commits, or have the policy say 'commit_authors: claimed'",
        )
    return Check(
        gate="commit-authors",
        type="commit-authors",
        verdict=Verdict.PASS,
        required=f"authors since the champion do not approve ({rules.commit_authors})",
        found=f"written by {names}",
    )
