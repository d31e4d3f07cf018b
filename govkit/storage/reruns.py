"""A clean clone of one commit in a folder of its own, in which the repository's own commands are run again by DVC.

What is run is whatever the commit says: code of whoever could push. Nothing here makes that safe; only a machine with
nothing on it to steal does. What is done here keeps it from reaching further than it must:

- the clone has no remote, no hooks, and none of the repository's other branches;
- DVC has a cache of its own and settings that come after the repository's; it sends nothing and fetches nothing;
- the environment is a short list of names, without keys, agents and tokens;
- the commands are in a process group of their own, which is ended with the run.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from govkit.core import digests
from govkit.core.digests import FileDigest
from govkit.core.dvcmd5 import md5
from govkit.core.errors import Malformed, Refused, Undecided, Usage
from govkit.core.reproduction import Sums
from govkit.storage import files, gitsafe
from govkit.storage.dvcbytes import Found, is_inside

#: The clone within its folder, DVC's own files beside it, and what the commands printed.
CLONE, DVC, LOG = "repository", "dvc", "run.log"
#: What the commands get of the environment; more of it by name.
KEPT = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "TERM", "LANG", "LANGUAGE", "VIRTUAL_ENV"),
        *("PYTHONPATH", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE", "PYTHONIOENCODING", "PYTHONUTF8"),
        *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "SYSTEMROOT"),
    }
)
_KEPT_BEGIN = ("LC_", "CONDA_", "OMP_", "MKL_", "OPENBLAS_", "CUDA_", "NVIDIA_", "XLA_", "TF_DETERMINISTIC")
#: What is never passed on, whoever names it.
_NEVER = ("GOVKIT_", "SSH_", "GPG_", "GIT_", "DVC_")
_SETTINGS = """\
[core]
    analytics = false
    autostage = false
    check_update = false
    interactive = false
    site_cache_dir = "{own}/site_cache"
[cache]
    dir = "{own}/cache"
    type = "reflink,copy"
"""
_BEGUN = re.compile(rb"^Running stage '([^'\n]{1,400})':", re.MULTILINE)
_FAILED = re.compile(r"failed to reproduce '([^'\n]{1,400})'")
_GIT = ["git", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "advice.detachedHead=false"]
#: How much of what was printed is read at a time, and how many lines of its end are told.
_PIECE, _LINES = 64 * 1024, 12
_PATIENCE = 3.0


@contextlib.contextmanager
def workspace(keep: Path | None = None) -> Iterator[Path]:
    """Give a folder that only its owner may open; it is removed at the end, however that comes, unless it is kept.

    Args:
        keep: where it shall be, and stay: a folder that does not exist yet or is empty. None for a temporary one.

    Raises:
        Usage: if that folder is in use.
    """
    if keep is not None:
        if keep.is_symlink() or (keep.exists() and (not keep.is_dir() or any(keep.iterdir()))):
            raise Usage(f"{keep} exists and is not an empty folder", fix="name another with --keep, or empty it")
        keep.mkdir(parents=True, exist_ok=True, mode=0o700)
        yield keep.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="govkit-reproduce-"))
    try:
        yield folder.resolve()
    finally:
        remove(folder)


def remove(path: Path) -> None:
    """Remove a file or folder with all in it, also what was made read-only; links are removed, not followed."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    for folder, names, _ in os.walk(path):
        for name in (".", *names):
            place = Path(folder, name)
            if not place.is_symlink():
                with contextlib.suppress(OSError):
                    place.chmod(stat.S_IRWXU)
    for _ in range(20):  # a command that was just ended may still be writing
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
        time.sleep(0.05)


def check_out(source: Path, commit: str, folder: Path) -> Path:
    """Make a clone of one commit and its history, and check its files out; returns where.

    Git makes a pack of what it reads, so every object has the bytes that its id stands for.

    Args:
        source: the Git directory to take it from.
        commit: the commit, in hex.
        folder: what :func:`workspace` gave.

    Raises:
        Undecided: if the commit, or something in it, is not there, or cannot be written here.
    """
    clone = folder / CLONE
    _git(["init", "--quiet", "--template=", str(clone)])
    serve = "git -c uploadpack.allowAnySHA1InWant=true upload-pack"
    words = ["-c", "protocol.allow=never", "-c", "protocol.file.allow=always", "-C", str(clone)]
    words += ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"]
    _git([*words, f"--upload-pack={serve}", str(source.resolve()), commit])
    _git(["-C", str(clone), "checkout", "--quiet", "--detach", "--no-recurse-submodules", commit])
    return clone


