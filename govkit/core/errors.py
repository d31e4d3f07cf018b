"""The few kinds of failure, each with an exit code that every command shares."""

from __future__ import annotations


class GovkitError(Exception):
    """Something was refused, is wrong, or could not be decided.

    Args:
        what: what happened, naming the thing concerned, as one sentence without a full stop.
        why: the reason, or an empty string where ``what`` already says it.
        fix: what the reader can do next, or who can change it.
    """

    exit_code = 2

    def __init__(self, what: str, *, why: str = "", fix: str = "") -> None:
        self.what, self.why, self.fix = what, why, fix
        super().__init__(what if not why else f"{what}: {why}")


class Refused(GovkitError):
    """A rule says no, or a proof failed (exit code 1)."""

    exit_code = 1


class Usage(GovkitError):
    """The command, its configuration or the repository's set-up is wrong (exit code 2)."""

    exit_code = 2


class Undecided(GovkitError):
    """Neither proven nor disproven, so nothing may be deployed on it (exit code 3)."""

    exit_code = 3


class Malformed(ValueError):
    """Bytes that are not the record they should be; whoever reads them decides what follows from that."""
