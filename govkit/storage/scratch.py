"""A scratch copy of somebody's repository, cut off from everything that is theirs.

It has one commit's history and no remote; every DVC remote and cache that its configuration names is a folder of the
copy's own; commands that run in it find no key, no configuration and no cache of the user's. The user's repository is
only read.
"""

from __future__ import annotations

import configparser
import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from govkit.core import digests
from govkit.core.errors import Refused, Usage
from govkit.core.lineage import LockItem
from govkit.storage.dvcbytes import DvcBytes
from govkit.storage.git import Repository

BRANCH = "main"
#: Variables that would lead a command out of the scratch folder.
_OUT = ("GIT_", "GOVKIT_", "DVC_", "SSH_", "XDG_", "AWS_", "GOOGLE_", "AZURE_", "MLFLOW_", "GITHUB_")


class Scratch(Struct, frozen=True):
    """The folder in which something is tried out.

    Attributes:
        folder: the folder; everything that is made lies in it.
    """

    folder: Path

    @property
    def repo(self) -> Path:
        """The copy of the repository."""
        return self.folder / "repo"

    @property
    def cache(self) -> Path:
        """DVC's cache of the copy."""
        return self.folder / "cache"

    def key(self, person: str) -> Path:
        """Return the path of a person's private key."""
        return self.folder / "keys" / person

    @property
    def environment(self) -> dict[str, str]:
        """The environment of commands that run here: nothing of the user's own is found in it."""
        home = self.folder / "home"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OUT)}
        return {
            **kept,
            "HOME": str(home),
            "USERPROFILE": str(home),
            "XDG_CACHE_HOME": str(home / "cache"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_DATA_HOME": str(home / "data"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CEILING_DIRECTORIES": str(self.folder),
            "GIT_TERMINAL_PROMPT": "0",
            "GOVKIT_KNOWN_ROOTS": str(self.folder / "known_roots"),
            "DVC_NO_ANALYTICS": "1",
            "DVC_GLOBAL_CONFIG_DIR": str(home / "dvc"),
            "DVC_SYSTEM_CONFIG_DIR": str(home / "dvc-system"),
            "DVC_SITE_CACHE_DIR": str(home / "dvc-site"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "PYTHONWARNINGS": "ignore",
        }

    def git(self, *words: str) -> str:
        """Run git in the copy and return what it printed.

        Raises:
            Refused: if it fails.
        """
        command = ["git", "-c", "core.hooksPath=/dev/null", *words]
        done = subprocess.run(command, cwd=self.repo, env=self.environment, capture_output=True, check=False)
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise Refused(f"git {words[0]} failed in the scratch copy", why=said[-1] if said else "")
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def new_key(self, person: str) -> str:
        """Make a key for a throw-away person and return its public line, without a comment."""
        path = self.key(person)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person, "-f", str(path)]
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL, env=self.environment)
        return " ".join(path.with_suffix(".pub").read_text().split()[:2])

    def check_cut_off(self) -> None:
        """Make sure, before anything runs, that nothing leads from the copy to what is the user's.

        Raises:
            Refused: if a remote of Git's, or a place in DVC's configuration, lies outside of the scratch folder.
        """
        outside = self.git("remote").split()
        for path in _dvc_configs(self.repo):
            parser = _parsed(path)
            for section in parser.sections():
                named = [parser[section].get("url"), parser[section].get("dir")]
                outside += [place for place in named if place and not Path(place).is_relative_to(self.folder)]
        if outside:
            raise Refused("the scratch copy is not cut off; nothing was tried", why=f"it leads to {outside[0]}")


@contextlib.contextmanager
def opened(keep: Path | None) -> Iterator[Scratch]:
    """Give a scratch folder, and remove it afterwards whatever happened, unless it is to be kept.

    Args:
        keep: a new or empty folder to work in and keep; None for one that is removed.

    Raises:
        Usage: if the folder to keep is in use.
    """
    if keep is not None:
        place = keep.resolve()
        if place.exists() and (not place.is_dir() or any(place.iterdir())):
            raise Usage(f"{keep} is in use", fix="name a folder that does not exist yet, or an empty one")
        place.mkdir(parents=True, exist_ok=True)
        yield _made(place)
        return
    place = Path(tempfile.mkdtemp(prefix="govkit-tryout-")).resolve()
    try:
        yield _made(place)
    finally:
        _remove(place)


def _made(place: Path) -> Scratch:
    scratch = Scratch(place)
    for folder in (scratch.repo, scratch.cache, place / "home"):
        folder.mkdir()
    return scratch


def _remove(place: Path) -> None:
    """Remove a folder; a process that ends at the same time may still write into it, so look again."""
    for _ in range(3):
        shutil.rmtree(place, ignore_errors=True)
        if not place.exists():
            return


