"""What each type of event needs to be allowed, and what it then does to the state: rules 1 and 2 of the ledger.

One function for each type that is more than a note. Each raises :class:`NotAllowed` with the reason, or
:class:`CannotDecide`, before it touches the state; if it returns, the event has had its effect. Judging which key
signed, and in which place an event stands, comes before (:mod:`govkit.core.ledger`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from govkit.core.records import Record
from govkit.core.rules.case import CannotDecide, Case, Evidence, NotAllowed
from govkit.core.rules.decisions import decision_recorded
from govkit.core.rules.followups import (
    canary_recorded,
    deployment_recorded,
    finding_closed,
    finding_opened,
    recorded,
    reproduction_recorded,
    waiver_granted,
)
from govkit.core.rules.policies import policy_adopted, read_policy, violation_acknowledged
from govkit.core.rules.promotions import promotion_recorded, stage_cleared
from govkit.core.rules.requests import request_opened, request_withdrawn
from govkit.core.rules.versions import version_registered, version_revoked

__all__ = ["RULES", "TYPES", "CannotDecide", "Case", "Evidence", "NotAllowed", "read_policy", "recorded"]


_FIRST = frozenset(
    {
        *("policy.adopted", "version.registered", "request.opened", "request.withdrawn", "decision.recorded"),
        *("promotion.recorded", "stage.cleared", "version.revoked", "waiver.granted", "finding.opened"),
        *("finding.closed", "canary.recorded", "deployment.recorded", "config.changed", "reproduction.recorded"),
        *("checkpoint.recorded", "violation.acknowledged"),
    }
)
#: The types of events that each version of the rules knows. What a version does not know stays undecided under it for
#: ever, also to a govkit that knows later rules: its administrators may have acknowledged it by then.
TYPES: Mapping[int, frozenset[str]] = {1: _FIRST, 2: _FIRST}

_Rule = Callable[[Case, Record], None]

RULES: dict[str, _Rule] = {
    "policy.adopted": cast(_Rule, policy_adopted),
    "version.registered": cast(_Rule, version_registered),
    "request.opened": cast(_Rule, request_opened),
    "request.withdrawn": cast(_Rule, request_withdrawn),
    "decision.recorded": cast(_Rule, decision_recorded),
    "promotion.recorded": cast(_Rule, promotion_recorded),
    "stage.cleared": cast(_Rule, stage_cleared),
    "version.revoked": cast(_Rule, version_revoked),
    "violation.acknowledged": cast(_Rule, violation_acknowledged),
    "waiver.granted": cast(_Rule, waiver_granted),
    "finding.opened": cast(_Rule, finding_opened),
    "finding.closed": cast(_Rule, finding_closed),
    "canary.recorded": cast(_Rule, canary_recorded),
    "reproduction.recorded": cast(_Rule, reproduction_recorded),
    "deployment.recorded": cast(_Rule, deployment_recorded),
}
