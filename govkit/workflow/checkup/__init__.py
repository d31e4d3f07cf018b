"""What can be wrong or overdue in a governed repository; one small function for each kind of ailment.

A check takes an :class:`Examination` and yields an :class:`Ailment` for each thing that it finds.
``govkit doctor`` runs all of them (:data:`govkit.workflow.doctor.CHECKS`), ``govkit status`` those about the log.
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from msgspec import Struct

from govkit.core import times
from govkit.core.errors import GovkitError
from govkit.core.state import State
from govkit.workflow.session import Session

#: Broken: something is disproven or cannot work. Undecided: nothing is proven as long as it stands. Overdue: somebody
#: had to do something by now. Note: good to know.
Severity = Literal["broken", "undecided", "overdue", "note"]
SEVERITIES: tuple[Severity, ...] = ("broken", "undecided", "overdue", "note")


class TagRepair(Struct, frozen=True):
    """How a recorded tag comes back: its name, the object to point at, and what it points at now, in hex, or None."""

    name: str
    wanted: str
    now: str | None


class Ailment(Struct, frozen=True):
    """Something that is wrong, overdue, or good to know.

    Attributes:
        severity: how bad it is.
        what: what it is about.
        found: what was found there, and why that matters.
        mend: what to do: a command, or who decides.
        repair: how ``--fix`` mends it, or None where people must.
    """

    severity: Severity
    what: str
    found: str
    mend: str = ""
    repair: TagRepair | None = None

    @property
    def line(self) -> str:
        """What was found, in one line."""
        return f"{self.what}: {self.found}" if self.found else self.what


class Examination(Struct, frozen=True, dict=True):
    """What the checks look at."""

    session: Session

    @property
    def state(self) -> State:
        """What the log says."""
        return self.session.state

    @cached_property
    def clock(self) -> str:
        """The time by this machine's clock."""
        return times.write(self.session.now())

    @cached_property
    def now(self) -> str:
        """The instant for which ends count: the later of the clock and the log's own time."""
        return max(self.state.effective, self.clock)

    @cached_property
    def remote(self) -> str | None:
        """The remote that commands name: ``origin``, else the first one, or None."""
        names = self.session.git.run("remote").decode("utf-8", "replace").split()
        return "origin" if "origin" in names else names[0] if names else None


def of_error(error: GovkitError) -> Ailment:
    """Return the ailment that an error tells of."""
    severity: Severity = "undecided" if error.exit_code == 3 else "broken"
    return Ailment(severity, error.what, error.why, error.fix)
