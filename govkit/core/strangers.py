"""A policy with other people: the same roles, gates and stages, held by throw-away people, to try things out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from msgspec import Struct

from govkit.core.approvals import alternatives
from govkit.core.policy import Quorum

_LAST_GATE = "has-an-owner"


class Stranger(Struct, frozen=True):
    """A throw-away person: their id, their name, and their public key."""

    id: str
    name: str
    key: str

    @property
    def email(self) -> str:
        """An address that is nobody's."""
        return f"{self.id}@tryout.invalid"


def exchanged(value: Mapping[str, Any], asker: Stranger, others: Sequence[Stranger], branch: str) -> dict[str, Any]:
    """Return a policy with throw-away people in the place of everybody who stands in it.

    One asks and approves nothing; all others hold every role, so that any quorum can be met by as many people as it
    names. What would reach outside (mirrors), or cannot be had for throw-away people (roles for some models only,
    signatures of commits), is left out.

    Args:
        value: the policy as people wrote it.
        asker: who registers and asks.
        others: who approves, promotes and administers.
        branch: the one branch that versions are registered from.
    """
    everybody = [person.id for person in others]
    asking = set(value.get("register") or [])
    roles = {
        name: {"people": [*everybody, *([asker.id] if name in asking else [])]} for name in (value.get("roles") or {})
    }
    people = {
        person.id: {"name": person.name, "emails": [person.email], "keys": [person.key]} for person in (asker, *others)
    }
    left_out = ("people", "roles", "retired", "audit", "branches", "admin")
    kept = {key: _without_signed_commits(part) for key, part in value.items() if key not in left_out}
    admin = {**(_without_signed_commits(value.get("admin")) or {}), "sole": False}
    return {**kept, "branches": [branch], "people": people, "roles": roles, "admin": admin}


def _without_signed_commits(value: Any) -> Any:
    """Return a part of a policy in which authors of commits are known by their addresses."""
    if isinstance(value, dict):
        items = {key: _without_signed_commits(part) for key, part in value.items()}
        return {**items, "commit_authors": "claimed"} if "commit_authors" in items else items
    return [_without_signed_commits(part) for part in value] if isinstance(value, list) else value


def slots(quorum: Quorum) -> tuple[str, ...]:
    """Return the roles in which people agree on the first way to meet a quorum, one for each person."""
    return next(iter(alternatives(quorum)), ())


def without_gates(value: Mapping[str, Any], closed: Set[str]) -> dict[str, Any]:
    """Return a policy whose stages no longer ask for some gates.

    A stage that would be left without any asks that somebody owns the model: no rule is satisfied by being empty.
    """
    stages = {name: _pruned(rules, closed) for name, rules in (value.get("stages") or {}).items()}
    gates = {name: gate for name, gate in (value.get("gates") or {}).items() if name not in closed}
    return {**value, "gates": {**gates, _LAST_GATE: {"type": "card", "sections": ["owner"]}}, "stages": stages}


def _pruned(rules: Mapping[str, Any], closed: Set[str]) -> dict[str, Any]:
    result = {**rules, "gates": _rest(rules.get("gates"), closed)}
    glass, canary = rules.get("break_glass"), rules.get("canary")
    if glass:
        result["break_glass"] = {**glass, "gates": _rest(glass.get("gates"), closed)}
    if canary and set(canary.get("gates") or []) & closed:  # a canary reads numbers alone
        result["canary"] = None
    tiers = {
        tier: {**extra, "gates": [gate for gate in extra.get("gates") or [] if gate not in closed]}
        for tier, extra in (rules.get("tiers") or {}).items()
    }
    return {**result, **({"tiers": tiers} if tiers else {})}


def _rest(gates: Sequence[str] | None, closed: Set[str]) -> list[str]:
    left = [gate for gate in gates or [] if gate not in closed]
    return left if left or not gates else [_LAST_GATE]
