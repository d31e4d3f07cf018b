"""What a ``dvc.yaml`` says once its templates are filled in: ``${…}``, ``vars``, ``foreach`` and ``matrix``.

Follows DVC's own parser (``dvc.parsing``; https://dvc.org/doc/user-guide/project-structure/dvcyaml-files#templating),
without running it: values come from files of the same tree. What DVC would refuse, what is not in the tree and what
grows beyond all measure is :class:`Unfilled`; nothing is guessed.
"""

from __future__ import annotations

import itertools
import math
import posixpath
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from msgspec import Struct

from govkit.core import limits, measures
from govkit.core.errors import Malformed
from govkit.core.templatetext import (
    SPELLINGS,
    Spelling,
    Unfilled,
    any_template,
    as_key,
    as_text,
    check,
    is_exact,
    labels,
    places,
    select,
)

#: DVC's own name for the file whose values every template may use.
DEFAULT: Final = "params.yaml"
#: DVC stages that one declaration may stand for.
MAX_GENERATED: Final = 20_000


class Budget:
    """How much may be filled in for all files of a tree: a few letters can stand for gigabytes."""

    def __init__(self, values: int = 4 * limits.VALUES, text: int = limits.DVC_FILES) -> None:
        self._values, self._text = values, text

    def take(self, values: int = 0, text: int = 0) -> None:
        """Count what is filled in.

        Raises:
            Unfilled: if it is more than may be.
        """
        self._values -= values
        self._text -= text
        if self._values < 0 or self._text < 0:
            raise Unfilled("its templates stand for more than can be read")


class _Declared(Struct, frozen=True):
    """A DVC stage before its templates are filled in; ``more`` is ``item`` and ``key``."""

    definition: Mapping[str, Any]
    more: Mapping[str, Any]


