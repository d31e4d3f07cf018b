"""What differs between the log and MLflow's registry, as a list of changes: pure, so that it can be shown beforehand.

A version is recognised by its source, ``govkit://NAME/VERSION``, which MLflow never lets anybody change; of several
with the same source the oldest counts, and the others are copies. Whatever else has a version number there is a
stranger: it is left as it is, but for the tags and aliases that only the log may give.

What was changed by hand is told from what the log brought since: each version has a seal, the digest of the tags as
they were written last; the registered model remembers how many versions there were, and the digest of the aliases.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final, Literal

from msgspec import Struct, field

from govkit.core import digests
from govkit.core.errors import Refused
from govkit.integrations.mlflow.wanted import WantedModel, WantedVersion

LOG_TAG: Final = "govkit.log"
MODEL_TAG: Final = "govkit.model"
STATE_TAG: Final = "govkit.synced"
SEAL_TAG: Final = "govkit.seal"
#: Which govkit wrote last: for people, and no difference where it is another one.
WRITER_TAG: Final = "govkit.synced_by"
_OWN = frozenset(
    ("governance_status", "governance_reason", "data_version", "code_commit", "card_digest", "weights_digest")
)
_OWN_PREFIXES = ("govkit.", "governance_status.")
NO_STAGE: Final = "None"

What = Literal[
    "create-model", "tag-model", "remove-alias", "reset-stage", "tag", "untag", "remove-copy", "create-version", "alias"
]
#: What withdraws comes before what gives, so that a sync that is stopped has withdrawn first.
_ORDER: Mapping[str, int] = {
    name: place
    for place, name in enumerate(
        ("create-model", "remove-alias", "reset-stage", "untag", "tag", "remove-copy", "create-version", "alias")
    )
}


class FoundVersion(Struct, frozen=True):
    """A version as MLflow has it; ``stage`` is its stage of old, ``None`` for none."""

    number: int
    source: str
    tags: Mapping[str, str]
    run: str = ""
    stage: str = NO_STAGE


class FoundModel(Struct, frozen=True):
    """A registered model as MLflow has it; ``aliases`` maps them to MLflow's version numbers."""

    tags: Mapping[str, str]
    aliases: Mapping[str, int]
    versions: list[FoundVersion]


class Change(Struct, frozen=True):
    """One thing to change in MLflow.

    Attributes:
        what: what to do.
        model: the model's name in the log.
        name: its name in MLflow.
        version: the semantic version that it concerns, or an empty string.
        number: MLflow's number of it, or None where it is yet to be made.
        key: the tag or alias.
        before: what MLflow has, or an empty string.
        after: what it is to have, or an empty string.
        by_hand: whether somebody changed it in MLflow (or a sync was stopped half-way), rather than the log moved on.
        tags: of a version that is to be made.
    """

    what: What
    model: str
    name: str
    version: str = ""
    number: int | None = None
    key: str = ""
    before: str = ""
    after: str = ""
    by_hand: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


class Stranger(Struct, frozen=True):
    """A version in MLflow that the log knows nothing of."""

    model: str
    name: str
    number: int
    source: str


class Plan(Struct, frozen=True):
    """What is to be done for one model, in this order, and what is left alone.

    Attributes:
        changes: what differs.
        strangers: versions that the log does not know; they stay.
        numbers: MLflow's number by semantic version, of those that are there.
        state: what the tag ``govkit.synced`` is to say once all is done.
        is_noted: whether it says so already.
    """

    wanted: WantedModel
    changes: list[Change]
    strangers: list[Stranger]
    numbers: dict[str, int]
    state: str
    is_noted: bool

    @property
    def seals(self) -> dict[str, str]:
        """The seal that each version gets."""
        return {version.version: seal(version.tags) for version in self.wanted.versions}


def is_own(key: str) -> bool:
    """Tell whether only the log may give a tag; some databases take capital letters for small ones."""
    folded = key.casefold()
    return folded in _OWN or folded.startswith(_OWN_PREFIXES)


