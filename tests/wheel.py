"""A fresh virtual environment with govkit from its built wheel, and not from the source tree.

It holds the wheel and the distributions that the wheel says it needs, and these of theirs, and nothing else: so what
is not declared is missing. To be quick they are not downloaded again but linked from the environment of the tests,
which is the one difference from ``pip install dist/*.whl``; with ``GOVKIT_STRESS=1`` that is what is run.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]


def build(folder: Path) -> Path:
    """Build the wheel from the source tree, without a network, and return it."""
    words = ["wheel", "-q", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


def needed(wheel: Path) -> dict[str, metadata.Distribution]:
    """Return what a wheel needs, directly and indirectly, without extras that nobody asked for."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        said = Parser().parsestr(archive.read(name).decode())
    found: dict[str, metadata.Distribution] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = list(_wanted(said.get_all("Requires-Dist") or [], frozenset()))
    while waiting:
        wanted = waiting.pop()
        key = (canonicalize_name(wanted.name), frozenset(wanted.extras))
        if key in seen:
            continue
        seen.add(key)
        distribution = found.setdefault(key[0], metadata.distribution(wanted.name))
        assert wanted.specifier.contains(distribution.version, prereleases=True), (wanted, distribution.version)
        waiting += _wanted(distribution.requires or [], key[1])
    return found


def _wanted(lines: list[str], extras: frozenset[str]) -> Iterator[Requirement]:
    for requirement in map(Requirement, lines):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras or {""}):
            yield requirement


def install(wheel: Path, venv: Path) -> None:
    """Make a virtual environment with a wheel and all that it needs, and with the commands of both it and DVC."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    python = venv / "bin" / "python"
    words = ["--python", str(python), "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True, capture_output=True)
    (site,) = (venv / "lib").glob("python3*/site-packages")
    for distribution in needed(wheel).values():
        for part in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            link, target = site / part, Path(str(distribution.locate_file(part)))
            if not part.endswith(".pth") and not link.exists() and target.exists():
                link.symlink_to(target)
    (venv / "bin" / "dvc").write_text(f"#!{python}\nimport sys\nfrom dvc.cli import main\nsys.exit(main())\n")
    (venv / "bin" / "dvc").chmod(0o755)
