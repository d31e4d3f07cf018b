"""Changing YAML files that people write, without disturbing their comments and order."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from govkit.core.errors import Usage


def edit(text: bytes, change: Callable[[Any], None], *, where: str) -> bytes:
    """Return a YAML text after a change to its content.

    Args:
        text: the file's bytes.
        change: called with the content, which it changes in place.
        where: the file's name, for messages.

    Raises:
        Usage: if it does not parse.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    indented = any(line.startswith(b"  - ") or line.startswith(b"    - ") for line in text.splitlines())
    if indented:
        yaml.indent(mapping=2, sequence=4, offset=2)
    try:
        content = yaml.load(text.decode())
    except (YAMLError, UnicodeDecodeError) as error:
        raise Usage(f"{where} does not parse", why=str(error).splitlines()[0], fix="mend it first") from error
    change(content)
    out = io.StringIO()
    yaml.dump(content, out)
    return out.getvalue().encode()
