"""Where govkit keeps what it can do without: one file a clone and a purpose, in the user's own cache folder.

The folder is ``$XDG_CACHE_HOME/govkit`` (``~/.cache/govkit``); ``GOVKIT_NO_CACHE`` turns it off. A file that somebody
else could have written is not read.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path

OFF_VARIABLE = "GOVKIT_NO_CACHE"


def place(git_dir: Path, environment: Mapping[str, str], suffix: str) -> Path | None:
    """Return the file of a clone for a purpose, by where the clone lies; None where there is to be no cache.

    Args:
        git_dir: the clone's Git folder.
        environment: says where the cache is, and whether there is one.
        suffix: the purpose, as the file's suffix without a dot.
    """
    base, home = environment.get("XDG_CACHE_HOME"), environment.get("HOME")
    if environment.get(OFF_VARIABLE) or not (base or home):
        return None
    folder = Path(base) if base else Path(home or "") / ".cache"
    return folder / "govkit" / f"{hashlib.sha256(os.fsencode(git_dir.resolve())).hexdigest()[:32]}.{suffix}"


def is_ours(path: Path) -> bool:
    """Tell whether file and folder belong to this user, nobody else can write to them, and neither is a link.

    Raises:
        OSError: if there is no such file.
    """
    if not hasattr(os, "getuid"):
        return True
    for each in (path.parent, path):
        found = each.lstat()
        if found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or stat.S_ISLNK(found.st_mode):
            return False
    return True
