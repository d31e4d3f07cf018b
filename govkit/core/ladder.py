"""How far a repository is: three levels, each made of steps, and a level is reached when all of its steps are done.

1. Cards: people have said what each model is for, and its card is in Git.
2. Versions and gates: versions are registered, every stage has gates, and CI runs them.
3. Proof: the policy binds everybody, what serves is proven, and a mirror that nobody can change holds the log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct, field

from govkit.core import evidence
from govkit.core.card import Card
from govkit.core.policy import InForce
from govkit.core.records import Record
from govkit.core.state import State

SCHEMA: Final = "govkit.level/v1"
TITLES: Final[Mapping[int, str]] = {
    0: "nothing yet",
    1: "manual cards",
    2: "versioning and gates in CI",
    3: "enforced policy with an immutable audit mirror",
}
#: What people must have said on every card.
SAID: Final = ("owner", "intended_use", "limitations")
_PROPOSE: Final = "then: govkit policy propose -m WHY"


class Step(Record, frozen=True):
    """A step of the ladder.

    Attributes:
        level: the level that it belongs to.
        what: what is asked.
        done: whether it is done.
        found: what was found.
        mend: the command that does it, or what to write where; empty if it is done.
    """

    level: Literal[1, 2, 3]
    what: str
    done: bool
    found: str
    mend: str = ""


class Ladder(Record, frozen=True):
    """How far a repository is.

    Attributes:
        level: the highest level of which, and of all below it, every step is done; 0 if there is none.
        title: what that level is called.
        steps: all steps of all levels.
    """

    schema: Literal["govkit.level/v1"]
    level: int
    title: str
    steps: list[Step]

    @property
    def missing(self) -> list[Step]:
        """What is missing for the next level."""
        return [step for step in self.steps if step.level == self.level + 1 and not step.done]


class Seen(Struct, frozen=True):
    """What was seen of a repository.

    Attributes:
        cards: the models that ``dvc.yaml`` declares, with the card in Git, or None.
        ci: files of CI servers that run govkit's gates.
        state: what the log says, or None if there is no log with a policy.
        trust: why the log is not the pinned one, or an empty string.
        faults: why the log does not verify.
        unproven: models and stages of which 'verify' does not prove what serves, with the reason.
        behind: mirrors that do not hold the whole log, with the reason.
        stale: why the newest checkpoint is too old for the policy.
    """

    cards: Mapping[str, Card | None]
    ci: Sequence[str] = ()
    state: State | None = None
    trust: str = ""
    faults: Sequence[str] = ()
    unproven: Sequence[str] = ()
    behind: Sequence[str] = field(default_factory=tuple)
    stale: Sequence[str] = ()


def climb(seen: Seen) -> Ladder:
    """Return how far a repository is."""
    steps = [*_cards(seen), *_gates(seen), *_proof(seen)]
    undone = {step.level for step in steps if not step.done}
    level = min(undone, default=4) - 1
    return Ladder(schema=SCHEMA, level=level, title=TITLES[level], steps=steps)


def _step(level: Literal[1, 2, 3], what: str, wrong: str, mend: str, *, good: str = "") -> Step:
    """Return a step that is done unless something is wrong."""
    return Step(level=level, what=what, done=not wrong, found=wrong or good, mend=mend if wrong else "")


def _cards(seen: Seen) -> Iterator[Step]:
    listed = ", ".join(seen.cards)
    wrong = "" if seen.cards else "no dvc.yaml declares a model under 'artifacts:'"
    yield _step(1, "models are declared", wrong, "govkit init", good=listed)
    without = [model for model, card in seen.cards.items() if card is None]
    wrong = f"no card of {', '.join(without)}" if without else "" if seen.cards else "there is no model"
    yield _step(1, "each has a card in Git", wrong, "govkit init, then: dvc repro, and commit the result", good=listed)
    silent = [f"{model} says no {', '.join(gaps)}" for model, card in seen.cards.items() if (gaps := _gaps(card))]
    wrong = "; ".join(silent) if seen.cards else "there is no model"
    mend = f"write it into governance/{next(iter(seen.cards), 'MODEL')}/model.yaml, then: dvc repro, and commit"
    yield _step(1, "each card says owner, use and limits", wrong, mend, good=listed)


def _gaps(card: Card | None) -> list[str]:
    return [name.replace("_", " ") for name in SAID if card is None or not card.statement(name)]


def _gates(seen: Seen) -> Iterator[Step]:
    state = seen.state
    policy = state.policy if state else None
    wrong = "" if policy else "there is no log that adopted a policy"
    yield _step(2, "a policy is in force", wrong, "govkit init", good="adopted by the log")
    wrong = seen.trust if state else "there is no log"
    yield _step(2, "its root of trust is pinned", wrong, "govkit trust", good="pinned")
    known = set(state.models) if state else set()
    missing = [model for model in seen.cards if model not in known]
    wrong = f"no version of {', '.join(missing)}" if missing else "" if known else "there is none"
    mend = f"govkit register {missing[0] if missing else 'MODEL'}"
    yield _step(2, "every model has a registered version", wrong, mend, good=", ".join(sorted(known)))
    bare = _bare(policy) if policy else []
    wrong = f"no gate for {', '.join(bare)}" if bare else "" if policy and policy.policy.stages else "there is no stage"
    mend = f"name gates for it in governance/policy.yaml, {_PROPOSE}"
    yield _step(2, "every stage has gates", wrong, mend, good="all stages")
    wrong = "" if seen.ci else "no file of a CI server runs 'govkit gate'"
    mend = "govkit ci github, or govkit ci gitlab; and commit what it writes"
    yield _step(2, "CI runs the gates", wrong, mend, good=f"{', '.join(seen.ci)}; whether it runs is not seen here")


def _bare(policy: InForce) -> list[str]:
    """Return the stages that ask for no gate of some model."""
    tiers = ("low", "medium", "high")
    return [name for name in policy.policy.stages if not all((v := policy.stage(name, t)) and v.gates for t in tiers)]


def _proof(seen: Seen) -> Iterator[Step]:
    state = seen.state
    pieces = evidence.of_log(state, verified="") if state else {}
    rule = f"change governance/policy.yaml, {_PROPOSE}"
    wrong = "; ".join(seen.faults[:3]) if state else "there is no log"
    yield _step(3, "the log verifies", wrong, "govkit doctor", good="whole and in order")
    yield _shown(pieces, "policy:approvals", "every stage needs somebody's yes", f"name 'approvals'; {rule}")
    mend = f"'forbid: [registrar, commit-author]' under 'approvals' of each stage; {rule}"
    yield _shown(pieces, "policy:independence", "who made a version cannot approve it", mend)
    wrong = "there is no policy" if state is None or state.policy is None else _alone(state.policy)
    mend = "govkit people add ID, then take 'sole' out of governance/policy.yaml, " + _PROPOSE
    yield _step(3, "nobody changes the policy alone", wrong, mend, good="two people at least")
    wrong = "; ".join(seen.unproven[:3]) if state and state.stages else "nothing serves"
    yield _step(3, "what serves is proven", wrong, "govkit verify MODEL --stage STAGE", good="every stage")
    mend = f"name an s3:// mirror with 'retention' under 'audit'; {rule}"
    yield _shown(pieces, "mirror:locked", "a mirror keeps the log locked", mend)
    configured = pieces.get("mirror:configured")
    wrong = "; ".join(seen.behind) if configured and configured.state == "there" else "there is no mirror"
    yield _step(3, "every mirror holds the whole log", wrong, "govkit log mirror", good="up to date")
    mend = f"name 'freshness' under 'audit' ({rule}); and regularly: govkit log checkpoint"
    yield _step(3, "an old copy of the log is noticed", _old(seen), mend, good="checkpoints are fresh")


def _shown(pieces: evidence.Pieces, name: str, what: str, mend: str) -> Step:
    piece = pieces.get(name)
    is_there = piece is not None and piece.state == "there"
    found = piece.record if piece else "there is no log"
    return _step(3, what, "" if is_there else found, mend, good=found)


def _alone(policy: InForce) -> str:
    """Say why one person can change the policy alone, or nothing."""
    if policy.policy.admin.sole:
        return "there is a sole administrator, who may"
    able = {who for role in policy.policy.admin.roles for who in _holders(policy, role)}
    return "" if len(able) > 1 else "one person alone holds the roles of an administrator"


def _holders(policy: InForce, role: str) -> list[str]:
    found = policy.policy.roles.get(role)
    people = policy.policy.people
    return [who for who in (found.people if found else []) if who in people and people[who].kind == "person"]


def _old(seen: Seen) -> str:
    policy = seen.state.policy if seen.state else None
    audit = policy.policy.audit if policy else None
    if audit is None or audit.freshness is None:
        return "the policy asks for no checkpoints"
    return "; ".join(seen.stale)
