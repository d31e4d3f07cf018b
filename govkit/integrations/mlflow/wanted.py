"""What MLflow's registry should have for each model, by a log that is proven: versions with their tags, and aliases.

An alias is what serving systems resolve, so a version gets one only if :mod:`govkit.workflow.verify` proves it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct, field

from govkit.core import inert
from govkit.core.entities import Request, Version
from govkit.core.errors import GovkitError, Usage
from govkit.core.governance import Governance, GovernanceStatus
from govkit.core.state import State
from govkit.workflow import checkpoints, judge, query, verify
from govkit.workflow.session import Session

#: How much of somebody's reason a tag holds: older servers take 5,000 characters, and a table has room for less.
REASON_LIMIT: Final = 1000
#: What MLflow keeps for itself among the names of aliases, and what stands for such a stage.
_RESERVED = re.compile(r"latest|v\d+|stage-.*", re.IGNORECASE | re.ASCII)
_INSTEAD = "stage-"
#: What names in MLflow may begin with; never what stands for a slash, nor a quote, which its searches know.
_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class WantedVersion(Struct, frozen=True):
    """A version as MLflow should have it.

    Attributes:
        version: the semantic version; MLflow's own number is whatever it gives.
        source: what stands where MLflow keeps the place of the weights; nothing can be loaded from it. MLflow never
            changes it, so it tells which of its versions this is.
        tags: all tags that govkit keeps, by key.
    """

    version: str
    source: str
    tags: dict[str, str]


class Withheld(Struct, frozen=True):
    """A version that the log has in a stage, and that gets no alias, as the verifier does not prove it.

    Attributes:
        why: the checks that stand in the way.
        exit_code: the verifier's: 1 refused, 3 undecided.
    """

    model: str
    stage: str
    version: str
    why: str
    exit_code: int


class WantedModel(Struct, frozen=True):
    """A registered model as MLflow should have it.

    Attributes:
        model: its name in the log.
        name: its name in MLflow.
        log_root: the root of trust of the log.
        versions: in the order in which they were registered.
        aliases: version by alias.
        governed: all aliases that stand for stages, also of those where nothing serves.
    """

    model: str
    name: str
    log_root: str
    versions: list[WantedVersion]
    aliases: dict[str, str]
    governed: frozenset[str]
    withheld: list[Withheld] = field(default_factory=list)


def name_of(model: str, prefix: str = "") -> str:
    """Return a model's name in MLflow, which takes no ``/``: it becomes ``~``, which no name of a model has."""
    return prefix + model.replace("/", "~")


def alias_of(stage: str) -> str:
    """Return the alias of a stage: its name, or ``stage-NAME`` where MLflow keeps that name for itself.

    Two stages never share one, so a stage that begins with ``stage-`` gets that before it once more.
    """
    return f"{_INSTEAD}{stage}" if _RESERVED.fullmatch(stage) else stage


def wanted(
    session: Session, models: Sequence[str], prefix: str = "", watch: Callable[[str, int, int], None] | None = None
) -> list[WantedModel]:
    """Return what MLflow should have.

    Args:
        session: the repository.
        models: the models; all that the log knows if none is named.
        prefix: what each name in MLflow begins with.
        watch: told how many stages were verified, and of how many.

    Raises:
        Usage: if there is no log, it knows no such model, or the prefix cannot be one.
        Refused, Undecided: if the log is not the pinned one, or cannot be relied on.
    """
    if prefix and not _PREFIX.fullmatch(prefix):
        raise Usage(f"'{prefix}' is no prefix for names", fix="write up to 64 letters, digits and . _ -, such as risk.")
    session.check_trust()
    session.check_history()
    checkpoints.check_fresh(session)
    state = session.state
    known = state.models
    for model in models:
        if model not in known:
            raise query.unknown_model(model, known)
    chosen = sorted(set(models)) or known
    governance = Governance(state, lambda request: judge.tally(session, request).approved)
    serving = _serving(state, chosen)
    proofs: dict[tuple[str, str], str | Withheld] = {}
    for done, (model, stage, version) in enumerate(serving, 1):
        proofs[model, stage] = _prove(session, model, stage, version)
        if watch is not None:
            watch("verifying what serves", done, len(serving))
    texts = _Reasons(state)
    return [_model(session, model, prefix, governance, texts, proofs) for model in chosen]


