"""The bytes that DVC tracks, as far as they are on this machine: in the working tree or in DVC's cache.

DVC's MD5 only finds bytes; what is proven of them is their SHA-256. DVC itself is not imported here, except to fetch.
Cache layout: DVC 3 keeps ``files/md5/AA/BBB…``, DVC 2 kept ``AA/BBB…``; a folder is a JSON list in a ``.dir`` object.
"""

from __future__ import annotations

import configparser
import contextlib
import json
import os
import posixpath
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from govkit.core import digests, dvcmd5, limits
from govkit.core.digests import FileDigest
from govkit.core.dvcmd5 import md5
from govkit.core.errors import Malformed, Refused, Usage
from govkit.core.lineage import OLD_HASH, LockItem
from govkit.storage import files
from govkit.storage.files import FileSums

_MAX_LISTING = 64 * limits.MIB
_MAX_CONFIG = limits.CONFIG
#: So many files of a folder are looked for before it is asked whether one is missing.
_AT_ONCE = 256
#: A fetched file shares no bytes with the cache: whoever writes there must not write into what was proven.
#: Bytes in all from which on several processors digest them: threads that only look for files hinder each other.
_WORTH_SPREADING = 4 * limits.MIB
_APART = {"cache": {"type": ["reflink", "copy"]}}
# One entry of a folder's listing: a flat object, and the comma behind it.
_LISTED = re.compile(r"""\s*+\{(?:[^"{}\[\]]|"(?:[^"\\]|\\.)*+")*+\}\s*+(?:,\s*+(?=\{)|(?=\]\Z))""")
#: Settings of a remote that say where it is, and nothing of what to run or whom to trust.
_PLACES = frozenset(
    ("url", "endpointurl", "region", "version_aware", "profile", "port", "user", "anonymous", "allow_anonymous_login")
)


class Found(Struct, frozen=True):
    """Bytes that are at hand: SHA-256 of a file, or of a folder's listing; size in bytes; where each file lies."""

    sha256: str
    size: int
    files: Mapping[str, Path]


