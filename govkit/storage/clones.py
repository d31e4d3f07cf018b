"""Clones of repositories that somebody reviews without working in them: their log, tags and history, no working files.

The address of a repository is hostile: somebody may have sent it. Only transports that run nothing are allowed, and
nothing of what a clone brings is checked out, so no filter, hook or submodule of it runs.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from govkit.core.errors import Undecided, Usage
from govkit.storage import git, gitsafe

_SHAPES = "write https://HOST/PATH, ssh://HOST/PATH, USER@HOST:PATH, or the absolute path of a folder"
_SCP = re.compile(r"(?P<user>[A-Za-z0-9_][A-Za-z0-9._-]*)@(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*):(?P<path>[^-:/].*|/.+)")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_LONG = 2000


def is_address(text: str) -> bool:
    """Tell whether a word of the command line means a repository rather than a request."""
    return "://" in text or "::" in text or text.startswith(("/", "-")) or _SCP.fullmatch(text) is not None


def check_address(address: str) -> str:
    """Return the address of a repository, if it can be cloned safely.

    Raises:
        Usage: if it is of another form than a few that run nothing, or holds a password.
    """
    if len(address) > _LONG or not address.isprintable():
        raise _refused(address, "it holds a character that is not to be seen, or is too long")
    if address.startswith("/"):
        return address
    if _SCP.fullmatch(address):
        return address
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise _refused(address, f"it is no address: {error}") from error
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return address
    if parts.scheme not in ("https", "ssh"):
        raise _refused(address, f"'{parts.scheme or address}' is no way that is known to run nothing and to be private")
    host = parts.netloc.rpartition("@")
    user, name = host[0], re.sub(r":[0-9]{1,5}$", "", host[2])
    if ":" in user:
        raise _refused(address, "it holds a password, which would be kept; Git asks for it, or has it from its helper")
    if not _HOST.fullmatch(name) or (user and not _USER.fullmatch(user)):
        raise _refused(address, "its host or user is not one")
    return address


def _refused(address: str, why: str) -> Usage:
    return Usage(f"'{address[:200]}' is not taken as the address of a repository", why=why, fix=_SHAPES)


def place(environment: Mapping[str, str], address: str) -> Path:
    """Return where the clone of an address lies."""
    named = environment.get("XDG_DATA_HOME")
    base = Path(named) if named else Path.home() / ".local" / "share"
    return base / "govkit" / "clones" / hashlib.sha256(address.encode()).hexdigest()[:24]


def clone(address: str, target: Path) -> None:
    """Clone a repository with all of its history and tags, without checking anything out.

    Args:
        address: a checked address.
        target: where to; its folder is made for its owner alone.

    Raises:
        Undecided: if it cannot be reached.
    """
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Path(tempfile.mkdtemp(prefix=".clone-", dir=target.parent))
    settings = [*git.SLOW, "-c", "protocol.allow=never"]
    settings += [word for name in ("https", "ssh", "file") for word in ("-c", f"protocol.{name}.allow=always")]
    settings += ["-c", "core.hooksPath=/dev/null", "-c", "core.symlinks=false", "-c", "submodule.recurse=false"]
    words = ["clone", "--quiet", "--no-checkout", "--no-local", "--template=", "--no-recurse-submodules"]
    environment = {**gitsafe.network_environment(), "GIT_ALLOW_PROTOCOL": "https:ssh:file"}
    try:
        command = ["git", *settings, *words, "--", address, str(folder / "clone")]
        done = subprocess.run(command, env=environment, stdin=None, capture_output=True, check=False)
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            why = " ".join(line for line in said if line.startswith(("fatal:", "error:", "ssh:"))) or "git failed"
            raise Undecided(f"'{address}' cannot be cloned", why=why, fix="try 'git ls-remote' with it")
        (folder / "clone").rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
