"""Checks of the log and the tags that it records."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from govkit.core import times
from govkit.core.errors import GovkitError
from govkit.core.tagcheck import TagFault
from govkit.workflow import faults
from govkit.workflow.checkup import Ailment, Examination, TagRepair, of_error

#: Seconds that the log's time may be ahead of this clock without a word; tags are dated a second apart.
_DRIFT = 60


def readable(exam: Examination) -> Iterator[Ailment]:
    """Find out whether there is a log, in one history and whole, with a policy."""
    try:
        _ = exam.session.policy
    except GovkitError as error:
        yield of_error(error)


def trusted(exam: Examination) -> Iterator[Ailment]:
    """Find out whether the log is the one that was pinned."""
    try:
        exam.session.check_trust()
    except GovkitError as error:
        yield of_error(error)


def reliable(exam: Examination) -> Iterator[Ailment]:
    """Find everything that stops proof: conflicts, what cannot be decided, other histories, a log dated ahead."""
    yield from (of_error(error) for error in exam.session.troubles())
    ahead = times.epoch(exam.state.effective) - times.epoch(exam.clock) if exam.state.effective else 0
    if _DRIFT < ahead <= times.MAX_AHEAD.total_seconds():
        what, found = "this machine's clock", f"it is {ahead} seconds behind the log"
        yield Ailment("note", what, found, "set it, or find out who dated an event ahead")


def powerless(exam: Examination) -> Iterator[Ailment]:
    """Find events without effect, and commits of the log that are not as their events determine."""
    for judged in (exam.state.judged[index] for index in exam.state.remarkable):
        said = faults.acknowledgement(exam.state, judged)
        if judged.status == "inert" or said:
            yield Ailment("note", f"event {judged.index} has no effect", f"{judged.reason}{said}")
        for strange in judged.irregular:
            mend = "nothing is lost; find out who commits to govkit/log by hand"
            yield Ailment("note", f"event {judged.index}", f"its commit {strange}", mend)


def disguised(exam: Examination) -> Iterator[Ailment]:
    """Find what makes stock Git show something else than there is."""
    for name in exam.session.git.disguises():
        words = f"{name} makes stock Git show something else than there is; govkit reads past it"
        replaced = shlex.quote(name.rpartition("/")[2])
        mend = f"git replace -d {replaced}" if name.startswith("refs/replace/") else f"rm {shlex.quote(name)}"
        yield Ailment("note", words, "", mend)


def tags(exam: Examination) -> Iterator[Ailment]:
    """Hold the tags against the log: what moved, vanished, or pretends to be one of govkit's."""
    refs = exam.session.tag_refs()
    for fault in faults.tag_faults(exam.session):
        yield _recorded(exam, fault, refs.get(fault.name)) if fault.recorded else _squatter(exam, fault)


def _recorded(exam: Examination, fault: TagFault, now: str | None) -> Ailment:
    wanted = exam.state.tags[fault.name]
    found, mend = fault.problem, "govkit doctor --fix"
    if now is None and exam.remote is not None:
        found = "it is not here: it was deleted, or this clone never fetched it; the log still has its bytes"
        mend = f"git fetch {exam.remote} --tags; if it is gone there, too: govkit doctor --fix"
    what = f"tag '{fault.name}'"
    return Ailment("broken", what, found, mend, TagRepair(fault.name, wanted, now))


def _squatter(exam: Examination, fault: TagFault) -> Ailment:
    mend = f"find out who made it, then: git tag -d {shlex.quote(fault.name)}"
    if exam.remote is not None:
        mend += f"; and there: git push {exam.remote} {shlex.quote(f':refs/tags/{fault.name}')}"
    return Ailment("note", f"tag '{fault.name}'", fault.problem, mend)
