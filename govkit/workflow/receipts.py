"""When mirrors received events, by their own clocks: the one time beside what signers claim.

An event cannot be younger than the moment at which a mirror had it. It may be older: a mirror is brought up to date at
any time. How far the clock itself can be trusted depends on the mirror: that of S3 is the storage's, that of a folder
is whatever its file system says.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from msgspec import Struct, field

from govkit.core import mirrored, times
from govkit.core.errors import GovkitError
from govkit.core.mirrorurl import MirrorUrl
from govkit.storage.mirrors import jobs
from govkit.storage.mirrors.base import Stored
from govkit.workflow.mirrorsource import Source, named
from govkit.workflow.session import Session

#: Seconds that all mirrors together may take.
SECONDS = 10.0


class Receipts(Struct):
    """What mirrors say of events.

    Attributes:
        found: by index, the mirrors that hold the event, each with the time at which it received it.
        notes: mirrors that could not be asked, and events that a mirror holds otherwise.
    """

    found: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def of(session: Session, indices: Iterable[int], *, seconds: float = SECONDS) -> Receipts:
    """Ask the mirrors of the policy in force for events. Webhooks cannot be asked.

    Args:
        session: the repository.
        indices: the events.
        seconds: after that many a mirror is given up.
    """
    urls = [url for url in named(session, []) if url.readable]
    receipts, wanted = Receipts(), sorted(set(indices))
    if not urls:
        return receipts
    source, until = Source(session), jobs.deadline(seconds)
    started = [(url, jobs.Job(partial(_ask, source, url, wanted, until))) for url in urls]
    for url, job in started:
        try:
            answers = job.wait(until)
        except TimeoutError:
            receipts.notes.append(f"The mirror {url.text} did not answer within {seconds:g} seconds.")
        except (GovkitError, OSError) as error:
            receipts.notes.append(f"The mirror {url.text} could not be asked: {error}.")
        else:
            for index, stored in answers.items():
                _take(receipts, url.text, index, stored, source)
    return receipts


def _ask(source: Source, url: MirrorUrl, wanted: list[int], until: float) -> dict[int, Stored | None]:
    copy = source.mirror(url)
    names = {mirrored.event_name(index): index for index in wanted}
    answers = jobs.in_order(copy.read, names, at_once=copy.at_once, until=until)
    return {names[name]: stored for name, stored in answers}


def _take(receipts: Receipts, url: str, index: int, stored: Stored | None, source: Source) -> None:
    """Keep a mirror's time only where it holds just what the log does."""
    if stored is None:
        return
    if stored.alarms or stored.content != source.event(index):
        receipts.notes.append(
            f"THE MIRROR {url} HOLDS SOMETHING ELSE as event {index}: look with 'govkit log verify --mirror {url}'."
        )
    elif stored.written is not None:
        receipts.found.setdefault(index, []).append((url, times.write(stored.written)))
