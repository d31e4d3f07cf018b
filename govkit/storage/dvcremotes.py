"""Asking the DVC remotes of a repository which objects they still have: ``dvc gc --cloud`` removes what it is told to.

That they have an object of a name is all that is asked; what is in it, ``govkit get`` checks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from govkit.core.card import Item
from govkit.core.errors import Undecided, Usage

#: DVC 3 names objects by their MD5; DVC 2 kept some under the MD5 of their text with other line ends.
_KINDS = ("md5", "md5-dos2unix")


def pushed(root: Path, items: Iterable[Item]) -> dict[str, bool]:
    """Ask the default DVC remote whether it has the bytes of some items; of a folder, of every file in it.

    Args:
        root: as for :func:`missing`, which says what is raised, too.
        items: what to look for; what lies in Git is left out.

    Returns:
        By path, whether the remote has it.
    """
    asked = {item.path: item.md5 for item in items if item.source != "git"}
    gone = missing(root, (md5 for md5 in asked.values() if md5 is not None), others=False)
    return {path: md5 is not None and md5 not in gone for path, md5 in asked.items()}


def missing(root: Path, wanted: Iterable[str], *, others: bool = True) -> dict[str, list[str]]:
    """Ask the DVC remotes for files and folders, of a folder for every file in it.

    The default remote is asked first, the others only for what it has not.

    Args:
        root: the top of the working tree, whose DVC configuration must have been checked
            (:func:`govkit.storage.dvcbytes.refuse_active_settings`).
        wanted: MD5s, as DVC writes them: one that ends in ``.dir`` is a folder's.
        others: whether other remotes than the default one are asked.

    Returns:
        What is gone: for each MD5 of which anything is, the paths in the folder; an empty path stands for the file
        itself, or for the list of what the folder holds.

    Raises:
        Usage: if there is no DVC repository or remote.
        Undecided: if the default remote cannot be asked; with what DVC said.
    """
    from dvc.config import ConfigError, NoRemoteError
    from dvc.exceptions import DvcException, NotDvcRepoError
    from dvc.repo import Repo

    try:
        with Repo(str(root)) as repo:
            return _missing(list(_stores(repo, others=others)), set(wanted))
    except NotDvcRepoError as error:
        raise Usage("this is not a DVC repository", fix="run 'dvc init'") from error
    except NoRemoteError as error:
        raise Usage(
            "there is no DVC remote to ask", why=str(error), fix="add one: dvc remote add -d NAME URL"
        ) from error
    except (DvcException, ConfigError, OSError, LookupError, TypeError, ValueError) as error:
        raise Undecided(
            "the DVC remote cannot be asked", why=str(error), fix="check it with 'dvc status -c'"
        ) from error


def _stores(repo: Any, *, others: bool) -> Iterator[Any]:
    """Yield the object stores of the default remote, and then those of the others that can be opened."""
    from dvc.config import ConfigError
    from dvc.exceptions import DvcException

    default = repo.config["core"].get("remote")
    for kind in _KINDS:
        yield repo.cloud.get_remote_odb(hash_name=kind)
    for name in repo.config["remote"] if others else ():
        for kind in _KINDS if name != default else ():
            try:
                yield repo.cloud.get_remote_odb(name, hash_name=kind)
            except (DvcException, ConfigError, OSError):  # another remote, which may be somebody else's
                break


def _missing(stores: list[Any], wanted: set[str]) -> dict[str, list[str]]:
    absent = _absent(stores, wanted)
    found = {md5: [""] for md5 in absent}
    inside: dict[str, dict[str, str]] = {}
    for md5 in sorted(wanted - absent):
        listed = _listing(stores, md5) if md5.endswith(".dir") else {}
        if listed is None:
            found[md5] = [""]
        elif listed:
            inside[md5] = listed
    gone = _absent(stores, {each for listed in inside.values() for each in listed.values()})
    for md5, listed in inside.items():
        paths = sorted(path for path, each in listed.items() if each in gone)
        if paths:
            found[md5] = paths
    return found


def _absent(stores: list[Any], wanted: set[str]) -> set[str]:
    """Return which objects none of the stores has; those after the first are asked only for what is left."""
    left = set(wanted)
    for place, store in enumerate(stores):
        if left:
            try:
                left -= set(_present(store, sorted(left)))
            except OSError:
                if place < len(_KINDS):  # the default remote
                    raise
    return left


def _present(store: Any, wanted: list[str]) -> Iterable[str]:
    """Return which objects a store has, in the way that is quickest for it and leaves it as it is.

    Where it is a folder of this machine, DVC's usual way would digest every object, and remove those that are damaged.
    """
    from dvc_data.hashfile.db.local import LocalHashFileDB

    found: Iterable[str] = (store.list_oids_exists if isinstance(store, LocalHashFileDB) else store.oids_exist)(wanted)
    return found


def _listing(stores: list[Any], md5: str) -> dict[str, str] | None:
    """Return MD5 by path of what a folder holds; None if no store has a list that can be read."""
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.tree import Tree
    from dvc_objects.errors import ObjectFormatError

    for store in stores:
        try:
            tree = Tree.load(store, HashInfo("md5", md5))
        except (ObjectFormatError, OSError, ValueError):
            continue
        return {"/".join(key): info.value for key, _, info in tree if info.value is not None}
    return None
