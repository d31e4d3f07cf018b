"""The webhook as a whole: the desk behind, the server in front, and what the routes between them say."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from govkit.core import limits
from govkit.core.errors import Malformed
from govkit.core.inert import line
from govkit.integrations.kubernetes import admission, review, rollouts, server
from govkit.integrations.kubernetes.admission import Rules
from govkit.integrations.kubernetes.desk import Desk, Settings
from govkit.integrations.kubernetes.rollouts import Rollouts
from govkit.integrations.kubernetes.server import Call, Certificate, Doors, Response, Routes

#: Seconds: the upper ends of the buckets in which durations are counted.
BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
#: Bodies of more bytes are parsed beside the loop, so that others are answered meanwhile.
_LARGE: Final = 256 * limits.KIB
_METRICS: Final = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Place:
    """Where a webhook listens: host, port (0 for one that is free), certificate and key."""

    host: str
    port: int
    cert: Path
    key: Path


@dataclass
class Webhook:
    """A webhook.

    Args:
        settings: how its clone is kept.
        rules: how it judges.
        tell: called with what whoever runs it should know, a line each.
        more: further routes, beside its own.
    """

    settings: Settings
    rules: Rules
    tell: Callable[[str], None] = lambda _: None
    more: Routes = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.desk = Desk(self.settings, self.tell)
        own: dict[tuple[str, str], server.Handler] = {
            ("POST", "/validate"): self._validate,
            ("GET", "/healthz"): self._healthy,
            ("GET", "/readyz"): self._ready,
            ("GET", "/metrics"): self._metrics,
            ("POST", rollouts.PATH): Rollouts(self.settings.repo, self.settings.root, self.desk.standing).answer,
        }
        self.doors = Doors({**self.more, **own}, review.MAX_BODY, self.tell)
        self.verdicts: Counter[str] = Counter()
        self.buckets: Counter[float] = Counter()
        self.seconds, self.count = 0.0, 0

    async def serve(self, place: Place, listening: Callable[[int], None], ended: asyncio.Event) -> None:
        """Answer until ``ended`` is set.

        Raises:
            Usage: if certificate and key are not a pair.
            OSError: if the port is taken.
        """
        certificate = Certificate(place.cert, place.key)
        works = [asyncio.create_task(self.desk.run()), asyncio.create_task(self.desk.keep())]
        try:
            async with self.doors.open(place.host, place.port, certificate) as port:
                listening(port)
                await ended.wait()
        finally:
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)
            self.desk.write()

    # -- routes -------------------------------------------------------------------------------------------------

    async def _validate(self, call: Call) -> Response:
        began = time.perf_counter()
        try:
            parse = review.parse
            question = await asyncio.to_thread(parse, call.body) if len(call.body) > _LARGE else parse(call.body)
        except Malformed as error:
            self.verdicts["unreadable"] += 1
            return Response.text(400, f"this is no AdmissionReview that is taken: {line(str(error))}")
        reply = await admission.judge(question, self.rules, self.desk.ask)
        verdict = (reply.audit or {}).get("verdict", "")
        self._count(verdict, time.perf_counter() - began)
        if not reply.allowed or reply.warnings:
            said = reply.message or "; ".join(reply.warnings)
            self.tell(f"{verdict}: {question.operation} {question.name} by {question.user}: {said}")
        return Response(200, review.render(question, reply), server.JSON)

    async def _healthy(self, _: Call) -> Response:
        return Response.text(200, "ok")

    async def _ready(self, _: Call) -> Response:
        """Ready once a log was read: from then on it has reasons to give, also for refusing everything."""
        if self.desk.standing.is_known:
            return Response.text(200, "ok")
        return Response.text(503, "no log was read yet")

    # -- metrics ------------------------------------------------------------------------------------------------

    def _count(self, verdict: str, seconds: float) -> None:
        self.verdicts[verdict] += 1
        self.count, self.seconds = self.count + 1, self.seconds + seconds
        for bound in BUCKETS:
            if seconds <= bound:
                self.buckets[bound] += 1

    async def _metrics(self, _: Call) -> Response:
        standing, base = self.desk.standing, "govkit_webhook"
        lines = [f"# TYPE {base}_admissions_total counter"]
        lines += [f'{base}_admissions_total{{verdict="{name}"}} {n}' for name, n in sorted(self.verdicts.items())]
        lines += [f"# TYPE {base}_duration_seconds histogram"]
        lines += [f'{base}_duration_seconds_bucket{{le="{bound:g}"}} {self.buckets[bound]}' for bound in BUCKETS]
        lines += [f'{base}_duration_seconds_bucket{{le="+Inf"}} {self.count}']
        lines += [f"{base}_duration_seconds_sum {self.seconds:.6f}", f"{base}_duration_seconds_count {self.count}"]
        gauges = {
            "clone_age_seconds": f"{standing.age:.3f}" if standing.fetched is not None else "+Inf",
            "clone_fresh": str(int(standing.is_fresh)),
            "log_broken": str(int(bool(standing.broken))),
            "log_events": str(standing.head[0] if standing.head else 0),
            "proofs": str(len(standing.proofs)),
            "barred_records": str(len(standing.barred)),
        }
        for name, value in gauges.items():
            lines += [f"# TYPE {base}_{name} gauge", f"{base}_{name} {value}"]
        counters = {"prover_restarts_total": self.desk.restarts, "connections_closed_total": self.doors.closed}
        for name, number in counters.items():
            lines += [f"# TYPE {base}_{name} counter", f"{base}_{name} {number}"]
        return Response(200, ("\n".join(lines) + "\n").encode(), _METRICS)


def run(webhook: Webhook, place: Place, listening: Callable[[int], None]) -> None:
    """Serve until the process is told to stop (SIGTERM or SIGINT)."""

    async def main() -> None:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, ended.set)
        await webhook.serve(place, listening, ended)

    asyncio.run(main())