def copy(repository: Repository, scratch: Scratch) -> str:
    """Copy the commit that is checked out, with its history, without tags and remotes; return its id.

    Raises:
        Usage: if there is no commit, or the clone is shallow.
        Refused: if Git cannot copy it.
    """
    head = repository.resolve("HEAD")
    if head is None:
        raise Usage("there is no commit in this repository yet", fix="commit your pipeline first")
    if repository.missing_history():
        why = "who wrote what a version brings in can only be told from the whole history"
        raise Usage("this clone is shallow", why=why, fix="git fetch --unshallow")
    scratch.git("init", "-q", "-b", BRANCH)
    words = ["fetch", "-q", "--no-tags", "--no-recurse-submodules", "--update-shallow", "--no-auto-maintenance"]
    source = str(repository.root if not repository.is_bare else repository.git_dir)
    # With the user's own settings, as they may say that this folder is safe to read.
    command = ["git", "-c", "core.hooksPath=/dev/null", *words, "--end-of-options", source, "HEAD"]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        environment.pop(name, None)
    done = subprocess.run(command, cwd=scratch.repo, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        why = (done.stderr.strip().splitlines() or [""])[-1]
        raise Refused("this repository cannot be copied by Git", why=why, fix="try 'git fsck'")
    scratch.git("config", "user.name", "Tryout")
    scratch.git("config", "user.email", "asker@tryout.invalid")
    scratch.git("config", "commit.gpgSign", "false")
    scratch.git("reset", "-q", "--hard", head)
    (scratch.repo / ".git" / "FETCH_HEAD").unlink(missing_ok=True)
    return head


def redirect(scratch: Scratch) -> int:
    """Lead every DVC remote and cache of the copy into the scratch folder; return how many configurations that took.

    Names of remotes stay, as outputs may name theirs; nothing else that the configuration says does.
    """
    count = 0
    for path in _dvc_configs(scratch.repo):
        if path.is_symlink() or path.name != "config":
            path.unlink()
            continue
        before, after = _parsed(path), configparser.ConfigParser(interpolation=None)
        for section in before.sections():
            name = section.strip("'\"").removeprefix("remote ").strip("\"' ")
            if section.strip("'\"").startswith("remote "):
                place = scratch.folder / "remotes" / digests.sha256(name.encode())[7:19]
                after[section] = {"url": str(place)}
        after["cache"] = {"dir": str(scratch.cache), "type": "copy"}
        default = before.get("core", "remote", fallback=None)
        after["core"] = {"analytics": "false", "check_update": "false", **({"remote": default} if default else {})}
        out = io.StringIO()
        after.write(out)
        path.write_text(out.getvalue(), encoding="utf-8")
        count += 1
    return count


def _dvc_configs(repo: Path) -> list[Path]:
    """Return every file in a working tree that configures DVC.

    Raises:
        Refused: if one lies behind a symbolic link.
    """
    found = []
    for folder in sorted(repo.rglob(".dvc")):
        if folder.is_symlink():
            raise Refused(f"{folder.relative_to(repo)} is a symbolic link; nothing was tried", fix="make it a folder")
        if folder.is_dir():
            places = [folder / name for name in ("config", "config.local")]
            found += [path for path in places if path.is_symlink() or path.is_file() or path.name == "config"]
    return found


def _parsed(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    with contextlib.suppress(configparser.Error, OSError, UnicodeDecodeError):
        parser.read_string(path.read_text(encoding="utf-8"))
    return parser


def bring(store: DvcBytes, item: LockItem, scratch: Scratch) -> int | None:
    """Copy the bytes of a DVC-tracked thing into the scratch cache; nothing is linked.

    Returns:
        How many bytes; None if they are not on this machine.
    """
    objects = store.objects(item)
    for md5, path in objects.items():
        target = scratch.cache / "files" / "md5" / md5[:2] / md5[2:]
        old = scratch.cache / md5[:2] / md5[2:]  # where DVC 2 looks
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            old.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            os.link(target, old)
    return sum(path.stat().st_size for path in objects.values()) if objects else None


def check_room(scratch: Scratch, size: int) -> None:
    """Refuse to copy more bytes than there is room for.

    Raises:
        Usage: says how to name another disk.
    """
    free = shutil.disk_usage(scratch.folder).free
    if size > free * 0.9:
        raise Usage(
            f"there is no room for a copy of {size:,} bytes in {scratch.folder}",
            why=f"{free:,} bytes are free there",
            fix="name a folder on another disk with --keep DIR, or with the variable TMPDIR",
        )


class Untouched(Struct, frozen=True):
    """What a repository was like, to be compared later: refs, settings, and what Git says of its files."""

    seen: Mapping[str, bytes]

    @classmethod
    def of(cls, repository: Repository, *more: Path) -> Untouched:
        """Look at a repository, and at more files."""
        folder = repository.git_dir
        seen = {"refs": repository.run("for-each-ref"), "HEAD": repository.run("rev-parse", "HEAD", "--abbrev-ref")}
        if not repository.is_bare:
            seen["files"] = repository.run("status", "--porcelain", "--untracked-files=normal")
            more = (*more, *(repository.root / ".dvc" / name for name in ("config", "config.local")))
        for path in (folder / "config", *more):
            seen[str(path)] = path.read_bytes() if path.is_file() else b""
        return cls(seen)

    def differs(self, other: Untouched) -> list[str]:
        """Return what is another thing now."""
        return sorted(
            name for name in self.seen.keys() | other.seen.keys() if self.seen.get(name) != other.seen.get(name)
        )
