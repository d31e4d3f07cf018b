"""What ``govkit gate`` answers, ``govkit.gate/v1``, and what every report of checks has, whichever command makes it."""

from __future__ import annotations

import re
from typing import Final, Literal, Protocol

from govkit.core.gates.base import Check, Verdict
from govkit.core.records import Digest, Index, Model, Record, Stage, Version
from govkit.core.resolve import Way

SCHEMA: Final = "govkit.gate/v1"
_PLACE = re.compile(r"(?P<file>[^\x00-\x1f\\:]+):(?P<line>[1-9][0-9]{0,8})", re.ASCII)


class Report(Protocol):
    """Checks on a version for a stage, as every format of output takes them."""

    @property
    def schema(self) -> str:
        """The name of the record's format."""

    @property
    def model(self) -> str:
        """The model."""

    @property
    def version(self) -> str | None:
        """The version, or None."""

    @property
    def stage(self) -> str:
        """The stage."""

    @property
    def title(self) -> str:
        """What was checked, in words."""

    @property
    def checks(self) -> list[Check]:
        """Everything that was checked."""

    @property
    def blocking(self) -> list[Check]:
        """Those that stand in the way."""


class GateReport(Record, frozen=True):
    """How a version stands for a stage under the policy in force.

    Attributes:
        model: the model.
        version: the version; null for a commit that is not registered, of which what is pending does not count.
        stage: the stage.
        requirements: digest of what the policy requires of this model, tier and stage.
        policy: digest of the policy in force.
        policy_event: index of the event that adopted it.
        champion: the version that serves in the stage now, or null.
        checks: every requirement, decided.
        open: whether all that counts is met; the exit code is 0 then, else 1.
        action: the way into the stage: the usual one (``promote``), ``rollback``, or ``break-glass``.
        overridden: of break-glass, the usual checks that are not met and are passed over.
    """

    schema: Literal["govkit.gate/v1"]
    model: Model
    version: Version | None
    stage: Stage
    requirements: Digest
    policy: Digest
    policy_event: Index
    champion: Version | None
    checks: list[Check]
    open: bool
    action: Way = "promote"
    overridden: list[Check] = []

    @property
    def title(self) -> str:
        """What was judged, in words."""
        name = f"{self.model}@{self.version}" if self.version else f"{self.model} (not registered)"
        how = {"promote": "", "rollback": ", a rollback", "break-glass": " BY BREAK-GLASS"}[self.action]
        if self.champion is None:
            instead = "the first there"
        else:
            instead = "where it serves already" if self.champion == self.version else f"instead of {self.champion}"
        return f"{name} for {self.stage}{how}, {instead}"

    @property
    def blocking(self) -> list[Check]:
        """The checks that stand in the way."""
        return blocking(self.version, self.checks)


def blocking(version: str | None, checks: list[Check]) -> list[Check]:
    """Return the checks that do not open; before there is a version, what is pending does not count."""
    return [
        check
        for check in checks
        if not check.verdict.opens and not (version is None and check.verdict is Verdict.PENDING)
    ]


def subject(report: Report) -> str:
    """Return what a report is about, as requests are named: ``MODEL@VERSION#STAGE``, or ``MODEL#STAGE``."""
    version = f"@{report.version}" if report.version else ""
    return f"{report.model}{version}#{report.stage}"


def in_words(report: Report) -> str:
    """Return how it came out, such as ``2 of 8 checks are not met``."""
    shut, total = len(report.blocking), len(report.checks)
    if shut:
        return f"{shut} of {total} checks {'is' if shut == 1 else 'are'} not met"
    met = [check for check in report.checks if check.verdict.opens]
    waived = sum(check.verdict is Verdict.WAIVED for check in met)
    words = f"{len(met)} of {total} checks {'is' if len(met) == 1 else 'are'} met"
    words += f", {waived} of them waived" if waived else ""
    return words if len(met) == total else f"{words}; {total - len(met)} pending, which does not count yet"


def changes(report: Report) -> list[Check]:
    """Return the checks of which it is known what would change them."""
    return [check for check in report.checks if check.fix and not check.verdict.opens]


def place(check: Check) -> tuple[str, int] | None:
    """Return file and line of a check's rule; None if there is no rule, or it names no file inside the repository."""
    found = _PLACE.fullmatch(check.rule)
    if found is None or found["file"].startswith("/") or ".." in found["file"].split("/"):
        return None
    return found["file"], int(found["line"])
