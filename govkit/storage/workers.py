"""Work on a long list, shared among the machine's processors."""

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")
#: What workers are forked with: the work and its pieces; so nothing of it has to be sent to them.
_job: list[Any] = []


def spread(work: Callable[[T], R], pieces: Sequence[T]) -> Iterator[R]:
    """Yield the result of every piece of work, in order; in processes of their own where that is worth it.

    Workers are forks of this process, so they start in an instant and see its memory. Where a system cannot fork, or
    there is one processor, everything is done here.
    """
    import multiprocessing

    count = min(len(pieces), _processors())
    if count < 2 or "fork" not in multiprocessing.get_all_start_methods():
        yield from map(work, pieces)
        return
    from concurrent.futures import ProcessPoolExecutor

    _job[:] = [work, pieces]
    context: Any = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(count, mp_context=context, initializer=_start) as pool:
        # A few ahead of what was taken: results of a long list that nobody has taken yet would fill memory.
        places = iter(range(len(pieces)))
        begun = deque(pool.submit(_run, place) for place in itertools.islice(places, 2 * count))
        try:
            while begun:
                yield begun.popleft().result()
                begun.extend(pool.submit(_run, place) for place in itertools.islice(places, 1))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            _job.clear()


def _run(index: int) -> Any:
    """Do one piece of the work that this process was forked with."""
    work, pieces = _job
    return work(pieces[index])


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start() -> None:
    """Leave Ctrl-C to the parent, and end when it ends, however that is."""
    import multiprocessing

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
