"""Judging a version: gates, approvals and separation of duties as checks."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govkit.core import assess, records
from govkit.core.assess import Authors, Commit
from govkit.core.gates.base import Context, Gate, Outcome, Verdict
from govkit.core.gates.card import CardGate
from govkit.core.gates.lineage import LineageGate
from govkit.core.gates.metric import MetricGate
from govkit.core.policy import Approvals
from tests.unit.core.cards import with_metrics
from tests.unit.core.simulator import MODEL, World, commit, edited, good, in_force, key, policy_value

NAME = f"{MODEL}@1.0.0#production"


class Broken(Gate, tag="broken", frozen=True, kw_only=True):
    """A gate with a defect."""

    kind: str

    def decide(self, context: Context) -> Outcome:
        """Fail by itself."""
        errors: dict[str, Exception] = {
            "key": KeyError("x"),
            "zero": ZeroDivisionError("by zero"),
            "type": TypeError("t"),
        }
        raise errors[self.kind]


def test_gates_are_decided_in_order() -> None:
    """Each gate is one check, with its name, its kind and its verdict."""
    required = {
        "auc": MetricGate(metric="auc", min=0.9),
        "origin": LineageGate(),
        "said": CardGate(sections=["monitoring"]),
    }
    checks = assess.gates(required, Context(with_metrics({"auc": 0.8})))
    assert [(check.gate, check.type, check.verdict) for check in checks] == [
        ("auc", "metric", "fail"),
        ("origin", "lineage", "pass"),
        ("said", "card", "fail"),
    ]


@pytest.mark.parametrize("kind", ["key", "zero", "type"])
def test_gate_that_fails_by_itself_does_not_open(kind: str) -> None:
    """A defect in a gate is an error, and the other gates are decided all the same."""
    checks = assess.gates({"x": Broken(kind=kind), "origin": LineageGate()}, Context(with_metrics({})))
    assert [check.verdict for check in checks] == [Verdict.ERROR, Verdict.PASS]
    assert checks[0].found.startswith("the gate failed: ")


# -- approvals --------------------------------------------------------------------------------------------------------


def check(world: World, excluded: frozenset[str] = frozenset()) -> tuple[Verdict, str, str]:
    """Return verdict, found and fix of the approvals of 1.0.0 for production."""
    request = world.request_of(NAME)
    rules = world.state.requirements_of(request, world.policy)
    assert rules is not None
    found = assess.approval_check(rules.approvals, world.state.tally(request, excluded))
    assert (found.type, found.required) == ("approvals", "1 × risk-owner and 1 × validator")
    return found.verdict, found.found, found.fix


def test_approvals_as_a_check(requested: World) -> None:
    """Who approved, who is still needed, whose reject holds, and who could lift it."""
    assert check(requested) == (Verdict.FAIL, "approved by nobody", "still needed: risk-owner, validator")
    good(requested.decide("bob", "risk-owner"))
    assert check(requested) == (Verdict.FAIL, "approved by bob as risk-owner", "still needed: validator")
    good(requested.decide("carol", "validator"))
    assert check(requested) == (Verdict.PASS, "approved by bob as risk-owner, carol as validator", "")
    good(requested.decide("dan", "risk-owner", "reject"))
    assert check(requested) == (
        Verdict.FAIL,
        "approved by bob as risk-owner, carol as validator; a reject by dan holds",
        "dan can lift the reject by approving, or somebody in the role head with 'govkit lift'",
    )


def test_reject_without_a_lifting_role(requested: World) -> None:
    """Where nobody else may lift, only its author is named."""
    world = World(edited(policy_value(), "stages", "production", "approvals", "lift", to=[]))
    good(world.register("1.0.0"))
    good(world.request("1.0.0"))
    good(world.decide("dan", "risk-owner", "reject"))
    assert check(world)[2] == "dan can lift the reject by approving"


def test_authors_do_not_count(approved: World) -> None:
    """Who wrote a commit that the version brings in does not approve it, and that is said."""
    assert check(approved, frozenset({"bob"})) == (
        Verdict.FAIL,
        "approved by carol as validator; bob does not count: wrote a commit that this version brings in",
        "still needed: risk-owner",
    )


def test_pending_approvals(world: World) -> None:
    """In a draft nobody has been asked yet."""
    rules = world.policy.policy.stages["production"].approvals
    found = assess.pending_approvals(rules)
    assert (found.verdict, found.required) == (Verdict.PENDING, "1 × risk-owner and 1 × validator")


PEOPLE = [("bob", "risk-owner"), ("dan", "risk-owner"), ("carol", "validator")]
words = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from(["approve", "approve", "reject", "lift"])), max_size=6
)


def outcome(said: list[Any]) -> bool:
    """Say whether 1.0.0 is approved after these words."""
    world = World()
    good(world.register("1.0.0"))
    good(world.request("1.0.0"))
    for (who, role), word in said:
        good(world.decide(who, role, word))
    return world.state.tally(world.request_of(NAME)).approved


@settings(max_examples=40, deadline=None)
@given(words, st.integers(0, 6), st.sampled_from(PEOPLE))
def test_adding_a_reject_never_helps(said: list[Any], place: int, who: tuple[str, str]) -> None:
    """What was not approved is not with a reject more, anywhere; and nothing is after a last one."""
    assert outcome([*said[:place], (who, "reject"), *said[place:]]) <= outcome(said)
    assert not outcome([*said, (who, "reject")])


@settings(max_examples=40, deadline=None)
@given(words)
def test_taking_an_approval_out_never_helps(said: list[Any]) -> None:
    """What was not approved is not with an approval less."""
    before = outcome(said)
    for index, (_, word) in enumerate(said):
        if word == "approve":
            assert outcome(said[:index] + said[index + 1 :]) <= before


@settings(max_examples=30, deadline=None)
@given(words)
def test_order_in_which_words_are_carried_in_does_not_matter(said: list[Any]) -> None:
    """Words that were signed for one head count the same in whatever order they are appended."""
    results = set()
    for turned in (False, True):
        world = World()
        good(world.register("1.0.0"))
        good(world.request("1.0.0"))
        entries = [
            world.decision(who, role, word, event={"time": f"2026-01-05T10:00:0{index}Z"})
            for index, ((who, role), word) in enumerate(said)
        ]
        for entry in reversed(entries) if turned else entries:
            good(world.append(entry))
        tally = world.state.tally(world.request_of(NAME))
        results.add((tuple(sorted(tally.counted)), tuple(tally.held)))
    assert len(results) == 1


# -- authors ----------------------------------------------------------------------------------------------------------


def rules(forbid: bool = True, how: str = "claimed") -> Approvals:
    """Return approval rules."""
    value = {"quorum": {"role": "validator"}, "commit_authors": how, "forbid": ["commit-author"] if forbid else []}
    return records.from_value(value, Approvals)


def made(name: str, *emails: str, signer: str | None = None) -> Commit:
    """Return a commit."""
    return Commit(commit(name), frozenset(emails), signer)


COMMITS = [
    made("a", "alice@bank.example", "bob@bank.example", signer=key("alice")),
    made("b", "mallory@elsewhere.example", signer=key("carol")),
    made("c", "stranger@elsewhere.example"),
    made("d", "frank@bank.example", signer=key("mallory")),
]


def test_authors_by_address() -> None:
    """Where addresses count, authors and co-authors of the policy are its people."""
    found = assess.authors(rules(), in_force(policy_value()), COMMITS)
    assert Authors({"alice", "bob", "frank"}, []) == found


def test_addresses_are_compared_in_small_letters() -> None:
    """The policy may write an address as people do."""
    value = edited(policy_value(), "people", "alice", "emails", to=["Alice@Bank.Example"])
    assert {"alice"} == assess.authors(rules(), in_force(value), [made("a", "alice@bank.example")]).people


def test_authors_by_signature() -> None:
    """Where signatures count, signers count beside addresses, and an unsigned commit is by nobody known."""
    found = assess.authors(rules(how="verified"), in_force(policy_value()), COMMITS)
    assert Authors({"alice", "bob", "carol", "frank"}, [commit("c"), commit("d")]) == found


def test_authors_that_nobody_asks_for() -> None:
    """Where the policy does not forbid authors, there are none and no check."""
    assert Authors(frozenset(), []) == assess.authors(rules(forbid=False), in_force(policy_value()), COMMITS)
    assert assess.authors_check(rules(forbid=False), Authors(frozenset(), [])) is None


@pytest.mark.parametrize(
    ("found", "verdict", "text"),
    [
        (Authors({"bob", "alice"}, []), Verdict.PASS, "written by alice, bob"),
        (Authors(frozenset(), []), Verdict.PASS, "written by nobody in the policy"),
        (
            Authors({"bob"}, [commit("c")]),
            Verdict.FAIL,
            f"1 not signed by anybody known: {commit('c')[9:19]}",
        ),
    ],
)
def test_authors_as_a_check(found: Authors, verdict: Verdict, text: str) -> None:
    """Unknown authors deny; known ones are named."""
    result = assess.authors_check(rules(how="verified"), found)
    assert result is not None
    assert (verdict, text) == (result.verdict, result.found)
    assert (result.fix == "") == verdict.opens
