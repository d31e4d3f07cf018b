"""Changing YAML files that people write, without disturbing their comments and order."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from typing import Any

from govkit.core import yamltext
from govkit.core.errors import Malformed, Usage
from govkit.core.yamltext import Document, Path


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


def take_out(text: bytes, path: Path, *, where: str) -> bytes:
    """Return a YAML text without one entry of a mapping or list; comments around it stay.

    Args:
        text: the file's bytes.
        path: the keys and indices that lead to the entry, which must be there.
        where: the file's name, for messages.

    Raises:
        Usage: if it does not parse.
    """
    try:
        document = yamltext.load(text, where=where)
    except Malformed as error:
        raise Usage(f"{where} does not parse", why=str(error), fix="mend it first") from error
    wanted = copy.deepcopy(document.value)
    _delete(wanted, path)
    cut = _without_lines(text, document, path)
    if cut is not None and _means(cut, wanted):
        return cut
    return edit(text, lambda content: _delete(content, path), where=where)


def _without_lines(text: bytes, document: Document, path: Path) -> bytes | None:
    """Return a text without the lines of an entry, or None if something else stands on them.

    Comments and blank lines behind the entry are about what follows. ruamel.yaml would take them out with it.
    """
    lines = text.splitlines(keepends=True)
    start = document.lines[path]
    others = {line for other, line in document.lines.items() if other[: len(path)] != path}
    end = min((line for line in others if line > start), default=len(lines) + 1) - 1
    while end > start and lines[end - 1].strip()[:1] in (b"", b"#"):
        end -= 1
    return None if start in others else b"".join(lines[: start - 1] + lines[end:])


def _means(text: bytes, value: Any) -> bool:
    try:
        return bool(yamltext.load(text, where="").value == value)
    except Malformed:
        return False


def _delete(content: Any, path: Path) -> None:
    for key in path[:-1]:
        content = content[key]
    del content[path[-1]]
