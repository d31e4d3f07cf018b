"""YAML as data that people write: PyYAML's safe subset without its surprises, and with line numbers.

Equal keys, anchors and aliases, tags, and keys that are not text are refused;
``NO``, ``on`` and dates stay text (YAML 1.2's core schema), so that nobody's country becomes ``false``.

PyYAML only takes the text apart, into events; values are built here, to a depth that is limited, and without its table
of constructors. The parser is libyaml's, which is in PyYAML's wheels, and PyYAML's own, forty times as slow, elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from msgspec import Struct, field
from yaml.constructor import SafeConstructor
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from govkit.core import limits
from govkit.core.errors import Malformed

try:
    from yaml._yaml import CParser as _Parser
except ImportError:  # PyYAML was built without libyaml
    from yaml import SafeLoader as _Parser  # type: ignore[assignment]

Path = tuple[str | int, ...]


class NotYaml(Malformed):
    """A text that the parser refuses; two parsers put that in different words."""


MAX_BYTES = limits.HAND_WRITTEN
MAX_DEPTH = 40
#: What aliases stand for counts as if it were written out: so many characters in all.
_MAX_TEXT = 2 * limits.GENERATED
_MAX_DIGITS = 400

_CORE = "tag:yaml.org,2002:"
#: YAML 1.2's idea of booleans, numbers and null, in the order in which they are tried.
_IMPLICIT = tuple(
    (kind, first, re.compile(rf"(?:{pattern})\Z"))
    for kind, first, pattern in (
        ("bool", "tf", r"true|false"),
        ("null", "n~", r"null|~"),
        ("int", "-+0123456789", r"[-+]?(?:0|[1-9][0-9]*)"),
        (
            "float",
            "-+.0123456789",
            r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan",
        ),
    )
)

#: What DVC's reader (ruamel.yaml, for YAML 1.2) takes for a value: more spellings than YAML 1.2's core schema has.
_OF_DVC = tuple(
    (kind, first, re.compile(rf"(?:{pattern})\Z"))
    for kind, first, pattern in (
        ("bool", "tTfF", r"true|True|TRUE|false|False|FALSE"),
        ("null", "nN~", r"null|Null|NULL|~"),
        (
            "int",
            "-+0123456789",
            r"[-+]?(?:0b_*[01][01_]*|0o_*[0-7][0-7_]*|[0-9][0-9_]*|0x_*[0-9a-fA-F][0-9a-fA-F_]*)",
        ),
        (
            "float",
            "-+.0123456789",
            r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)"
            r"|[-+]?\._*[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        ),
    )
)


def _by_first(forms: tuple[tuple[str, str, re.Pattern[str]], ...]) -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """Return what a text can be by its first letter, in the order in which it is tried: most are nothing of it."""
    letters = {letter for _, first, _ in forms for letter in first}
    return {letter: [(kind, form) for kind, first, form in forms if letter in first] for letter in letters}


_IMPLICIT_BY_FIRST, _OF_DVC_BY_FIRST = _by_first(_IMPLICIT), _by_first(_OF_DVC)
_BASES = {"b": 2, "o": 8, "x": 16}
_MERGE = "<<"


class Document(Struct):
    """A parsed YAML text.

    Attributes:
        value: its content as JSON-like values.
        lines: the line (from 1) on which each value stands, by its path of keys and indices; empty where it was read
            as a program's file.
    """

    value: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """Return the line of a value, or of the nearest one around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def load(text: bytes, *, where: str, tolerant: bool = False, dvc: bool = False) -> Document:
    """Parse one YAML document.

    Args:
        text: UTF-8 bytes.
        where: the file's name, for messages.
        tolerant: a file that DVC or a program wrote: it may be larger and have anchors and aliases (counted as if
            they were written out), and nobody asks for its lines.
        dvc: a file that DVC reads: tolerant, with the numbers, booleans and merge keys (``<<``) that it knows.

    Raises:
        Malformed: with file and line, for anything that is not plain data.
    """
    limits.check(text, limits.GENERATED if tolerant or dvc else MAX_BYTES, f"{where}: ")
    try:
        return _Reader(where, tolerant or dvc, dvc, _events(text.decode("utf-8"))).read()
    except Malformed:
        raise
    except (yaml.YAMLError, ValueError, LookupError, OverflowError, RecursionError) as error:
        # PyYAML lets the errors of int(), chr() and its own tables through, for escapes and directives out of range.
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        if isinstance(error, UnicodeDecodeError):
            before = text[: error.start].count(b"\n")
            line = f":{before + 1}"
        raise NotYaml(f"{where}{line}: {getattr(error, 'problem', None) or 'not YAML'}") from error


