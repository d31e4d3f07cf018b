"""Gate ``card``: people have written down what no pipeline can know."""

from __future__ import annotations

from typing import get_args

from govkit.core.card import STATEMENTS, Tier
from govkit.core.gates.base import Context, Gate, Outcome, Verdict


class CardGate(Gate, tag="card", frozen=True, kw_only=True):
    """The named statements in ``model.yaml`` are filled in.

    Attributes:
        sections: the statements that must not be blank, such as ``intended_use``.
        tiers: further statements that must not be blank, by the model's risk tier.
    """

    sections: list[str]
    tiers: dict[Tier, list[str]] = {}

    def faults(self) -> list[str]:
        """A gate without sections could never refuse; an unknown section could never pass."""
        if not self.sections and not all(self.tiers.get(tier) for tier in get_args(Tier)):
            return ["it names no sections, so it could never refuse"]
        faults = [f"tier '{tier}' names no sections" for tier, names in self.tiers.items() if not names]
        names = dict.fromkeys([*self.sections, *(name for names in self.tiers.values() for name in names)])
        return faults + [f"'{name}' is no section; there are {', '.join(STATEMENTS)}" for name in unknown([*names])]

    def decide(self, context: Context) -> Outcome:
        """Look for blanks."""
        tier = context.card.statements.tier
        names = list(dict.fromkeys([*self.sections, *self.tiers.get(tier, [])]))
        missing = [name for name in names if not context.card.statement(name)]
        required = f"filled in: {', '.join(names)}"
        if self.tiers.get(tier):
            required += f" (tier {tier})"
        if missing:
            return Outcome(
                Verdict.FAIL, required, f"blank: {', '.join(missing)}", "fill it in model.yaml and run 'dvc repro'"
            )
        return Outcome(Verdict.PASS, required, "all filled in")


def unknown(sections: list[str]) -> list[str]:
    """Return the names that are no section of a card."""
    return [name for name in sections if name not in STATEMENTS]