def _git(words: Sequence[str]) -> None:
    settings = {name: value for name, value in gitsafe.network_environment().items() if _is_setting(name)}
    environment = {**settings, "GIT_ALLOW_PROTOCOL": "file", "LC_ALL": "C.UTF-8"}
    done = subprocess.run([*_GIT, *words], env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        why = " ".join(line for line in said if line.startswith(("fatal:", "error:"))) or "git failed"
        raise Undecided("the commit cannot be checked out", why=why, fix="fetch it again: git fetch --all --tags")


def _is_setting(name: str) -> bool:
    """Tell whether a variable may stay for Git: not one that names another repository than is meant."""
    return not name.startswith("GIT_") or name.startswith(("GIT_CONFIG_", "GIT_NO_", "GIT_TERMINAL"))


def prepare(clone: Path, folder: str) -> Path:
    """Give DVC in a clone settings that come after the repository's own; returns the top of the DVC project.

    Args:
        clone: the clone.
        folder: the folder of the model's ``dvc.yaml``, from which the project is looked for upwards.

    Raises:
        Undecided: if there is no DVC project, or its folder is a link.
    """
    start = clone / folder
    for place in (start, *start.parents):
        settings = place / ".dvc"
        if settings.is_dir() and not settings.is_symlink():
            own = clone.parent / DVC
            own.mkdir(exist_ok=True)
            local = files.place(place, ".dvc/config.local")
            remove(local)
            local.write_text(_SETTINGS.format(own=own), encoding="utf-8")
            return place
        if place == clone:
            break
    raise Undecided(
        "there is no DVC project in the commit", why="it has no folder .dvc", fix="register a commit that has"
    )


def environment(folder: Path, passed_on: Sequence[str] = ()) -> dict[str, str]:
    """Return the environment of the commands: a short list of names, and DVC led to files of its own.

    Args:
        folder: what :func:`workspace` gave.
        passed_on: further names of variables that the commands need.

    Raises:
        Usage: if one of them is a key's or an agent's, or is not set.
    """
    for name in passed_on:
        if name.startswith(_NEVER):
            raise Usage(f"{name} is not passed on", why="it may lead to keys, or lead Git or DVC elsewhere")
        if name not in os.environ:
            raise Usage(f"{name} is not set, so it cannot be passed on", fix="export it, or leave it out")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in KEPT or name in passed_on or name.startswith(_KEPT_BEGIN)
    }
    own = folder / DVC
    return {
        **kept,
        "DVC_NO_ANALYTICS": "1",
        "DVC_STUDIO_OFFLINE": "1",
        **{f"DVC_{name}_DIR": str(own / name.lower()) for name in ("GLOBAL_CONFIG", "SYSTEM_CONFIG", "SITE_CACHE")},
        "GIT_TERMINAL_PROMPT": "0",
    }


