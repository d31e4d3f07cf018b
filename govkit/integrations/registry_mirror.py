"""What a model registry elsewhere should say, from the log: one way, as the log is the truth."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from govkit.core import status
from govkit.core.state import Request, State, Tally

#: Aliases that MLflow keeps for itself.
_TAKEN = re.compile(r"(?i)latest|v\d+")
#: The tags of a version: nobody but govkit says these.
TAGS = (
    "governance_status",
    "data_version",
    "code_commit",
    "card_digest",
    "weights_digest",
    "govkit.version",
    "govkit.model",
    "govkit.log",
    "govkit.promotions",
)


@dataclass(frozen=True)
class Wanted:
    """A version as the registry should have it: its version in the log, and its tags."""

    version: str
    source: str
    tags: dict[str, str]


@dataclass(frozen=True)
class WantedModel:
    """A model as the registry should have it.

    Attributes:
        model: its full name in the log.
        name: its name in the registry.
        tags: of the model itself: which one it is, and of which log.
        versions: its versions in the order in which they were registered.
        aliases: by alias, the version in the log that it points at.
        stages: the aliases that stand for stages, used or not.
    """

    model: str
    name: str
    tags: dict[str, str]
    versions: list[Wanted]
    aliases: dict[str, str]
    stages: list[str]


def wanted(state: State, root: str, model: str, tally: Callable[[Request], Tally] | None = None) -> WantedModel:
    """Return what the registry should say of a model.

    Args:
        state: what the log says.
        root: the log's root of trust.
        model: the model.
        tally: how the decisions on a request count; see :func:`govkit.core.status.of`.
    """
    versions = [version for (name, _), version in state.versions.items() if name == model]
    stages = sorted({stage for name, stage in state.stages if name == model} | set(_stages(state)))
    serving = {stage: state.champion(model, stage) for stage in stages}
    found = []
    for version in versions:
        body = version.body
        promotions = [one.at.id for one in serving.values() if one is not None and one.body.version == body.version]
        values = (
            status.of(state, version, tally),
            *(body.data, body.commit.partition(":")[2], body.card, body.weights),
            *(body.version, model, root, " ".join(sorted(promotions))),
        )
        tags = dict(zip(TAGS, values, strict=True))
        found.append(Wanted(body.version, f"govkit://{root.partition(':')[2][:16]}/{model}@{body.version}", tags))
    aliases = {alias(stage): one.body.version for stage, one in serving.items() if one is not None}
    return WantedModel(
        model,
        registry_name(model),
        {"govkit.model": model, "govkit.log": root},
        found,
        aliases,
        [alias(stage) for stage in stages],
    )


def _stages(state: State) -> list[str]:
    return list(state.policy.policy.stages) if state.policy else []


def registry_name(model: str) -> str:
    """Return a model's name where neither ``/`` nor ``:`` may stand in one; another one for each model."""
    if not re.search(r"[/:]", model):
        return model
    return f"{re.sub(r'[/:]', '.', model)}~{hashlib.sha256(model.encode()).hexdigest()[:12]}"


def alias(stage: str) -> str:
    """Return the alias of a stage; MLflow keeps ``latest`` and ``v1`` for itself, and no stage ends in ``_``."""
    return f"{stage}_" if _TAKEN.fullmatch(stage) else stage
