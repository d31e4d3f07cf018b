"""Work that must be little, told in seconds of a quiet machine: a busy or a slow one, and coverage, fail nothing.

What such a test tells apart is a second and an hour, so its limit is counted in processor time, and once it is
passed, by how fast this machine is at that moment at a fixed piece of work.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_ROUNDS = 2_000_000
# The fixed work's seconds on the machine that the limits were chosen on, and how much a traced line costs more.
_QUIET = 0.03
_TRACED = 6


@contextmanager
def little(seconds: float = 10) -> Iterator[None]:
    """Fail when the work inside takes more than so many seconds of the processor, as on a quiet machine.

    :raises AssertionError: it took more
    """
    start = time.process_time()
    yield
    spent = time.process_time() - start
    if spent > seconds:
        traced = _TRACED if sys.gettrace() is not None else 1
        allowed = seconds * traced * max(1.0, _fixed_work() / _QUIET)
        assert spent < allowed, f"{spent:.1f} s of the processor; {allowed:.1f} s were allowed here"


def _fixed_work() -> float:
    start = time.process_time()
    for _ in range(_ROUNDS):
        pass
    return time.process_time() - start
