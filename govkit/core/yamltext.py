"""YAML as data that people write: PyYAML's safe subset without its surprises, and with line numbers.

Equal keys, anchors and aliases, tags, and keys that are not text are refused;
``NO``, ``on`` and dates stay text (YAML 1.2's core schema), so that nobody's country becomes ``false``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from govkit.core.errors import Malformed

Path = tuple[str | int, ...]

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 40


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with YAML 1.2's idea of booleans, numbers and null."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", "n~\0"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan", "-+.0123456789"),
):
    for _char in _first:
        _Loader.yaml_implicit_resolvers.setdefault("" if _char == "\0" else _char, []).append(
            (f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$(?!\n)"))
        )


@dataclass
class Document:
    """A parsed YAML text.

    Attributes:
        value: its content as JSON-like values.
        lines: the line (from 1) on which each value stands, by its path of keys and indices.
    """

    value: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """Return the line of a value, or of the nearest one around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def load(text: bytes, *, where: str, tolerant: bool = False) -> Document:
    """Parse one YAML document.

    Args:
        text: UTF-8 bytes.
        where: the file's name, for messages.
        tolerant: allow anchors and aliases (counted against the size), for files that DVC and not people check.

    Raises:
        Malformed: with file and line, for anything that is not plain data.
    """
    if len(text) > MAX_BYTES:
        raise Malformed(f"{where}: {len(text)} bytes are more than the {MAX_BYTES} allowed")
    try:
        loader = _Loader(text.decode("utf-8"))
        node = loader.get_single_node()
        document = Document(None)
        document.value = None if node is None else _Reader(loader, document, where, tolerant).read(node, (), 0)
        return document
    except Malformed:
        raise
    except (yaml.YAMLError, ValueError, LookupError, OverflowError, RecursionError) as error:
        # PyYAML lets the errors of int(), chr() and its own tables through, for escapes and directives out of range.
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        if isinstance(error, UnicodeDecodeError):
            before = text[: error.start].count(b"\n")
            line = f":{before + 1}"
        raise Malformed(f"{where}{line}: {getattr(error, 'problem', None) or 'not YAML'}") from error


class _Reader:
    """Turns PyYAML's nodes into values, noting lines and refusing what is not plain data."""

    def __init__(self, loader: _Loader, document: Document, where: str, tolerant: bool) -> None:
        self._loader, self._document, self._where, self._tolerant = loader, document, where, tolerant
        self._seen: set[int] = set()
        self._budget = 500_000

    def read(self, node: yaml.Node, path: Path, depth: int) -> Any:
        self._budget -= 1
        line = node.start_mark.line + 1
        self._document.lines[path] = line
        if depth > MAX_DEPTH or self._budget < 0:
            raise Malformed(f"{self._where}:{line}: nested too deeply or too large")
        if id(node) in self._seen and not self._tolerant:
            raise Malformed(f"{self._where}:{line}: aliases are not allowed; write the value out")
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            self._plain(node, "seq", line)
            return [self.read(item, (*path, index), depth + 1) for index, item in enumerate(node.value)]
        return self._scalar(node, line)

    def _mapping(self, node: yaml.MappingNode, path: Path, depth: int) -> dict[str, Any]:
        self._plain(node, "map", node.start_mark.line + 1)
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise Malformed(f"{self._where}:{line}: a key must be text")
            key = str(key_node.value)
            self._text(key, line)
            if key in found:
                raise Malformed(f"{self._where}:{line}: the key '{key}' stands here twice")
            found[key] = self.read(value_node, (*path, key), depth + 1)
            self._document.lines[(*path, key)] = line
        return found

    def _scalar(self, node: yaml.Node, line: int) -> Any:
        kind = node.tag.rpartition(":")[2]
        if kind not in ("str", "int", "float", "bool", "null"):
            raise Malformed(f"{self._where}:{line}: the tag {node.tag} is not allowed")
        if kind == "int" and len(node.value) > 400:
            raise Malformed(f"{self._where}:{line}: a number of more than 400 digits")
        value = int(node.value) if kind == "int" else self._loader.construct_object(node)
        if isinstance(value, str):
            self._text(value, line)
        return value

    def _text(self, value: str, line: int) -> None:
        if any("\ud800" <= char <= "\udfff" for char in value):
            raise Malformed(f"{self._where}:{line}: half a surrogate pair is no text")

    def _plain(self, node: yaml.Node, kind: str, line: int) -> None:
        if node.tag != f"tag:yaml.org,2002:{kind}":
            raise Malformed(f"{self._where}:{line}: the tag {node.tag} is not allowed")