class DvcBytes:
    """Looks for bytes by DVC's MD5.

    Args:
        root: the top of the working tree.
        folder: the folder of the model's ``dvc.yaml``, from which the DVC project is looked for upwards.
        sums: digests a file; what remembers digests (:mod:`govkit.storage.sumcache`) only where nothing is decided.
    """

    def __init__(self, root: Path, folder: str = "", sums: Callable[[Path], FileSums] = files.sums) -> None:
        self._root, self._sums = root, sums
        self._caches = _caches(root, folder)

    def find(self, item: LockItem) -> Found | None:
        """Return the bytes of an item whose MD5 is the one that DVC recorded; None if they are not here."""
        if item.md5 is None or "://" in item.path:
            return None
        return self._find_folder(item, item.md5) if item.is_directory else self._find_file(item, item.md5, self._sums)

    def find_all(self, items: Sequence[LockItem]) -> list[Found | None]:
        """Return what :meth:`find` does for each of them, in their order; several are digested at once."""
        if sum(item.size or 0 for item in items) < _WORTH_SPREADING:
            return [self.find(item) for item in items]
        # The largest first, so that no processor is left with one when the others are done.
        order = sorted(range(len(items)), key=lambda place: -(items[place].size or 0))
        found = dict(zip(order, files.each(lambda place: self.find(items[place]), order), strict=True))
        return [found[place] for place in range(len(items))]

    def read(self, item: LockItem, *, limit: int) -> bytes | None:
        """Return the content of an item of at most ``limit`` bytes; None if it is not here or a folder."""
        if item.md5 is None or "://" in item.path or item.is_directory:
            return None
        # What goes into a card as it stands is never taken for what it was.
        found = self._find_file(item, item.md5, files.sums)
        if found is None or found.size > limit:
            return None
        return found.files[""].read_bytes()

    def objects(self, item: LockItem) -> dict[str, Path]:
        """Return where the bytes of each of DVC's objects of an item lie, by MD5; of a folder also its listing's.

        Empty if one of them is not here.
        """
        found = self.find(item)
        if found is None or item.md5 is None:
            return {}
        if not item.is_directory:
            return {item.md5: found.files[""]}
        listing = next((path for path in self._cached(item.md5) if path.is_file()), None)
        if listing is None:
            return {}
        named = read_listing(listing.read_bytes())
        return {item.md5: listing, **{named[path].hex(): place for path, place in found.files.items()}}

    def _find_file(self, item: LockItem, known: str, sums: Callable[[Path], FileSums]) -> Found | None:
        for path in (self._root / item.path, *self._cached(known)):
            found = _file(path, known, sums, old=item.hash == OLD_HASH)
            if found is not None:
                return found
        return None

    def _find_folder(self, item: LockItem, known: str) -> Found | None:
        for place in self._cached(known):
            if place.is_file() and place.stat().st_size <= _MAX_LISTING:
                content = place.read_bytes()
                wanted = _listed(content) if f"{md5(content)}.dir" == known else None
                found = self._read_folder(item, wanted) if wanted is not None else None
                if found is not None:
                    return found
        # DVC keeps no listing of what it imported, nor does whoever has only got the files.
        lying = self._lying(item, known)
        return self._read_folder(item, lying) if lying is not None else None

    def _lying(self, item: LockItem, known: str) -> dict[str, bytes] | None:
        """Return the MD5s of the files that lie in a folder of the working tree, if they give the folder's.

        They are read only if number and size are right: anybody can claim to know a folder that takes hours to read.
        """
        folder = self._root / item.path
        try:
            paths = _files_in(folder, most=item.files or 0)
            if paths is None or len(paths) != item.files:
                return None
            if item.size not in (None, sum((folder / path).stat().st_size for path in paths)):
                return None
            for old in (False, True) if item.hash == OLD_HASH else (False,):
                md5s = files.each(lambda path, old=old: self._md5_of(folder / path, old=old), paths)  # type: ignore[misc]
                found = dict(zip(paths, md5s, strict=True))
                if dvcmd5.of_folder(found) == known:
                    return {path: bytes.fromhex(each) for path, each in found.items()}
        except OSError:
            return None
        return None

    def _read_folder(self, item: LockItem, wanted: Mapping[str, bytes]) -> Found | None:
        paths: dict[str, Path] = {}
        sums: list[FileDigest] = []
        seen: dict[str, Found | None] = {}
        old = item.hash == OLD_HASH

        def find(entry: tuple[str, bytes]) -> Found | None:
            relative, known = entry[0], entry[1].hex()
            found = _file(self._root / item.path / relative, known, self._sums, old=old)
            if found is None:
                if known not in seen:  # a listing can name one large file a million times
                    cached = (_file(place, known, self._sums, old=old) for place in self._cached(known))
                    seen[known] = next((f for f in cached if f), None)
                found = seen[known]
            return found

        entries = sorted(wanted.items())
        for start in range(0, len(entries), _AT_ONCE):  # nothing more is read once one is missing
            batch = entries[start : start + _AT_ONCE]
            for (relative, _), found in zip(batch, files.each(find, batch), strict=True):
                if found is None:
                    return None
                paths[relative] = found.files[""]
                sums.append({"path": relative, "sha256": found.sha256, "size": found.size})
        return Found(digests.directory(sums), sum(entry["size"] for entry in sums), paths)

    def _md5_of(self, path: Path, *, old: bool) -> str:
        return _old_md5_of(path) if old else self._sums(path).md5

    def _cached(self, md5: str) -> list[Path]:
        return [cache / layout / md5[:2] / md5[2:] for cache in self._caches for layout in ("files/md5", "")]


