"""The process that keeps a clone fresh and proves from it what the webhook is asked for.

It looks at the remote's refs every few seconds; only where they changed, or enough time has passed, does it fetch,
judge the log and verify again. It says first what no longer holds, then what is proven anew, and only then that it is
up to date. It ends with its standard input.
"""

from __future__ import annotations

import os
import select
import sys
import time
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct, field

from govkit.core.entities import Promotion
from govkit.core.errors import GovkitError, Malformed, Refused
from govkit.core.verdict import Outcome
from govkit.integrations.kubernetes.messages import Ask, Fetched, Heard, Message, Orders, Proof, Trouble, key
from govkit.storage import clones
from govkit.storage.pins import ROOT_VARIABLE
from govkit.workflow import faults, sync, verify
from govkit.workflow.plans import Options
from govkit.workflow.session import Session

_NOTES = 3


class Prover(Struct):
    """The prover's loop.

    Args:
        orders: what it was started with.
        out: where messages go.
    """

    orders: Orders
    out: BinaryIO
    session: Session | None = None
    refs: dict[str, str] | None = None
    proved: float = 0.0
    watched: dict[tuple[str, str], None] = field(default_factory=dict)
    proven: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.watched = dict.fromkeys((model, stage) for model, stage in self.orders.watched)

    def run(self, inlet: int) -> None:
        """Work until ``inlet``, a file descriptor, has ended."""
        due, rest = time.monotonic(), b""
        while True:
            now = time.monotonic()
            if now >= due:
                self.refresh()
                due = time.monotonic() + self.orders.interval
                continue
            ready, _, _ = select.select([inlet], [], [], due - now)
            if not ready:
                continue
            said = os.read(inlet, 1 << 16)
            if not said:
                return
            *lines, rest = (rest + said).split(b"\n")
            for text in lines:
                ask = msgspec.json.decode(text, type=Ask)
                self.prove(ask.model, ask.stage)

    def refresh(self) -> None:
        """Look at the remote, and bring everything up to date if it changed."""
        asked = time.monotonic()
        try:
            refs = self._remote_refs()
            if refs != self.refs or asked - self.proved > self.orders.recheck:
                self.refs = None
                self._bring()
                self.refs, self.proved = refs, asked
            self.say(Fetched(asked))
        except (GovkitError, Malformed, OSError) as error:
            self.say(Trouble(_words(error)))
            self._without_remote()

    def prove(self, model: str, stage: str) -> None:
        """Prove a stage, and remember that it is asked for."""
        self.watched[model, stage] = None
        if self.session is not None and (model, stage) in self.session.state.stages:
            self.say(self._proof(self.session, model, stage))

    def say(self, message: Message) -> None:
        """Send a message."""
        self.out.write(msgspec.json.encode(message) + b"\n")
        self.out.flush()

    # -- the clone ----------------------------------------------------------------------------------------------

    def _open(self) -> Session:
        place = Path(self.orders.repo)
        if self.orders.address and not place.exists():
            clones.clone(clones.check_address(self.orders.address), place)
        return Session(Options(repo=place, root=self.orders.root))

    def _remote_refs(self) -> dict[str, str]:
        session = self.session or self._open()
        if session.remote is None:
            raise Refused("this clone has no remote to be kept fresh from", fix="name one: git remote add origin URL")
        return session.remote.refs()

    def _bring(self) -> None:
        session = self._open()
        try:
            sync.bring(session)
        except BaseException:
            session.git.close()
            raise
        self._take(session)

    def _without_remote(self) -> None:
        """Read what the clone has, if nothing was read yet."""
        if self.session is None and Path(self.orders.repo).exists():
            try:
                self._take(self._open())
            except (GovkitError, Malformed, OSError) as error:
                self.say(Trouble(_words(error), broken=True))

    def _take(self, session: Session) -> None:
        """Go on with a log that was read: check it as a whole, say what it has, prove what is watched."""
        old, self.session = self.session, None
        if old is not None:
            old.git.close()
        try:
            session.check_trust()
            faults.check_min_head(session.log, self.orders.min_head)
            session.check_history()
        except (GovkitError, Malformed, OSError) as error:
            session.git.close()
            self.say(Trouble(_words(error), broken=True))
            raise
        self.session = session
        head = session.log.head
        self.orders.min_head = f"{head.size}:{head.root}"
        heard = _heard(session)
        self.say(heard)
        # First what serves since just now: somebody may wait for it. The rest is proven until it no longer is.
        changed = [pair for pair in self.watched if heard.serving.get(key(*pair)) != self.proven.get(pair)]
        for model, stage in [*changed, *(pair for pair in self.watched if pair not in changed)]:
            if (model, stage) in session.state.stages:
                self.say(self._proof(session, model, stage))

    def _proof(self, session: Session, model: str, stage: str) -> Proof:
        root, size = session.log.root_of_trust, session.log.head.size
        last = session.state.last(model, stage)
        record = last.at.id if isinstance(last, Promotion) else ""
        self.proven[model, stage] = record
        try:
            found = verify.verify(session, model, stage, min_head=self.orders.min_head)
        except (GovkitError, Malformed, OSError) as error:
            fix = error.fix if isinstance(error, GovkitError) else ""
            said: Outcome = "refused" if isinstance(error, Refused) else "undecided"
            return Proof(model, stage, record, said, root, size, reason=_words(error), fix=fix)
        reason = "; ".join(f"{check.gate}: {check.found}" for check in found.blocking)
        fix = "; ".join(check.fix for check in found.blocking if check.fix)
        notes = [note for note in found.notes if "OVERDUE" in note or "overdue" in note][:_NOTES]
        if found.override:
            notes.insert(0, f"{model}@{found.version} serves by override until {found.expires}")
        promotion, version = found.promotion or "", found.version or ""
        return Proof(
            model, stage, promotion, found.verdict, root, size, version, reason, fix, notes, expires=found.expires
        )


def _heard(session: Session) -> Heard:
    """Say what a log has: what serves where, what was cleared, and which records are barred."""
    serving, empty, barred = {}, {}, {}
    for (model, stage), entries in session.state.stages.items():
        last, name = entries[-1], key(model, stage)
        if isinstance(last, Promotion):
            serving[name] = last.at.id
        else:
            who = last.at.event.actor if last.at.event else "?"
            empty[name] = f"cleared by {who}: {last.body.reason}"
        for entry in entries:
            revoked = session.state.revoked.get((model, entry.body.version)) if isinstance(entry, Promotion) else None
            if revoked is not None and revoked.event is not None and isinstance(entry, Promotion):
                why = f"{model}@{entry.body.version} was revoked by {revoked.event.actor}: "
                barred[entry.at.id] = why + str(revoked.event.body.get("reason"))
    head = session.log.head
    return Heard(head.size, head.root, serving, empty, barred)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def main() -> None:
    """Run as a process: orders on the command line, messages on standard output."""
    orders = msgspec.json.decode(sys.argv[1], type=Orders)
    # Answering comes first: it is a person who waits for it.
    os.nice(5)
    # Whatever else prints must not come between the messages.
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)
        if orders.root is None and not os.environ.get(ROOT_VARIABLE):
            orders.root = None
        Prover(orders, out).run(0)


if __name__ == "__main__":
    main()
