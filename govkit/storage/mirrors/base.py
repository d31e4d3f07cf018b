"""What every mirror can do, and how it says no.

A mirror's log lies in a folder that is called like its root of trust; below it are the objects of
:mod:`govkit.core.mirrored`. Whoever can write to a mirror is as hostile as whoever can push: what is read is bounded,
and counts only as far as it equals what the log makes, or as its signatures and roots prove.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct, field

from govkit.core.errors import Refused, Undecided

#: Seconds to wait for a connection, and between two packets of an answer.
CONNECT_SECONDS, READ_SECONDS = 5, 20
#: More objects than this are not looked at: a hostile listing must end.
MAX_OBJECTS = 2_000_000


class Unreachable(Undecided):
    """A mirror could not be read or written: nothing is lost, it is behind (exit code 3)."""


class Differs(Refused):
    """A mirror holds something else under a name than was to be written there (exit code 1).

    Args:
        name: the object's name.
        stored: what is there.
    """

    def __init__(self, name: str, stored: bytes) -> None:
        self.name, self.stored = name, stored
        super().__init__(f"the mirror holds something else as {name}", why="an object is never written over")


class Survey(Struct, frozen=True):
    """What a mirror lists of a log.

    Attributes:
        names: the names of the objects, below the log's folder.
        alarms: what should never be there, in words, by name: delete markers, second versions, links.
        strange: other names that were found.
    """

    names: frozenset[str]
    alarms: Mapping[str, Sequence[str]] = field(default_factory=dict)
    strange: Sequence[str] = ()


class Stored(Struct, frozen=True):
    """An object as it was read.

    Attributes:
        content: its bytes.
        alarms: what is wrong with it by itself, in words, such as a checksum that does not fit.
        locked: of a storage that locks, for how long it is locked from when it was written; None if it is not.
        written: when it was written, by the storage's own clock; None if it does not say.
    """

    content: bytes
    alarms: Sequence[str] = ()
    locked: timedelta | None = None
    written: datetime | None = None


class Mirror(Protocol):
    """A mirror that can be written and read back."""

    @property
    def url(self) -> str:
        """Where it is."""

    @property
    def locks(self) -> bool:
        """Whether its objects must be locked."""

    @property
    def at_once(self) -> int:
        """How many objects may be asked for at once."""

    def names(self) -> frozenset[str]:
        """Return the names of the log's objects that are there, as a writer sees them.

        Raises:
            Unreachable: if they cannot be listed.
        """

    def survey(self) -> Survey:
        """List everything that is or was there under the log's folder, for a verifier.

        Raises:
            Unreachable: if it cannot be listed, or the caller may not.
        """

    def read(self, name: str) -> Stored | None:
        """Return an object, or None if there is none.

        Raises:
            Unreachable: if it cannot be read.
        """

    def put(self, name: str, content: bytes) -> bool:
        """Write an object, whole or not at all; tell whether it was not there yet.

        Raises:
            Differs: if another one is there.
            Unreachable: if it cannot be written.
        """