def read_listing(listing: bytes) -> dict[str, bytes]:
    """Read what DVC keeps of a folder: a JSON list of ``{"md5": …, "relpath": …}``.

    It is read entry by entry, and only what is an entry is kept: a hostile listing of 64 MB could otherwise fill
    gigabytes.

    Returns:
        MD5 (16 bytes) by path.

    Raises:
        Malformed: if it is not such a list, or a path leaves the folder or stands there twice.
    """
    try:
        text = listing.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise Malformed("the listing is not UTF-8") from error
    found: dict[str, bytes] = {}
    start, last = 1, len(text) - 1
    if last < 1 or text[0] != "[" or text[last] != "]":
        raise Malformed("the listing is not a list")
    while start < last:
        match = _LISTED.match(text, start)
        if match is None:
            raise Malformed(f"the listing is broken at character {start}")
        try:
            entry = json.loads(match[0].rstrip(", \t\r\n"))
            path, known = entry["relpath"], bytes.fromhex(entry["md5"])
        except (ValueError, TypeError, LookupError) as error:
            raise Malformed(f"the listing is broken at character {start}") from error
        if not isinstance(path, str) or path in found or not is_inside(path) or len(known) != 16:
            raise Malformed(f"the listing names a path that cannot be, at character {start}")
        found[path] = known
        start = match.end()
    return found


def is_inside(relative: str) -> bool:
    """Tell whether a POSIX path stays inside the folder that it is relative to."""
    plain = posixpath.normpath(relative) == relative and "\\" not in relative and "\0" not in relative
    return plain and not relative.startswith(("/", "../")) and relative not in ("", ".", "..")


def _listed(content: bytes) -> dict[str, bytes] | None:
    try:
        return read_listing(content)
    except Malformed:
        return None


def _files_in(folder: Path, most: int) -> list[str] | None:
    """Return the files below a folder, which is not followed out of; None if there are more, or no such folder."""
    found: list[str] = []
    if folder.is_symlink() or not folder.is_dir():
        return None
    for place, _, names in os.walk(folder):
        inside = Path(place).relative_to(folder)
        found += [(inside / name).as_posix() for name in names]
        if len(found) > most:
            return None
    return found


def _file(path: Path, known: str, sums: Callable[[Path], FileSums], *, old: bool = False) -> Found | None:
    """Return a file's bytes if DVC's MD5 is the one that is known; DVC 2's, too, where it is an old one."""
    try:
        if not path.is_file():
            return None
        summed = sums(path)
        same = summed.md5 == known or (old and _old_md5_of(path) == known)
    except OSError:
        return None
    return Found(summed.sha256, summed.size, {"": path}) if same else None


def _old_md5_of(path: Path) -> str:
    with path.open("rb") as file:
        return dvcmd5.old_md5_of(iter(lambda: file.read(dvcmd5.PIECE), b""))


def _caches(root: Path, folder: str) -> list[Path]:
    """Return the cache folders of the DVC project that holds ``folder``, as its configuration names them."""
    start = root / folder
    for place in (start, *start.parents):
        project = place / ".dvc"
        if project.is_dir():
            configs = (_read_config(project / name) for name in ("config", "config.local"))
            named = [value for config in configs if (value := config.get("cache", "dir", fallback=None))]
            return [place for value in named for place in _resolved(project, value)] + [project / "cache"]
        if place == root:
            break
    return []


def _resolved(project: Path, value: str) -> list[Path]:
    """Return a configured folder, or nothing if it cannot be one."""
    try:
        return [(project / Path(value).expanduser()).resolve()]
    except (OSError, RuntimeError, ValueError):
        return []


def _read_config(path: Path) -> configparser.ConfigParser:
    """Read a DVC configuration; one that is no plain small file is empty."""
    small = path.is_file() and not path.is_symlink() and path.stat().st_size <= _MAX_CONFIG
    return _parse_config(path.read_text(encoding="utf-8", errors="replace") if small else "")


