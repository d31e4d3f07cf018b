"""Doing slow things side by side, and giving up on those that never end.

A server can answer so slowly that no timeout of a connection strikes. So each piece of work runs in a thread that
nobody must wait for, and whoever waits does so until a deadline.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


def deadline(seconds: float) -> float:
    """Return the moment that lies some seconds ahead, on the clock of :meth:`Job.wait`."""
    return time.monotonic() + seconds


class Job(Generic[R]):
    """A piece of work in a thread of its own, which does not keep the process from ending.

    Args:
        work: what to do.
    """

    def __init__(self, work: Callable[[], R]) -> None:
        self._done = threading.Event()
        self._result: list[R] = []
        self._error: BaseException | None = None
        threading.Thread(target=self._run, args=(work,), daemon=True).start()

    def _run(self, work: Callable[[], R]) -> None:
        try:
            self._result.append(work())
        except BaseException as error:
            self._error = error
        finally:
            self._done.set()

    def wait(self, until: float) -> R:
        """Return what the work returned, or raise what it raised.

        Raises:
            TimeoutError: if it is not done by then; it may go on.
        """
        if not self._done.wait(max(0.0, until - time.monotonic())):
            raise TimeoutError
        if self._error is not None:
            raise self._error
        return self._result[0]


def in_order(work: Callable[[T], R], items: Iterable[T], *, at_once: int, until: float) -> Iterator[tuple[T, R]]:
    """Do the same with many items, several at once, and yield items and results in the order of the items.

    Args:
        work: what to do with one; called from other threads.
        items: the items; read only as far ahead as there is work in hand, by the caller's own thread.
        at_once: how many are worked on at once.
        until: the deadline; see :func:`deadline`.

    Raises:
        TimeoutError: if an item is not done by then.
    """
    window: deque[tuple[T, Job[R]]] = deque()
    for item in items:
        if len(window) >= at_once:
            done, job = window.popleft()
            yield done, job.wait(until)
        window.append((item, Job(partial(work, item))))
    while window:
        done, job = window.popleft()
        yield done, job.wait(until)
