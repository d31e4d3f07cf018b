"""The house's floors: imports run downwards only, and heavy ones only inside the function that needs them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import govkit

PACKAGE = Path(govkit.__file__).parent
FLOORS = (
    ("core",),
    ("storage",),
    ("cards", "reports"),
    ("workflow",),
    ("web", "integrations", "evidence"),
    ("cli",),
)
LEVEL = {name: level for level, names in enumerate(FLOORS) for name in names}
HEAVY = ("dvc", "gto", "cel", "picklescan", "boto3", "mlflow", "pandas", "sklearn", "fairlearn", "jinja2", "ruamel")
OUTSIDE = ("dvc", "gto", "git", "os", "pathlib", "subprocess", "socket", "tempfile", "shutil", "time")
MODULES = sorted(PACKAGE.rglob("*.py"))
#: An auditor gets it as the one file that checks a bundle, without a package around it, so it cannot be split.
ONE_FILE = PACKAGE / "evidence" / "verify_bundle.py"


def imports(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """Yield imported modules, and whether the import stands at module level (not under TYPE_CHECKING)."""

    def walk(node: ast.AST, top: bool) -> Iterator[tuple[str, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from ((alias.name, top) for alias in child.names)
            elif isinstance(child, ast.ImportFrom) and child.module:
                yield from ((f"{child.module}.{alias.name}", top) for alias in child.names)
            checking = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
            inner = top and not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) and not checking
            yield from walk(child, inner)

    yield from walk(tree, True)


def floor(module: str) -> int | None:
    """Return the floor of a module of govkit's, or None for the package itself and others."""
    parts = module.split(".")
    return LEVEL.get(parts[1]) if parts[0] == "govkit" and len(parts) > 1 else None


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_downwards(path: Path) -> None:
    """No module imports one of a floor above it, or of a sibling package on its own floor."""
    place = path.relative_to(PACKAGE).parts[0]
    if place not in LEVEL:
        pytest.skip("the package's own front door")
    wrong = [
        name
        for name, _ in imports(ast.parse(path.read_text()))
        if (level := floor(name)) is not None
        and (level > LEVEL[place] or (level == LEVEL[place] and name.split(".")[1] != place))
    ]
    assert wrong == []


#: Modules that extend a class of something heavy; nobody imports them at module level.
EXTENDING = {"govkit.cards.compiled": "jinja2"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_imports_stay_inside_functions(path: Path) -> None:
    """Nothing heavy is imported at module level, nor a module that extends something heavy."""
    allowed = EXTENDING.get(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts))
    named = [name for name, top in imports(ast.parse(path.read_text())) if top]
    heavy = [name for name in named if name.split(".")[0] in HEAVY and name.split(".")[0] != allowed]
    assert heavy + [name for name in named if name.rpartition(".")[0] in EXTENDING or name in EXTENDING] == []


@pytest.mark.parametrize("path", sorted((PACKAGE / "core").rglob("*.py")), ids=lambda path: path.name)
def test_core_touches_nothing(path: Path) -> None:
    """The core imports nothing that reaches files, processes, Git, DVC or the clock."""
    wrong = [name for name, _ in imports(ast.parse(path.read_text())) if name.split(".")[0] in OUTSIDE]
    assert wrong == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_functions_and_modules_stay_short(path: Path) -> None:
    """Modules stay under about 400 lines and functions under 50, so that a reader can hold them."""
    text = path.read_text()
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef)]
    long = [n.name for n in functions if (n.end_lineno or 0) - n.lineno - _doc_lines(n) > 50]
    assert (len(text.splitlines()) <= 420 or path == ONE_FILE, []) == (True, long)


def test_the_auditors_file_needs_python_alone() -> None:
    """What is copied into a bundle imports Python's own library and nothing else, not even govkit."""
    names = {name.split(".")[0] for name, _ in imports(ast.parse(ONE_FILE.read_text()))}
    assert names <= {*sys.stdlib_module_names}


def _doc_lines(node: ast.FunctionDef) -> int:
    first = node.body[0]
    is_doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return (first.end_lineno or 0) - first.lineno if is_doc else 0
