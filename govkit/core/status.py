"""Where a version stands in one word, for systems that have room for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from govkit.core.state import Promotion, Request, State, Tally, Version

GovernanceStatus = Literal["pending_review", "approved", "rejected", "revoked"]


def of(state: State, version: Version, tally: Callable[[Request], Tally] | None = None) -> GovernanceStatus:
    """Return a version's status; the first of these that holds.

    - ``revoked``: it is.
    - ``rejected``: somebody's reject holds for it in some stage, and it serves in none by approval.
    - ``approved``: it was let into a stage in the usual way, or is asked for and all approvals are there. A
      break-glass promotion is none: it passes approval over.
    - ``pending_review``: everything else.

    Args:
        state: what the log says.
        version: the version.
        tally: how the decisions on a request count. By the log alone if None; who has Git and a clock can also leave
            out the words of commit authors and those that have ended.
    """
    key = (version.model, version.body.version)
    if key in state.revoked:
        return "revoked"
    let_in = [
        entry
        for (model, _), entries in state.stages.items()
        for entry in entries
        if model == version.model and isinstance(entry, Promotion) and entry.body.version == version.body.version
    ]
    approved = [entry for entry in let_in if not entry.override and not state.is_compromised(entry.at)]
    serves = any(state.champion(entry.model, entry.body.stage) is entry for entry in approved)
    held = any(
        people and hold[0] == version.model and hold[-1] == version.body.card for hold, people in state.holds.items()
    )
    if held and not serves:
        return "rejected"
    return "approved" if approved or _all_said_yes(state, version, tally or state.tally) else "pending_review"


def _all_said_yes(state: State, version: Version, tally: Callable[[Request], Tally]) -> bool:
    key = (version.model, version.body.version)
    asked = [one for one in state.requests.values() if (one.model, one.body.version) == key]
    usable = [one for one in asked if one.state == "open" and one.way == "promote" and not state.void(one)]
    return any(tally(request).approved for request in usable)
