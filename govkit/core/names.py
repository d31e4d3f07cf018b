"""Names of models, versions, stages and people, and the tag grammar that GTO and DVC read.

Grammar (GTO 1.x): ``(DIR=)?NAME@vSEMVER``, ``(DIR=)?NAME#STAGE#N`` and ``(DIR=)?NAME#STAGE!#N``.
govkit is stricter than GTO where Git or a file system would stumble: no empty or dotted path parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from govkit.core.errors import Usage

_PART = r"[A-Za-z0-9_-][A-Za-z0-9_.-]*"
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9_/-]*[A-Za-z0-9])?"
_SEMVER = (
    r"(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)"
    r"(?:-(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?"
)

MODEL_PATTERN = rf"^(?:{_PART}(?:/{_PART})*=)?{_NAME}$(?!\n)"
VERSION_PATTERN = rf"^{_SEMVER}$(?!\n)"
STAGE_PATTERN = r"^[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?$(?!\n)"
PERSON_PATTERN = r"^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$(?!\n)"
NAME_LIMIT = 128

_MODEL = re.compile(MODEL_PATTERN)
_VERSION = re.compile(VERSION_PATTERN)
_STAGE = re.compile(STAGE_PATTERN)
_PERSON = re.compile(PERSON_PATTERN)

Kind = Literal["register", "assign", "clear"]


class TagName(Struct, frozen=True):
    """A tag name taken apart.

    Attributes:
        model: GTO's full name of the model.
        kind: what the tag does.
        version: the semantic version without ``v``; for ``register``.
        stage: the stage; for ``assign`` and ``clear``.
        counter: GTO's running number; for ``assign`` and ``clear``.
    """

    model: str
    kind: Kind
    version: str | None = None
    stage: str | None = None
    counter: int | None = None

    def __str__(self) -> str:
        if self.kind == "register":
            return f"{self.model}@v{self.version}"
        return f"{self.model}#{self.stage}{'!' if self.kind == 'clear' else ''}#{self.counter}"

    def first_line(self) -> str:
        """Return the first line that GTO writes into such a tag."""
        if self.kind == "register":
            return f"Registering artifact {self.model} version v{self.version}"
        if self.kind == "assign":
            return f"Assigning stage {self.stage} to artifact {self.model}"
        return f"Unassigning stage '{self.stage}' to artifact {self.model}"


def is_model(name: str) -> bool:
    """Tell whether ``name`` can name a model in records, tags and folders."""
    return len(name) <= NAME_LIMIT and _is_model(name)


@lru_cache(maxsize=4096)
def _is_model(name: str) -> bool:
    if name.startswith("-") or not _MODEL.match(name):
        return False
    parts = name.replace("=", "/").split("/")
    return all(part and not part.endswith((".lock", ".")) and ".." not in part for part in parts)


def is_version(text: str) -> bool:
    """Tell whether ``text`` is a semantic version without build metadata, such as ``1.2.3-rc.1``."""
    return len(text) <= NAME_LIMIT and _VERSION.match(text) is not None and not text.endswith(".lock")


def is_stage(text: str) -> bool:
    """Tell whether ``text`` can name a stage."""
    return len(text) <= NAME_LIMIT and _STAGE.match(text) is not None


def is_person(text: str) -> bool:
    """Tell whether ``text`` can be the id of a person or service."""
    return len(text) <= 64 and _PERSON.match(text) is not None


def parse_tag(name: str) -> TagName | None:
    """Return the parts of a tag name that govkit writes, or None for any other name."""
    model, at, version = name.rpartition("@v")
    if at and is_model(model) and is_version(version):
        return TagName(model, "register", version=version)
    match = re.fullmatch(r"([^#]+)#([^#!]+)(!?)#([1-9][0-9]{0,8})", name)
    if match is None or not is_model(match[1]) or not is_stage(match[2]):
        return None
    return TagName(match[1], "clear" if match[3] else "assign", stage=match[2], counter=int(match[4]))


def grammar_model(name: str) -> str | None:
    """Return the model that GTO would take a tag for, or that the tag stands in the way of, else None.

    Wider than :func:`parse_tag`: also names that govkit never writes, such as ``m@deprecated``,
    ``m#prod`` or ``m@v1.0.0/x``.
    """
    match = re.match(r"([^@#]+)[@#]", name)
    return match[1] if match and is_model(match[1]) else None


def numbers(name: str, model: str) -> list[int]:
    """Return GTO's running numbers of a model that a tag takes, or that it stands in the way of, as ``m#prod#6/x``."""
    if not name.startswith(model) or grammar_model(name) != model:
        return []
    return [int(number) for number in re.findall(r"#([0-9]{1,9})(?=/|\Z)", name)]


def next_number(model: str, recorded: int, existing: Iterable[str]) -> int:
    """Return GTO's next running number of a model: beyond the highest on record and over the names of existing tags."""
    squatted = {number for name in existing for number in numbers(name, model)}
    # Nobody without a role may use up the numbers that a tag's name has room for.
    number = max([recorded, *(number for number in squatted if number < 10**8)]) + 1
    while number in squatted:
        number += 1
    return number


def split_version(text: str) -> tuple[str, str | None]:
    """Split ``MODEL`` or ``MODEL@VERSION`` as people type it (``v`` is optional).

    Raises:
        Usage: if either part is not a name.
    """
    model, at, version = text.partition("@")
    version = version.removeprefix("v")
    if not is_model(model):
        raise Usage(f"'{text}' does not name a model", fix="write MODEL or MODEL@VERSION, e.g. credit-default@1.2.0")
    if at and not is_version(version):
        raise Usage(f"'{version}' is not a version", fix="write a semantic version such as 1.2.0")
    return model, version or None


def split_request(text: str) -> tuple[str, str, str]:
    """Split ``MODEL@VERSION#STAGE`` as people type it into model, version and stage.

    Raises:
        Usage: if a part is missing or not a name.
    """
    left, _, stage = text.partition("#")
    model, version = split_version(left)
    if version is None or not is_stage(stage):
        raise Usage(f"'{text}' does not name a request", fix="write 'MODEL@VERSION#STAGE' or 'policy#INDEX'")
    return model, version, stage


def folder_of(model: str) -> tuple[str, str]:
    """Return the folder of a model's ``dvc.yaml`` (empty at the top) and its name in there."""
    folder, equals, name = model.rpartition("=")
    return (folder if equals else "", name)
