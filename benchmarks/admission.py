"""The admission webhook under load, while the log advances under it: 200 admissions a second on two cores.

A governed repository with 1,000 events; ``govkit webhook serve`` in a process of its own over a warm clone; a few kept
connections, as an API server has, post AdmissionReviews over TLS at a steady rate whatever the answers take, and
latency counts from the moment at which a request was due. Meanwhile production is rolled back, rolled forward and its
version revoked. Each answer says for which size of the log it speaks: it is wrong if it was not true of that log, and
late if the log had grown beyond that size more than LAG seconds before it was asked for. At the end the repository is
taken away: what was proven is admitted with a warning, and after the allowed time everything is refused.

What is promised: no wrong or late answer, which ends it at once, quick or not, and a 99th percentile below 50 ms. Load,
webhook, prover and the commands that advance the log share the machine; pin it to two cores with ``taskset -c 0,1``.

Run with ``python benchmarks/admission.py``.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from harness import BARE, GOVKIT, TOP, Race

from tests import admissions, filler
from tests import world as worlds
from tests.admissions import Running

RATE = 200
CONNECTIONS = 4
#: Seconds by which an answer may lag behind the log.
LAG = 4.0
#: Seconds below which 99 of 100 answers must be, and the same in bare starts of Python, which take 0.06 s.
BOUND, TIMES = 0.05, 0.83
#: Seconds between looks at the remote, and for which the webhook speaks without it.
INTERVAL, MAX_STALENESS = 1.0, 12.0


@dataclass
class Truth:
    """Which claims may run: for each size from which on it is so, since when, and the claims (stage and record)."""

    heads: list[tuple[int, float, frozenset[tuple[str, str]]]] = field(default_factory=list)

    def note(self, size: int, claims: set[tuple[str, str]]) -> None:
        """Note what holds from a size of the log on."""
        self.heads.append((size, time.monotonic(), frozenset(claims)))

    def fault(self, claim: tuple[str, str], size: int, allowed: bool, start: float) -> str:
        """Return ``wrong`` or ``late`` for an answer that is, or an empty string."""
        holds = next(claims for at, _, claims in reversed(self.heads) if at <= size)
        newer = [since for at, since, _ in self.heads if at > size]
        if (claim in holds) != allowed:
            return "wrong"
        return "late" if newer and newer[0] < start - LAG and allowed else ""


@dataclass
class Load:
    """Clients that ask at a steady rate."""

    running: Running
    truth: Truth
    claims: list[tuple[str, str]]
    rate: int = RATE
    said: list[tuple[tuple[str, str], float, float, admissions.Reply]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _next: int = 0

    def run(self) -> None:
        """Ask until told to stop."""
        self.began = time.monotonic()
        threads = [threading.Thread(target=self._client) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _client(self) -> None:
        connection = self.running.connect()
        while not self.stop.is_set():
            with self._lock:
                number, self._next = self._next, self._next + 1
            due = self.began + number / self.rate
            time.sleep(max(0.0, due - time.monotonic()))
            self._ask(connection, self.claims[number % len(self.claims)], due)
        connection.close()

    def _ask(self, connection: http.client.HTTPSConnection, claim: tuple[str, str], due: float) -> None:
        thing = admissions.pod(admissions.annotations(worlds.MODEL, *claim))
        body = json.dumps(admissions.review(thing)).encode()
        start = time.monotonic()
        connection.request("POST", "/validate?timeout=10s", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = admissions.Reply(answer.status, answer.read())
        end = time.monotonic()
        with self._lock:
            self.said.append((claim, start, end - due, said))

    def faults(self, kind: str) -> list[str]:
        """Return the answers that were ``wrong`` or ``late``."""
        found = []
        for claim, start, _, said in self.said:
            size = int(said.response["auditAnnotations"]["log-size"]) if said.status == 200 else 0
            if said.status != 200 or self.truth.fault(claim, size, said.allowed, start) == kind:
                found.append(f"{claim} at {start - self.began:.2f} s: {said.body.decode()}")
        return found


@dataclass
class Found:
    """What was measured: sorted latencies in seconds, answers that were wrong or late, and how many allowed."""

    seconds: list[float]
    wrong: list[str]
    late: list[str]
    allowed: int
    events: int

    def percentile(self, percent: float) -> float:
        """Return a percentile of the latencies."""
        return self.seconds[min(len(self.seconds) - 1, int(len(self.seconds) * percent / 100))]


def prepare(world: worlds.World, events: int) -> None:
    """Bring a world to where two versions have served in production, and its log to a length."""
    world.retrain(0.85)
    world.register("1.1.0")
    world.request("1.1.0", "production")
    world.approve("1.1.0", "production", "rita", "victor")
    world.promote("1.1.0", "production")
    filler.fill(world, events)


def record(world: worlds.World, stage: str) -> str:
    """Return the record of what serves in a stage."""
    last = world.log().state.last(worlds.MODEL, stage)
    if last is None:
        raise AssertionError(f"nothing serves in {stage}")
    return last.at.id


def command(world: worlds.World, person: str, *words: str) -> None:
    """Run a command in a process of its own, as people do."""
    line = [*GOVKIT, *words, "--repo", str(world.repo)]
    line += ["--key", str(world.key_path(person)), "--yes"]
    environment = {**world.env, "PYTHONPATH": str(TOP)}
    subprocess.run(line, env=environment, check=True, capture_output=True)


def measure(world: worlds.World, running: Running, seconds: float, rate: int = RATE) -> Found:
    """Ask for so many seconds while production goes back, forth, and is revoked."""
    staging, first = ("staging", record(world, "staging")), ("production", record(world, "production"))
    truth = Truth()
    truth.note(0, {staging, first})
    bogus = ("production", "sha256:" + "0" * 64)
    load = Load(running, truth, [first, staging, first, staging, ("staging", first[1]), bogus], rate)
    for claim in (staging, first):
        thing = admissions.pod(admissions.annotations(worlds.MODEL, *claim))
        running.wait(lambda thing=thing: running.ask(thing).allowed)  # a warm clone
    asking = threading.Thread(target=load.run)
    asking.start()
    try:
        for words in (
            ("rollback", worlds.MODEL, "--stage", "production", "-m", "back"),
            ("rollback", worlds.MODEL, "--stage", "production", "--to", "1.1.0", "-m", "forth"),
            ("revoke", f"{worlds.MODEL}@1.1.0", "-m", "leaks"),
        ):
            time.sleep(seconds / 4)
            command(world, "rita" if words[0] == "revoke" else "remy", *words)
            new = ("production", record(world, "production"))
            truth.note(world.log().head.size, {staging} if words[0] == "revoke" else {staging, new})
            load.claims = [new, staging, first, new, staging, new, bogus, ("staging", new[1])]
        time.sleep(seconds / 4 + LAG)
    finally:
        load.stop.set()
        asking.join()
    took, allowed = sorted(took for *_, took, _ in load.said), sum(said.allowed for *_, said in load.said)
    return Found(took, load.faults("wrong"), load.faults("late"), allowed, world.log().head.size)


def take_away(world: worlds.World, running: Running, staleness: float) -> list[str]:
    """Take the repository away; return what the webhook then did wrong, after it had been asked for staging alone."""
    good = admissions.pod(admissions.annotations(worlds.MODEL, "staging", record(world, "staging")))
    wrong = []
    world.repo.rename(world.folder / "away")
    running.wait(lambda: running.metric("clone_fresh") == 0)
    answer = running.ask(good)
    if not answer.allowed or not any("old" in text for text in answer.response.get("warnings", [])):
        wrong.append(f"stale, and proven before: {answer.body.decode()}")
    running.wait(lambda: running.metric("clone_age_seconds") > staleness)
    if running.ask(good).allowed:
        wrong.append("staler than allowed, and admitted")
    (world.folder / "away").rename(world.repo)
    running.wait(lambda: running.metric("clone_fresh") == 1)
    if not running.ask(good).allowed:
        wrong.append("not admitted when the repository was back")
    return wrong


def start(
    world: worlds.World, interval: float = INTERVAL, staleness: float = MAX_STALENESS
) -> tuple[Path, dict[str, str], list[str]]:
    """Return how the webhook is started: folder, environment and words."""
    folder = world.folder / "webhook"
    folder.mkdir()
    words = ["--repo", str(folder / "clone"), "--from", f"file://{world.repo}"]
    words += ["--root", world.log().root_of_trust, "--interval", str(interval), "--max-staleness", str(staleness)]
    return folder, world.env, words


def tell(race: Race, found: Found) -> None:
    """Note the latencies, each percentile as a way, and promise the 99th."""
    race.sizes |= {"admissions": len(found.seconds), "allowed": found.allowed, "events at the end": found.events}
    for percent in (50, 90, 99, 99.9):
        race.took(f"an answer, the {percent:g}th percentile", found.percentile(percent))
    race.took("an answer, the slowest", found.seconds[-1])
    race.within("an answer, the 99th percentile", BOUND)
    race.at_most("an answer, the 99th percentile", "bare start of Python", TIMES)


def main() -> int:
    """Measure and print; 1 if it was too slow, and words if an answer was wrong or late."""
    race = Race("Are admissions answered in time and truly, while the log advances?")
    seconds, events = (40, 1_000) if not race.quick else (3, 300)
    interval, staleness = (INTERVAL, MAX_STALENESS) if not race.quick else (0.5, 5.0)  # their end is waited for
    race.sizes |= {"admissions a second": RATE, "connections": CONNECTIONS, "seconds of load": seconds}
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as name:
        world = worlds.build(Path(name) / "world")
        world.release("1.0.0")
        prepare(world, events)
        folder, env, words = start(world, interval, staleness)
        for _ in range(5):
            race.run("bare start of Python", BARE)
        with admissions.serving(folder, env, *words) as running:
            found = measure(world, running, seconds)
            wrong = [*found.wrong, *found.late, *take_away(world, running, staleness)]
    if wrong:
        sys.exit("\n  ".join([f"{len(wrong)} answers were wrong or late:", *wrong[:5]]))
    tell(race, found)
    return race.finish()


if __name__ == "__main__":
    sys.exit(main())
