"""A progress bar for what takes long, on a terminal only, and only after two seconds."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

_QUIET_SECONDS = 2.0


@contextlib.contextmanager
def watching() -> Iterator[Callable[[str, int, int], None] | None]:
    """Give what :class:`govkit.workflow.plans.Options` takes as ``watch``; None where nobody looks.

    It may be called from several threads, each with a title of its own.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress

    from govkit.core.inert import line

    bar = Progress(console=Console(stderr=True), transient=True)
    tasks: dict[str, Any] = {}
    lock, started = threading.Lock(), time.monotonic()

    def watch(title: str, done: int, total: int) -> None:
        with lock:
            if time.monotonic() - started < _QUIET_SECONDS:
                return
            bar.start()
            if title not in tasks:
                tasks[title] = bar.add_task(escape(line(title)), total=total)
            bar.update(tasks[title], completed=done)

    try:
        yield watch
    finally:
        bar.stop()