def _serving(state: State, models: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return model, stage and version of all that serves."""
    found: list[tuple[str, str, str]] = []
    for model, stage in sorted(state.stages):
        champion = state.champion(model, stage)
        if model in models and champion is not None:
            found.append((model, stage, champion.body.version))
    return found


def _prove(session: Session, model: str, stage: str, version: str) -> str | Withheld:
    """Return the identity of the promotion that the verifier proves, or why it does not."""
    try:
        verdict = verify.verify(session, model, stage)
    except GovkitError as error:
        return Withheld(model, stage, version, str(error), error.exit_code)
    if verdict.verdict == "proven" and verdict.version == version and verdict.promotion is not None:
        return verdict.promotion
    why = "; ".join(f"{check.gate}: {check.found}" for check in verdict.blocking)
    return Withheld(model, stage, version, why or "not proven", verdict.exit_code or 3)


def _model(
    session: Session,
    model: str,
    prefix: str,
    governance: Governance,
    reasons: _Reasons,
    proofs: dict[tuple[str, str], str | Withheld],
) -> WantedModel:
    state, name = session.state, name_of(model, prefix)
    mine = {stage: proof for (of, stage), proof in proofs.items() if of == model}
    promotions: dict[str, dict[str, str]] = {}
    for stage, proof in mine.items():
        champion = state.champion(model, stage)
        if champion is not None and isinstance(proof, str):
            promotions.setdefault(champion.body.version, {})[stage] = proof
    versions = [version for version in state.versions.values() if version.model == model]
    stages = {*session.policy.policy.stages, *(stage for of, stage in state.stages if of == model)}
    return WantedModel(
        model=model,
        name=name,
        log_root=session.log.root_of_trust,
        versions=[
            _version(name, version, governance, reasons, promotions.get(version.body.version, {}))
            for version in versions
        ],
        aliases={alias_of(stage): version for version, found in promotions.items() for stage in found},
        governed=frozenset(map(alias_of, stages)),
        withheld=[proof for proof in mine.values() if isinstance(proof, Withheld)],
    )


def _version(
    name: str, version: Version, governance: Governance, reasons: _Reasons, promotions: dict[str, str]
) -> WantedVersion:
    model, body = version.model, version.body
    status = governance.of(model, body.version)
    tags = {
        "governance_status": str(status),
        **{f"governance_status.{stage}": str(word) for stage, word in governance.stages(model, body.version).items()},
        "governance_reason": reasons.of(version, status),
        "data_version": body.data,
        "code_commit": body.commit.partition(":")[2],
        "card_digest": body.card,
        "weights_digest": body.weights,
        "govkit.model": model,
        "govkit.version": body.version,
        "govkit.registration": version.at.id,
        **{f"govkit.promotion.{stage}": identity for stage, identity in promotions.items()},
    }
    source = f"govkit://{name}/{body.version}"
    return WantedVersion(body.version, source, {key: value for key, value in tags.items() if value})


class _Reasons:
    """Why versions stand as they do, in somebody's words."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._requests: dict[tuple[str, str], Request] = {}
        for request in state.requests.values():
            if request.body.version is not None and request.state != "withdrawn":
                self._requests[request.model, request.body.version] = request
        self._rejects: dict[tuple[str, str], str] = {}
        for hold, people in state.holds.items():
            for person, decision in sorted(people.items()):
                if len(hold) == 3:
                    said = decision.body.comment or decision.body.meaning
                    self._rejects.setdefault((hold[0], hold[2]), f"{person}: {said}")

    def of(self, version: Version, status: GovernanceStatus) -> str:
        """Return who says why, as one harmless line, or an empty string: of the newest request if nobody said no."""
        return inert.unbroken(" ".join(next(self._said(version, status), "").split()))[:REASON_LIMIT]

    def _said(self, version: Version, status: GovernanceStatus) -> Iterator[str]:
        key = version.model, version.body.version
        revoked, request = self._state.revoked.get(key), self._requests.get(key)
        if status is GovernanceStatus.REVOKED and revoked is not None and revoked.event is not None:
            yield f"{revoked.event.actor}: {revoked.event.body.get('reason', '')}"
        if status is GovernanceStatus.REJECTED:
            yield self._rejects.get((version.model, version.body.card), "")
        if request is not None:
            yield f"{request.requester}: {request.body.reason}"
