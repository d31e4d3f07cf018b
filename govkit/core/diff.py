"""Two versions of a model side by side, ``govkit.diff/v1``: what ``govkit diff`` answers."""

from __future__ import annotations

from typing import Final, Literal

from govkit.core.card import Item, Measure
from govkit.core.records import Digest, GitId, Index, Model, Record, Version
from govkit.core.why import Entrance, Parameter, Signed, Voice

SCHEMA: Final = "govkit.diff/v1"


class Side(Record, frozen=True):
    """One of the two versions.

    Attributes:
        version: the version.
        commit: its commit.
        card: digest of its card.
        tier: its risk tier.
        weights: its weights.
        registered: who registered it, and when.
        revoked: who revoked it, and when; or null.
    """

    version: Version
    commit: GitId
    card: Digest
    tier: str
    weights: Item
    registered: Signed
    revoked: Signed | None


class CommitLine(Record, frozen=True):
    """A commit: its id in hex, its author as it says, the first line of its message."""

    id: str
    author: str
    subject: str


class FileLines(Record, frozen=True):
    """A file that differs, and how many lines were added and removed; null for a binary file."""

    path: str
    added: int | None
    removed: int | None


class CodeChange(Record, frozen=True):
    """What differs in Git.

    Attributes:
        added: how many commits only the second version has.
        dropped: how many commits only the first version has; not 0 where neither descends from the other.
        commits: the newest of those that only the second has.
        files: the files that differ, the most changed first.
        more: how many more files differ.
        problem: why it cannot be told, or an empty string.
    """

    added: int
    dropped: int
    commits: list[CommitLine]
    files: list[FileLines]
    more: int
    problem: str


class ItemChange(Record, frozen=True):
    """A file or folder of data that is not the same; ``evaluation`` if metrics were measured on it."""

    path: str
    evaluation: bool
    before: Item | None
    after: Item | None


class ParameterChange(Record, frozen=True):
    """A parameter that is not the same; null where a version does not have it."""

    before: Parameter | None
    after: Parameter | None


class NumberChange(Record, frozen=True):
    """A number of either version.

    Attributes:
        name: the metric, or the rate of a fairness report.
        path: the report.
        where: of a rate, the protected attribute and the group, or which comparison of groups; else an empty string.
        before: the first version's, or null.
        after: the second's, or null.
        difference: the second less the first; null where they do not compare.
    """

    name: str
    path: str
    where: str
    before: Measure | None
    after: Measure | None
    difference: float | None


class TextChange(Record, frozen=True):
    """Anything else that is not the same: what it is, and how it was and is, in words."""

    about: Literal["contract", "pipeline", "statements"]
    what: str
    before: str
    after: str


class Rule(Record, frozen=True):
    """A change of the policy: where it stands, in words, and whether it makes the policy looser or stricter."""

    path: str
    words: str
    effect: Literal["looser", "stricter", "other"]


class PolicyChange(Record, frozen=True):
    """The policies by which the two versions were let in last, or registered where they never were.

    Attributes:
        before: digest of the first version's.
        before_event: index of the event that adopted it.
        after: digest of the second's.
        after_event: index of the event that adopted it.
        rules: what changed between them.
    """

    before: Digest
    before_event: Index
    after: Digest
    after_event: Index
    rules: list[Rule]


class WayIn(Record, frozen=True):
    """How one of the versions was let into a stage last: who decided. ``let_in`` is null where it never was."""

    stage: str
    version: Version
    let_in: Entrance | None
    decisions: list[Voice]


class Diff(Record, frozen=True):
    """Two versions of a model.

    Attributes:
        model: the model.
        before: the first version.
        after: the second version.
        code: what differs in Git.
        data: data that is not the same, by path.
        parameters: parameters that are not the same.
        metrics: all numbers of both.
        fairness: all rates of both, by group, and differences and ratios over the groups.
        incomparable: why their numbers do not compare, or an empty string.
        texts: what else is not the same: contract, pipeline, and what people say.
        policy: the policies by which they were let in.
        approvals: how each was let into each stage.
    """

    schema: Literal["govkit.diff/v1"]
    model: Model
    before: Side
    after: Side
    code: CodeChange
    data: list[ItemChange]
    parameters: list[ParameterChange]
    metrics: list[NumberChange]
    fairness: list[NumberChange]
    incomparable: str
    texts: list[TextChange]
    policy: PolicyChange
    approvals: list[WayIn]
