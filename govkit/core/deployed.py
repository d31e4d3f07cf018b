"""What the log knows of where a promotion was rolled out to: what is deployed, as far as somebody reported it."""

from __future__ import annotations

from msgspec import Struct

from govkit.core.entities import Promotion
from govkit.core.events import DeploymentRecorded
from govkit.core.state import State


class Deployed(Struct, frozen=True):
    """What was reported last of a model's stage in an environment.

    Attributes:
        environment: the environment.
        version: the version that was rolled out, or withdrawn.
        status: ``started``, ``succeeded``, ``failed`` or ``withdrawn``.
        since: the report's effective time.
        by: who reported it.
        promotion: the identity of the promotion that was rolled out.
        current: whether that promotion is the one that serves in the stage now.
    """

    environment: str
    version: str
    status: str
    since: str
    by: str
    promotion: str
    current: bool

    @property
    def differs(self) -> bool:
        """Whether something runs there that the log no longer has in the stage."""
        return not self.current and self.status in ("started", "succeeded")


def reports(state: State, model: str, stage: str, before: int | None = None) -> list[Deployed]:
    """Return what was reported last for each environment of a model's stage, by environment.

    A report that was signed with a key that is reported as compromised by then does not count, and where ``before`` is
    given, none from that place in the log on.
    """
    end = len(state.tree) if before is None else before
    told = state.recorded(DeploymentRecorded, model)
    if not told:  # the usual case: a stage's promotions need not be looked at
        return []
    promotions = {e.at.id: e for e in state.stages.get((model, stage), []) if isinstance(e, Promotion)}
    champion = state.champion(model, stage)
    found: dict[str, Deployed] = {}
    for judged, body in told:
        if body.promotion not in promotions or judged.index >= end:
            continue
        if state.is_compromised(judged):
            continue
        found[body.environment] = Deployed(
            environment=body.environment,
            version=promotions[body.promotion].body.version,
            status=body.status,
            since=judged.effective,
            by=judged.event.actor if judged.event else "?",
            promotion=body.promotion,
            current=champion is not None and champion.at.id == body.promotion,
        )
    return [found[name] for name in sorted(found)]
