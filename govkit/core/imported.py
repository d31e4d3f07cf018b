"""History from before govkit: the tags that GTO wrote, as ``govkit init`` found them.

They lie in the log as evidence of event 0, and so are what the administrator saw who opened it. Nobody signed them:
they are told as *imported*, no rule of the ledger looks at them, and ``verify`` never takes one for a promotion.

GTO's grammar (1.x): ``MODEL@vSEMVER``, ``MODEL@vSEMVER!``, ``MODEL#STAGE#N``, ``MODEL#STAGE!#N``, ``MODEL@deprecated``
and ``MODEL@created``; ``#N`` may be missing or follow any of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Struct

from govkit.core import names
from govkit.core.records import GitId, Instant, Model, Record

SCHEMA: Final = "govkit.imported/v1"
#: Its name as evidence of event 0.
EVIDENCE: Final = "imported.json"

Act = Literal["registered", "unregistered", "assigned", "unassigned", "deprecated", "created"]
_Short = Annotated[str, msgspec.Meta(max_length=400)]

_GRAMMAR = re.compile(
    r"(?P<model>[^@#]+)"
    r"(?:@v(?P<version>[0-9][0-9A-Za-z.+-]*)|@(?P<word>deprecated|created)|#(?P<stage>[A-Za-z0-9][A-Za-z0-9/_-]*))"
    r"(?P<back>!?)(?:#(?P<number>[0-9]{1,9}))?"
)


class ImportedTag(Record, frozen=True):
    """A tag of GTO's.

    Attributes:
        name: the tag's name.
        id: the tag object, or the commit itself for a lightweight tag.
        commit: what it points at.
        act: what GTO says by it.
        model: GTO's full name of the model.
        version: the semantic version without ``v``, where it names one.
        stage: the stage, where it names one.
        time: the tag's date, or the commit's for a lightweight tag; whoever made it could choose it.
        by: ``NAME <EMAIL>`` of whoever made it, unproven.
    """

    name: _Short
    id: GitId
    commit: GitId
    act: Act
    model: Model
    version: _Short | None
    stage: _Short | None
    time: Instant
    by: _Short


class Imported(Record, frozen=True):
    """``imported.json``: the tags of GTO's that were there when the log was opened, oldest first."""

    schema: Literal["govkit.imported/v1"]
    tags: list[ImportedTag]


class Named(Struct, frozen=True):
    """A tag name of GTO's taken apart; see :class:`ImportedTag`."""

    act: Act
    model: str
    version: str | None = None
    stage: str | None = None


class Standing(Struct, frozen=True):
    """What GTO says of a stage: which version it holds, by which tag. It is a claim that nobody signed.

    Attributes:
        version: the version on the tag's commit, or None if GTO has none there.
        tag: the tag that says so.
    """

    model: str
    stage: str
    version: str | None
    tag: ImportedTag


def parse_name(name: str) -> Named | None:
    """Return what GTO reads in a tag's name, or None if it is none of GTO's."""
    match = _GRAMMAR.fullmatch(name)
    if match is None or not names.is_model(match["model"]) or len(name) > 400:
        return None
    model, back = match["model"], bool(match["back"])
    if match["version"]:
        known = names.is_version(match["version"].partition("+")[0])
        return Named("unregistered" if back else "registered", model, version=match["version"]) if known else None
    if match["stage"]:
        return Named("unassigned" if back else "assigned", model, stage=match["stage"])
    return None if back else Named("deprecated" if match["word"] == "deprecated" else "created", model)


def in_order(tags: Iterable[ImportedTag]) -> Imported:
    """Return tags in the order in which GTO reads them: by date, equal ones by name."""
    return Imported(schema=SCHEMA, tags=sorted(tags, key=lambda tag: (tag.time, tag.name)))


def standings(found: Imported) -> list[Standing]:
    """Return which version GTO says is in each stage, by model and stage: the last assignment that was not taken back.

    One is taken back by a tag on the same commit; a model that was deprecated since has none.
    """
    on_commit: dict[tuple[str, str], str] = {}
    held: dict[tuple[str, str], dict[str, ImportedTag]] = {}
    for tag in found.tags:
        if tag.act == "registered" and tag.version:
            on_commit[tag.model, tag.commit] = tag.version
        elif tag.act == "unregistered" and on_commit.get((tag.model, tag.commit)) == tag.version:
            del on_commit[tag.model, tag.commit]
        elif tag.act == "assigned" and tag.stage:
            stage = held.setdefault((tag.model, tag.stage), {})
            stage.pop(tag.commit, None)  # what is assigned again comes last
            stage[tag.commit] = tag
        elif tag.act == "unassigned" and tag.stage:
            held.get((tag.model, tag.stage), {}).pop(tag.commit, None)
        elif tag.act == "deprecated":
            held = {key: stage for key, stage in held.items() if key[0] != tag.model}
    last = {key: list(stage.values())[-1] for key, stage in sorted(held.items()) if stage}
    return [Standing(*key, on_commit.get((key[0], tag.commit)), tag) for key, tag in last.items()]


def versions(found: Imported, model: str) -> list[str]:
    """Return every version of a model that GTO ever registered; none of them is free for another."""
    return [tag.version.partition("+")[0] for tag in found.tags if tag.model == model and tag.version]
