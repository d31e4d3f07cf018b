"""Quorums: which people must agree, and whether those who did are enough.

A quorum is expanded into its alternatives, each a list of role slots; people are matched to slots so that each
person fills one slot (bipartite matching by augmenting paths).
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from itertools import product

from govkit.core.policy import Quorum

_MANY = 1_000


def alternatives(quorum: Quorum) -> list[tuple[str, ...]]:
    """Return every way to meet a quorum, each as the roles that it needs, one entry for each person."""
    if quorum.role is not None:
        return [(quorum.role,) * quorum.count]
    if quorum.any:
        return [way for part in quorum.any for way in alternatives(part)][:_MANY]
    ways: list[tuple[str, ...]] = [()]
    for part in quorum.all:
        ways = [(*left, *right) for left, right in product(ways, alternatives(part))][:_MANY]
    return ways


def satisfiable(quorum: Quorum, roles: Mapping[str, Set[str]]) -> bool:
    """Tell whether people with these roles can meet a quorum.

    Args:
        quorum: the rule.
        roles: by person, the roles in which they agree.
    """
    return any(not missing(way, roles) for way in alternatives(quorum) if way)


def shortfall(quorum: Quorum, roles: Mapping[str, Set[str]]) -> list[str]:
    """Return the roles still missing on the shortest way to a quorum; empty if it is met.

    A quorum without any way to meet it is never met.
    """
    ways = [missing(way, roles) for way in alternatives(quorum) if way]
    return min(ways, key=lambda way: (len(way), way), default=["nobody can: the quorum is empty"])


def progress(quorum: Quorum, roles: Mapping[str, Set[str]]) -> tuple[int, int]:
    """Return how many of the people whom the shortest way to a quorum needs have agreed, and how many it needs."""
    ways = [(len(missing(way, roles)), len(way)) for way in alternatives(quorum) if way]
    left, needed = min(ways, default=(0, 0))
    return needed - left, needed


def missing(slots: tuple[str, ...], roles: Mapping[str, Set[str]]) -> list[str]:
    """Return the slots that stay empty when as many as possible are filled, each by another person."""
    filled: dict[int, str] = {}

    def place(person: str, tried: set[int]) -> bool:
        for slot, role in enumerate(slots):
            if role in roles[person] and slot not in tried:
                tried.add(slot)
                if slot not in filled or place(filled[slot], tried):
                    filled[slot] = person
                    return True
        return False

    for person in sorted(roles):
        place(person, set())
    return sorted(role for slot, role in enumerate(slots) if slot not in filled)


def slots(quorum: Quorum) -> int:
    """Return how many people a quorum speaks of, over all of its alternatives."""
    if quorum.role is not None:
        return quorum.count
    return sum(slots(part) for part in (*quorum.all, *quorum.any))


def words(quorum: Quorum) -> str:
    """Return a quorum for people: ``2 × validator and 1 × risk-owner``."""
    if quorum.role is not None:
        return f"{quorum.count} × {quorum.role}"
    parts = [words(part) for part in (quorum.all or quorum.any)]
    text = (" and " if quorum.all else " or ").join(parts)
    return f"({text})" if len(parts) > 1 and quorum.any else text


def roles_in(quorum: Quorum) -> set[str]:
    """Return every role that a quorum mentions."""
    return {role for way in alternatives(quorum) for role in way}
