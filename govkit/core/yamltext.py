"""YAML as data that people write: PyYAML's safe subset without its surprises, and with line numbers.

Equal keys, anchors and aliases, tags, and keys that are not text are refused;
``NO``, ``on`` and dates stay text (YAML 1.2's core schema), so that nobody's country becomes ``false``.

PyYAML only takes the text apart, into events; values are built here, without recursion and without its table of
constructors. The parser is libyaml's, which is in PyYAML's wheels, and PyYAML's own, forty times as slow, elsewhere.
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
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
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
        return _Builder(where, tolerant or dvc, dvc).build(_events(text.decode("utf-8")))
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
        while True:
            event = parser.get_event()
            if event is None or isinstance(event, StreamEndEvent):
                return
            yield event
    finally:
        parser.dispose()


class _Anchor(Struct, frozen=True):
    """What an alias stands for: a value, how much it counts, and how deep it is."""

    value: Any
    nodes: int
    text: int
    height: int


class _Frame(Struct):
    """A list or mapping that is being built."""

    value: Any
    path: Path
    anchor: str | None
    nodes: int
    text: int
    height: int = 0
    key: str | None = None


class _Builder:
    """Turns parser events into values, noting lines and refusing what is not plain data."""

    def __init__(self, where: str, tolerant: bool, dvc: bool) -> None:
        self._where, self._tolerant, self._dvc = where, tolerant, dvc
        self._document = Document(None)
        self._frames: list[_Frame] = []
        self._anchors: dict[str, _Anchor | None] = {}
        self._nodes = self._text = self._documents = 0
        self._numbers = SafeConstructor()

    def build(self, events: Iterator[Any]) -> Document:
        for event in events:
            # The commonest first: isinstance of several classes for each of a hundred thousand takes its time.
            kind, line = type(event), event.start_mark.line + 1 if event.start_mark else 1
            if kind is ScalarEvent:
                self._scalar(event, line)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self._open(event, line)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                self._close()
            elif kind is AliasEvent:
                self._alias(event, line)
            elif kind is DocumentStartEvent:
                self._documents += 1
                if self._documents > 1:
                    raise self._refused(line, "a second document; only one is read")
        return self._document

    def _refused(self, line: int, why: str) -> Malformed:
        return Malformed(f"{self._where}:{line}: {why}")

    # -- events -------------------------------------------------------------------------------------------------

    def _scalar(self, event: ScalarEvent, line: int) -> None:
        text = event.value
        kind = self._kind(event, line)
        if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
            raise self._refused(line, "half a surrogate pair is no text")
        if self._at_key():
            self._count(line, 0, len(text), 0)
            if event.anchor is not None:
                self._keep(event.anchor, line, _Anchor(text, 1, len(text), 0))
            self._key(text, line)
            return
        self._place(line)
        self._count(line, 1, len(text), 0)
        value = text if kind == "str" else self._value(kind, event, line)
        if event.anchor is not None:
            self._keep(event.anchor, line, _Anchor(value, 1, len(text), 0))
        self._put(value, 0)

    def _open(self, event: SequenceStartEvent | MappingStartEvent, line: int) -> None:
        is_map = isinstance(event, MappingStartEvent)
        if event.tag not in (None, "!", f"{_CORE}{'map' if is_map else 'seq'}"):
            raise self._refused(line, f"the tag {event.tag} is not allowed")
        if self._at_key():
            raise self._refused(line, "a key must be text")
        path = self._place(line)
        if event.anchor is not None:
            self._keep(event.anchor, line, None)
        self._frames.append(_Frame({} if is_map else [], path, event.anchor, self._nodes, self._text))
        self._count(line, 1, 0, -1)

    def _close(self) -> None:
        frame = self._frames.pop()
        height = frame.height + 1
        if self._dvc and isinstance(frame.value, dict) and _MERGE in frame.value:
            _merge(frame.value)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = _Anchor(
                frame.value, self._nodes - frame.nodes, self._text - frame.text, height
            )
        self._put(frame.value, height)

    def _alias(self, event: AliasEvent, line: int) -> None:
        if not self._tolerant:
            raise self._refused(line, "aliases are not allowed; write the value out")
        if event.anchor not in self._anchors:
            raise self._refused(line, "an alias of nothing")
        found = self._anchors[event.anchor]
        if found is None:
            raise self._refused(line, "an alias that holds itself is nested too deeply or too large")
        self._count(line, found.nodes, found.text, found.height)
        if self._at_key():
            if not isinstance(found.value, str):
                raise self._refused(line, "a key must be text")
            self._key(found.value, line)
        else:
            self._put(found.value, found.height)

    def _keep(self, anchor: str, line: int, what: _Anchor | None) -> None:
        if anchor in self._anchors:
            raise self._refused(line, "an anchor that stands here twice")
        self._anchors[anchor] = what

    # -- values -------------------------------------------------------------------------------------------------

    def _count(self, line: int, nodes: int, text: int, height: int) -> None:
        """Count what is read, or what an alias stands for, against the limits."""
        self._nodes += nodes
        self._text += text
        if len(self._frames) + height > MAX_DEPTH or self._nodes > limits.VALUES or self._text > _MAX_TEXT:
            raise self._refused(line, "nested too deeply or too large")

    def _at_key(self) -> bool:
        return bool(self._frames) and isinstance(self._frames[-1].value, dict) and self._frames[-1].key is None

    def _key(self, key: str, line: int) -> None:
        frame = self._frames[-1]
        if key in frame.value:
            raise self._refused(line, f"the key '{key}' stands here twice")
        frame.key = key
        if not self._tolerant:
            self._document.lines[(*frame.path, key)] = line

    def _place(self, line: int) -> Path:
        """Return the path of the value that begins here, and note its line; a mapping's values have their key's."""
        if self._tolerant:
            return ()
        path: Path = ()
        if self._frames:
            frame = self._frames[-1]
            path = (*frame.path, len(frame.value) if frame.key is None else frame.key)
        self._document.lines.setdefault(path, line)
        return path

    def _put(self, value: Any, height: int) -> None:
        if not self._frames:
            self._document.value = value
            return
        frame = self._frames[-1]
        frame.height = max(frame.height, height)
        if frame.key is None:
            frame.value.append(value)
        else:
            frame.value[frame.key], frame.key = value, None

    def _kind(self, event: ScalarEvent, line: int) -> str:
        if event.tag not in (None, "!"):
            kind = event.tag.removeprefix(_CORE)
            if kind == event.tag or kind not in ("str", "int", "float", "bool", "null"):
                raise self._refused(line, f"the tag {event.tag} is not allowed")
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

    def _value(self, kind: str, event: ScalarEvent, line: int) -> Any:
        if kind == "null":
            return None
        if kind == "int" and len(event.value) > _MAX_DIGITS:
            raise self._refused(line, f"a number of more than {_MAX_DIGITS} digits")
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
