"""What people say of a model: ``model.yaml``, and the files that it names."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from typing import Any

from govkit.core import measures, records, yamltext
from govkit.core.card import Statements
from govkit.core.errors import Malformed, Usage
from govkit.core.lineage import governance_folder


def path_of(model: str) -> str:
    """Return the path of a model's ``model.yaml``."""
    return posixpath.join(governance_folder(model), "model.yaml")


def extra_files(statements: Statements, paths: Iterable[str]) -> list[str]:
    """Return the paths that ``model.yaml`` itself names and that lie in the tree: requirements and data kept in Git."""
    wanted = {statements.contract.requirements, *statements.data, *statements.evaluation_data}
    return sorted(wanted & set(paths))


def read(model: str, contents: Mapping[str, bytes]) -> tuple[Statements, dict[str, Any]]:
    """Read ``model.yaml``: the statements and the users' own ``x-`` keys; both empty where there is no such file.

    Raises:
        Usage: if it does not parse or does not fit its schema.
    """
    path = path_of(model)
    text = contents.get(path)
    if text is None:
        return Statements(schema="govkit.model/v1"), {}
    try:
        value = yamltext.load(text, where=path).value
        if not isinstance(value, dict):
            raise Malformed(f"{path}: not a mapping")
        known, own = records.room(value)
        return records.from_value(known, Statements), measures.plain(own)
    except Malformed as error:
        raise Usage(f"{path} cannot be read", why=str(error), fix="compare it with docs/reference/model.md") from error
