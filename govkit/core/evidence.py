"""What a repository shows, piece by piece: the evidence that mappings of frameworks name (:mod:`govkit.core.controls`).

Each piece says whether it is there, and which record shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, get_args

from msgspec import Struct

from govkit.core import events, mirrorurl
from govkit.core.card import STATEMENTS, Card
from govkit.core.events import CheckpointRecorded
from govkit.core.gates.kinds import AnyGate
from govkit.core.judged import Status
from govkit.core.policy import InForce
from govkit.core.records import Record
from govkit.core.state import State
from govkit.core.wording import several

#: What a card can show besides what people say in it.
_FACTS: Final = (
    *("tier", "lineage", "parameters", "data", "profiles", "metrics", "evaluation_data", "fairness", "plots"),
    "contract",
)
_RULES: Final = {
    "approvals": "every stage needs somebody's yes",
    "independence": "who made or registered a version may not approve it",
    "roles": "people hold roles that the policy names",
    "tiers": "more is asked of a higher risk tier",
    "review": "a version that serves must be approved again in time",
    "revoke": "somebody may revoke a version",
    "rollback": "it says who may go back, and with whose yes",
}
_GATES: Final = tuple(str(kind.__struct_config__.tag) for kind in get_args(AnyGate))
#: Every piece of evidence that a mapping can name, and what it is in words.
VOCABULARY: Final[Mapping[str, str]] = {
    **{f"card:{name}": f"the card's {name.replace('_', ' ')}" for name in (*STATEMENTS, *_FACTS)},
    **{f"gate:{name}": f"a gate of type {name}" for name in _GATES},
    **{f"policy:{name}": words for name, words in _RULES.items()},
    **{f"event:{name}": f"{name} in the log" for name in events.BODIES},
    "log:verified": "the log verifies under its pinned root of trust",
    "mirror:configured": "the log is copied to a mirror",
    "mirror:locked": "a mirror keeps its objects locked",
    "mirror:seen": "a checkpoint says that a mirror held the log",
}


class Piece(Record, frozen=True):
    """A piece of evidence.

    Attributes:
        evidence: its name, ``KIND:NAME``.
        state: whether it is there: everywhere, in some of the models only (``partly``), not at all, or not looked for.
        record: the record that shows it, or what is missing.
    """

    evidence: str
    state: Literal["there", "partly", "missing", "not looked at"]
    record: str = ""


Pieces = Mapping[str, Piece]


class NamedCard(Struct, frozen=True):
    """The card of a version, by the name of the version, with its digest; None if it cannot be read."""

    name: str
    digest: str
    card: Card | None


def of_cards(cards: Sequence[NamedCard]) -> Pieces:
    """Return what cards show: a section counts if every card has it."""
    shown = {one.name: _sections(one.card) if one.card else frozenset() for one in cards}
    return {piece.evidence: piece for piece in (_over(section, cards, shown) for section in (*STATEMENTS, *_FACTS))}


def _over(section: str, cards: Sequence[NamedCard], shown: Mapping[str, frozenset[str]]) -> Piece:
    has = [f"{one.name} ({one.digest[:19]})" for one in cards if section in shown[one.name]]
    lacks = [one.name for one in cards if section not in shown[one.name]]
    name = f"card:{section}"
    if not has:
        return Piece(evidence=name, state="missing", record=f"not on the card of {several(lacks)}" if lacks else "")
    there = f"card of {several(has)}"
    if not lacks:
        return Piece(evidence=name, state="there", record=there)
    return Piece(evidence=name, state="partly", record=f"{there}; not on that of {several(lacks)}")


def _sections(card: Card) -> frozenset[str]:
    """Return the sections of a card that say something."""
    lineage = card.lineage
    known: dict[str, Any] = {
        "tier": card.statements.tier,
        "lineage": lineage.stages and not lineage.gaps and not lineage.problems,
        "parameters": lineage.params,
        "data": lineage.data and all(item.sha256 for item in lineage.data),
        "profiles": card.profiles,
        "metrics": any(not metric.measure.problem for metric in card.metrics),
        "evaluation_data": card.evaluation_data,
        "fairness": card.fairness,
        "plots": card.plots,
        "contract": card.statements.contract.framework,
    }
    said = {name for name in STATEMENTS if card.statement(name)}
    return frozenset(said | {name for name, value in known.items() if value})


def of_log(state: State, *, verified: str) -> Pieces:
    """Return what a log and the policy in force show.

    Args:
        state: what the log says.
        verified: the head that it was verified at, in words; an empty string if it was not.
    """
    found = [*_events(state), *_of_policy(state), *_mirrors(state)]
    found.append(_piece("log:verified", verified, "govkit log verify"))
    return {piece.evidence: piece for piece in found}


def _piece(name: str, record: str, otherwise: str = "") -> Piece:
    return Piece(evidence=name, state="there" if record else "missing", record=record or otherwise)


def _events(state: State) -> Iterator[Piece]:
    counts: dict[str, int] = {}
    last: dict[str, str] = {}
    for judged in state.judged:
        if judged.status is Status.GOOD and judged.event is not None:
            kind = judged.event.type
            counts[kind] = counts.get(kind, 0) + 1
            last[kind] = f"event {judged.index}, by {judged.event.actor} at {judged.effective}"
    for kind in events.BODIES:
        more = f", and {counts[kind] - 1} before it" if counts.get(kind, 0) > 1 else ""
        yield _piece(f"event:{kind}", f"{last[kind]}{more}" if kind in last else "", f"no {kind} in the log")


def _of_policy(state: State) -> Iterator[Piece]:
    policy = state.policy
    where = f"policy of event {state.policies[-1][0]}" if state.policies else ""
    asked = _asked(policy) if policy else {}
    for kind in _GATES:
        named = sorted(f"gate '{gate}' for {stage}" for stage, gates in asked.items() for gate in gates.get(kind, []))
        yield _piece(f"gate:{kind}", f"{where}: {several(named)}" if named else "", f"no stage asks for {kind}")
    met = rules(policy) if policy else {}
    for rule, words in _RULES.items():
        yield _piece(f"policy:{rule}", where if met.get(rule) else "", f"not so in the policy: {words}")


def _asked(policy: InForce) -> dict[str, dict[str, list[str]]]:
    """Return by stage the names of its gates, by their types, for models of any tier."""
    found: dict[str, dict[str, list[str]]] = {}
    for stage in policy.policy.stages:
        views = [view for tier in ("low", "medium", "high") if (view := policy.stage(stage, tier))]
        named = {name for view in views for name in view.gates if name in policy.policy.gates}
        for name in sorted(named):
            kind = str(type(policy.policy.gates[name]).__struct_config__.tag)
            found.setdefault(stage, {}).setdefault(kind, []).append(name)
    return found


def rules(policy: InForce) -> dict[str, bool]:
    """Return which of the rules a policy has; none is met by there being no stage."""
    stages = policy.policy.stages
    views = [view for stage in stages for tier in ("low", "medium", "high") if (view := policy.stage(stage, tier))]
    approvals = [view.approvals for view in views if view.approvals]
    return {
        "approvals": bool(views) and len(approvals) == len(views) == 3 * len(stages),
        "independence": bool(approvals)
        and all({"registrar", "commit-author"} & set(each.forbid) for each in approvals),
        "roles": sum(bool(role.people) for role in policy.policy.roles.values()) > 1,
        "tiers": any(rules.tiers for rules in stages.values()),
        "review": any(each.review_after for each in approvals),
        "revoke": bool(policy.policy.revoke),
        "rollback": any(rules.rollback for rules in stages.values()),
    }


def _mirrors(state: State) -> Iterator[Piece]:
    audit = state.policy.policy.audit if state.policy else None
    urls = audit.mirrors if audit else []
    locked = [url for url in urls if mirrorurl.parse(url).kind == "s3"] if audit and audit.retention else []
    until = f", locked for {audit.retention}" if audit else ""
    yield _piece("mirror:configured", f"policy: {several(urls)}" if urls else "", "the policy names no mirror")
    yield _piece("mirror:locked", f"policy: {several(locked)}{until}" if locked else "", "no s3:// mirror with locks")
    seen = [(judged, body) for judged, body in state.recorded(CheckpointRecorded) if body.mirrors]
    words = f"event {seen[-1][0].index}: {several(seen[-1][1].mirrors)}" if seen else ""
    yield _piece("mirror:seen", words, "no checkpoint names a mirror that held the log")
