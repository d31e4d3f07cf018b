"""An eventful week of one stage, for what tells of it: promoted, rolled back, by break-glass, cleared, waived, revoked.

Everything is real but the clock, which every step sets: what happens on different days must be told apart.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

from msgspec.structs import replace

from govkit.cli import common
from govkit.core import times
from tests.world import MODEL, Result, World

PARITY = "parity: {type: fairness, attribute: AGE, rate: selection_rate, compare: ratio, min: 0.8, min_group: 100}"
STRICTER = PARITY.replace("min: 0.8", "min: 0.95, waive: [risk-owner]")
_INTO = ("--stage", "production")


@dataclass
class Week:
    """A world whose clock can be set.

    Attributes:
        world: the world; version 1.1.0 serves in production since day 0, instead of 1.0.0.
        start: when day 0 began.
        clock: the time of the next command.
        events: the last event of the log after each step, by its name.
    """

    world: World
    start: datetime
    clock: datetime = field(default_factory=lambda: datetime.now(UTC))
    events: dict[str, int] = field(default_factory=dict)

    def at(self, days: float) -> str:
        """Return the instant that lies some days after the start."""
        return times.write(self.start + timedelta(days=days))

    @contextlib.contextmanager
    def running(self, days: float | None = None) -> Iterator[None]:
        """Let commands run by this week's clock, set to some days after the start."""
        self.clock = self.clock if days is None else self.start + timedelta(days=days)
        real = common.options

        def dated(*words: Any, **options: Any) -> Any:
            return replace(real(*words, **options), clock=lambda: self.clock)

        with mock.patch.object(common, "options", dated):
            yield

    def govkit(self, days: float, *words: str, as_: str = "", expect: int | None = 0) -> Result:
        """Run a command some days after the start."""
        with self.running(days):
            return self.world.govkit(*words, as_=as_, expect=expect)

    def done(self, step: str) -> None:
        """Remember which event was the last of a step."""
        self.events[step] = self.world.log().head.size - 1


def live(world: World, hostile: str = "") -> Week:
    """Let the week pass in a world in which 1.1.0 has replaced 1.0.0.

    Day 1: back to 1.0.0. Day 2: a stricter policy, with break-glass. Day 3: 1.2.0, from other data, by break-glass,
    until day 5. Day 6: cleared. Day 8: 1.2.0 in the usual way, a gate waived, on a condition. Day 9: revoked.

    Args:
        world: the world.
        hostile: is put behind every text that people write.
    """
    week = Week(world, datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=5))
    week.done("replaced")
    week.govkit(1, "rollback", MODEL, *_INTO, "-m", f"Complaints about 1.1.0{hostile}", as_="remy")
    week.done("rolled back")
    with week.running(2):
        world.allow_break_glass()
        world.let_record("finding.closed", "risk-owner")
        world.change_policy(PARITY, STRICTER)
        week.done("policy")
        rows = world.repo / "data" / "rows.csv"
        rows.write_text(rows.read_text() + "100\n")
        world.shell("dvc", "add", "-q", "data/rows.csv")
        world.retrain(0.9)
        world.register("1.2.0")
    _break_glass(week, hostile)
    week.govkit(4, "finding", "close", _finding(week), "-m", f"It was right to do so{hostile}", as_="rita")
    week.govkit(6, "clear", MODEL, *_INTO, "-m", f"The override has ended{hostile}", as_="remy")
    week.done("cleared")
    _usual(week, hostile)
    week.govkit(9, "revoke", f"{MODEL}@1.2.0", "-m", f"It leaks names{hostile}", as_="rita")
    week.done("revoked")
    return week


def _break_glass(week: Week, hostile: str) -> None:
    words = (*_INTO, "--break-glass", "--ticket", "INC-7")
    why = ("-m", f"1.0.0 does not start any more{hostile}")
    week.govkit(3, "request", f"{MODEL}@1.2.0", *words, *why, as_="ada")
    week.govkit(3, "approve", f"{MODEL}@1.2.0#production", "-m", f"Go{hostile}", as_="rita")
    week.govkit(3, "promote", f"{MODEL}@1.2.0", *words, *why, as_="remy")
    week.done("break-glass")


def _finding(week: Week) -> str:
    rows = week.govkit(4, "finding", "list", MODEL, "--format", "json").json["items"]
    return str(next(row["name"] for row in rows if row["state"] != "closed"))


def _usual(week: Week, hostile: str) -> None:
    request, until = f"{MODEL}@1.2.0#production", week.at(30)[:10]
    week.govkit(7, "request", f"{MODEL}@1.2.0", *_INTO, "-m", f"As it should be{hostile}", as_="ada")
    week.govkit(7, "reject", request, "-m", f"The group is too small{hostile}", as_="victor")
    waiver = ("--gate", "parity", "--until", until, "--ticket", "RISK-7", "-m", f"More data is on its way{hostile}")
    week.govkit(7, "waive", f"{MODEL}@1.2.0", *_INTO, *waiver, as_="rita")
    week.govkit(7.5, "approve", request, "-m", f"With the waiver it is right{hostile}", as_="victor")
    condition = ("--condition", "ada", until, f"add a drift monitor{hostile}")
    week.govkit(7.5, "approve", request, *condition, as_="rita")
    week.govkit(8, "promote", f"{MODEL}@1.2.0", *_INTO, as_="remy")
    week.done("waived")
