"""The repositories that a person reviews: a small file of their own, so that 'govkit review' knows where to look.

It decides nothing: whom to trust is in the known-roots file, and each repository is checked against that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from govkit.core.errors import Usage
from govkit.storage import files

SCHEMA = "govkit.repositories/v1"
_MANY = 200


def path(environment: Mapping[str, str]) -> Path:
    """Return where the list lies."""
    named = environment.get("XDG_STATE_HOME")
    return (Path(named) if named else Path.home() / ".local" / "state") / "govkit" / "repositories.json"


def load(environment: Mapping[str, str]) -> list[Path]:
    """Return the folders of the repositories that are known, in the order in which they came in.

    Raises:
        Usage: if the list is not one.
    """
    place = path(environment)
    if not place.is_file():
        return []
    try:
        value = json.loads(place.read_text(encoding="utf-8"))
        if value["schema"] != SCHEMA or not all(isinstance(one, str) for one in value["repositories"]):
            raise ValueError(f"not of the form {SCHEMA}")
    except (ValueError, KeyError, TypeError) as error:
        raise Usage(f"{place} is not a list of repositories", why=str(error), fix="mend or remove it") from error
    return [Path(one) for one in value["repositories"] if Path(one).is_absolute()]


def add(environment: Mapping[str, str], folder: Path) -> None:
    """Add a repository's folder to the list; only its owner can read it.

    Raises:
        Usage: if the list is not one, or cannot be written.
    """
    known = load(environment)
    if folder in known:
        return
    value = {"schema": SCHEMA, "repositories": [str(one) for one in [*known, folder][-_MANY:]]}
    place = path(environment)
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        files.write(place, json.dumps(value, indent=2).encode() + b"\n", mode=0o600)
    except OSError as error:
        raise Usage(f"{place} cannot be written", why=str(error), fix="mend its folder") from error
