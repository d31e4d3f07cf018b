"""Gate ``signed-commits``."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.core.gates.base import Context, SignedCommit, Verdict
from govkit.core.gates.signed_commits import SignedCommitsGate
from tests.unit.core.cards import card

GATE = SignedCommitsGate()


def commit(number: int, person: str | None) -> SignedCommit:
    """Return a commit and who signed it."""
    return SignedCommit("git-sha1:" + f"{number:x}" * 40, person)


@pytest.mark.parametrize(
    ("commits", "expected", "found"),
    [
        ([commit(1, "alice")], Verdict.PASS, "1 commit, signed by alice"),
        ([commit(1, "bob"), commit(2, "alice"), commit(3, "bob")], Verdict.PASS, "3 commits, signed by alice, bob"),
        ([commit(1, "alice"), commit(2, None)], Verdict.FAIL, "1 of 2 not: 2222222222"),
        ([commit(1, "")], Verdict.FAIL, "1 of 1 not: 1111111111"),
        (
            [commit(n, None) for n in range(1, 6)],
            Verdict.FAIL,
            "5 of 5 not: 1111111111, 2222222222, 3333333333 and 2 more",
        ),
        ([], Verdict.INCONCLUSIVE, "there is no commit since"),
        (None, Verdict.PENDING, "who signed the commits is not known here"),
    ],
)
def test_verdict(commits: list[SignedCommit] | None, expected: Verdict, found: str) -> None:
    """Everybody is known, or it fails; no commit at all proves nothing."""
    outcome = GATE.decide(Context(card(), commits=commits))
    assert (expected, found) == (outcome.verdict, outcome.found)
    assert (outcome.fix == "") == expected.opens


def test_asks_for_commits() -> None:
    """Signatures are looked at only where a gate asks for it."""
    assert GATE.asks() == {"commits"}
    assert GATE.faults() == []


@given(st.lists(st.builds(commit, st.integers(0, 15), st.none() | st.just("alice")), min_size=1))
def test_order_does_not_matter(commits: list[SignedCommit]) -> None:
    """One unsigned commit anywhere is enough to fail."""
    expected = Verdict.FAIL if any(one.person is None for one in commits) else Verdict.PASS
    assert expected is GATE.decide(Context(card(), commits=commits)).verdict
    assert expected is GATE.decide(Context(card(), commits=commits[::-1])).verdict
