"""What changes between two policies, in words, with everything marked that makes it looser.

Policies are compared as they work, not as they are written: inheritance and risk tiers are seen through, and the order
of lists says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from govkit.core import auditrules, gatediff, peoplediff, stagediff
from govkit.core.change import Change, members, unhandled
from govkit.core.policy import Admin, Choice, InForce

SCHEMA: Final = "govkit.policy-diff/v1"
_HANDLED: Final = frozenset(
    {
        *("schema", "rules", "branches", "people", "roles", "admin", "register", "gates", "stages"),
        *("revoke", "records", "meanings", "retired", "audit", "description"),
    }
)
_ADMIN: Final = frozenset({"roles", "approvals", "propose", "sole"})
_CHOICES: Final[tuple[Choice, ...]] = ("approve", "reject", "lift")


def changes(before: InForce, after: InForce) -> list[Change]:
    """Return what changes from one policy to another.

    Args:
        before: the one in force.
        after: the one that is proposed. It need not be fit to be adopted.

    Returns:
        The changes in the order of the policy's sections; empty if and only if both are the same bytes.
    """
    if before.digest == after.digest:
        return []
    found = [
        *_head(before, after),
        *peoplediff.changes(before, after),
        *_admin(before.policy.admin, after.policy.admin),
        *_gates(before, after),
        *stagediff.stages(before, after),
        *_rest(before, after),
        *unhandled("", before.policy, after.policy, _HANDLED),
    ]
    return found or [Change("", "only the way in which it is written changes, such as an order", "other")]


def summary_lines(before: InForce, after: InForce) -> list[str]:
    """Return what somebody must have read before they sign for a change of the policy.

    Everything that is looser, and every change of keys; of the rest only how many there are.
    """
    found = changes(before, after)
    shown = [change for change in found if change.effect == "looser" or peoplediff.is_of_keys(change)]
    rest = len(found) - len(shown)
    lines = [f"changes: {change.marked}" for change in shown]
    if not any(change.effect == "looser" for change in found):
        lines.append("nothing gets looser by it")
    if rest:
        lines.append(f"and {rest} other change{'' if rest == 1 else 's'}: see 'govkit policy diff'")
    return lines


def _head(before: InForce, after: InForce) -> Iterator[Change]:
    old, new = before.policy, after.policy
    if old.rules != new.rules:
        yield Change("rules", f"rules {old.rules} -> {new.rules}", "other" if new.rules > old.rules else "looser")
    gained, lost = "versions may come from branch '{}', too", "versions may no longer come from branch '{}'"
    yield from members(
        "branches", old.branches, new.branches, gained=gained, lost=lost, more="looser", fewer="stricter"
    )
    if old.description != new.description:
        yield Change("description", "the policy's description changes", "other")


def _admin(old: Admin, new: Admin) -> Iterator[Change]:
    gained, lost = "the role '{}' may change the policy from now on", "the role '{}' may no longer change the policy"
    yield from members("admin.roles", old.roles, new.roles, gained=gained, lost=lost, more="looser", fewer="stricter")
    gained, lost = "the role '{}' may propose policies from now on", "the role '{}' may no longer propose policies"
    yield from members(
        "admin.propose", old.propose, new.propose, gained=gained, lost=lost, more="looser", fewer="stricter"
    )
    if old.sole != new.sole:
        words = "one administrator alone may adopt" if new.sole else "no administrator adopts alone any more"
        yield Change("admin.sole", words, "looser" if new.sole else "stricter")
    for change in stagediff.approvals(old.approvals, new.approvals):
        yield change.under("admin.approvals", "changes of the policy")
    for change in unhandled("", old, new, _ADMIN):
        yield change.under("admin", "administrators")


def _gates(before: InForce, after: InForce) -> Iterator[Change]:
    old, new = before.policy.gates, after.policy.gates
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in new:
            yield Change(f"gates.{name}", f"there is no gate '{name}' any more", "other")
        elif name not in old:
            kind = str(new[name].__struct_config__.tag)
            yield Change(f"gates.{name}", f"a new gate '{name}' of type '{kind}'", "other")
        else:
            yield from gatediff.changes(name, old[name], new[name])


def _rest(before: InForce, after: InForce) -> Iterator[Change]:
    old, new = before.policy, after.policy
    gained, lost = "the role '{}' may register and ask from now on", "the role '{}' may no longer register and ask"
    yield from members(
        "register", old.register, new.register, gained=gained, lost=lost, more="looser", fewer="stricter"
    )
    # To revoke is a brake: who takes it from somebody loosens the policy.
    gained, lost = "the role '{}' may revoke versions from now on", "the role '{}' may no longer revoke versions"
    yield from members("revoke", old.revoke, new.revoke, gained=gained, lost=lost, more="other", fewer="looser")
    for kind in sorted({*old.records, *new.records}):
        gained = f"the role '{{}}' may write '{kind}' from now on"
        lost = f"the role '{{}}' may no longer write '{kind}'"
        roles = (old.records.get(kind, []), new.records.get(kind, []))
        yield from members(f"records.{kind}", *roles, gained=gained, lost=lost, more="looser", fewer="stricter")
    yield from auditrules.changes(old.audit, new.audit)
    yield from _meanings(before, after)


def _meanings(before: InForce, after: InForce) -> Iterator[Change]:
    """Compare what a signature may mean; what is the same for every decision is said once."""
    found: dict[Change, list[str]] = {}
    for choice in _CHOICES:
        old, new = before.meanings(choice), after.meanings(choice)
        if old and not new:
            changed = [Change("", "may mean anything from now on", "looser")]
        elif new and not old:
            changed = [Change("", f"means one of {len(new)} given sentences from now on", "stricter")]
        else:
            gained, lost = "may mean '{}' from now on", "can no longer mean '{}'"
            changed = list(members("", old, new, gained=gained, lost=lost, more="looser", fewer="stricter"))
        for change in changed:
            found.setdefault(change, []).append(choice)
    for change, choices in found.items():
        said = "a signature" if len(choices) == len(_CHOICES) else f"a signature under {' and '.join(choices)}"
        path = "meanings" if len(choices) == len(_CHOICES) else f"meanings.{'+'.join(choices)}"
        yield Change(path, f"{said} {change.words}", change.effect)
