"""What all records share: typed, closed, frozen structures, read from canonical JSON and written to it.

The types in this package are the one source of the formats: the published JSON Schemas are generated from them
(:mod:`govkit.core.schema`).
A field that is added later must have a default, so that older records stay readable; digests are always taken
over the bytes as they stand, never over a record that was written again.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec

from govkit.core import canonical, digests, names, times
from govkit.core.errors import Malformed

Digest = Annotated[str, msgspec.Meta(pattern=digests.SHA256_PATTERN, description="sha256:<64 hex digits>")]
GitId = Annotated[str, msgspec.Meta(pattern=digests.GIT_ID_PATTERN, description="git-sha1:<40 hex digits>")]
Instant = Annotated[str, msgspec.Meta(pattern=times.INSTANT_PATTERN, description="UTC, whole seconds")]
Span = Annotated[str, msgspec.Meta(pattern=times.SPAN_PATTERN, description="a span such as 12h, 30d or 2w")]
Model = Annotated[
    str, msgspec.Meta(pattern=names.MODEL_PATTERN, max_length=names.NAME_LIMIT, description="GTO's full name")
]
Version = Annotated[str, msgspec.Meta(pattern=names.VERSION_PATTERN, max_length=names.NAME_LIMIT)]
Stage = Annotated[str, msgspec.Meta(pattern=names.STAGE_PATTERN, max_length=names.NAME_LIMIT)]
Person = Annotated[str, msgspec.Meta(pattern=names.PERSON_PATTERN, max_length=64)]
RoleName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$(?!\n)", max_length=64)]
GateName = RoleName
Text = Annotated[str, msgspec.Meta(max_length=20_000)]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=20_000, pattern=r"\S", description="not blank")]
Index = Annotated[int, msgspec.Meta(ge=0)]

T = TypeVar("T", bound="Record")


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A closed structure: an unknown field is an error, and no text is taken for a number."""


def from_json(data: bytes, kind: type[T]) -> T:
    """Read a record from canonical bytes.

    Raises:
        Malformed: if the bytes are not canonical JSON or not of this kind.
    """
    return from_value(canonical.decode(data), kind)


def from_value(value: Any, kind: type[T]) -> T:
    """Read a record from a JSON value.

    Raises:
        Malformed: if the value is not of this kind; says where.
    """
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise Malformed(str(error)) from error


def to_value(record: Record) -> Any:
    """Return a record as a JSON value, with every default written out."""
    return msgspec.to_builtins(record)


def to_json(record: Record) -> bytes:
    """Return the canonical bytes of a record.

    Raises:
        Malformed: if a number in it has no canonical form.
    """
    return canonical.encode(to_value(record))


def room(value: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split a mapping into what the schema knows and the users' own room: top-level keys that begin with ``x-``."""
    own = {key: item for key, item in value.items() if key.startswith("x-")}
    return {key: item for key, item in value.items() if key not in own}, own
