"""Gate ``signed-commits``: every commit that a version brings in is signed by somebody known."""

from __future__ import annotations

from typing import ClassVar

from govkit.core.gates.base import Context, Gate, Need, Outcome, Verdict, pending
from govkit.core.wording import several


class SignedCommitsGate(Gate, tag="signed-commits", frozen=True, kw_only=True):
    """Every commit since the champion's has a good Git signature by a key of a person in the policy.

    Where there is no commit since, the gate is inconclusive: no rule is met by there being nothing.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({"commits"})

    def decide(self, context: Context) -> Outcome:
        """Look for commits without a person."""
        required = "every commit since the champion's is signed by a person of the policy"
        if context.commits is None:
            return pending(required, "who signed the commits", "ask in a clone that has the commits and the log")
        if not context.commits:
            return Outcome(
                Verdict.INCONCLUSIVE, required, "there is no commit since", "have the gate waived for a renewal"
            )
        unsigned = [commit.id.partition(":")[2][:10] or commit.id for commit in context.commits if not commit.person]
        if unsigned:
            found = f"{len(unsigned)} of {len(context.commits)} not: {several(unsigned)}"
            return Outcome(
                Verdict.FAIL, required, found, "commit anew with 'git commit -S' and a key that the policy names"
            )
        people = ", ".join(sorted({commit.person or "" for commit in context.commits}))
        count = len(context.commits)
        return Outcome(Verdict.PASS, required, f"{count} commit{'' if count == 1 else 's'}, signed by {people}")