def _parse_config(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    with contextlib.suppress(configparser.Error):
        parser.read_string(text)
    return parser


def refuse_active_settings(name: str, text: str) -> None:
    """Refuse a DVC configuration from the repository whose remotes say more than where they are.

    Whoever can push can write it, and a setting such as ``configpath`` makes a storage client run a command. What a
    remote needs beyond its place belongs into the reader's own configuration (``dvc remote modify --local``).

    Args:
        name: the file's name, for the message.
        text: its content.

    Raises:
        Refused: names the first such setting.
    """
    parser = _parse_config(text)
    for section in parser.sections():
        for key in parser.options(section):
            if section.strip("'\"").startswith("remote ") and key not in _PLACES:
                raise Refused(
                    f"{name} sets '{key}' for {section.strip(chr(39))}",
                    why="whoever can push can write this file, and only settings that name a place are taken from it",
                    fix=f"remove it there, and set your own with 'dvc remote modify --local NAME {key} VALUE'",
                )


def fetch(
    root: Path,
    commit: str,
    path: str,
    target: Path,
    *,
    jobs: int | None = None,
    watch: Callable[[str, int, int], None] | None = None,
) -> None:
    """Bring an output of a commit from DVC's cache or remote into a new file or folder.

    Args:
        root: the top of the working tree.
        commit: the commit, in hex.
        path: the output, from the top of the repository.
        target: where to put it; its content is unproven until somebody checks it.
        jobs: how many files at a time; None for what DVC takes.
        watch: called with a title, how many files or bytes are there, and of how many.

    Raises:
        Usage: if this is no DVC repository.
        Refused: if DVC would import it from elsewhere, or cannot deliver it; with what DVC said.
    """
    from dvc.api import DVCFileSystem
    from dvc.exceptions import DvcException, NotDvcRepoError

    try:
        source = DVCFileSystem(str(root), rev=commit, config=_APART)
        _refuse_import(source.repo.index.outs, path)
        with _quiet_finalisers():
            source.get("/" + path, str(target), recursive=True, callback=_callback(path, watch), batch_size=jobs)
    except NotDvcRepoError as error:
        raise Usage("this is not a DVC repository", fix="run 'dvc init'") from error
    except (DvcException, OSError, RecursionError, LookupError, TypeError, ValueError) as error:
        # DVC trusts what it reads from a cache: a listing that names ".." sends it round in circles, for one.
        raise Refused(
            f"DVC could not deliver {path}", why=str(error), fix="check the DVC remote with 'dvc fetch'"
        ) from error


def _callback(title: str, watch: Callable[[str, int, int], None] | None) -> Any:
    """Return what DVC's file system tells how far it is."""
    from fsspec.callbacks import Callback

    def told(size: int | None, value: int, **_: Any) -> None:
        if watch is not None:
            watch(f"fetching {title}", value, size or 0)

    return Callback(hooks={"govkit": told})


@contextlib.contextmanager
def _quiet_finalisers() -> Iterator[None]:
    """Print nothing of finalisers that fail.

    A DVC that goes round in circles comes to the end of the stack, where they do; that is no news beside the refusal.
    The hook is a function in C, as one in Python would find no stack either.
    """
    before, sys.unraisablehook = sys.unraisablehook, id
    try:
        yield
    finally:
        sys.unraisablehook = before


def _refuse_import(outs: Iterable[Any], path: str) -> None:
    """Refuse what DVC would fetch from where a ``.dvc`` file says that it was imported from.

    Whoever can push can write such a file. DVC would clone the repository that it names and obey that one's
    configuration, which can name a command to run; or take a client's settings (``fs_config``) from the file itself.
    """
    wanted = path.split("/")
    for out in outs:
        key = list(out.index_key[1])
        if out.stage.is_import and all(own == other for own, other in zip(key, wanted, strict=False)):
            raise Refused(
                f"{path} is imported from elsewhere",
                why=f"{out.stage.path.lstrip('/')} names another place, and DVC would fetch from there by its settings",
                fix="keep the bytes in this repository's own remote: 'dvc add' them instead, and register that",
            )