def seal(tags: Mapping[str, str]) -> str:
    """Return the digest of the tags that govkit keeps."""
    kept = {key: value for key, value in tags.items() if is_own(key) and key not in (SEAL_TAG, WRITER_TAG)}
    return _digest(kept)


def note(aliases: Mapping[str, str], versions: int) -> str:
    """Return what a registered model remembers of a sync: the digest of its aliases, and how many versions it had."""
    return json.dumps({"aliases": _digest(aliases), "versions": versions}, sort_keys=True)


def _digest(texts: Mapping[str, str]) -> str:
    """Return a digest of what also others write, who may write what is no text, such as half a surrogate pair."""
    return digests.sha256(json.dumps(dict(texts), sort_keys=True).encode())


def compare(wanted: WantedModel, found: FoundModel | None, *, adopt: bool = False) -> Plan:
    """Return what is to be done for a model.

    Args:
        wanted: what MLflow should have.
        found: what it has, or None if it has no such registered model.
        adopt: take over a registered model that govkit did not make, or made for another log.

    Raises:
        Refused: if there is such a model and ``adopt`` is False.
    """
    if found is not None and not adopt:
        _check_ownership(wanted, found)
    return _Comparison(wanted, found or FoundModel({}, {}, []), is_new=found is None).plan()


def _check_ownership(wanted: WantedModel, found: FoundModel) -> None:
    root, model = found.tags.get(LOG_TAG), found.tags.get(MODEL_TAG)
    ours = {version.source for version in wanted.versions}
    fix = "name the models otherwise there with --prefix, or take it over with --adopt"
    if root not in (None, wanted.log_root) or (root is not None and model not in (None, wanted.model)):
        why = f"there it belongs to the model '{model}' of the log {root}"
    elif root is None and found.versions and not any(version.source in ours for version in found.versions):
        why = f"it has {len(found.versions)} versions and no tag {LOG_TAG}; its aliases would be moved"
    else:
        return
    raise Refused(f"govkit did not make the registered model '{wanted.name}' for this log", why=why, fix=fix)