class Templates:
    """The templates of one ``dvc.yaml``.

    Args:
        folder: its folder.
        content: it, parsed.
        read: returns the bytes of a file of the tree, or None.
        budget: what is left for all of them.
    """

    def __init__(
        self, folder: str, content: Mapping[str, Any], read: Callable[[str], bytes | None], budget: Budget
    ) -> None:
        self._folder, self._read, self._budget = folder, read, budget
        self._vars = content.get("vars") or []
        self._base: _Values | Unfilled | None = None
        self._declared: dict[str, _Declared] = {}
        #: Why it is not known for which values a ``foreach`` or ``matrix`` stands, by its name.
        self.unknown: dict[str, str] = {}
        stages = content.get("stages")
        for name, definition in (stages if isinstance(stages, dict) else {}).items():
            if isinstance(definition, dict):
                self._declare(name, definition)

    def names(self) -> list[str]:
        """Return the names of all DVC stages, those of ``foreach`` and ``matrix`` written out."""
        return list(self._declared)

    def commands(self, name: str) -> Iterator[Any]:
        """Yield the command of a DVC stage in each of the spellings that it may have, the most usual one first.

        Raises:
            Unfilled: as :meth:`stage`.
            KeyError: as :meth:`stage`.
        """
        usual = self.stage(name, only="cmd").get("cmd")
        yield usual
        # Where no mapping is named, all spellings are one.
        if usual != self.stage(name, SPELLINGS[-1], only="cmd").get("cmd"):
            for spelling in SPELLINGS[1:]:
                yield self.stage(name, spelling, only="cmd").get("cmd")

    def stage(self, name: str, spelling: Spelling = SPELLINGS[0], *, only: str = "") -> dict[str, Any]:
        """Return a DVC stage, filled in.

        Args:
            name: which.
            spelling: how mappings are spelt.
            only: the one key that is wanted; empty for all.

        Raises:
            Unfilled: if it cannot be.
            KeyError: if there is none of this name.
        """
        declared = self._declared[name]
        definition = {key: value for key, value in declared.definition.items() if key != "vars"}
        own = declared.definition.get("vars") or []
        if not declared.more and not own and not any_template(definition):
            return definition
        values: Mapping[str, Any] = ChainMap(dict(declared.more), self._top().values)
        wdir = self._fill(definition.get("wdir") or "", values, None, spelling)
        if own:
            local = self._top().clone()
            local.load(posixpath.join(self._folder, as_text(wdir)), own, reserved=declared.more)
            values = ChainMap(dict(declared.more), local.values)
        wanted = {only} & definition.keys() if only else definition.keys()
        return {key: self._fill(definition[key], values, key, spelling) for key in definition if key in wanted}

    def top(self, value: Any) -> Any:
        """Return something from outside of the DVC stages, filled in.

        Raises:
            Unfilled: if it cannot be.
        """
        return self._fill(value, self._top().values, None, SPELLINGS[0]) if any_template(value) else value

    # -- foreach and matrix -------------------------------------------------------------------------------------

    def _declare(self, name: str, definition: Mapping[str, Any]) -> None:
        try:
            if "matrix" in definition:
                rest = {key: value for key, value in definition.items() if key != "matrix"}
                self._generate(name, rest, self._combinations(definition["matrix"]))
            elif "foreach" in definition:
                template = definition.get("do")
                self._generate(name, template if isinstance(template, dict) else {}, self._each(definition["foreach"]))
            else:
                self._declared[name] = _Declared(definition, {})
        except Unfilled as error:
            self.unknown[name] = str(error)

    def _generate(self, name: str, template: dict[str, Any], found: Iterator[tuple[str, dict[str, Any]]]) -> None:
        for count, (label, more) in enumerate(found):
            if count >= MAX_GENERATED:
                raise Unfilled("it stands for more DVC stages than can be read")
            self._budget.take(values=1, text=len(label))
            self._declared[f"{name}@{label}"] = _Declared(template, more)

    def _each(self, data: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        values = self.top(data)
        if isinstance(values, Mapping):
            yield from ((str(key), {"item": value, "key": str(key)}) for key, value in values.items())
        elif isinstance(values, list):
            names = labels(data, values)
            if any(isinstance(value, (list, Mapping)) for value in values):
                names = [str(place) for place in range(len(values))]
            yield from ((label, {"item": value}) for label, value in zip(names, values, strict=True))
        else:
            raise Unfilled("its 'foreach' is no list and no mapping")

    def _combinations(self, data: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        axes = self.top(data)
        if not isinstance(axes, Mapping) or not all(isinstance(axis, list) for axis in axes.values()):
            raise Unfilled("its 'matrix' is no mapping of lists")
        if math.prod(map(len, axes.values())) > MAX_GENERATED:
            raise Unfilled("it stands for more DVC stages than can be read")
        raw = data if isinstance(data, Mapping) else dict.fromkeys(axes, data)
        named = [
            [
                (f"{key}{place}" if isinstance(value, (list, Mapping)) else label, key, value)
                for place, (label, value) in enumerate(zip(labels(raw.get(key, axis), axis), axis, strict=True))
            ]
            for key, axis in axes.items()
        ]
        for combination in itertools.product(*named):
            label = "-".join(text for text, _, _ in combination)
            yield label, {"key": label, "item": {key: value for _, key, value in combination}}

    # -- values -------------------------------------------------------------------------------------------------

    def _top(self) -> _Values:
        if self._base is None:
            try:
                base = _Values(self._read, self._budget)
                base.default(posixpath.join(self._folder, DEFAULT))
                base.load(self._folder, self._vars, reserved={})
                self._base = base
            except Unfilled as error:
                self._base = error
        if isinstance(self._base, Unfilled):
            raise self._base
        return self._base

    def _fill(self, value: Any, values: Mapping[str, Any], key: str | None, spelling: Spelling) -> Any:
        self._budget.take(values=1)
        if isinstance(value, Mapping):
            return {
                as_key(self._fill(name, values, key, spelling)): self._fill(item, values, key, spelling)
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [self._fill(item, values, key, spelling) for item in value]
        if not isinstance(value, str):
            return value
        return self._fill_text(value, values, key, spelling) if "${" in value else value

    def _fill_text(self, text: str, values: Mapping[str, Any], key: str | None, spelling: Spelling) -> Any:
        if is_exact(text):
            found = select(values, text[2:-1])
            check(found, key)
            return found
        parts: list[str] = []
        for number, line in enumerate(text.split("\n")):
            parts.append("\n" if number else "")
            end = 0
            for start, after in places(line):
                found = select(values, line[start + 2 : after - 1])
                check(found, key)
                parts += [line[end:start], as_text(found, spelling)]
                self._budget.take(text=len(parts[-1]))
                end = after
            parts.append(line[end:])
        return "".join(parts).replace("\\${", "${")


class _Values:
    """What templates may name: the contents of files, and values in place, merged."""

    def __init__(self, read: Callable[[str], bytes | None], budget: Budget) -> None:
        self._read, self._budget = read, budget
        self.values: dict[str, Any] = {}
        self._loaded: dict[str, set[str] | None] = {}

    def clone(self) -> _Values:
        """Return a copy to which more can be added."""
        found = _Values(self._read, self._budget)
        found.values, found._loaded = self._copy(self.values), dict(self._loaded)
        return found

    def default(self, path: str) -> None:
        """Take DVC's usual file, if there is one."""
        if self._read(path) is not None:
            self._file(path, None, {})

    def load(self, folder: str, items: Any, *, reserved: Mapping[str, Any]) -> None:
        """Take what ``vars`` lists: files, ``FILE:KEY,KEY``, and mappings.

        Raises:
            Unfilled: if a file cannot be read, or a value is there twice.
        """
        for item in items if isinstance(items, list) else [items]:
            if isinstance(item, str):
                if "${" in item:
                    raise Unfilled("its 'vars' are templated, which DVC refuses")
                path, _, keys = item.partition(":")
                wanted = {key for key in keys.split(",") if key} or None
                self._file(posixpath.normpath(posixpath.join(folder, path)), wanted, reserved)
            elif isinstance(item, Mapping):
                self._merge(item, reserved)

    def _file(self, path: str, wanted: set[str] | None, reserved: Mapping[str, Any]) -> None:
        if path in self._loaded:
            before = self._loaded[path]
            if before is None and wanted is None:
                return
            if before is None or wanted is None or before & wanted:
                raise Unfilled(f"its 'vars' take {path} twice")
            wanted_before = before
        else:
            wanted_before = set()
        content = self._read(path)
        if content is None:
            raise Unfilled(f"{path}, from which its templates take values, is not in Git")
        try:
            found = measures.load(path, content, params=True)
        except Malformed as error:
            raise Unfilled(str(error)) from error
        if not isinstance(found, Mapping) or (wanted is not None and not wanted <= found.keys()):
            raise Unfilled(f"{path} does not hold the values that its templates take")
        self._merge(found if wanted is None else {key: found[key] for key in wanted}, reserved)
        self._loaded[path] = None if wanted is None else wanted_before | wanted

    def _merge(self, more: Mapping[str, Any], reserved: Mapping[str, Any]) -> None:
        if reserved.keys() & more.keys():
            raise Unfilled("its 'vars' name 'item' or 'key', which DVC refuses")
        _merge(self.values, self._copy(more))

    def _copy(self, value: Any) -> Any:
        self._budget.take(values=1)
        return {key: self._copy(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def _merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(into.get(key), dict) and isinstance(value, dict):
            _merge(into[key], value)
        elif key in into:
            raise Unfilled(f"its 'vars' say '{key}' twice")
        else:
            into[key] = value
