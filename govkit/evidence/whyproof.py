"""What the verifier finds today of an answer: of what serves now, of what served once, of a stage that was empty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from govkit.core import verdict
from govkit.core.entities import Clearing, Promotion
from govkit.core.errors import GovkitError, Refused, Undecided
from govkit.core.gates.base import Check, Verdict
from govkit.core.why import Proof
from govkit.workflow import checkpoints, faults, verify
from govkit.workflow.session import Session

_About = Literal["serving", "record", "empty"]
_REQUIRED = "the log is the pinned one, whole, and in one history"
_TOO_EARLY = Check(
    gate="time",
    type="proof",
    verdict=Verdict.INCONCLUSIVE,
    required="a moment of which the log knows",
    found="it lies before the first event",
    fix="name a later one with --at",
)
_UNMOVED = "all there, unmoved"


def of(session: Session, model: str, last: Promotion | Clearing | None, *, is_now: bool, is_before: bool) -> Proof:
    """Prove an answer again.

    Args:
        session: the repository.
        model: the model.
        last: what the stage had at the moment that is asked about; None if nothing had been let in.
        is_now: whether the question is about now.
        is_before: whether that moment lies before everything, so that the log knows nothing of it.
    """
    about: _About = "empty" if not isinstance(last, Promotion) else "serving" if is_now else "record"
    troubles = list(_troubles(session))
    if troubles:
        return _proof(about, [_check(trouble) for trouble in troubles])
    try:
        if not isinstance(last, Promotion):
            early = [_TOO_EARLY] if is_before else []
            return _proof(about, [*_empty(session, model, last), *early])
        if is_now:
            checkpoints.check_fresh(session)
        found, today = verify.past(session, last)
        kept = today if is_now else [check for check in today if not check.verdict.opens]
        return _proof(about, found.checks, kept, found.notes)
    except (Refused, Undecided) as error:
        return _proof(about, [_check(error)])


def _troubles(session: Session) -> Iterable[GovkitError]:
    """Yield why nothing that the log says is proven, all reasons at once."""
    try:
        session.check_trust()
    except (Refused, Undecided) as error:
        yield error
    yield from session.troubles()


def _empty(session: Session, model: str, cleared: Clearing | None) -> list[Check]:
    """Prove that a stage was empty: that the tags of its model are there, and that its key was sound who emptied it."""
    state = session.state
    broken = [
        f"'{one.name}': {one.problem}" for one in faults.tag_faults(session) if one.model == model and one.recorded
    ]
    found = [
        verdict.proof("log", True, "the pinned log, in one history", f"{len(state.tree)} events from the pinned root"),
        verdict.proof(
            "tags", not broken, verify.TAGS_REQUIRED, "; ".join(broken) or "all there, unmoved", verify.TAGS_FIX
        ),
    ]
    if cleared is not None:
        sound, by = not state.is_compromised(cleared.at), cleared.at.event.actor if cleared.at.event else "?"
        said = f"signed by {by}" if sound else "its key is reported as compromised"
        found.append(verdict.proof("clearing", sound, "signed with a sound key", said, ""))
    return found


def _check(error: GovkitError) -> Check:
    outcome = Verdict.FAIL if isinstance(error, Refused) else Verdict.INCONCLUSIVE
    return Check(gate="log", type="proof", verdict=outcome, required=_REQUIRED, found=str(error), fix=error.fix)


def _proof(about: _About, checks: list[Check], today: Sequence[Check] = (), notes: Sequence[str] = ()) -> Proof:
    record = verdict.sum_up(checks)
    return Proof(
        verdict=verdict.sum_up([*checks, *today]) if about == "serving" else record,
        about=about,
        record=record,
        checks=checks,
        today=list(today),
        notes=list(notes),
    )
