"""Parameters that stand in a Python file, found as DVC finds them: by reading it, never by running it.

DVC takes constants that are assigned at the top of a module, in a class, or to ``self`` in an ``__init__``, a class
being a mapping of its own; whatever is no constant is passed over (``dvc.utils.serialize`` is where that comes from).
"""

from __future__ import annotations

import ast
from typing import Any, Final

from govkit.core.errors import Malformed

#: Larger files hold more than parameters, and the parser takes two hundred times as much memory.
MAX_BYTES: Final = 256 * 1024


def read(data: bytes) -> dict[str, Any]:
    """Return the constants of a Python file by name.

    Raises:
        Malformed: if it is no Python that can be read here, or too large.
    """
    if len(data) > MAX_BYTES:
        raise Malformed(f"{len(data)} bytes are more than the {MAX_BYTES} allowed for parameters in Python")
    try:
        tree = ast.parse(data.decode(), feature_version=(3, 11))
        return _of(tree.body)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        # Not the parser's own words: they differ from one Python to the next.
        raise Malformed("it is not Python") from error


def _of(body: list[ast.stmt], *, in_init: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for statement in body:
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            _assigned(statement, in_init, found)
        elif isinstance(statement, ast.ClassDef):
            found[statement.name] = _of(statement.body)
        elif isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            found.update(_of(statement.body, in_init=True))
    return found


def _assigned(statement: ast.Assign | ast.AnnAssign, in_init: bool, found: dict[str, Any]) -> None:
    targets = [statement.target] if isinstance(statement, ast.AnnAssign) else statement.targets
    name = _name(targets[0], in_init) if len(targets) == 1 else None
    if name is None or statement.value is None:
        return
    try:
        found[name] = _plain(ast.literal_eval(statement.value))
    except (ValueError, TypeError, SyntaxError):
        return  # no constant


def _name(target: ast.expr, in_init: bool) -> str | None:
    if isinstance(target, ast.Name):
        return None if in_init else target.id
    own = isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self"
    return target.attr if own and isinstance(target, ast.Attribute) else None


def _plain(value: Any) -> Any:
    """Return a constant as ``dvc.lock`` holds it."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        value.encode()  # half a surrogate pair is no text, and a ValueError
    return value
