"""JSON Schemas (draft 2020-12) of the public formats, generated from the record types."""

from __future__ import annotations

import inspect
import re
from typing import Any, get_args

import msgspec

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def of(kind: type[msgspec.Struct], *, title: str, room: bool = False) -> dict[str, Any]:
    """Return the JSON Schema of a record type, with what the docstrings say of types and fields, for editors.

    Args:
        kind: the record's type.
        title: the format's name and version, such as ``govkit.card/v1``.
        room: whether the top level leaves users their own keys that begin with ``x-``.
    """
    schema = msgspec.json.schema(kind)
    definitions = schema.pop("$defs", {})
    for name, found in _structs(kind, {}).items():
        _describe(definitions.get(name, {}), found)
    top = definitions.pop(kind.__name__)
    if room:
        top["patternProperties"] = {"^x-": {}}
    top["title"] = title
    return {"$schema": _DIALECT, "$id": f"urn:{title.replace('/', ':')}", **top, "$defs": definitions}


def prose(kind: type) -> str:
    """Return what the docstring of a record type says of it as a whole."""
    return (inspect.getdoc(kind) or "").partition("Attributes:\n")[0].strip()


def meanings(kind: type) -> dict[str, str]:
    """Return what the docstrings of a record type, and of those it extends, say of its fields."""
    said = {}
    for one in reversed(kind.__mro__):
        text = inspect.cleandoc(one.__dict__.get("__doc__") or "").partition("Attributes:\n")[2]
        found = re.findall(r"^    (\w+): (.*(?:\n        .*)*)", text, re.MULTILINE)
        said.update({name: " ".join(meaning.split()) for name, meaning in found})
    return said


def _describe(schema: dict[str, Any], kind: type[msgspec.Struct]) -> None:
    schema["description"] = " ".join(prose(kind).replace("``", "`").split())
    said = meanings(kind)
    for field in msgspec.structs.fields(kind):
        value = schema.get("properties", {}).get(field.encode_name, {})
        words = [text for text in (said.get(field.name, "").replace("``", "`"), value.get("description")) if text]
        if words:
            value["description"] = "; ".join(words)


def _structs(kind: Any, found: dict[str, type[msgspec.Struct]]) -> dict[str, type[msgspec.Struct]]:
    """Collect the record types that a type is made of, by name."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if kind.__name__ not in found:
            found[kind.__name__] = kind
            for field in msgspec.structs.fields(kind):
                _structs(field.type, found)
        return found
    for part in get_args(kind):
        _structs(part, found)
    return found
