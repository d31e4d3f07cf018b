"""Installing the pre-receive hook that guards a log on its server."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Literal

from msgspec import Struct

import govkit
from govkit.core.digests import is_sha256
from govkit.core.errors import Refused, Usage
from govkit.core.judged import Status
from govkit.core.pushcheck import LOG
from govkit.storage import files
from govkit.storage import log as log_storage
from govkit.storage.git import Repository

PLACE = "hooks/pre-receive"
_MARK = "# Written by 'govkit log install-hook'."

_SCRIPT = """\
#!/bin/sh
@MARK@ It refuses pushes that would harm the governance log or its tags.
# To take it out, remove this file. When Python or govkit has moved, run the command again.
python=@PYTHON@
modules=@MODULES@
root=@ROOT@

repository=$(cd "${GIT_DIR:-.}" && pwd) || exit 1
# Git's word on where it put what was pushed is handed on, and nothing else of the pusher's environment.
env -i PATH="$PATH" HOME="${HOME:-/}" LC_ALL=C.UTF-8 GIT_DIR="$repository" \\
    ${GIT_OBJECT_DIRECTORY:+GIT_OBJECT_DIRECTORY="$GIT_OBJECT_DIRECTORY"} \\
    ${GIT_OBJECT_DIRECTORY:+GIT_ALTERNATE_OBJECT_DIRECTORIES="$repository/objects"} \\
    ${GIT_QUARANTINE_PATH:+GIT_QUARANTINE_PATH="$GIT_QUARANTINE_PATH"} \\
    ${modules:+PYTHONPATH="$modules"} \\
    "$python" -s -P -m govkit.cli.main log receive --repo "$repository" ${root:+--root "$root"}
code=$?
[ "$code" -eq 0 ] && exit 0
if [ "$code" -ne 1 ]; then
    echo "govkit: the push could not be checked (exit code $code), so it is refused" >&2
    echo "  next  tell the server's administrator: 'govkit log install-hook' renews this hook" >&2
fi
exit 1
"""


class Installed(Struct, frozen=True):
    """The hook as it stands: its file, the pinned root of trust or None, and what was done."""

    path: str
    root: str | None
    state: Literal["installed", "renewed", "unchanged"]


def install(repository: Repository, *, root: str | None, place: str | None, dry_run: bool) -> Installed:
    """Install the hook in a bare repository; running it again is safe.

    Args:
        repository: the bare repository.
        root: the root of trust to pin; that of the log which is there if None.
        place: where to, from the repository's folder; ``hooks/pre-receive`` if None.
        dry_run: write nothing.

    Raises:
        Usage: if the repository is not bare, or Git would not run a hook there.
        Refused: if another hook stands there, or another root is pinned or in the log.
    """
    if not repository.is_bare:
        raise Usage(
            "the hook belongs into the bare repository that people push to",
            why=f"{repository.git_dir} has a working tree",
            fix="name it: govkit log install-hook REPOSITORY.git",
        )
    path = repository.git_dir.resolve() / (place or PLACE)
    if place is None:
        _check_path(repository)
    before = _ours(path)
    pinned = _root(repository, root, before)
    text = _script(pinned)
    if before == text and path.stat().st_mode & 0o111:
        return Installed(str(path), pinned, "unchanged")
    if not dry_run:
        files.write(path, text.encode())
        path.chmod(0o755)
    return Installed(str(path), pinned, "installed" if before is None else "renewed")


def _script(root: str | None) -> str:
    words = {"PYTHON": sys.executable, "MODULES": _modules(), "ROOT": root or ""}
    text = _SCRIPT.replace("@MARK@", _MARK)
    for name, word in words.items():
        text = text.replace(f"@{name}@", shlex.quote(word))
    return text


def _check_path(repository: Repository) -> None:
    """Refuse where Git looks for hooks in another place."""
    elsewhere = repository.config("core.hookspath")
    if elsewhere is not None:
        raise Usage(
            f"Git does not run the hooks in {repository.git_dir}",
            why=f"core.hooksPath is {elsewhere}",
            fix="name the place from where hooks are run, with --to FILE, or unset core.hooksPath",
        )


def _ours(path: Path) -> str | None:
    """Return the script that we put there before, or None if there is no hook.

    Raises:
        Refused: if there is somebody else's.
    """
    if not path.exists() and not path.is_symlink():
        return None
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    if _MARK not in text or path.is_symlink():
        raise Refused(
            f"{path} is another hook",
            why="it would be overwritten",
            fix="where it runs further hooks, as Gitea's and GitLab's do, put this one among them:\n"
            "--to hooks/pre-receive.d/govkit; else call both from a script of your own",
        )
    return text


def _root(repository: Repository, asked: str | None, before: str | None) -> str | None:
    """Return the root of trust to pin: what is asked for, else what was pinned, else the log's.

    Raises:
        Refused: if the log has another one, or its event 0 is not good.
    """
    if asked is not None and not is_sha256(asked):
        raise Usage(f"'{asked}' is not a root of trust", fix="write sha256:<64 hex>, as 'govkit trust' shows it")
    wanted = asked or _pinned(before or "")
    head = repository.refs(LOG).get(LOG)
    if head is None:
        return wanted
    first = log_storage.read_at(repository, head).state.judged[0]
    if first.status is not Status.GOOD:
        raise Refused("the log that is here cannot be pinned", why=f"event 0 is {first.status}: {first.reason}")
    if wanted not in (None, first.id):
        raise Refused(
            "the log that is here is not the one to pin",
            why=f"its root of trust is {first.id}, {'asked for' if asked else 'pinned before'} is {wanted}",
            fix="find out who rewrote it; if the log was opened anew, say so with --root",
        )
    return first.id


def _pinned(script: str) -> str | None:
    lines = [line.removeprefix("root=") for line in script.splitlines() if line.startswith("root=")]
    words = shlex.split(lines[0]) if lines else []
    return words[0] if words and is_sha256(words[0]) else None


def _modules() -> str:
    """Return the folder to import govkit from, or nothing if this Python finds this very govkit by itself."""
    code = "import govkit; print(govkit.__file__)"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    own = Path(govkit.__file__).resolve()
    found = done.stdout.strip()
    return "" if done.returncode == 0 and found and Path(found).resolve() == own else str(own.parent.parent)
