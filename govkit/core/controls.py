"""Which requirement of a framework is evidenced, partial or not covered, and by which record: decided here, once.

A mapping (``govkit.framework/v1``) is data: it names for each requirement the pieces of evidence that speak for it, in
a small language, ``KIND:NAME``:

- ``card:SECTION``: a section of the model card is filled in;
- ``gate:TYPE``: the policy in force asks for a gate of this type in some stage;
- ``policy:RULE``: the policy in force has such a rule;
- ``event:TYPE``: the log has a good event of this type;
- ``log:verified``: the log is the pinned one and verifies;
- ``mirror:configured``, ``mirror:locked``, ``mirror:seen``: the log is copied elsewhere; into a storage that lets
  nobody change it; and somebody signed that a copy held it.

A requirement is evidenced if all of its evidence is there, partial if some is, else not covered. Evidence says that
something was written down, by whom and when. It never says that it is enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Final, Literal, get_args

import msgspec

from govkit.core import limits
from govkit.core.errors import Malformed
from govkit.core.events import Head
from govkit.core.evidence import VOCABULARY, Piece, Pieces
from govkit.core.records import Digest, Instant, Record, Words

FRAMEWORK: Final = "govkit.framework/v1"
SCHEMA: Final = "govkit.controls/v1"

Day = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$(?!\n)")]
Word = Literal["evidenced", "partial", "not covered"]


# -- mappings -----------------------------------------------------------------------------------------------------


class Source(Record, frozen=True):
    """Where a mapping is from.

    Attributes:
        title: the text.
        url: where it is published.
        read: how much of it whoever made the mapping has read: all that the mapping names (``read``), pieces of it
            (``excerpts``), only what others write about it (``about it``), or nothing (``not read``).
        on: the day.
        note: what was checked, and what was not.
    """

    title: Words
    url: Words
    read: Literal["read", "excerpts", "about it", "not read"]
    on: Day
    note: str = ""


class Control(Record, frozen=True):
    """A requirement.

    Attributes:
        place: where it stands, such as ``Art. 12``.
        asks: what it asks for, in a few words that are not its own.
        evidence: what speaks for it; see the module. None where nothing in a repository can.
        most: the best word that this evidence can give, where a part of the requirement is not about records.
        note: what the evidence does not show.
    """

    place: Words
    asks: Words
    evidence: list[str] = []
    most: Literal["evidenced", "partial"] = "evidenced"
    note: str = ""


class Framework(Record, frozen=True):
    """A mapping of a framework.

    Attributes:
        id: the name by which a command calls it.
        name: its name for people.
        as_of: the day of the mapping.
        note: what a reader must know of it.
    """

    schema: Literal["govkit.framework/v1"]
    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]*$(?!\n)")]
    name: Words
    as_of: Day
    sources: Annotated[list[Source], msgspec.Meta(min_length=1)]
    controls: Annotated[list[Control], msgspec.Meta(min_length=1)]
    note: str = ""


def parse(data: bytes) -> Framework:
    """Read a mapping.

    Raises:
        Malformed: if it is none, or names evidence that there is no such kind of; says which.
    """
    if len(data) > limits.HAND_WRITTEN:
        raise Malformed(f"{len(data)} bytes are more than the {limits.HAND_WRITTEN} allowed")
    try:
        found = msgspec.json.decode(data, type=Framework)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Malformed(str(error)) from error
    unknown = sorted({name for control in found.controls for name in control.evidence} - VOCABULARY.keys())
    if unknown:
        raise Malformed(f"there is no evidence called {', '.join(unknown)}")
    return found


# -- what follows -------------------------------------------------------------------------------------------------


class Met(Record, frozen=True):
    """A requirement, and how far it is met.

    Attributes:
        place: where it stands.
        asks: what it asks for.
        word: evidenced, partial or not covered.
        pieces: the evidence that was looked for.
        note: what the evidence does not show.
    """

    place: str
    asks: str
    word: Word
    pieces: list[Piece]
    note: str = ""

    @property
    def by_record(self) -> dict[str, str]:
        """What is shown, in words, by the record that shows it."""
        found: dict[str, list[str]] = {}
        for one in self.pieces:
            if one.state in _SHOWN:
                found.setdefault(one.record, []).append(VOCABULARY[one.evidence])
        return {record: ", ".join(names) for record, names in found.items()}

    @property
    def shown(self) -> str:
        """The evidence that there is, with its records."""
        return "; ".join(f"{names}: {record}" for record, names in self.by_record.items())

    @property
    def missing(self) -> str:
        """The evidence that there is not."""
        return ", ".join(VOCABULARY[one.evidence] for one in self.pieces if one.state != "there")

    @property
    def lacking(self) -> str:
        """What is missing, and what this kind of evidence does not show."""
        return "; ".join(text for text in (self.missing, self.note) if text)


_SHOWN: Final = ("there", "partly")


class MetFramework(Record, frozen=True):
    """A framework, and how far it is met.

    Attributes:
        id: its name for commands.
        name: its name for people.
        as_of: the day of the mapping.
        sources: where the mapping is from, and how much of that was read.
        controls: its requirements.
        note: what a reader must know of the mapping.
    """

    id: str
    name: str
    as_of: Day
    sources: list[Source]
    controls: list[Met]
    note: str = ""

    @property
    def counts(self) -> dict[Word, int]:
        """How many requirements are evidenced, partial and not covered."""
        return {word: sum(one.word == word for one in self.controls) for word in get_args(Word)}


class Controls(Record, frozen=True):
    """What a repository gives evidence for.

    Attributes:
        made: when, by the clock of who made it.
        remote: the canonical remote that the log names, or an empty string.
        root: the log's root of trust.
        head: the head that this speaks for.
        versions: the versions whose cards were looked at: those that serve, or a model's newest.
        frameworks: the frameworks.
    """

    schema: Literal["govkit.controls/v1"]
    made: Instant
    remote: str
    root: Digest
    head: Head
    versions: list[str]
    frameworks: list[MetFramework]


def weigh(framework: Framework, pieces: Pieces) -> MetFramework:
    """Hold a framework against what there is; what was not looked for is not there, and is said to be so."""
    return MetFramework(
        id=framework.id,
        name=framework.name,
        as_of=framework.as_of,
        sources=framework.sources,
        controls=[_met(control, pieces) for control in framework.controls],
        note=framework.note,
    )


def _met(control: Control, pieces: Pieces) -> Met:
    found = [pieces.get(name, Piece(evidence=name, state="not looked at")) for name in control.evidence]
    states = [piece.state for piece in found]
    word: Word = "not covered"
    if any(state in _SHOWN for state in states):
        word = control.most if all(state == "there" for state in states) else "partial"
    return Met(place=control.place, asks=control.asks, word=word, pieces=found, note=control.note)


#: The columns of requirements as a table.
COLUMNS: Final = ("framework", "place", "asks for", "here", "by", "missing", "note")


def rows(frameworks: Sequence[MetFramework]) -> Iterator[dict[str, str]]:
    """Yield requirements as a table, by :data:`COLUMNS`."""
    for one in frameworks:
        for met in one.controls:
            values = (one.id, met.place, met.asks, met.word, met.shown, met.missing, met.note)
            yield dict(zip(COLUMNS, values, strict=True))
