"""What was promoted and is not rolled out yet, as far as the log knows: what a CI server has to deploy."""

from __future__ import annotations

from msgspec import Struct

from govkit.core.deployed import reports
from govkit.core.errors import Usage
from govkit.workflow.session import Session

SCHEMA = "govkit.due/v1"


class Due(Struct, frozen=True):
    """A promotion that an environment does not run, as far as somebody reported it.

    Attributes:
        model: the model.
        stage: the stage.
        version: the version that serves there.
        promotion: the identity of the promotion.
        environment: where it is to run.
        why: what was reported last of this promotion there: ``not rolled out yet``, or a rollout that did not succeed.
        left: whether it waits for a person, as it was tried before and did not succeed, or was withdrawn.
    """

    model: str
    stage: str
    version: str
    promotion: str
    environment: str
    why: str
    left: bool


def due(session: Session, stage: str, environment: str, *, retry: bool = False) -> list[Due]:
    """Return what serves in a stage by the log and is not reported as running in an environment, by model.

    A rollout that was tried and did not end well is not tried again and again by a timer: it is left until ``retry``.
    One that was withdrawn is always left, as somebody took it out.

    Args:
        session: the repository.
        stage: the stage.
        environment: the name under which deployments are recorded.
        retry: also take what was started and never ended, or failed.

    Raises:
        Usage: if the policy in force knows no such stage.
        Refused, Undecided: if the log cannot be relied on.
    """
    session.check_trust()
    session.check_history()
    state, known = session.state, session.policy.policy.stages
    if stage not in known:
        why = f"stages: {', '.join(known)}"
        raise Usage(f"the policy in force knows no stage '{stage}'", why=why, fix="name one of them")
    found: list[Due] = []
    for model in sorted({key[0] for key in state.stages if key[1] == stage}):
        serving = state.champion(model, stage)
        if serving is None:
            continue
        told = [one for one in reports(state, model, stage) if one.environment == environment and one.current]
        status = told[0].status if told else ""
        if status == "succeeded":
            continue
        why = f"{status} at {told[0].since}" if told else "not rolled out yet"
        version, identity = serving.body.version, serving.at.id
        left = status == "withdrawn" or (bool(status) and not retry)
        found.append(Due(model, stage, version, identity, environment, why, left))
    return found
