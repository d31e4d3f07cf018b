"""Promoting whatever is ready: every open request that is approved and whose gates are open, each as its own event.

Running it again changes nothing, so that a CI server can run it whenever it likes. What a request still lacks is said,
and one that cannot be decided, or goes wrong, does not stop the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from govkit.core.entities import Request
from govkit.core.errors import GovkitError, Refused, Undecided, Usage
from govkit.workflow import judge, promote, query, sync
from govkit.workflow.session import Session

SCHEMA = "govkit.ready/v1"
Became = Literal["promoted", "would promote", "not yet", "left", "failed"]


class Outcome(Struct, frozen=True):
    """What became of an open request.

    Attributes:
        name: the request's name, ``MODEL@VERSION#STAGE``.
        request: its identity.
        model: the model.
        version: the version.
        stage: the stage.
        became: ``promoted``; ``would promote`` in a dry run; ``not yet`` if something is missing; ``left`` if it is
            for others, or for people, to promote; ``failed`` if it was ready, or could not be decided, and no more
            came of it.
        why: why it was not promoted, a line each.
        next: what to do about it, a line each.
        index: the number of the promotion's event, or None.
        id: the identity of the promotion's event, or None.
        tag: the promotion's tag, or None.
        exit_code: what it adds to the exit code of the whole.
    """

    name: str
    request: str
    model: str
    version: str
    stage: str
    became: Became
    why: list[str] = field(default_factory=list)
    next: list[str] = field(default_factory=list)
    index: int | None = None
    id: str | None = None
    tag: str | None = None
    exit_code: int = 0


class Done(Struct, frozen=True):
    """What became of all open requests that were looked at, in the order in which they were opened."""

    requests: list[Outcome]

    @property
    def exit_code(self) -> int:
        """The worst of what failed; 0 if nothing did, also where requests still lack something."""
        codes = {outcome.exit_code for outcome in self.requests}
        return next((code for code in (1, 2, 3) if code in codes), 0)


def ready(
    session: Session,
    model: str | None = None,
    stage: str | None = None,
    *,
    reason: str = "",
    ticket: str = "",
    online: bool = False,
) -> Done:
    """Promote every open request that is approved, whose gates are open, and that the signer may promote.

    Only the usual way is taken: overrides and rollbacks are left to people. Where several requests for one stage of a
    model are ready, none is promoted, as promoting one voids the others: which one it is to be is for people to say.

    Args:
        session: the repository.
        model: only requests for this model; None for all.
        stage: only requests for this stage; None for all.
        reason: words for the record of each.
        ticket: a reference into another system, for the record of each.
        online: ask the DVC remote where a gate wants that.

    Raises:
        Usage: if there is no such model or stage, or no key.
        Refused, Undecided: if the log cannot be relied on, or the key belongs to nobody.
    """
    _ = session.key
    sync.before(session)
    session.ready()
    _check_names(session, model, stage)
    looked = [_look(session, request, online=online) for request in _open(session, model, stage)]
    rivals = Counter((one.model, one.stage) for one in looked if one.became == "would promote")
    said: dict[str, Any] = {"reason": reason, "ticket": ticket, "online": online}
    done: list[Outcome] = []
    for outcome in looked:
        if outcome.became == "would promote":
            several = rivals[outcome.model, outcome.stage] > 1
            outcome = _rival(outcome) if several else _promote(session, outcome, **said)  # noqa: PLW2901
        done.append(outcome)
    return Done(done)


def _open(session: Session, model: str | None, stage: str | None) -> Iterator[Request]:
    for request in session.state.open_requests():
        asks = request.body.version is not None and request.body.stage is not None
        if asks and model in (None, request.model) and stage in (None, request.body.stage):
            yield request


def _check_names(session: Session, model: str | None, stage: str | None) -> None:
    known = sorted({key[0] for key in session.state.versions})
    if model is not None and model not in known:
        raise query.unknown_model(model, known)
    if stage is not None and stage not in session.policy.policy.stages:
        listing = ", ".join(session.policy.policy.stages)
        raise Usage(f"the policy in force knows no stage '{stage}'", why=f"stages: {listing}", fix="name one of them")


def _look(session: Session, request: Request, *, online: bool) -> Outcome:
    """Return how a request stands: ``would promote`` if nothing is missing."""
    version, stage = request.body.version or "", request.body.stage or ""
    blank = Outcome(request.name, request.id, request.model, version, stage, "would promote")
    try:
        for why, fix in _not_mine(session, request):
            return replace(blank, became="left", why=[why], next=[fix])
        found = judge.find_version(session, request.model, version)
        judge.refuse_revoked(session, request.model, version)
        judgement = judge.judge(session, found, stage, online=online)
    except Undecided as error:
        return _failed(blank, error)
    except GovkitError as error:
        return replace(blank, became="not yet", why=_lines(error.what, error.why), next=_lines(error.fix))
    if judgement.blocking or judgement.tally is None:
        refusal = judge.NotMet(judgement)
        return replace(blank, became="not yet", why=_lines(refusal.why), next=_lines(refusal.fix))
    return blank


def _not_mine(session: Session, request: Request) -> Iterator[tuple[str, str]]:
    """Yield why a request is not for the signer, or for nobody without eyes, to promote, and who does."""
    if request.body.action != "promote":
        yield f"a {request.body.action} is for people to do", "'govkit status' names the command"
        return
    policy, version = session.policy, session.state.versions.get((request.model, request.body.version or ""))
    tier = version.body.tier if version else "high"
    view = policy.stage(request.body.stage or "", tier)
    if view is not None and not policy.may(session.actor, view.promote, request.model, tier):
        roles = ", ".join(view.promote)
        yield (
            f"{session.actor} holds none of the roles {roles} for this model",
            f"somebody with one promotes it: {roles}",
        )


def _promote(session: Session, outcome: Outcome, *, reason: str, ticket: str, online: bool) -> Outcome:
    said: dict[str, Any] = {"reason": reason, "ticket": ticket, "online": online}
    try:
        written = promote.promote(session, outcome.model, outcome.version, outcome.stage, **said)
    except GovkitError as error:
        request = session.state.requests.get(outcome.request)
        if isinstance(error, Refused) and request is not None and request.state != "open":
            return replace(outcome, became="left", why=[f"somebody else was faster: it is {request.state} now"])
        return _failed(outcome, error)
    if written.commit is None:
        return replace(outcome, tag=written.tag)
    judged = written.judged
    return replace(outcome, became="promoted", index=judged.index, id=judged.id, tag=written.tag)


def _rival(outcome: Outcome) -> Outcome:
    why = f"several requests for {outcome.stage} of {outcome.model} are ready, and promoting one voids the others"
    fix = f"promote one by name: govkit promote '{outcome.model}@{outcome.version}' --stage {outcome.stage}"
    return replace(outcome, became="not yet", why=[why], next=[fix, "or withdraw the others: govkit withdraw REQUEST"])


def _failed(outcome: Outcome, error: GovkitError) -> Outcome:
    why, code = _lines(error.what, error.why), error.exit_code
    return replace(outcome, became="failed", why=why, next=_lines(error.fix), exit_code=code)


def _lines(*texts: str) -> list[str]:
    return [line for text in texts for line in text.split("\n") if line]
