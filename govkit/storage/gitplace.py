"""Where a repository is: the top of its files, and the folder that Git keeps for itself."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from govkit.core.errors import Usage
from govkit.storage import gitsafe
from govkit.storage.gitsafe import CONFIG_WORDS


def find(path: Path) -> tuple[Path | None, Path, Path]:
    """Return the top of the working tree (None if bare), where commands run, and the folder that all worktrees share.

    Only the folder decides, and not what ``GIT_DIR`` and the like say.

    Raises:
        Usage: if it is in none, or in one whose ids are SHA-256.
    """
    asked = ("--is-bare-repository", "--is-inside-work-tree", "--show-object-format")
    places = ("--path-format=absolute", "--git-dir", "--git-common-dir", "--show-cdup")
    words = ["git", *CONFIG_WORDS, "rev-parse", *asked, *places]
    try:
        done = subprocess.run(words, cwd=path, env=gitsafe.environment(), capture_output=True, check=False)
        said, trouble = os.fsdecode(done.stdout).split("\n"), done.stderr.decode("utf-8", "replace").strip()
    except (OSError, ValueError) as error:
        said, trouble = [], error.strerror or "" if isinstance(error, OSError) else str(error)
    if len(said) not in (6, 7):  # without a working tree there is no way up to its top
        # That it is none is all there is to say; anything else, such as another owner, Git says best.
        why = "" if "not a git repository" in trouble else trouble.removeprefix("fatal: ").partition("\n")[0]
        raise Usage(f"{path} is not in a Git repository", why=why, fix="go to one, or name one with --repo DIR")
    bare, inside, form, own, shared, up = said[:6]
    if form == "sha256":
        raise Usage("this is a SHA-256 Git repository", why="DVC cannot open such a repository", fix="use a SHA-1 one")
    if bare == "true":
        return None, Path(own), Path(shared)
    top = _above(path, up.count("..")) if inside == "true" else Path(own).parent  # a server's hook runs in '.git'
    return top, top, Path(shared)


def _above(path: Path, levels: int) -> Path:
    """Return the folder so many levels above one, as it was named if that is the same place."""
    here = path.absolute()
    if ".." in here.parts:
        here = path.resolve()
    near, real = ([place, *place.parents][levels] for place in (here, path.resolve()))
    return near if near.exists() and near.samefile(real) else real
