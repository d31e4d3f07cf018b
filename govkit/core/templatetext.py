"""The small parts of DVC's templates: finding ``${…}`` in a text, following what it names, and writing that out.

:mod:`govkit.core.templates` puts them together.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

_INDEX = re.compile(r"\s*-?[0-9]{1,9}\s*", re.ASCII)


class Unfilled(Exception):
    """A template that cannot be filled in; says why."""


class Spelling(Struct, frozen=True):
    """How a mapping becomes flags of a command: two settings of DVC (``parsing.bool``, ``parsing.list``).

    They need not lie in Git, so whoever compares tries every one of :data:`SPELLINGS`.
    """

    say_no: bool = False
    repeat: bool = False


SPELLINGS: Final = tuple(Spelling(no, repeat) for no in (False, True) for repeat in (False, True))


def places(line: str) -> Iterator[tuple[int, int]]:
    """Yield where ``${…}`` stands in a line, by its ends; one behind a backslash is none."""
    start, end = line.find("${"), -1
    while start >= 0:
        if start and line[start - 1] == "\\":
            start = line.find("${", start + 1)
            continue
        end = end if end > start else line.find("}", start)  # looked for once, however many there are before it
        if end < 0:
            return
        yield start, end + 1
        start = line.find("${", end)


def any_template(value: Any) -> bool:
    """Tell whether ``${`` stands anywhere in a value."""
    if isinstance(value, Mapping):
        return any(any_template(key) or any_template(item) for key, item in value.items())
    if isinstance(value, list):
        return any(map(any_template, value))
    return isinstance(value, str) and "${" in value


def is_exact(text: Any) -> bool:
    """Tell whether a value is one template and nothing else: what stands for it keeps its type."""
    return isinstance(text, str) and "\n" not in text and list(places(text)) == [(0, len(text))]


def labels(raw: Any, values: list[Any]) -> list[str]:
    """Return how DVC names the DVC stages of values; it writes ``True`` for one that comes out of a template."""
    if not isinstance(raw, Sequence) or isinstance(raw, str) or len(raw) != len(values):
        return [str(value) for value in values]
    return [str(value) if is_exact(item) else as_text(value) for item, value in zip(raw, values, strict=True)]


def select(values: Mapping[str, Any], expression: str) -> Any:
    """Return what an expression such as ``a.b[0]`` names.

    Raises:
        Unfilled: if it leads nowhere.
    """
    found: Any = values
    for part in expression.replace("[", ".").replace("]", "").split("."):
        name = part.strip()
        if isinstance(found, Mapping) and name in found:
            found = found[name]
        elif isinstance(found, list) and _INDEX.fullmatch(name) and -len(found) <= int(name) < len(found):
            found = found[int(name)]
        else:
            raise Unfilled(f"${{{expression[:60]}}} leads nowhere")
    return found


def check(value: Any, key: str | None) -> None:
    """Refuse what DVC refuses: only a command takes a mapping, and nothing in a DVC stage a list."""
    if key is not None and (isinstance(value, list) or (isinstance(value, Mapping) and key != "cmd")):
        raise Unfilled("a template stands for a list or mapping, which DVC refuses here")


def as_key(name: Any) -> str:
    """Return a key whose template was filled in.

    Raises:
        Unfilled: if it is no text.
    """
    if not isinstance(name, str):
        raise Unfilled("a key is templated, and what stands there is no text")
    return name


def as_text(value: Any, spelling: Spelling = SPELLINGS[0]) -> str:
    """Return a value as DVC writes it into a text.

    Raises:
        Unfilled: if it has no place there.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(_flags(value, "", spelling)) if isinstance(value, Mapping) else str(value)


def _flags(value: Mapping[str, Any], prefix: str, spelling: Spelling) -> Iterator[str]:
    """Yield the flags that a mapping becomes in a command."""
    for key, item in value.items():
        name = f"{prefix}{key}"
        if isinstance(item, Mapping) and item:
            yield from _flags(item, f"{name}.", spelling)
        elif isinstance(item, bool):
            if item or spelling.say_no:
                yield f"--{name}" if item else f"--no-{name}"
        elif isinstance(item, (list, Mapping)):
            yield from _several(name, list(item), spelling)
        else:
            yield f"--{name} {shlex.quote(item) if isinstance(item, str) else item}"


def _several(name: str, items: list[Any], spelling: Spelling) -> Iterator[str]:
    for place, item in enumerate(items):
        if isinstance(item, (list, Mapping)):
            raise Unfilled(f"'{name}' is a list of lists, which DVC refuses in a command")
        text = shlex.quote(item) if isinstance(item, str) else str(item)
        yield text if place and not spelling.repeat else f"--{name} {text}"
