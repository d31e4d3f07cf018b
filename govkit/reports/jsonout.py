"""JSON for programs that read along; each answer names its schema and version."""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec

from govkit.core.inert import json_text


def write(schema: str, value: Any) -> None:
    """Print a value as JSON; see :func:`text`."""
    sys.stdout.write(text(schema, value))


def text(schema: str, value: Any) -> str:
    """Return a value as JSON.

    Args:
        schema: the answer's format, such as ``govkit.show/v1``.
        value: a mapping or record; a list becomes ``items``.
    """
    content = msgspec.to_builtins(value)
    body = content if isinstance(content, dict) else {"items": content}
    said = json.dumps({"schema": schema, **body}, indent=2, sort_keys=True, ensure_ascii=False)
    return json_text(said) + "\n"