def _events(text: str) -> Iterator[Event]:
    parser = _Parser(text)
    try:
        while (event := parser.get_event()) is not None:
            yield event
    finally:
        parser.dispose()


def _line(event: Event) -> int:
    """Return the line, from 1, on which something begins."""
    return int(event.start_mark.line) + 1 if event.start_mark else 1


class _Anchor(Struct, frozen=True):
    """What an alias stands for: a value, how much it counts, and how deep it is."""

    value: Any
    nodes: int
    text: int
    height: int


class _Reader:
    """Turns parser events into values, noting lines and refusing what is not plain data."""

    def __init__(self, where: str, tolerant: bool, dvc: bool, events: Iterator[Any]) -> None:
        self._where, self._tolerant, self._dvc, self._events = where, tolerant, dvc, events
        self._lines: dict[Path, int] = {}
        self._anchors: dict[str, _Anchor | None] = {}
        # What was read, aliases counted as if they were written out, and how deep it reaches.
        self._nodes = self._text = self._reach = 0
        self._numbers = SafeConstructor()

    def read(self) -> Document:
        value, documents = None, 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._refused(event, "a second document; only one is read")
            elif isinstance(event, NodeEvent):
                value = self._node(event, (), 0)
        return Document(value, self._lines)

    def _refused(self, event: Event, why: str) -> Malformed:
        return Malformed(f"{self._where}:{_line(event)}: {why}")

    # -- nodes --------------------------------------------------------------------------------------------------

    def _node(self, event: Any, path: Path, depth: int) -> Any:
        """Return the value that begins with an event, in so many lists and mappings."""
        if not self._tolerant:
            self._lines.setdefault(path, _line(event))  # a mapping's values have their key's
        kind = type(event)
        if kind is ScalarEvent:
            return self._scalar(event, depth)
        return self._alias(event, depth).value if kind is AliasEvent else self._collection(event, path, depth)

    def _scalar(self, event: ScalarEvent, depth: int) -> Any:
        kind = self._kind(event)
        self._count(event, 1, len(self._text_of(event)), depth)
        value = event.value if kind == "str" else self._value(kind, event)
        if event.anchor is not None:
            self._keep(event, _Anchor(value, 1, len(event.value), 0))
        return value

    def _collection(self, event: SequenceStartEvent | MappingStartEvent, path: Path, depth: int) -> Any:
        is_map = isinstance(event, MappingStartEvent)
        if event.tag not in (None, "!", f"{_CORE}{'map' if is_map else 'seq'}"):
            raise self._refused(event, f"the tag {event.tag} is not allowed")
        nodes, text, reach = self._nodes, self._text, self._reach
        if event.anchor is not None:
            self._keep(event, None)
            self._reach = 0
        self._count(event, 1, 0, depth)
        self._reach = max(self._reach, depth + 1)
        value = self._mapping(path, depth + 1) if is_map else self._sequence(path, depth + 1)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(value, self._nodes - nodes, self._text - text, self._reach - depth)
            self._reach = max(self._reach, reach)
        return value

    def _mapping(self, path: Path, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in self._events:
            if type(event) is MappingEndEvent:
                break
            key = self._key(event, depth)
            if key in found:
                raise self._refused(event, f"the key '{key}' stands here twice")
            if self._tolerant:
                found[key] = self._node(next(self._events), (), depth)
            else:
                place = (*path, key)
                self._lines[place] = _line(event)
                found[key] = self._node(next(self._events), place, depth)
        if self._dvc and _MERGE in found:
            _merge(found)
        return found

    def _sequence(self, path: Path, depth: int) -> list[Any]:
        found: list[Any] = []
        for event in self._events:
            if type(event) is SequenceEndEvent:
                break
            found.append(self._node(event, () if self._tolerant else (*path, len(found)), depth))
        return found

    def _key(self, event: Any, depth: int) -> str:
        if type(event) is ScalarEvent:
            self._kind(event)
            text = self._text_of(event)
            self._count(event, 0, len(text), depth)
            if event.anchor is not None:
                self._keep(event, _Anchor(text, 1, len(text), 0))
            return text
        key = self._alias(event, depth).value if type(event) is AliasEvent else None
        if not isinstance(key, str):
            raise self._refused(event, "a key must be text")
        return key

    # -- anchors and limits -------------------------------------------------------------------------------------

    def _alias(self, event: AliasEvent, depth: int) -> _Anchor:
        if not self._tolerant:
            raise self._refused(event, "aliases are not allowed; write the value out")
        if event.anchor not in self._anchors:
            raise self._refused(event, "an alias of nothing")
        found = self._anchors[event.anchor]
        if found is None:
            raise self._refused(event, "an alias that holds itself is nested too deeply or too large")
        self._count(event, found.nodes, found.text, depth + found.height)
        self._reach = max(self._reach, depth + found.height)
        return found

    def _keep(self, event: Any, what: _Anchor | None) -> None:
        if event.anchor in self._anchors:
            raise self._refused(event, "an anchor that stands here twice")
        self._anchors[event.anchor] = what

    def _count(self, event: Event, nodes: int, text: int, reach: int) -> None:
        """Count what is read, or what an alias stands for, against the limits."""
        self._nodes += nodes
        self._text += text
        if reach > MAX_DEPTH or self._nodes > limits.VALUES or self._text > _MAX_TEXT:
            raise self._refused(event, "nested too deeply or too large")

    # -- texts --------------------------------------------------------------------------------------------------

    def _text_of(self, event: ScalarEvent) -> str:
        text: str = event.value
        if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
            raise self._refused(event, "half a surrogate pair is no text")
        return text

    def _kind(self, event: ScalarEvent) -> str:
        if event.tag is not None and event.tag != "!":
            kind = event.tag.removeprefix(_CORE)
            if kind == event.tag or kind not in ("str", "int", "float", "bool", "null"):
                raise self._refused(event, f"the tag {event.tag} is not allowed")
            return kind
        if event.tag == "!" or not event.implicit[0]:
            return "str"
        text = event.value
        if not text:
            return "null"
        for kind, form in (_OF_DVC_BY_FIRST if self._dvc else _IMPLICIT_BY_FIRST).get(text[0], ()):
            if form.match(text):
                return kind
        return "str"

    def _value(self, kind: str, event: ScalarEvent) -> Any:
        if kind == "null":
            return None
        if kind == "int" and len(event.value) > _MAX_DIGITS:
            raise self._refused(event, f"a number of more than {_MAX_DIGITS} digits")
        if kind == "int":
            return _integer(event.value) if self._dvc else int(event.value)
        node = yaml.ScalarNode(f"{_CORE}{kind}", event.value)
        read = self._numbers.construct_yaml_float if kind == "float" else self._numbers.construct_yaml_bool
        return read(node)


def _integer(text: str) -> int:
    """Return an integer in any of the bases that DVC's reader knows; a leading zero alone is none of them."""
    digits = text.replace("_", "").lower()
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    base = _BASES.get(digits[1:2]) if digits.startswith("0") else None
    return sign * (int(digits[2:], base) if base else int(digits))


def _merge(value: dict[str, Any]) -> None:
    """Put in what a merge key (``<<``) brings, in place; keys of the mapping's own stay, then the first one counts."""
    brought = value.pop(_MERGE)
    for each in brought if isinstance(brought, list) else [brought]:
        for key, item in (each if isinstance(each, dict) else {}).items():
            value.setdefault(key, item)
