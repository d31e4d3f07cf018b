"""Quorums: alternatives, matching of people to places, words."""

from itertools import permutations, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govkit.core import approvals, records
from govkit.core.policy import Quorum

ROLES = ["a", "b", "c"]


def quorum(value: Any) -> Quorum:
    """Return a quorum."""
    return records.from_value(value, Quorum)


BOTH = quorum({"all": [{"role": "a"}, {"role": "b"}]})
EITHER = quorum({"any": [{"role": "a", "count": 2}, {"role": "b"}]})
NESTED = quorum({"all": [{"role": "c"}, {"any": [{"role": "a"}, {"all": [{"role": "b", "count": 2}]}]}]})
leaf = st.builds(lambda role, count: {"role": role, "count": count}, st.sampled_from(ROLES), st.integers(1, 2))
quorums = st.recursive(
    leaf,
    lambda inner: st.builds(
        lambda kind, parts: {kind: parts}, st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=4,
).map(quorum)
people = st.dictionaries(st.sampled_from("uvwxyz"), st.sets(st.sampled_from(ROLES)), max_size=5)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (quorum({"role": "a"}), [("a",)]),
        (quorum({"role": "a", "count": 3}), [("a", "a", "a")]),
        (BOTH, [("a", "b")]),
        (EITHER, [("a", "a"), ("b",)]),
        (NESTED, [("c", "a"), ("c", "b", "b")]),
        (quorum({}), [()]),
        (quorum({"all": [{}]}), [()]),
        (quorum({"any": [{}]}), [()]),
    ],
)
def test_alternatives(rule: Quorum, expected: list[tuple[str, ...]]) -> None:
    """Every way to meet a quorum, one role for each person."""
    assert expected == approvals.alternatives(rule)


@pytest.mark.parametrize(
    ("rule", "roles", "missing"),
    [
        (BOTH, {}, ["a", "b"]),
        (BOTH, {"x": {"a"}}, ["b"]),
        (BOTH, {"x": {"a", "b"}}, ["b"]),
        (BOTH, {"x": {"a", "b"}, "y": {"a"}}, []),
        (BOTH, {"x": {"a"}, "y": {"a", "b"}}, []),
        (BOTH, {"x": {"c"}, "y": set()}, ["a", "b"]),
        (EITHER, {}, ["b"]),
        (EITHER, {"x": {"a"}}, ["a"]),
        (EITHER, {"x": {"a"}, "y": {"a"}}, []),
        (EITHER, {"x": {"b"}}, []),
        (NESTED, {"x": {"c"}, "y": {"b"}}, ["a"]),
        (NESTED, {"x": {"b"}, "y": {"b"}, "z": {"c"}}, []),
        (quorum({}), {"x": {"a"}}, ["nobody can: the quorum is empty"]),
        (quorum({"any": [{}]}), {"x": {"a"}}, ["nobody can: the quorum is empty"]),
    ],
)
def test_shortfall(rule: Quorum, roles: dict[str, set[str]], missing: list[str]) -> None:
    """What is missing on the shortest way; a person fills one place; an empty quorum is never met."""
    assert missing == approvals.shortfall(rule, roles)
    assert (not missing) == approvals.satisfiable(rule, roles)


def brute_force(rule: Quorum, roles: dict[str, set[str]]) -> bool:
    """Say whether people can meet a quorum by trying every assignment."""
    return any(
        all(role in roles[person] for role, person in zip(way, chosen, strict=True))
        for way in approvals.alternatives(rule)
        for chosen in permutations(roles, len(way))
    )


@settings(max_examples=200)
@given(quorums, people)
def test_matching_is_exact(rule: Quorum, roles: dict[str, set[str]]) -> None:
    """A quorum is met exactly if some assignment of people to places meets it."""
    assert brute_force(rule, roles) == approvals.satisfiable(rule, roles)
    assert approvals.satisfiable(rule, roles) == (approvals.shortfall(rule, roles) == [])


@settings(max_examples=200)
@given(quorums, people, st.randoms())
def test_order_does_not_matter(rule: Quorum, roles: dict[str, set[str]], random: Any) -> None:
    """Neither the order of people nor that of the parts of a quorum changes the result."""
    shuffled = list(roles.items())
    random.shuffle(shuffled)
    assert approvals.shortfall(rule, roles) == approvals.shortfall(rule, dict(shuffled))
    turned = Quorum(role=rule.role, count=rule.count, all=rule.all[::-1], any=rule.any[::-1])
    assert approvals.satisfiable(rule, roles) == approvals.satisfiable(turned, roles)


@settings(max_examples=200)
@given(quorums, people)
def test_removing_an_approval_never_helps(rule: Quorum, roles: dict[str, set[str]]) -> None:
    """With one person or one role less, a quorum that was not met is still not met."""
    missing = len(approvals.shortfall(rule, roles))
    for person, held in roles.items():
        less = {who: others for who, others in roles.items() if who != person}
        assert len(approvals.shortfall(rule, less)) >= missing
        for role in held:
            fewer = {**roles, person: held - {role}}
            assert len(approvals.shortfall(rule, fewer)) >= missing


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (quorum({"role": "a", "count": 2}), "2 × a"),
        (BOTH, "1 × a and 1 × b"),
        (EITHER, "(2 × a or 1 × b)"),
        (NESTED, "1 × c and (1 × a or 2 × b)"),
    ],
)
def test_words(rule: Quorum, expected: str) -> None:
    """A quorum as people say it."""
    assert expected == approvals.words(rule)


def test_roles_and_slots() -> None:
    """Every role that a quorum mentions, and how many people it speaks of."""
    assert (approvals.roles_in(NESTED), approvals.slots(NESTED)) == ({"a", "b", "c"}, 4)


def test_many_ways_are_cut() -> None:
    """More ways than can be looked at are not looked at; fewer are counted exactly."""
    pair = {"any": [{"role": "a"}, {"role": "b"}]}
    assert len(approvals.alternatives(quorum({"all": [pair] * 5}))) == len(list(product("ab", repeat=5)))
    assert len(approvals.alternatives(quorum({"all": [pair] * 12}))) == 1000
