"""What commands that people wait for must not load: each of these takes longer to import than the command may take."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
#: Too heavy for every command that only looks.
HEAVY = {
    "aiohttp",
    "boto3",
    "cel",
    "cryptography",
    "dvc",
    "fairlearn",
    "git",
    "gto",
    "jinja2",
    "jsonschema",
    "matplotlib",
    "mlflow",
    "numpy",
    "pandas",
    "requests",
    "rich",
    "ruamel",
    "sklearn",
    "sqlalchemy",
    "sshsig",
    "yaml",
}
#: And these for help, which needs no record, no signature and no Git.
FOR_HELP = HEAVY | {"csv", "difflib", "hashlib", "json", "msgspec", "nacl", "rfc8785", "subprocess", "tempfile"}
TELL = (
    "import sys\n"
    "from govkit.cli.main import cli\n"
    "from govkit.cli import common\n"
    "code = common.run(cli, {words!r})\n"
    "print(code, *sorted({{name.split('.')[0] for name in sys.modules}}), file=sys.stderr)\n"
)


def loaded(folder: Path, *words: str) -> tuple[int, set[str]]:
    """Run a command in a process of its own; return its exit code and the modules that it loaded."""
    environment = {
        **{
            key: value for key, value in os.environ.items() if not key.startswith(("COLUMNS", "COV", "GIT_", "GOVKIT_"))
        },
        "PYTHONPATH": str(TOP),
        "GOVKIT_KNOWN_ROOTS": str(folder / "known_roots"),
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
    code = TELL.format(words=list(words))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    status, *names = done.stderr.strip().splitlines()[-1].split()
    return int(status), set(names)


@pytest.mark.parametrize(("word", "avoided"), [("--help", FOR_HELP), ("--version", HEAVY)])
def test_help_loads_almost_nothing(tmp_path: Path, word: str, avoided: set[str]) -> None:
    """Who asks for help or the version waits for click, and for nothing that reads a repository."""
    code, names = loaded(tmp_path, word)
    assert (code, "click" in names, sorted(names & avoided)) == (0, True, [])


def test_show_loads_nothing_heavy(tmp_path: Path) -> None:
    """``show`` reads and judges a log without any library that takes longer than that."""
    sys.path.insert(0, str(TOP / "benchmarks"))
    import biglog

    log = biglog.build(tmp_path / "log.git", 5)
    code, names = loaded(tmp_path, "show", "--repo", str(log.folder))
    assert (code, "nacl" in names, sorted(names & HEAVY)) == (0, True, [])