class _Comparison:
    """One model, as it should be and as it is."""

    def __init__(self, wanted: WantedModel, found: FoundModel, *, is_new: bool) -> None:
        self.wanted, self.found, self.is_new = wanted, found, is_new
        self.ours, self.copies, self.others = _recognise(wanted, found)
        self.numbers = {version: one.number for version, one in self.ours.items()}
        self.known = _noted(found.tags.get(STATE_TAG, ""))

    def plan(self) -> Plan:
        changes = [*self._of_model(), *self._of_versions(), *self._of_others(), *self._of_aliases()]
        state = note(self.wanted.aliases, len(self.wanted.versions))
        strangers = [Stranger(self.wanted.model, self.wanted.name, one.number, one.source) for one in self.others]
        changes.sort(key=self._place)
        before = self.found.tags.get(STATE_TAG, "")
        is_noted = before == state
        if not changes and not is_noted:
            changes = [self._change("tag-model", key=STATE_TAG, before=before, after=state, by_hand=True)]
        return Plan(self.wanted, changes, strangers, self.numbers, state, is_noted)

    def _place(self, change: Change) -> int:
        is_there = change.what == "alias" and change.number is not None
        return _ORDER["remove-alias" if is_there else "create-model" if change.what == "tag-model" else change.what]

    def _change(self, what: What, **fields: object) -> Change:
        return Change(what, self.wanted.model, self.wanted.name, **fields)  # type: ignore[arg-type]

    def _of_model(self) -> Iterator[Change]:
        tags = {LOG_TAG: self.wanted.log_root, MODEL_TAG: self.wanted.model}
        if self.is_new:
            yield self._change("create-model", tags=tags)
            return
        for key, value in tags.items():
            before = self.found.tags.get(key, "")
            if before != value:
                hand = STATE_TAG in self.found.tags
                yield self._change("tag-model", key=key, before=before, after=value, by_hand=hand)

    def _of_versions(self) -> Iterator[Change]:
        for place, version in enumerate(self.wanted.versions):
            there = self.ours.get(version.version)
            if there is None:
                gone = place < self.known[1]
                tags = {**version.tags, SEAL_TAG: seal(version.tags)}
                yield self._change(
                    "create-version", version=version.version, after=version.source, by_hand=gone, tags=tags
                )
            else:
                yield from self._of_version(version, there)

    def _of_version(self, wanted: WantedVersion, there: FoundVersion) -> Iterator[Change]:
        by_hand = seal(there.tags) != there.tags.get(SEAL_TAG)
        tags = {**wanted.tags, SEAL_TAG: seal(wanted.tags)}
        differing = [key for key in tags if there.tags.get(key) != tags[key]]
        for key in differing:
            if key == SEAL_TAG and len(differing) > 1:
                continue  # it only follows the others, and whoever changes a version writes it last
            yield self._tag("tag", wanted.version, there, key, tags[key], by_hand=by_hand)
        for key in sorted(there.tags):
            if is_own(key) and key not in tags and key != WRITER_TAG:
                yield self._tag("untag", wanted.version, there, key, "", by_hand=by_hand)
        yield from self._old_stage(wanted.version, there)

    def _tag(
        self, what: What, version: str, there: FoundVersion, key: str, after: str, *, by_hand: bool = True
    ) -> Change:
        before = there.tags.get(key, "")
        return self._change(
            what, version=version, number=there.number, key=key, before=before, after=after, by_hand=by_hand
        )

    def _old_stage(self, version: str, there: FoundVersion) -> Iterator[Change]:
        """MLflow's stages of old are no aliases, and some still serve by them; the log gives none."""
        if there.stage != NO_STAGE:
            yield self._change(
                "reset-stage",
                version=version,
                number=there.number,
                key="stage",
                before=there.stage,
                after=NO_STAGE,
                by_hand=True,
            )

    def _of_others(self) -> Iterator[Change]:
        for version, copy in self.copies:
            yield self._change("remove-copy", version=version, number=copy.number, before=copy.source, by_hand=True)
        for other in self.others:
            for key in sorted(filter(is_own, other.tags)):
                yield self._tag("untag", "", other, key, "")
            yield from self._old_stage("", other)

    def _of_aliases(self) -> Iterator[Change]:
        names = {one.number: version for version, one in self.ours.items()}
        folded = {alias.casefold() for alias in self.wanted.governed}
        kept = {key: number for key, number in self.found.aliases.items() if key.casefold() in folded}
        shown = {alias: names.get(number, f"number {number}") for alias, number in kept.items()}
        hand = _digest(shown) != self.known[0] if self.known[0] else not self.is_new
        for alias, version in sorted(self.wanted.aliases.items()):
            before = shown.pop(alias, "")
            if before != version:
                number = self.numbers.get(version)
                yield self._change(
                    "alias", version=version, number=number, key=alias, before=before, after=version, by_hand=hand
                )
        for alias, before in sorted(shown.items()):
            yield self._change("remove-alias", key=alias, before=before, number=kept[alias], by_hand=hand)


def _recognise(
    wanted: WantedModel, found: FoundModel
) -> tuple[dict[str, FoundVersion], list[tuple[str, FoundVersion]], list[FoundVersion]]:
    """Return MLflow's version by semantic version, copies of these, and strangers."""
    sources = {version.source: version.version for version in wanted.versions}
    ours: dict[str, FoundVersion] = {}
    copies: list[tuple[str, FoundVersion]] = []
    others: list[FoundVersion] = []
    for one in sorted(found.versions, key=lambda version: version.number):
        version = sources.get(one.source) if not one.run else None
        if version is None:
            others.append(one)
        elif version in ours:
            copies.append((version, one))
        else:
            ours[version] = one
    return ours, copies, others


def _noted(text: str) -> tuple[str, int]:
    """Return what :func:`note` wrote; of anything else, nothing is known."""
    try:
        value = json.loads(text)
        return str(value["aliases"]), int(value["versions"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return "", 0
