"""Saying what is wrong or overdue in a repository and how to mend it, and bringing recorded tags back.

Nothing is written unless it is asked for. A tag comes back from the log's own copy of its object, which the event
names by its digest, and only from the value that was seen.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct, field

from govkit.core import digests
from govkit.core.errors import GovkitError, Refused
from govkit.storage.git import ZERO, RefUpdate
from govkit.workflow.checkup import (
    SEVERITIES,
    Ailment,
    Examination,
    TagRepair,
    copies,
    due,
    log,
    machine,
    of_error,
    remotes,
)
from govkit.workflow.session import Session

SCHEMA = "govkit.doctor/v1"


class Check(NamedTuple):
    """A check: what it looks at, how, whether it needs a log that can be read, and whether it is of this machine.

    What is of this machine (its tools, keys and working files) is no news to anybody else.
    """

    title: str
    find: Callable[[Examination], Iterator[Ailment]]
    needs_log: bool = True
    machine: bool = False


CHECKS: list[Check] = [
    Check("tools", machine.tools, needs_log=False, machine=True),
    Check("this clone", machine.whole, needs_log=False),
    Check("the log", log.readable, needs_log=False),
    Check("the root of trust", log.trusted),
    Check("conflicts and other histories", log.reliable),
    Check("tags", log.tags),
    Check("replaced objects and grafts", log.disguised, needs_log=False),
    Check("events without effect", log.powerless),
    Check("events that wait for a sync", copies.waiting),
    Check("mirrors", copies.mirrors),
    Check("versions that serve", due.serving),
    Check("findings", due.findings),
    Check("requests", due.requests),
    Check("the signing key", machine.key, machine=True),
    Check("the policy's file", machine.proposal, machine=True),
    Check("attributes", machine.attributes, needs_log=False, machine=True),
    Check("cards and pages", machine.pages, needs_log=False, machine=True),
]
#: What is asked of other machines, where that is wanted.
ONLINE: list[Check] = [Check("the DVC remote", remotes.served)]


class Diagnosis(Struct):
    """What was found.

    Attributes:
        ailments: everything, the worst first.
        mended: what ``--fix`` did, or with ``--dry-run`` would do, in words.
        next_steps: commands that pass on to the remote what was mended.
    """

    ailments: list[Ailment]
    mended: list[str] = field(default_factory=list)
    next_steps: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """1 if something is broken or overdue, 3 if something could not be decided, else 0."""
        found = {ailment.severity for ailment in self.ailments}
        return 1 if found & {"broken", "overdue"} else 3 if "undecided" in found else 0


def examine(
    session: Session, *, checks: Sequence[Check] = CHECKS, watch: Callable[[str], None] = lambda _: None
) -> Diagnosis:
    """Run checks.

    Args:
        session: the repository.
        checks: which ones; all if left out.
        watch: called with what each check looks at, before it does.

    Raises:
        Usage: if there is no Git repository.
    """
    exam = Examination(session)
    found: list[Ailment] = []
    for check in checks:
        if check.needs_log and not _has_log(session):
            continue
        watch(check.title)
        try:
            found += check.find(exam)
        except GovkitError as error:
            found.append(of_error(error))
    return Diagnosis(sorted(found, key=lambda ailment: SEVERITIES.index(ailment.severity)))


def _has_log(session: Session) -> bool:
    try:
        return bool(session.state.policies)
    except GovkitError:
        return False


def fix(
    session: Session, *, checks: Sequence[Check] = CHECKS, watch: Callable[[str], None] = lambda _: None
) -> Diagnosis:
    """Run checks, bring recorded tags back, and run them again; see :func:`examine` for what it takes.

    Raises:
        Usage: if there is no Git repository.
        Refused, Undecided: if the log is not the pinned one, so that what it records is nobody's word.
    """
    first = examine(session, checks=checks, watch=watch)
    repairs = [ailment.repair for ailment in first.ailments if ailment.repair is not None]
    if not repairs:
        return first
    session.check_trust()
    words = "would bring back" if session.options.dry_run else "brought back"
    mended = [f"{words} the tag '{repair.name}' with object {repair.wanted[:12]}" for repair in repairs]
    remote = Examination(session).remote
    steps = [_push(remote, repair) for repair in repairs] if remote is not None else []
    if session.options.dry_run:
        return Diagnosis(first.ailments, mended, steps)
    _restore(session, repairs)
    return Diagnosis(examine(session, checks=checks, watch=watch).ailments, mended, steps)


def _push(remote: str, repair: TagRepair) -> str:
    """Return the command that gives the remote the recorded tag, whatever it has."""
    return f"git push {remote} {shlex.quote(f'+{repair.wanted}:refs/tags/{repair.name}')}"


def _restore(session: Session, repairs: Sequence[TagRepair]) -> None:
    """Write the tags' objects from the log's copies and set all refs in one transaction.

    Raises:
        Refused: if a ref was moved meanwhile, or another stands in its way.
        Undecided: if the log's copy is not in this clone.
    """
    updates = []
    for repair in repairs:
        identity = session.git.write_object("tag", _copy(session, repair))
        if identity != repair.wanted:
            raise Refused(f"the log's copy of '{repair.name}' is not the tag that it recorded", fix="fetch it again")
        updates.append(RefUpdate(f"refs/tags/{repair.name}", identity, repair.now or ZERO))
    try:
        session.git.move_refs(updates)
    except Refused as error:
        fix = "remove what stands in the way ('git tag -d NAME'), and run it again"
        raise Refused("no tag was brought back", why=error.why, fix=fix) from error


def _copy(session: Session, repair: TagRepair) -> bytes:
    """Return the bytes of a tag as its event holds them."""
    named = {"name": repair.name, "id": f"git-sha1:{repair.wanted}"}
    for judged in session.state.judged:
        event = judged.event
        if judged.status == "good" and event is not None and event.body.get("tag") == named:
            content = session.log.evidence(session.git, judged.index, "tag", event.evidence["tag"])
            if digests.git_object_id("tag", content) == named["id"]:
                return content
    raise Refused(f"the log has no copy of the tag '{repair.name}'")
