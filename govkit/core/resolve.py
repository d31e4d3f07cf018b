"""What a policy requires of a model in a stage: inheritance, risk tiers and break-glass resolved.

The digest of requirements is taken over what stands in ``policy.json``, untouched, so that a later govkit with more
defaults finds the same digest: an approval binds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from govkit.core import canonical, digests
from govkit.core.gates.base import Gate

if TYPE_CHECKING:
    from govkit.core.policy import Approvals, BreakGlass, CanaryRules, InForce, Rollback, StageRules, TierRules

#: The ways into a stage, as requests and promotions name them.
Way = Literal["promote", "rollback", "break-glass"]

#: How many stages may inherit from each other: every reader of the log follows each stage to its end.
MAX_CHAIN = 8


class Requirements(Struct, frozen=True):
    """The gates and approval rules of one model, tier and stage, and their digest.

    Attributes:
        gates: the gates by name, in the policy's order.
        approvals: whose yes is needed.
        digest: SHA-256 of the canonical JSON of both as they stand in ``policy.json``.
        content: that canonical JSON.
        break_glass: of the emergency way, how long it lasts and when it is reviewed; None of the usual one.
    """

    gates: Mapping[str, Gate]
    approvals: Approvals
    digest: str
    break_glass: BreakGlass | None = None
    content: bytes = b""


class StageView(Struct, frozen=True):
    """A stage with what it inherits, for models of one tier.

    Attributes:
        gates: names of the gates, those of inherited stages first, each once.
        approvals: whose yes is needed, or None if no stage says.
        raw_approvals: the same as it stands in ``policy.json``.
        promote: roles that may promote into it, and empty it.
        break_glass: the emergency way, or None.
        raw_break_glass: the same as it stands in ``policy.json``.
        rollback: how it is taken back to an earlier version, or None.
        raw_rollback: the same as it stands in ``policy.json``.
        canary: what a canary for it is held against, or None.
    """

    gates: tuple[str, ...]
    approvals: Approvals | None
    raw_approvals: Any
    promote: list[str]
    break_glass: BreakGlass | None
    raw_break_glass: Any
    rollback: Rollback | None
    raw_rollback: Any
    canary: CanaryRules | None

    @property
    def roll_back(self) -> list[str]:
        """Roles that may take it back to an earlier version."""
        return (self.rollback.roles if self.rollback else []) or self.promote


def stage(policy: InForce, name: str, tier: str) -> StageView | None:
    """Resolve a stage; None if the policy does not know it, or its inheritance goes round in a circle."""
    chain = lineage(policy, name)
    if chain is None:
        return None
    gates: list[str] = []
    approvals: Approvals | None = None
    raw_approvals: Any = None
    promote: list[str] = []
    for each in reversed(chain):
        rules, raw = policy.policy.stages[each], policy.raw["stages"][each]
        parts: list[tuple[StageRules | TierRules, Any]] = [(rules, raw)]
        parts += [(extra, raw["tiers"][key]) for key, extra in rules.tiers.items() if key == tier]
        for part, raw_part in parts:
            gates += [gate for gate in part.gates if gate not in gates]
            if part.approvals is not None:
                approvals, raw_approvals = part.approvals, raw_part["approvals"]
        promote = rules.promote or promote
    last, raw_last = policy.policy.stages[name], policy.raw["stages"][name]
    return StageView(
        gates=tuple(gates),
        approvals=approvals,
        raw_approvals=raw_approvals,
        promote=promote,
        break_glass=last.break_glass,
        raw_break_glass=raw_last.get("break_glass"),
        rollback=last.rollback,
        raw_rollback=raw_last.get("rollback"),
        canary=last.canary,
    )


def lineage(policy: InForce, name: str) -> list[str] | None:
    """Return a stage and those it inherits from, nearest first; None for an unknown one or a circle."""
    chain: list[str] = []
    wanted: str | None = name
    while wanted is not None:
        if wanted not in policy.policy.stages or wanted in chain or len(chain) == MAX_CHAIN:
            return None
        chain.append(wanted)
        wanted = policy.policy.stages[wanted].inherits
    return chain


def requirements(policy: InForce, model: str, tier: str, name: str, action: Way) -> Requirements | None:
    """See :meth:`govkit.core.policy.InForce.requirements`."""
    view = stage(policy, name, tier)
    if view is None or view.approvals is None:
        return None
    named, approvals, raw = view.gates, view.approvals, {"approvals": view.raw_approvals}
    if action == "break-glass":
        if view.break_glass is None:
            return None
        named, approvals = tuple(view.break_glass.gates), view.break_glass.approvals
        raw = {"break_glass": view.raw_break_glass}
    elif action == "rollback":
        # What it goes back to was let in by the gates of its day.
        if view.rollback is None or view.rollback.approvals is None:
            return None
        named, approvals, raw = (), view.rollback.approvals, {"rollback": view.raw_rollback}
    if not all(gate in policy.policy.gates for gate in named):
        return None
    cut = {
        "model": model,
        "tier": tier,
        "stage": name,
        "gates": {gate: policy.raw["gates"][gate] for gate in named},
        **raw,
    }
    gates = {gate: policy.policy.gates[gate] for gate in named}
    content = canonical.encode(cut)
    emergency = view.break_glass if action == "break-glass" else None
    return Requirements(gates, approvals, digests.sha256(content), emergency, content)