def run(
    project: Path,
    targets: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    watch: Callable[[str], None] = lambda _: None,
) -> None:
    """Run DVC stages again, whatever their state, one after the other; nothing goes into a cache.

    Args:
        project: the top of the DVC project.
        targets: the DVC stages, as ``dvc repro`` takes them, in the order to run them in.
        environment: what :func:`environment` gave.
        log: the file that takes what they print.
        watch: called with the name of each DVC stage that begins.

    Raises:
        Undecided: if one fails; with the end of what it printed.
    """
    # -P: what lies in the repository is not taken for a module of DVC's.
    words = [sys.executable, "-P", "-m", "dvc", "repro", "--force", "--no-commit", "--single-item", "--", *targets]
    start = log.stat().st_size if log.exists() else 0
    with log.open("ab") as printed:
        process = subprocess.Popen(
            words,
            cwd=project,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _follow(process, log, start, watch)
    finally:
        _end(process)
    if process.returncode != 0:
        raise _failed(log, start, process.returncode)


def _follow(process: subprocess.Popen[bytes], log: Path, place: int, watch: Callable[[str], None]) -> None:
    """Wait for a process, and tell which DVC stage it is at."""
    while True:
        try:
            process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            place = _told(log, place, watch)
            continue
        _told(log, place, watch)
        return


def _told(log: Path, place: int, watch: Callable[[str], None]) -> int:
    """Tell of the DVC stages that began since; returns where to go on reading."""
    with log.open("rb") as file:
        file.seek(place)
        piece = file.read(_PIECE)
    begun = list(_BEGUN.finditer(piece))
    for match in begun:
        watch(match[1].decode("utf-8", "replace"))
    # A line that is not whole yet is read again; one that is longer than a piece is none of DVC's.
    whole = piece.rfind(b"\n") + 1
    return place + (whole or (len(piece) if len(piece) == _PIECE else 0))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and whatever it started in its group and left running."""
    for name, patience in (("SIGTERM", _PATIENCE), ("SIGKILL", None)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, getattr(signal, name))
            else:  # there are no groups on Windows
                process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=patience)


def _failed(log: Path, start: int, code: int) -> Undecided:
    """Return the error that tells why a run ended early."""
    size = log.stat().st_size
    with log.open("rb") as file:
        file.seek(max(start, size - _PIECE))
        lines = file.read(_PIECE).decode("utf-8", "replace").splitlines()
    told = [line for line in lines if line.strip()][-_LINES:]
    named = _FAILED.findall("\n".join(told))
    what = f"DVC stage '{named[-1]}' failed" if named else f"'dvc repro' ended with exit code {code}"
    return Undecided(
        f"{what}, so nothing is known of what it makes",
        why="\n".join(told),
        fix="find out what it needs: packages, data, variables (--env NAME); --keep DIR leaves all to look at",
    )


# -- files of the clone --------------------------------------------------------------------------------------------


def put(clone: Path, path: str, found: Found) -> None:
    """Copy bytes that are at hand to where a DVC stage reads them; never a link to them, as it might write there.

    Raises:
        Refused: if a symbolic link of the commit leads the path elsewhere.
        OSError: if it cannot be written.
    """
    for relative, source in found.files.items():
        target = _place(clone, f"{path}/{relative}" if relative else path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def clear(clone: Path, path: str) -> None:
    """Remove what lies at a path of the clone, so that whatever lies there after a run was written by it.

    Raises:
        Refused: if a symbolic link of the commit leads the path elsewhere.
    """
    remove(_place(clone, path))


def _place(clone: Path, path: str) -> Path:
    """Return where a path of the repository lies in the clone.

    Raises:
        Refused: if it leads out of it, by itself or by a symbolic link.
    """
    if not is_inside(path):
        raise Refused(f"{path} lies outside the repository", why="nothing is written or removed there")
    return files.place(clone, path)


def sums(clone: Path, path: str) -> Sums | None:
    """Return the digests of a file or folder of the clone; None if there is nothing.

    Raises:
        Undecided: if it, or something in it, is no plain file.
    """
    try:
        place = _place(clone, path)
        if place.is_symlink() or not place.exists():
            if place.is_symlink():
                raise Malformed("is a symbolic link")
            return None
        if place.is_dir():
            return _sums_of_folder(place)
        found = files.sha256(place)
        return Sums(found["sha256"], files.sums(place).md5)
    except (Malformed, OSError) as error:
        raise Undecided(
            f"what the run wrote to {path} cannot be compared", why=f"it {error}", fix="let it write plain files"
        ) from error


def _sums_of_folder(place: Path) -> Sums:
    """Digest a folder as cards do, and as DVC does: MD5 over a JSON list of its files."""
    names = sorted(
        path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_symlink() or not path.is_dir()
    )
    listed: list[FileDigest] = []
    for name, one in files.sha256_all(place, dict.fromkeys(names)).items():
        if isinstance(one, str):
            raise Malformed(f"holds {name}, which {one}")
        listed.append({"path": name, **one})
    entries = [{"md5": files.sums(place / name).md5, "relpath": name} for name in names]
    return Sums(digests.directory(listed), f"{md5(json.dumps(entries, sort_keys=True).encode())}.dir", is_folder=True)
