"""The verdict of ``govkit verify``, ``govkit.verdict/v1``."""

from __future__ import annotations

from typing import Final, Literal

from govkit.core.events import Head
from govkit.core.gates.base import Check, Verdict
from govkit.core.records import Instant, Record

SCHEMA: Final = "govkit.verdict/v1"
EXIT_CODES: Final = {"proven": 0, "refused": 1, "undecided": 3}
Outcome = Literal["proven", "refused", "undecided"]


class VerifyVerdict(Record, frozen=True):
    """Whether what serves in a stage is proven, and everything that was checked for it.

    Attributes:
        verdict: ``proven`` (exit code 0), ``refused`` (1) or ``undecided`` (3); only the first may deploy.
        model: the model.
        stage: the stage.
        version: the version that serves there, or null.
        commit: its commit.
        tag: the name of the promotion tag.
        kind: ``promote``, ``rollback`` or ``break-glass``.
        override: whether the usual approval was overridden, now or in what a rollback goes back to.
        card: digest of its card.
        weights: digest of its weights.
        promotion: identity of the promotion's event.
        log_root: the root of trust that was pinned.
        remote: the repository that event 0 names.
        head: the head of the log that this verdict speaks for.
        checks: what was checked.
        proven: paths whose SHA-256 was computed from bytes at hand.
        on_trust: paths whose SHA-256 was taken from the card, as the bytes are not here.
        notes: what was seen and has no effect.
        expires: when an override ends, or null.
        review_by: when the version must have been approved again, or null.
    """

    schema: Literal["govkit.verdict/v1"]
    verdict: Outcome
    model: str
    stage: str
    version: str | None
    commit: str | None
    tag: str | None
    kind: str | None
    override: bool
    card: str | None
    weights: str | None
    promotion: str | None
    log_root: str
    remote: str
    head: Head
    checks: list[Check]
    proven: list[str]
    on_trust: list[str]
    notes: list[str]
    expires: Instant | None = None
    review_by: Instant | None = None

    @property
    def title(self) -> str:
        """What was verified, in words."""
        return f"{self.model} in {self.stage}: version {self.version}, tag '{self.tag}'"

    @property
    def exit_code(self) -> int:
        """The process's exit code for this verdict."""
        return EXIT_CODES[self.verdict]

    @property
    def blocking(self) -> list[Check]:
        """The checks that stand in the way."""
        return [check for check in self.checks if not check.verdict.opens]


def sum_up(checks: list[Check]) -> Outcome:
    """Return the verdict over checks: one fail or error refuses; else one that could not be decided; never by none."""
    verdicts = {check.verdict for check in checks}
    if verdicts & {Verdict.FAIL, Verdict.ERROR}:
        return "refused"
    return "proven" if checks and all(verdict.opens for verdict in verdicts) else "undecided"


def proof(
    name: str,
    good: bool,
    required: str,
    found: str,
    fix: str = "fetch it again with 'govkit get'",
    *,
    bad: Verdict = Verdict.FAIL,
) -> Check:
    """Return a check of a verifier's.

    Args:
        name: what it is called.
        good: whether it is met.
        required: what is required.
        found: what was found.
        fix: what to do if it is not met.
        bad: what it is then.
    """
    verdict = Verdict.PASS if good else bad
    return Check(gate=name, type="proof", verdict=verdict, required=required, found=found, fix="" if good else fix)
