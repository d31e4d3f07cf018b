"""The model inventory, ``govkit.inventory/v1``: every model of many repositories, and what is known of each.

It says what the logs say, and of each log whether it is the pinned one and verifies. Whether one version may serve is
proven by ``govkit verify`` alone. A repository of which nothing can be said is in it all the same, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from govkit.core.events import Head
from govkit.core.records import Digest, Index, Instant, Record, Stage, Text, Version
from govkit.core.wording import several

SCHEMA: Final = "govkit.inventory/v1"

#: Verified: the log is the pinned one, whole and in order. Not pinned: nobody has said that it is the right one.
#: Undecided: something in it cannot be decided, or the remote was not reached. Disproven: it is not in order, or not
#: the pinned one. Unreadable: there is no log, or no repository.
LogState = Literal["verified", "not pinned", "undecided", "disproven", "unreadable"]
_CODES: Final = {"verified": 0, "disproven": 1}
#: So many reasons are told in one cell; the rest is counted.
_MANY = 3


class InventoryStage(Record, frozen=True):
    """A stage of a model, with what the log has there.

    Attributes:
        stage: the stage.
        version: the version; null if the stage was cleared.
        kind: how it came in: promote, rollback or break-glass; or cleared.
        since: when, as claimed.
        by: who promoted or cleared.
        owner: who owns the model, by the version's card; empty if that says nothing.
        tier: the risk tier of the version.
        approved: when the last of the approvals was signed that it was let in with, as claimed; null if it was let in
            by break-glass, or its stage was cleared.
        approved_by: who gave these approvals.
        review_by: when it must have been approved again; null if the policy does not ask for that.
        expires: when an override ends, or null.
        warning: why this may not be relied on, or what is overdue; else empty.
    """

    stage: Stage
    version: Version | None
    kind: Literal["promote", "rollback", "break-glass", "cleared"]
    since: Instant
    by: str
    owner: Text = ""
    tier: Text = ""
    approved: Instant | None = None
    approved_by: list[str] = []
    review_by: Instant | None = None
    expires: Instant | None = None
    warning: str = ""


class InventoryModel(Record, frozen=True):
    """A model.

    Attributes:
        model: its full name.
        versions: how many are registered; 0 for a model that ``dvc.yaml`` declares and nobody registered.
        newest: the version that was registered last, or null.
        registered: when that was, as claimed, or null.
        owner: who owns it, by the card of that version.
        tier: its risk tier, by that version.
        stages: every stage in which a version served.
        waiting: how many requests are open for it.
        findings: how many findings are open, of whatever version.
        overdue: how many of them are past their day.
        note: what is missing, or an empty string.
    """

    model: str
    versions: Index
    newest: Version | None = None
    registered: Instant | None = None
    owner: Text = ""
    tier: Text = ""
    stages: list[InventoryStage] = []
    waiting: Index = 0
    findings: Index = 0
    overdue: Index = 0
    note: str = ""


class InventoryRepository(Record, frozen=True):
    """A repository, named as it was asked for.

    Attributes:
        repository: the path or URL.
        state: what is known of its log.
        reasons: why it is not verified; none if it is.
        fix: what to do about the first reason.
        notes: what is worth knowing besides.
        remote: the canonical remote that the log names, or an empty string.
        root: the log's root of trust, or null if there is no log.
        head: the head that this speaks for, or null.
        models: its models by name. None are listed of a log that another root of trust is pinned for.
    """

    repository: str
    state: LogState
    reasons: list[str] = []
    fix: str = ""
    notes: list[str] = []
    remote: str = ""
    root: Digest | None = None
    head: Head | None = None
    models: list[InventoryModel] = []

    @property
    def exit_code(self) -> int:
        """0 if its log is verified, 1 if it is disproven, else 3."""
        return _CODES.get(self.state, 3)


class Inventory(Record, frozen=True):
    """The inventory.

    Attributes:
        made: when, by the clock of who made it; what is overdue is so as of then.
        repositories: all that were asked for, in that order.
    """

    schema: Literal["govkit.inventory/v1"]
    made: Instant
    repositories: list[InventoryRepository]

    @property
    def exit_code(self) -> int:
        """1 if a log is disproven, else 3 if one is not verified, else 0."""
        codes = {one.exit_code for one in self.repositories}
        return 1 if 1 in codes else 3 if 3 in codes else 0


#: The columns of the inventory as a table, with what is below each in :func:`rows`.
COLUMNS: Final = (
    *("repository", "log", "model", "stage", "version", "since", "owner", "tier", "last approval", "approved by"),
    *("next review", "open findings", "overdue", "note"),
)


def rows(inventory: Inventory) -> Iterator[dict[str, str]]:
    """Yield the inventory as a table: a row for each stage of each model, by :data:`COLUMNS`.

    A model that serves nowhere has one row without a stage; so has a repository that shows no model, without a model.
    Findings are counted over all versions of the model, in each of its rows. Why a log is not verified stands in every
    row of it, other notes on a repository in its first.
    """
    for one in inventory.repositories:
        known, told = {"repository": one.repository, "log": one.state}, in_short(one.reasons)
        found = [row for model in one.models for row in _model_rows(known, model, told)]
        found = found or [_row(known, note=told or "it has no models")]
        found[0]["note"] = _joined(found[0]["note"], in_short(one.notes))
        yield from found


def _model_rows(known: dict[str, str], model: InventoryModel, told: str) -> Iterator[dict[str, str]]:
    counted = {"open findings": str(model.findings), "overdue": str(model.overdue)}
    known = {**known, **counted, "model": model.model}
    for stage in model.stages:
        yield _stage_row(known, stage, told)
    if not model.stages:
        note = _joined(told, model.note or "serves nowhere")
        yield _row(known, version=model.newest or "", owner=model.owner, tier=model.tier, note=note)


def in_short(reasons: list[str]) -> str:
    """Return the first few of several reasons in one text."""
    return several(reasons, _MANY, "; ")


def _stage_row(known: dict[str, str], stage: InventoryStage, told: str) -> dict[str, str]:
    ends = f"ends {stage.expires}" if stage.expires else ""
    kind = stage.kind if stage.kind != "promote" else ""
    return _row(
        known,
        stage=stage.stage,
        version=stage.version or "",
        since=stage.since,
        owner=stage.owner,
        tier=stage.tier,
        note=_joined(told, kind, ends, stage.warning),
        **{
            "last approval": stage.approved or "",
            "approved by": ", ".join(stage.approved_by),
            "next review": stage.review_by or "",
        },
    )


def _row(known: dict[str, str], **more: str) -> dict[str, str]:
    return {**dict.fromkeys(COLUMNS, ""), **known, **more}


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
