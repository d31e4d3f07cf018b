"""What rules 1 could say; whatever is newer is refused in a log under rules 1, as a govkit of that time refuses it.

So everybody who reads an old log judges it alike, whichever govkit they have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from govkit.core.errors import Malformed

_POLICY: Final = frozenset(
    {
        *("schema", "rules", "branches", "people", "roles", "admin", "register", "gates", "stages"),
        *("revoke", "records", "meanings", "description"),
    }
)
_APPROVALS: Final = frozenset({"quorum", "forbid", "commit_authors", "valid_for", "lift"})
_STAGE: Final = frozenset({"gates", "approvals", "promote", "description"})
_ADMIN: Final = frozenset({"roles", "approvals", "sole"})
_FORBID: Final = frozenset({"registrar", "commit-author"})
_GATES: Final[Mapping[str, frozenset[str]]] = {
    "metric": frozenset(["type", "metric", "min", "max", "on", "description"]),
    "fairness": frozenset(["type", "attribute", "rate", "compare", "min_group", "min", "max", "on", "description"]),
    "lineage": frozenset(["type", "description"]),
    "card": frozenset(["type", "sections", "description"]),
}
#: Fields of bodies that came with rules 2, by type of event.
NEWER_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "decision.recorded": frozenset({"comment"}),
    "promotion.recorded": frozenset({"review_by"}),
    "canary.recorded": frozenset({"reason"}),
}


def check_policy(raw: Mapping[str, Any]) -> None:
    """Refuse a policy of rules 1 that says what rules 1 could not.

    Args:
        raw: the JSON value of a ``policy.json`` that is well-formed for this govkit.

    Raises:
        Malformed: names what is newer.
    """
    newer = sorted(set(_newer(raw)))
    if newer:
        raise Malformed(f"rules 1 does not know {', '.join(newer[:5])}: write 'rules: 2'")


def without_newer_defaults(raw: dict[str, Any]) -> dict[str, Any]:
    """Return a policy of rules 1 without the keys that came later, where they say nothing.

    Args:
        raw: a policy with every default written out; keys that say something stay, for :func:`check_policy` to refuse.
    """
    stages = {
        name: {
            **_trimmed(stage, _STAGE),
            "approvals": stage["approvals"] and _trimmed(stage["approvals"], _APPROVALS),
        }
        for name, stage in raw["stages"].items()
    }
    gates = {name: _trimmed(gate, _GATES.get(gate["type"], frozenset())) for name, gate in raw["gates"].items()}
    admin = {**_trimmed(raw["admin"], _ADMIN), "approvals": _trimmed(raw["admin"]["approvals"], _APPROVALS)}
    return {**_trimmed(raw, _POLICY), "stages": stages, "gates": gates, "admin": admin}


def _trimmed(value: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if key in known or item not in (None, [], {}, "warn")}


def _newer(raw: Mapping[str, Any]) -> Iterator[str]:
    yield from _beyond(raw, _POLICY, "")
    if isinstance(raw.get("meanings"), dict):
        yield "meanings by decision"
    admin = raw["admin"]
    yield from _beyond(admin, _ADMIN, "admin.")
    yield from _approvals(admin["approvals"], "admin.")
    for name, stage in raw["stages"].items():
        yield from _beyond(stage, _STAGE, f"stages.{name}.")
        missing = [key for key in ("gates", "approvals", "promote") if stage.get(key) is None]
        yield from (f"a stage without '{key}'" for key in missing)
        if "approvals" not in missing:
            yield from _approvals(stage["approvals"], f"stages.{name}.")
    for name, gate in raw["gates"].items():
        known = _GATES.get(gate["type"])
        if known is None:
            yield f"gates of type '{gate['type']}'"
        else:
            yield from _beyond(gate, known, f"gates.{name}.")
        if gate.get("compare") == "each":
            yield f"gates.{name}.compare: each"


def _approvals(raw: Mapping[str, Any], path: str) -> Iterator[str]:
    yield from _beyond(raw, _APPROVALS, f"{path}approvals.")
    yield from (f"forbid: {who}" for who in raw.get("forbid", []) if who not in _FORBID)


def _beyond(value: Mapping[str, Any], known: frozenset[str], path: str) -> Iterator[str]:
    yield from (f"'{path}{key}'" for key in value if key not in known)
