"""Judging what was promoted so far again, under a policy that is only proposed: whom would it have kept out?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from govkit.core.entities import Promotion
from govkit.core.errors import GovkitError
from govkit.core.gates.base import Check, Verdict
from govkit.core.policy import InForce
from govkit.core.state import State
from govkit.workflow import facts
from govkit.workflow.session import Session

Standing = Literal["passes", "refused", "unknown"]


class Replayed(Struct, frozen=True):
    """How a promotion would have fared.

    Attributes:
        index: the promotion's event.
        model: the model.
        version: the version.
        stage: the stage.
        time: when it was promoted.
        standing: whether its gates would have opened, as far as they can be decided again.
        shut: the checks that would not have opened.
        pending: gates that are not decided again, as what they look at is not known here.
        note: why it is unknown, or an empty string.
    """

    index: int
    model: str
    version: str
    stage: str
    time: str
    standing: Standing
    shut: list[Check]
    pending: list[str]
    note: str = ""


def promotions(session: Session) -> list[Promotion]:
    """Return every promotion of the log that went the usual way, oldest first."""
    entries = [entry for each in session.state.stages.values() for entry in each]
    found = [entry for entry in entries if isinstance(entry, Promotion) and entry.body.kind == "promote"]
    return sorted(found, key=lambda entry: entry.at.index)


def replay(session: Session, policy: InForce, *, step: Callable[[], None] = lambda: None) -> list[Replayed]:
    """Judge every promotion of the log again.

    Args:
        session: the repository.
        policy: the policy that is proposed.
        step: called after each promotion.
    """
    found = []
    for promotion in promotions(session):
        found.append(_replayed(session, policy, promotion))
        step()
    return found


def _replayed(session: Session, policy: InForce, promotion: Promotion) -> Replayed:
    state, body = session.state, promotion.body
    version = state.versions[promotion.model, body.version]

    def result(standing: Standing, shut: list[Check], pending: list[str], note: str = "") -> Replayed:
        about = (promotion.at.index, promotion.model, body.version, body.stage, promotion.at.effective)
        return Replayed(*about, standing, shut, pending, note)

    rules = policy.requirements(promotion.model, version.body.tier, body.stage)
    if rules is None:
        return result("refused", [], [], f"the proposed policy knows no stage '{body.stage}'")
    champion = _champion(state, promotion)
    question = facts.Question(
        *(version, body.stage, rules, policy, champion, promotion.at.effective), before=promotion.at.index
    )
    try:
        checks = facts.gate_checks(session, question)
    except GovkitError as error:
        return result("unknown", [], list(rules.gates), error.what)
    pending = [check.gate for check in checks if check.verdict is Verdict.PENDING]
    shut = [check for check in checks if check.verdict is not Verdict.PENDING and not check.verdict.opens]
    return result("refused" if shut else "passes", shut, pending)


def _champion(state: State, promotion: Promotion) -> Promotion | None:
    """Return the promotion of the version that served when this one was asked for."""
    request = state.requests.get(promotion.body.request or "")
    bound = request.body.digests if request else None
    entries = state.stages[promotion.model, promotion.body.stage]
    wanted = bound.champion if bound else None
    return next((entry for entry in entries if isinstance(entry, Promotion) and entry.at.id == wanted), None)
