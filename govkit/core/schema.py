"""JSON Schemas (draft 2020-12) of the public formats, generated from the record types."""

from __future__ import annotations

from typing import Any

import msgspec

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def of(kind: type[msgspec.Struct], *, title: str, room: bool = False) -> dict[str, Any]:
    """Return the JSON Schema of a record type.

    Args:
        kind: the record's type.
        title: the format's name and version, such as ``govkit.card/v1``.
        room: whether the top level leaves users their own keys that begin with ``x-``.
    """
    schema = msgspec.json.schema(kind)
    definitions = schema.pop("$defs", {})
    top = definitions.pop(kind.__name__)
    if room:
        top["patternProperties"] = {"^x-": {}}
    top["title"] = title
    return {"$schema": _DIALECT, "$id": f"urn:{title.replace('/', ':')}", **top, "$defs": definitions}
