"""Rules for versions: registered once, revoked for ever."""

from __future__ import annotations

from govkit.core.entities import Version
from govkit.core.events import (
    VersionRegistered,
    VersionRevoked,
)
from govkit.core.rules.case import (
    Case,
    own_tag,
    require,
)


def version_registered(case: Case, body: VersionRegistered) -> None:
    """A version is registered once, with its tag."""
    case.needs_role(case.policy.policy.register, body.tier)
    key = (case.model, body.version)
    require(key not in case.state.versions, f"{case.model}@{body.version} is registered already")
    taken = case.state.by_commit.get((case.model, body.commit))
    require(taken is None, f"this commit is {case.model}@{taken} already")
    require(case.event.evidence.get("card.json") == body.card, "its card is not among its evidence")
    tag = own_tag(case, body.tag)
    said = (tag.kind, tag.version, tag.commit, tag.card, tag.weights)
    require(said == ("register", body.version, body.commit, body.card, body.weights), "its tag says something else")
    case.state.add_tag(case.model, body.tag)
    case.state.add_version(Version(case.model, case.judged, body))


def version_revoked(case: Case, body: VersionRevoked) -> None:
    """A revoked version may not serve anywhere, and does not come back."""
    version = case.version(body.version)
    case.needs_role(case.policy.policy.revoke, version.body.tier)
    case.state.revoked[case.model, body.version] = case.judged
