"""What is known at this moment of what may run, and how old that is: the webhook's memory, part of it kept on disk.

No Git and no waiting here: :class:`Standing` takes in what the prover says, and answers a claim from that.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct, field

from govkit.core import limits, times
from govkit.core.errors import Undecided, Usage
from govkit.integrations.kubernetes.claims import Claim
from govkit.integrations.kubernetes.messages import Fetched, Heard, Message, Proof, Trouble, key
from govkit.storage import files

SCHEMA: Final = "govkit.webhook-state/v1"
#: Bytes of the file; a thousand stages and revocations are below 1 MB.
MAX_STATE: Final = 32 * limits.MIB


class _Kept(msgspec.Struct, forbid_unknown_fields=True):
    """The file: what must hold over restarts."""

    schema: str
    fetched: float
    head: tuple[int, str] | None
    serving: dict[str, str]
    empty: dict[str, str]
    barred: dict[str, str]
    proofs: list[Proof]


class Answer(Struct, frozen=True):
    """What is said to a claim.

    Attributes:
        allowed: whether it may run.
        what: what is refused, or an empty string.
        why: the reason.
        fix: what to do next.
        warnings: what the person should hear though it may run.
        version: the version that it is, where that is known.
        size: the size of the log that this speaks for.
    """

    allowed: bool
    what: str = ""
    why: str = ""
    fix: str = ""
    warnings: tuple[str, ...] = ()
    version: str = ""
    size: int = 0


class Standing(Struct):
    """What is known.

    Args:
        fresh: seconds since the remote was asked up to which the clone counts as fresh.
        patience: seconds up to which a clone that is not fresh still speaks for what it has proven.
        clock: the clock that only runs forwards, in seconds.
        wall: the time as seconds since 1970, to know after a restart how old what was kept is.
    """

    fresh: float
    patience: float
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    fetched: float | None = None
    head: tuple[int, str] | None = None
    serving: dict[str, str] = field(default_factory=dict)
    empty: dict[str, str] = field(default_factory=dict)
    barred: dict[str, str] = field(default_factory=dict)
    proofs: dict[str, Proof] = field(default_factory=dict)
    trouble: str = ""
    broken: str = ""
    changed: bool = False

    # -- what comes in ------------------------------------------------------------------------------------------

    def take(self, message: Message) -> None:
        """Take in what the prover says."""
        self.changed = True
        if isinstance(message, Fetched):
            self.fetched, self.trouble = max(message.at, self.fetched or message.at), ""
        elif isinstance(message, Trouble):
            self.trouble = message.why
            self.broken = message.why if message.broken else self.broken
        elif isinstance(message, Heard):
            self.broken = ""
            self.head, self.serving, self.empty = (message.size, message.root), message.serving, message.empty
            # Once barred, always barred, whatever a later log says.
            self.barred = {**message.barred, **self.barred}
            self.proofs = {name: proof for name, proof in self.proofs.items() if self._still_serves(proof)}
        else:
            self.proofs[message.key] = message

    def _still_serves(self, proof: Proof) -> bool:
        return self.serving.get(proof.key) == proof.record

    # -- what goes out ------------------------------------------------------------------------------------------

    @property
    def age(self) -> float:
        """Seconds since the remote was last asked with success; infinite if it never was."""
        return self.clock() - self.fetched if self.fetched is not None else float("inf")

    @property
    def is_fresh(self) -> bool:
        """Whether the clone is as good as the remote."""
        return self.age <= self.fresh

    @property
    def is_known(self) -> bool:
        """Whether a log was read at all, so that there is something to answer from."""
        return self.head is not None

    def is_open(self, claim: Claim) -> bool:
        """Tell whether only the prover can answer: it serves, and nobody has proven it for this log yet."""
        name = key(claim.model, claim.stage)
        proof = self.proofs.get(name)
        is_due = proof is None or proof.record != claim.record
        return is_due and not self.broken and self.is_fresh and self.serving.get(name) == claim.record

    def answer(self, claim: Claim) -> Answer:
        """Answer a claim from what is known now; what is not known is refused."""
        size = self.head[0] if self.head else 0
        refusal = self._refusal(claim)
        if refusal is not None:
            what, why, fix = refusal
            return Answer(False, what, why, fix, size=size)
        proof = self.proofs[key(claim.model, claim.stage)]
        warnings = list(proof.notes)
        if not self.is_fresh:
            warnings.insert(0, f"govkit's clone is {_span(self.age)} old: proven before, not looked at since")
        return Answer(True, warnings=tuple(warnings), version=proof.version, size=proof.size)

    def _refusal(self, claim: Claim) -> tuple[str, str, str] | None:
        """Return what, why and what to do next, or None if the claim is proven."""
        name, what = key(claim.model, claim.stage), f"{claim.model} in {claim.stage} is not proven"
        if claim.record in self.barred:
            return f"{claim.model} in {claim.stage} may not run", self.barred[claim.record], "promote another version"
        if self.broken:
            return what, self.broken, "look with 'govkit log verify'; whoever runs govkit's webhook can say more"
        if self.head is None or (not self.is_fresh and self.age > self.patience):
            return what, self._staleness(), "try again when the webhook reaches its repository"
        serves = self.serving.get(name)
        if serves is None:
            why = self.empty.get(name, f"nothing was ever promoted into {claim.stage} under that name")
            return f"nothing serves {claim.model} in {claim.stage}", why, "promote a version, or mend the annotations"
        if serves != claim.record:
            why = f"{claim.stage} is at {serves}, and the annotation says {claim.record}"
            fix = "render the manifests again: govkit kubernetes manifests"
            return "this is not the record of what serves", why, fix
        return self._unproven(name, claim, what)

    def _unproven(self, name: str, claim: Claim, what: str) -> tuple[str, str, str] | None:
        proof = self.proofs.get(name)
        if proof is None or proof.record != claim.record:
            if not self.is_fresh:
                why = f"{self._staleness()}, and this was not proven before"
                return what, why, "try again when the webhook reaches its repository"
            return what, "the proof is not ready yet", "try again in a few seconds"
        if proof.outcome != "proven":
            return what, proof.reason or proof.outcome, proof.fix
        if claim.root is not None and claim.root != proof.root:
            return what, f"its source pins the root of trust {claim.root}, this webhook {proof.root}", ""
        if proof.expires is not None and proof.expires < self._instant():
            return what, f"it served by override until {proof.expires}", "promote it the usual way, or roll back"
        return None

    def _instant(self) -> str:
        return times.write(datetime.fromtimestamp(self.wall(), UTC))

    def _staleness(self) -> str:
        if self.fetched is None:
            said = "govkit's webhook has not read its repository yet"
        else:
            said = f"govkit's clone is {_span(self.age)} old"
        return f"{said}: {self.trouble}" if self.trouble else said

    # -- over restarts ------------------------------------------------------------------------------------------

    def keep(self, path: Path) -> None:
        """Write what must hold over restarts.

        Raises:
            OSError: if that is not possible.
        """
        self.changed = False
        fetched = self.wall() - self.age if self.fetched is not None else 0.0
        kept = _Kept(SCHEMA, fetched, self.head, self.serving, self.empty, self.barred, list(self.proofs.values()))
        files.write(path, msgspec.json.encode(kept), mode=0o600)

    def recall(self, path: Path) -> None:
        """Take in what was kept; nothing if there is no file.

        Raises:
            Usage, Undecided: if the file is not what was written: revocations may be lost in it.
        """
        if not path.exists():
            return
        try:
            kept = msgspec.json.decode(files.read_small(path, MAX_STATE), type=_Kept)
        except (msgspec.DecodeError, OSError, ValueError) as error:
            raise Undecided(
                f"what this webhook remembers cannot be read from {path}",
                why=str(error),
                fix="bring it back; without it a revocation that was seen could be forgotten",
            ) from error
        if kept.schema != SCHEMA:
            raise Usage(f"{path} is not of the form {SCHEMA}", fix="name another file with --state")
        self.head, self.serving, self.empty, self.barred = kept.head, kept.serving, kept.empty, kept.barred
        self.proofs = {proof.key: proof for proof in kept.proofs}
        age = self.wall() - kept.fetched
        # A clock that went back says nothing of how old this is.
        self.fetched = self.clock() - age if kept.fetched and age >= 0 else None


def _span(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min"
