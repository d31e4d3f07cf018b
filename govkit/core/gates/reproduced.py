"""Gate ``reproduced``: somebody else ran the pipeline again and got the same."""

from __future__ import annotations

from typing import Literal

import msgspec

from govkit.core.card import Item
from govkit.core.gates.base import Context, Gate, Outcome, Reproduction, Verdict, pending
from govkit.core.records import RoleName

Result = Literal["identical", "within-tolerance"]


class ReproducedGate(Gate, tag="reproduced", frozen=True, kw_only=True):
    """An independent run of the pipeline, at the version's own commit, gave the same outputs.

    Only runs by people who hold one of the roles, and who did not register the version, count. One of them that gave
    something else is a fail, until a newer one is accepted. One that did not make the weights again (``reproduce
    --only``) can speak against a version, not for it.

    Attributes:
        roles: roles whose holders may have signed the run.
        accept: which results count, ``identical`` (the weights have the digest in the card) and ``within-tolerance``.
    """

    roles: list[RoleName]
    accept: list[Result] = msgspec.field(default_factory=lambda: ["identical"])

    def faults(self) -> list[str]:
        """Without roles, or results that count, nothing could pass."""
        found = [] if self.roles else ["it names no roles, so nothing could pass"]
        return found if self.accept else [*found, "it accepts no result, so nothing could pass"]

    def named_roles(self) -> list[str]:
        """Return the roles."""
        return list(self.roles)

    def decide(self, context: Context) -> Outcome:
        """Look for the newest run that counts, and for any since that differs."""
        required = f"reproduced ({' or '.join(self.accept)}) by {' or '.join(self.roles)}, not by who registered it"
        history = context.history
        if history is None:
            return pending(required, "who reproduced it")
        name = f"{context.card.model.name}@{history.version}"
        fix = f"somebody who is {' or '.join(self.roles)} runs: govkit reproduce '{name}'"
        if history.commit is None or history.registrar is None:
            return Outcome(Verdict.FAIL, required, "it is not registered", f"register the version; then {fix}")
        runs = [
            run
            for run in history.reproductions
            if run.roles & set(self.roles) and run.actor != history.registrar and run.body.commit == history.commit
        ]
        agreed = [place for place, run in enumerate(runs) if run.body.verdict in self.accept]
        whole = [place for place in agreed if context.card.weights.path in runs[place].body.outputs]
        since = runs[whole[-1] + 1 :] if whole else runs
        different = [run for run in since if run.body.verdict == "different"]
        if different:
            found = f"{different[-1].actor} got something different"
            return Outcome(Verdict.FAIL, required, found, f"find out why; then {fix}")
        if not agreed:
            other = f"{runs[-1].actor} got it {runs[-1].body.verdict} only" if runs else "by nobody who counts"
            return Outcome(Verdict.FAIL, required, other, fix)
        newest = runs[(whole or agreed)[-1]]
        wrong = _contradiction(newest, context.card.weights)
        if wrong:
            return Outcome(Verdict.ERROR, required, wrong, fix)
        less = [run for run in since if run.body.verdict not in self.accept]
        if less:
            found = f"{newest.body.verdict} by {newest.actor}, but since {less[-1].body.verdict} by {less[-1].actor}"
            return Outcome(Verdict.INCONCLUSIVE, required, found, fix)
        return Outcome(Verdict.PASS, required, f"{newest.body.verdict} by {newest.actor}")


def _contradiction(run: Reproduction, weights: Item) -> str:
    """Say if what a run wrote down does not bear out its verdict on the weights."""
    written = run.body.outputs.get(weights.path)
    if written is None:
        return f"the run by {run.actor} does not say what it got for {weights.path}"
    if run.body.verdict != "identical":
        return ""
    if weights.sha256 is None:
        return "the card has no SHA-256 of the weights"
    return "" if written == weights.sha256 else f"{run.actor} calls it identical, but the weights have another digest"
