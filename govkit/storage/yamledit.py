"""Changing YAML files that people write, without disturbing their comments and order."""

from __future__ import annotations

import copy
import io
import textwrap
from collections.abc import Callable
from typing import Any

import yaml

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


def put_in(text: bytes, section: str, key: str, value: Any, *, where: str) -> bytes:
    """Return a YAML text with one more entry at the end of a mapping at its top; every line there stays as it is.

    Args:
        text: the file's bytes; may be empty.
        section: the mapping's key; the mapping is made where it is missing.
        key: the entry's key, which must not be there.
        value: the entry, JSON-like.
        where: the file's name, for messages.

    Raises:
        Usage: if it does not parse, or the section is no mapping.
    """
    before = _parsed(text, where)
    old = before.get(section)
    if not isinstance(old, dict | None):
        raise Usage(f"'{section}' in {where} is no mapping", fix="mend it first")
    wanted = {**before, section: {**(old or {}), key: value}}
    for tight in (False, True):
        longer = _with_lines(text, section, {key: value}, is_missing=section not in before, tight=tight)
        if longer is not None and _means(longer, wanted):
            return longer

    def change(content: Any) -> None:
        if not isinstance(content.get(section), dict):
            content[section] = {}
        content[section][key] = value

    return edit(text, change, where=where)


def mapping(text: bytes, key: str, *, where: str) -> dict[str, Any]:
    """Return a mapping at the top of a YAML text, empty where there is none.

    Args:
        text: the file's bytes; may be empty.
        key: the mapping's key.
        where: the file's name, for messages.

    Raises:
        Usage: if it does not parse.
    """
    found = _parsed(text, where).get(key)
    return found if isinstance(found, dict) else {}


def _parsed(text: bytes, where: str) -> dict[str, Any]:
    try:
        value = yamltext.load(text, where=where, tolerant=True).value if text.strip() else {}
    except Malformed as error:
        raise Usage(f"{where} does not parse", why=str(error), fix="mend it first") from error
    if value is not None and not isinstance(value, dict):
        raise Usage(f"{where} is no mapping", fix="mend it first")
    return value or {}


class _Dumper(yaml.SafeDumper):
    """Writes lists indented below their key, as most people do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, indentless=False)


def _with_lines(text: bytes, section: str, entry: dict[str, Any], *, is_missing: bool, tight: bool) -> bytes | None:
    """Return a text with the lines of an entry behind a mapping's last; None if the mapping is written in one line.

    ``tight`` puts it behind blank lines and comments, too: the blank lines may belong to the last value.
    """
    text = text if not text or text.endswith(b"\n") else text + b"\n"
    block = yaml.dump(entry, Dumper=_Dumper, sort_keys=False, width=100_000, allow_unicode=True)
    lines = text.decode().split("\n")
    end_of_line = "\r" if lines[0].endswith("\r") else ""
    if is_missing:
        while lines and not lines[-1].strip():
            del lines[-1]
        start, indent = len(lines), "  "
        added = [*([end_of_line] if lines else []), f"{section}:{end_of_line}"]
        lines.append("")
    else:
        place = _end_of(text, section, lines, tight=tight)
        if place is None:
            return None
        start, indent = place
        added = [] if tight else [end_of_line]
    added += [line + end_of_line for line in textwrap.indent(block, indent).rstrip("\n").split("\n")]
    return "\n".join([*lines[:start], *added, *lines[start:]]).encode()


def _end_of(text: bytes, section: str, lines: list[str], *, tight: bool) -> tuple[int, str] | None:
    """Return behind which line a mapping at the top ends, and its indentation.

    Comments about what follows are left out, unless it shall be ``tight``.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    node = next((value for key, value in pairs if key.value == section), None)
    if not isinstance(node, yaml.MappingNode) or not node.value or node.flow_style:
        return None
    end = node.end_mark.line
    while not tight and end > 0 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    return end, " " * node.value[0][0].start_mark.column


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
        return bool(yamltext.load(text, where="", tolerant=True).value == value)
    except Malformed:
        return False


def _delete(content: Any, path: Path) -> None:
    for key in path[:-1]:
        content = content[key]
    del content[path[-1]]
