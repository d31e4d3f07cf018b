"""Gate ``card``: people have written down what no pipeline can know."""

from __future__ import annotations

from govkit.core.card import STATEMENTS
from govkit.core.gates.base import Context, Gate, Outcome, Verdict


class CardGate(Gate, tag="card", frozen=True, kw_only=True):
    """The named statements in ``model.yaml`` are filled in.

    Attributes:
        sections: the statements that must not be blank, such as ``intended_use``.
    """

    sections: list[str]

    def faults(self) -> list[str]:
        """A gate without sections could never refuse; an unknown section could never pass."""
        if not self.sections:
            return ["it names no sections, so it could never refuse"]
        return [f"'{name}' is no section; there are {', '.join(STATEMENTS)}" for name in unknown(self.sections)]

    def decide(self, context: Context) -> Outcome:
        """Look for blanks."""
        missing = [name for name in self.sections if not context.card.statement(name)]
        required = f"filled in: {', '.join(self.sections)}"
        if missing:
            return Outcome(
                Verdict.FAIL, required, f"blank: {', '.join(missing)}", "fill it in model.yaml and run 'dvc repro'"
            )
        return Outcome(Verdict.PASS, required, "all filled in")


def unknown(sections: list[str]) -> list[str]:
    """Return the names that are no section of a card."""
    return [name for name in sections if name not in STATEMENTS]
