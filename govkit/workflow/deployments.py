"""Writing down what was rolled out where, and what changed in its configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from govkit.core import digests
from govkit.core.entities import Promotion
from govkit.core.errors import Refused, Usage
from govkit.core.events import ConfigChanged, DeploymentRecorded
from govkit.storage import files
from govkit.workflow import judge, query
from govkit.workflow.plans import Plan, Written
from govkit.workflow.session import Session

Status = Literal["started", "succeeded", "failed", "withdrawn"]


def deployment(
    session: Session,
    model: str,
    stage: str,
    environment: str,
    status: Status,
    *,
    promotion: str | None = None,
    config: str | None = None,
    reason: str = "",
) -> Written:
    """Record that a promotion was rolled out to an environment, or withdrawn from it.

    Args:
        session: the repository.
        model: the model's full name.
        stage: the stage.
        environment: where, such as ``eu-west/prod``.
        status: how far it got.
        promotion: the identity of the promotion; None for the last one into the stage.
        config: the configuration that it runs with: a digest, or a file to digest; or None.
        reason: words for the record.

    Raises:
        Usage: if something is unknown, or the configuration cannot be read.
        Refused: if nothing was ever promoted there.
    """
    session.ready()
    _require("an environment", environment, "--environment NAME")
    digest = _digest(config)

    def plan() -> Plan:
        found = _promotion(session, model, stage, promotion)
        body = DeploymentRecorded(
            promotion=found.at.id, environment=environment, status=status, config=digest, reason=reason
        )
        what = f"{model}@{found.body.version} ({stage}) {status} in {environment}"
        summary = [f"record: {what}", f"promotion {found.at.id}", *([f"configuration {digest}"] if digest else [])]
        return Plan("deployment.recorded", model, body, summary=summary)

    return session.write(plan)


def config(
    session: Session, model: str, environment: str, what: str, *, before: str | None, after: str | None, reason: str
) -> Written:
    """Record that the configuration of a deployment changed.

    Args:
        session: the repository.
        model: the model's full name.
        environment: where.
        what: what was changed, such as ``threshold``, or the name of a file.
        before: what it was: a digest, or a file to digest; None if there was none.
        after: what it is; None if it is gone.
        reason: why.

    Raises:
        Usage: if the model is unknown, something is left out, or nothing changed.
    """
    session.ready()
    _require("an environment", environment, "--environment NAME")
    _require("what was changed", what, "--what TEXT")
    _require("a reason", reason, "-m 'REASON'")
    old, new = _digest(before), _digest(after)
    if old == new:
        raise Usage("nothing changed", why=f"before and after are {old or 'both missing'}", fix="--before and --after")
    body = ConfigChanged(environment=environment, what=what, before=old, after=new, reason=reason)
    lines = [
        f"record: {what} of {model} changed in {environment}",
        f"from {old or 'nothing'}",
        f"to {new or 'nothing'}",
    ]

    def plan() -> Plan:
        known = sorted({key[0] for key in session.state.versions})
        if model not in known:
            raise query.unknown_model(model, known)
        return Plan("config.changed", model, body, summary=[*lines, f"reason: {reason}"])

    return session.write(plan)


def _promotion(session: Session, model: str, stage: str, identity: str | None) -> Promotion:
    entries = session.state.stages.get((model, stage), [])
    found = [entry for entry in entries if isinstance(entry, Promotion) and identity in (None, entry.at.id)]
    if found:
        return found[-1]
    judge.check_known(session, model, stage)
    if identity is not None:
        raise Usage(f"{identity} is no promotion of {model} into {stage}", fix=f"see them: govkit history {model}")
    raise Refused(f"nothing was ever promoted to {stage} of {model}", why="what is deployed was promoted first")


def _digest(source: str | None) -> str | None:
    """Return a digest as it is, or that of a file."""
    if source is None or digests.is_sha256(source):
        return source
    try:
        return files.sums(Path(source)).sha256
    except OSError as error:
        why = error.strerror or str(error)
        raise Usage(f"{source} cannot be read", why=why, fix="name a file, or sha256:<64 hex>") from error


def _require(what: str, text: str, how: str) -> None:
    if not text.strip():
        raise Usage(f"{what} is needed", why="auditors read it", fix=f"say it with {how}")
