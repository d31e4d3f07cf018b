"""Gate ``lineage``: where a version comes from is known, and the records of it agree."""

from __future__ import annotations

from govkit.core.gates.base import Context, Gate, Outcome, Verdict


class LineageGate(Gate, tag="lineage", frozen=True, kw_only=True):
    """Code, data, parameters and weights are all known by digest, and ``dvc.lock`` agrees with the commit.

    A contradiction is a fail; something that cannot be known is inconclusive.
    """

    def decide(self, context: Context) -> Outcome:
        """Read the findings that the card's builder wrote down."""
        lineage = context.card.lineage
        required = "every digest known, and dvc.lock agrees with the commit"
        if lineage.problems:
            return Outcome(
                Verdict.FAIL, required, _list(lineage.problems), "run 'dvc repro' on a clean tree and commit the result"
            )
        if lineage.gaps:
            return Outcome(
                Verdict.INCONCLUSIVE,
                required,
                _list(lineage.gaps),
                "put what is missing under Git or DVC and run again",
            )
        if not lineage.code or not lineage.data or context.card.weights.sha256 is None:
            missing = [word for word, there in (("code", lineage.code), ("data", lineage.data)) if not there]
            found = f"no {' and no '.join(missing)}" if missing else "no SHA-256 of the weights"
            return Outcome(Verdict.INCONCLUSIVE, required, found, "declare it among the deps in dvc.yaml")
        sizes = ((lineage.stages, "DVC stage"), (lineage.code, "code file"), (lineage.data, "data snapshot"))
        counts = ", ".join(f"{len(items)} {word}{'' if len(items) == 1 else 's'}" for items, word in sizes)
        return Outcome(Verdict.PASS, required, f"{counts}, all consistent")


def _list(sentences: list[str]) -> str:
    rest = f" (and {len(sentences) - 3} more)" if len(sentences) > 3 else ""
    return "; ".join(sentences[:3]) + rest
