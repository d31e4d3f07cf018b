"""Flagger's webhooks, answered from the canaries and promotions in the log.

Flagger asks before it begins, before each increase of traffic, before it promotes, and, all the while, whether to roll
back; it takes any 2xx for yes (https://docs.flagger.app/usage/webhooks). Its ``metadata`` must name the model, the
stage and the version: whoever writes them in the ``Canary`` resource is asked for a canary of just these.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Struct

from govkit.core import canary
from govkit.core.canary import Run
from govkit.core.entities import Promotion
from govkit.core.errors import GovkitError, Malformed
from govkit.core.records import Model, Stage, Version
from govkit.workflow import verify
from govkit.workflow.session import Session

HOOKS: Final = ("confirm-rollout", "confirm-traffic-increase", "confirm-promotion", "rollback")
YES, NO, UNKNOWN, WRONG = 200, 403, 503, 400


class Asked(msgspec.Struct, frozen=True):
    """What of Flagger's ``metadata`` is read; whatever else it holds is left alone."""

    model: Model
    stage: Stage
    version: Version


class Payload(msgspec.Struct, frozen=True):
    """What of Flagger's payload is read."""

    metadata: Asked
    name: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class Answer(Struct, frozen=True):
    """An answer: the HTTP status, and the reason, which Flagger shows as an event of the canary."""

    status: int
    reason: str


def answer(session: Session, hook: str, payload: Any) -> Answer:
    """Answer one of :data:`HOOKS`.

    Args:
        session: the repository, as fresh as the caller keeps it.
        hook: which question.
        payload: the JSON that Flagger sent.

    Returns:
        200 for yes and 403 for no; 400 for a question that is none, 503 where the log cannot be relied on. Of
        ``rollback`` yes means to roll back, so what cannot be decided does not: the other three stand still already.
    """
    if hook not in HOOKS:
        return Answer(WRONG, f"there is no hook '{hook[:60]}'; there are {', '.join(HOOKS)}")
    try:
        asked = from_payload(payload)
    except Malformed as error:
        return Answer(WRONG, f"metadata must name model, stage and version: {error}")
    try:
        session.check_trust()
        session.check_history()
        return _answer(session, hook, asked)
    except GovkitError as error:
        refused = error.exit_code == 1
        return Answer(NO if refused else UNKNOWN, f"{error.what}: {error.why}" if error.why else error.what)


def from_payload(payload: Any) -> Asked:
    """Read what is asked about.

    Raises:
        Malformed: if model, stage or version is missing or none.
    """
    try:
        return msgspec.convert(payload, Payload).metadata
    except (msgspec.ValidationError, RecursionError) as error:
        raise Malformed(str(error)) from error


def _answer(session: Session, hook: str, asked: Asked) -> Answer:
    name = f"{asked.model}@{asked.version}"
    revoked = (asked.model, asked.version) in session.state.revoked
    found = canary.runs(session.state, asked.model, asked.stage)
    run = found[-1] if found and found[-1].version == asked.version else None
    if hook == "rollback":
        return _roll_back(run, name, revoked=revoked)
    if revoked:
        return Answer(NO, f"{name} is revoked")
    if hook == "confirm-promotion":
        return _promote(session, asked, name)
    if run is None:
        return Answer(NO, f"no canary of {name} for {asked.stage} is recorded; begin one: govkit canary start")
    if not run.running:
        return Answer(NO, f"canary {run.name} has ended: {run.verdict}")
    if run.failed:
        return Answer(NO, f"canary {run.name} has failed")
    if hook == "confirm-traffic-increase" and run.verdict == "inconclusive":
        return Answer(NO, f"canary {run.name} is inconclusive at {run.last.share:g} of the traffic: wait")
    return Answer(YES, f"canary {run.name}: {canary.NEXT[run.verdict]}")


def _roll_back(run: Run | None, name: str, *, revoked: bool) -> Answer:
    if revoked:
        return Answer(YES, f"{name} is revoked")
    if run is not None and run.failed:
        return Answer(YES, f"canary {run.name} has failed")
    return Answer(NO, f"nothing speaks against {name}")


def _promote(session: Session, asked: Asked, name: str) -> Answer:
    """The last step is the promotion itself: it must be the one that the log has, and proven."""
    last = session.state.last(asked.model, asked.stage)
    if not isinstance(last, Promotion) or last.body.version != asked.version:
        return Answer(NO, f"{name} is not promoted to {asked.stage}: govkit promote")
    found = verify.verify(session, asked.model, asked.stage)
    if found.verdict == "proven":
        return Answer(YES, f"{name} is proven for {asked.stage} by {found.promotion}")
    status = NO if found.verdict == "refused" else UNKNOWN
    return Answer(status, "; ".join(f"{check.gate}: {check.found}" for check in found.blocking))
