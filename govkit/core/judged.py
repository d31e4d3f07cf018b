"""The verdict on one entry of the log."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from govkit.core.events import Event


class Status(StrEnum):
    """How an event of the log is judged; see :mod:`govkit.core.ledger`."""

    GOOD = "good"
    INERT = "inert"
    CONFLICT = "conflict"
    UNDECIDED = "undecided"


class Judged(Struct, frozen=True):
    """One entry of the log with the verdict on it.

    Attributes:
        index: its place in the log, from 0.
        id: its identity, the leaf hash.
        status: good, inert, conflict or undecided.
        reason: why it is not good, or an empty string.
        effective: its effective time, the later of its own and its predecessor's.
        event: the event, or None where it cannot be read.
        signer: the key that signed it, or None.
        irregular: how its commit differs from the one that the event determines.
        unknown: whether it is undecided because the rules in force know no such type or schema. That follows from the
            leaf alone, so every clone, and every govkit that knows these rules, says the same for ever.
    """

    index: int
    id: str
    status: Status
    reason: str
    effective: str
    event: Event | None
    signer: str | None
    irregular: tuple[str, ...] = ()
    unknown: bool = False
