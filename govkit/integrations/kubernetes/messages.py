"""What the process that proves tells the one that answers: one JSON object a line, of these kinds.

The two are apart so that reading a log never holds up an answer, that a fetch which hangs can be ended, and that a
log which takes all memory takes only the prover with it.
"""

from __future__ import annotations

import msgspec

from govkit.core.verdict import Outcome


class Heard(msgspec.Struct, tag="log", forbid_unknown_fields=True):
    """A log that is the pinned one, before anything is proven from it: what no longer holds, holds no longer at once.

    Attributes:
        size: how many events it has.
        root: its root at that size.
        serving: per ``MODEL#STAGE`` the record of what serves there.
        empty: per ``MODEL#STAGE`` in which nothing serves any more, why.
        barred: why a record is barred, for every promotion of a revoked version.
    """

    size: int
    root: str
    serving: dict[str, str]
    empty: dict[str, str]
    barred: dict[str, str]


class Proof(msgspec.Struct, tag="proof", forbid_unknown_fields=True):
    """What the verifier said of a stage.

    Attributes:
        model: the model.
        stage: the stage.
        record: identity of the promotion's event that serves there, or an empty string.
        outcome: the verdict.
        version: the version, or an empty string.
        reason: why it is not proven, or an empty string.
        fix: what can be done about that.
        root: the root of trust.
        size: the size of the log that it speaks for.
        notes: what the person should hear though it is proven.
        expires: when an override ends, or None.
    """

    model: str
    stage: str
    record: str
    outcome: Outcome
    root: str
    size: int
    version: str = ""
    reason: str = ""
    fix: str = ""
    notes: list[str] = []
    expires: str | None = None

    @property
    def key(self) -> str:
        """``MODEL#STAGE``."""
        return key(self.model, self.stage)


class Fetched(msgspec.Struct, tag="fetched", forbid_unknown_fields=True):
    """The remote was asked, and everything that was said since holds for what it had.

    Attributes:
        at: when it was asked, by the clock that only runs forwards, in seconds.
    """

    at: float


class Trouble(msgspec.Struct, tag="trouble", forbid_unknown_fields=True):
    """The clone could not be brought up to date, or its log cannot be relied on.

    Attributes:
        why: in words.
        broken: whether the log here cannot be relied on, so that nothing is proven any more.
    """

    why: str
    broken: bool = False


class Ask(msgspec.Struct, tag="ask", forbid_unknown_fields=True):
    """The other way: what is to be proven, now and for every head to come."""

    model: str
    stage: str


class Orders(msgspec.Struct, forbid_unknown_fields=True):
    """What a prover is started with.

    Attributes:
        repo: the clone.
        address: where to clone from if it is not there, or an empty string.
        root: the root of trust, or None to take it from the environment or the known-roots file.
        min_head: the head that its log must hold at least, or None.
        interval: seconds between two looks at the remote.
        recheck: seconds after which what was proven is proven again though nothing changed.
        watched: what is to be proven from the start, model and stage.
    """

    repo: str
    address: str
    root: str | None
    min_head: str | None
    interval: float
    recheck: float
    watched: list[tuple[str, str]]


Message = Heard | Proof | Fetched | Trouble


def key(model: str, stage: str) -> str:
    """Return ``MODEL#STAGE``; neither holds a ``#``."""
    return f"{model}#{stage}"
