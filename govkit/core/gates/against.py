"""What the gates share that hold a version against the champion, which serves in the stage now."""

from __future__ import annotations

from typing import Literal

from govkit.core.card import Card
from govkit.core.gates.base import Context, Outcome, Verdict, pending

#: What a rule about the champion says of a version for a stage in which none serves.
First = Literal["pass", "fail"]


def champion(context: Context, first: First, required: str) -> Card | Outcome:
    """Return the champion's card, or what is decided without one.

    Args:
        context: what is known of the version.
        first: the policy's rule for a first deployment.
        required: what the gate demands, for people.
    """
    if context.history is None:
        return pending(required, "the version that serves in the stage")
    if context.champion is not None:
        return context.champion
    if context.history.champion is not None:
        return Outcome(
            Verdict.ERROR,
            required,
            f"the card of the champion, version {context.history.champion}, is not at hand",
            "fetch the log with its evidence and ask again",
        )
    if context.history.formerly:
        return Outcome(
            Verdict.FAIL,
            required,
            f"versions served in {context.history.stage} before, and none is left to compare with",
            "have the gate waived: this is no first deployment",
        )
    found = f"no version serves in {context.history.stage}"
    if first == "pass":
        return Outcome(Verdict.PASS, required, f"{found}, and a first one may pass")
    return Outcome(
        Verdict.FAIL,
        required,
        f"{found}, and the policy lets no first one pass",
        "have the gate waived, or 'first' changed",
    )
