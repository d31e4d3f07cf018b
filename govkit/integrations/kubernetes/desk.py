"""The desk that answers claims: it keeps a prover at work, ends one that hangs, and keeps what it said on disk."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from govkit.core.inert import line
from govkit.integrations.kubernetes import messages
from govkit.integrations.kubernetes.claims import Claim
from govkit.integrations.kubernetes.messages import Ask, Heard, Message, Orders, Trouble
from govkit.integrations.kubernetes.standing import Answer, Standing

#: How many claims wait for a proof at a time; more are told to come again.
MAX_WAITING: Final = 64
#: Bytes of one message: what serves where, of some ten thousand stages.
_LINE: Final = 64 << 20
_PROVER: Final = "govkit.integrations.kubernetes.prover"
_BACKOFF: Final = (1.0, 30.0)
_CLONING: Final = 600.0


@dataclass
class Settings:
    """How a desk works; all times in seconds.

    Attributes:
        repo: the clone.
        state: the file for what must hold over restarts.
        address: where to clone from if the clone is not there, or an empty string.
        root: the root of trust, or None to look it up.
        min_head: a head that the log must hold at least, or None.
        interval: between two looks at the remote.
        max_staleness: up to which a clone that cannot be brought up to date speaks for what it has proven.
        recheck: after which everything is proven again.
        hang: without a word from the prover after which it is ended and started anew.
        patience: for which a claim waits for its proof.
    """

    repo: Path
    state: Path
    address: str = ""
    root: str | None = None
    min_head: str | None = None
    interval: float = 10.0
    max_staleness: float = 3600.0
    recheck: float = 300.0
    hang: float = 120.0
    patience: float = 5.0

    @property
    def fresh(self) -> float:
        """Seconds up to which the last look at the remote is as good as a new one: two may fail in passing."""
        return 3 * self.interval + 2.0


@dataclass
class Desk:
    """Answers claims.

    Args:
        settings: how.
        tell: called with what whoever runs it should know, a line each.
    """

    settings: Settings
    tell: Callable[[str], None] = lambda _: None
    restarts: int = 0
    _waiting: int = 0
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _process: asyncio.subprocess.Process | None = None
    _asked: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.standing = Standing(self.settings.fresh, self.settings.max_staleness)
        self.standing.recall(self.settings.state)

    # -- answers ------------------------------------------------------------------------------------------------

    async def ask(self, claim: Claim) -> Answer:
        """Answer a claim; for one that only the prover can answer, wait for it a while."""
        if self.standing.is_open(claim) and self._waiting < MAX_WAITING:
            self._waiting += 1
            try:
                async with asyncio.timeout(self.settings.patience):
                    await self._proof_of(claim)
            except TimeoutError:
                pass
            finally:
                self._waiting -= 1
        return self.standing.answer(claim)

    async def _proof_of(self, claim: Claim) -> None:
        name = messages.key(claim.model, claim.stage)
        async with self._news:
            if name not in self._asked and self._process is not None and self._process.stdin is not None:
                self._asked.add(name)
                self._process.stdin.write(msgspec.json.encode(Ask(claim.model, claim.stage)) + b"\n")
            await self._news.wait_for(lambda: not self.standing.is_open(claim))

    # -- the prover ---------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep a prover at work until cancelled."""
        wait, longest = _BACKOFF
        while True:
            before = self.standing.fetched
            try:
                await self._one_prover()
            except OSError as error:
                await self._hear(Trouble(f"the prover cannot be started: {error}"))
            self.restarts += 1
            self.tell(f"the prover ended and is started again: {self.standing.trouble}")
            wait = _BACKOFF[0] if self.standing.fetched != before else min(2 * wait, longest)
            await asyncio.sleep(wait)

    async def _one_prover(self) -> None:
        settings, standing = self.settings, self.standing
        head = f"{standing.head[0]}:{standing.head[1]}" if standing.head else settings.min_head
        orders = Orders(
            repo=str(settings.repo),
            address=settings.address,
            root=settings.root,
            min_head=head,
            interval=settings.interval,
            recheck=settings.recheck,
            watched=[(proof.model, proof.stage) for proof in standing.proofs.values()],
        )
        words = [sys.executable, "-m", _PROVER, msgspec.json.encode(orders).decode()]
        pipe = asyncio.subprocess.PIPE
        self._asked.clear()
        self._process = process = await asyncio.create_subprocess_exec(
            *words, stdin=pipe, stdout=pipe, limit=_LINE, start_new_session=True
        )
        try:
            await self._listen(process)
        finally:
            self._process = None
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Take in what a prover says until it ends or falls silent."""
        assert process.stdout is not None  # noqa: S101 - it was started with a pipe
        # Before its first word it may have to clone.
        wait = max(_CLONING, self.settings.hang)
        while True:
            try:
                async with asyncio.timeout(wait):
                    said = await process.stdout.readline()
            except TimeoutError:
                await self._hear(Trouble(f"the remote did not answer within {wait:g} s"))
                return
            except ValueError as error:
                await self._hear(Trouble(f"the prover said too much at a time: {error}"))
                return
            if not said:
                await self._hear(Trouble(self.standing.trouble or "the prover ended by itself"))
                return
            await self._hear(msgspec.json.decode(said, type=Message))
            wait = self.settings.hang + self.settings.interval

    async def _hear(self, message: Message) -> None:
        before = self.standing.trouble
        self.standing.take(message)
        if isinstance(message, Heard):
            # A revocation is on disk before anybody is told of it: a process may end at any moment.
            self.write()
        if isinstance(message, Trouble) and message.why != before:
            self.tell(f"the clone is not brought up to date: {line(message.why)}")
        if isinstance(message, messages.Proof):
            self._asked.discard(message.key)
        async with self._news:
            self._news.notify_all()

    async def keep(self, every: float = 1.0) -> None:
        """Write what must hold over restarts whenever it changed, until cancelled."""
        while True:
            self.write()
            await asyncio.sleep(every)

    def write(self) -> None:
        """Write what must hold over restarts, if it changed."""
        if not self.standing.changed:
            return
        try:
            # Here, and not in a thread: what is written must not change meanwhile, and it is small.
            self.standing.keep(self.settings.state)
        except OSError as error:
            self.standing.changed = True
            self.tell(f"what must hold over restarts cannot be written to {self.settings.state}: {error}")
