"""How the tests of a policy came out, and how past promotions would have fared, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from govkit.core.gates.base import Check, Verdict
from govkit.core.policytest import Result
from govkit.reports import table

_STANDINGS = {"passes": "✓ passes", "refused": "✗ refused", "unknown": "? unknown"}


class Row(Protocol):
    """A promotion that was judged again."""

    @property
    def index(self) -> int: ...  # noqa: D102
    @property
    def model(self) -> str: ...  # noqa: D102
    @property
    def version(self) -> str: ...  # noqa: D102
    @property
    def stage(self) -> str: ...  # noqa: D102
    @property
    def standing(self) -> str: ...  # noqa: D102
    @property
    def shut(self) -> list[Check]: ...  # noqa: D102
    @property
    def pending(self) -> list[str]: ...  # noqa: D102
    @property
    def note(self) -> str: ...  # noqa: D102


def write_cases(results: Sequence[Result], file: str) -> None:
    """Print each case, and what is not as expected."""
    rows = []
    for result in results:
        found = "; ".join(result.unexpected) or "as expected"
        said = ", ".join(f"{check.gate} {Verdict(check.verdict).value}" for check in result.checks)
        rows.append(("✓" if result.passed else "✗", result.name, result.stage, found, said))
    table.table(("", "case", "stage", "outcome", "gates"), rows, title=f"tests of the policy, {file}")
    failed = [result for result in results if not result.passed]
    table.write(f"{len(results) - len(failed)} of {len(results)} cases as expected")
    for result in failed:
        for words in result.unexpected:
            table.write(f"{file}:{result.line}: {result.name}: {words}")


def write_replay(rows: Sequence[Row]) -> None:
    """Print which past promotions the proposed policy would not have let through."""
    kept_out = [row for row in rows if row.standing != "passes"]
    if kept_out:
        cells = [
            (
                _STANDINGS[row.standing],
                f"{row.model}@{row.version}",
                row.stage,
                str(row.index),
                row.note or "; ".join(f"{c.gate} {Verdict(c.verdict).value}: {c.found}" for c in row.shut),
            )
            for row in kept_out
        ]
        table.table(("", "promotion", "stage", "event", "why"), cells, title="past promotions under this policy")
    refused = sum(row.standing == "refused" for row in rows)
    count = f"{len(rows)} past promotion{'' if len(rows) == 1 else 's'}"
    table.write(f"{count} replayed: {refused or 'none'} would not have passed")
    pending = sorted({gate for row in rows for gate in row.pending})
    if pending:
        table.write(f"not replayed, as what they look at is not kept: {', '.join(pending)}")


def as_json(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Return the cases for programs."""
    return [
        {
            "name": result.name,
            "line": result.line,
            "stage": result.stage,
            "passed": result.passed,
            "unexpected": result.unexpected,
            "checks": result.checks,
        }
        for result in results
    ]
