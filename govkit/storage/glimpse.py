"""Names that a repository knows, read in a few milliseconds, for shell completion: nothing is checked or proven.

Whoever can push can write all of it, so only what has the grammar of a name is taken: nothing in it can act in a shell.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct, field

from govkit.core import limits, names
from govkit.storage import gitsafe
from govkit.storage.gitsafe import CONFIG_WORDS

#: How long, in seconds, one look at a repository too large or a disk too slow may take at most.
_PATIENCE = 1.0
_SECTION = re.compile(r"^([a-z_]+):\s*(?:#.*)?$")
_KEY = re.compile(r"^( +)[\"']?([A-Za-z0-9][A-Za-z0-9._/-]*)[\"']?:(?:\s|$)")


class Glimpse(Struct):
    """Names, each list without doubles: models, versions of them (newest first), stages, people, roles."""

    models: list[str] = field(default_factory=list)
    versions: list[tuple[str, str]] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)


def look(folder: Path) -> Glimpse:
    """Return the names that tags, ``dvc.yaml`` and the working tree's policy have; empty where there is nothing.

    Args:
        folder: a folder in the repository.
    """
    found = Glimpse()
    for word in _git(folder, "for-each-ref", "--sort=-version:refname", "--format=%(refname:strip=2)", "refs/tags"):
        tag = names.parse_tag(word)
        if tag is not None:
            found.models.append(tag.model)
            found.versions += [(tag.model, tag.version)] if tag.version else []
            found.stages += [tag.stage] if tag.stage else []
    top = next(iter(_git(folder, "rev-parse", "--show-toplevel")), None)
    if top is not None:
        policy = _sections(Path(top) / "governance" / "policy.yaml")
        found.people = [who for who in policy.get("people", []) if names.is_person(who)]
        found.roles = [role for role in policy.get("roles", []) if names.is_person(role)]
        found.stages += [stage for stage in policy.get("stages", []) if names.is_stage(stage)]
        declared = _sections(Path(top) / "dvc.yaml").get("artifacts", [])
        found.models += [name for name in declared if names.is_model(name)]
    found.models, found.stages = list(dict.fromkeys(found.models)), list(dict.fromkeys(found.stages))
    return found


def _git(folder: Path, *words: str) -> Iterator[str]:
    """Yield the lines that a git command prints; none if it fails or takes long."""
    command, environment = ["git", *CONFIG_WORDS, *words], gitsafe.environment()
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, timeout=_PATIENCE, input=b"", check=False
        )
    except (OSError, subprocess.SubprocessError):
        return
    if done.returncode == 0:
        yield from done.stdout.decode("utf-8", "replace").split("\n")[:-1]


def _sections(path: Path) -> dict[str, list[str]]:
    """Return the keys one level below each key at the top of a YAML file, as far as they stand one a line."""
    try:
        if not path.is_file() or path.stat().st_size > limits.HAND_WRITTEN:
            return {}
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return {}
    found: dict[str, list[str]] = {}
    section, indent = "", ""
    for line in lines:
        top, key = _SECTION.match(line), _KEY.match(line)
        if line[:1] not in ("", " ", "#"):
            section, indent = (top[1] if top else ""), ""
        elif section and key and key[1] == (indent or key[1]):
            indent = key[1]
            found.setdefault(section, []).append(key[2])
    return found
