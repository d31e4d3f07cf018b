"""Checking a delivered folder again, without Git and without a network: at the start of whatever serves from it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from govkit.core import delivered, limits, records, times
from govkit.core.compatibility import Target
from govkit.core.delivered import CARD, MANIFEST, DeliveredVerdict
from govkit.core.digests import FileDigest
from govkit.core.errors import Malformed, Refused, Usage
from govkit.storage import files, pins

#: After how many things that do not belong there a folder is not looked through any further.
_ENOUGH = 100


def verify(
    folder: Path,
    *,
    model: str | None = None,
    stage: str | None = None,
    record: str | None = None,
    root: str | None = None,
    target: Target | None = None,
    environment: Mapping[str, str] | None = None,
    now: datetime | None = None,
    watch: Callable[[str, int, int], None] | None = None,
) -> DeliveredVerdict:
    """Check that a folder is what ``govkit get`` put there: every file, the card, the promotion's event, the ends.

    Without ``record`` that finds damage and mistakes; whoever writes to the folder can write another manifest, too.
    With it, the folder is that of this very promotion, as the log has it.

    Args:
        folder: the folder.
        model: the model that is expected; None for any.
        stage: the stage that is expected; None for any.
        record: the identity of the promotion that is expected, ``sha256:…``; None for any.
        root: the root of trust of the log that it must come from, ``sha256:…``; None for any. It is what the manifest
            says of itself: only ``record`` shows that nobody wrote another.
        target: where it is about to run; None if that is not asked.
        environment: where record and root are taken from if they are None (``GOVKIT_RECORD``, ``GOVKIT_ROOT``).
        now: the time; None for this machine's.
        watch: called with a title, how many bytes were read, and of how many.

    Raises:
        Usage: if there is no such folder, or record or root are no digests; an empty one is none.
        Refused: if it has no manifest of a delivery, or is full of what was not delivered.
    """
    record, root = pins.pinned_record(record, environment or {}), pins.pinned_root(root, environment or {})
    if not folder.is_dir():
        raise Usage(f"there is no folder {folder}", fix="name the folder that 'govkit get' made")
    found = _manifest(folder)
    said = found.promotion
    if model not in (None, said.model) or stage not in (None, said.stage):
        wanted = f"{model or 'any model'} for {stage or 'any stage'}"
        raise Refused(f"{folder} is a delivery of {said.model} for {said.stage}", why=f"asked for was {wanted}")
    seen, wrong, raw_card = _read(folder, {file["path"]: file["size"] for file in found.files}, watch)
    instant = times.write(now or datetime.now(UTC))
    return delivered.judge(found, raw_card, seen, wrong, now=instant, record=record, root=root, target=target)


def _manifest(folder: Path) -> delivered.Manifest:
    again = "fetch it with 'govkit get'"
    try:
        return delivered.parse(files.read_small(folder / MANIFEST, limits.GENERATED, follow=False))
    except FileNotFoundError as error:
        raise Refused(f"{folder} is no delivery", why=f"it has no {MANIFEST}", fix=again) from error
    except (OSError, Malformed) as error:
        raise Refused(f"{folder / MANIFEST} cannot be used", why=str(error), fix=again) from error


def _read(
    folder: Path, listed: dict[str, int], watch: Callable[[str, int, int], None] | None
) -> tuple[dict[str, FileDigest], dict[str, str], bytes | None]:
    """Return the listed files with their digests, what is wrong with the rest by path, and the bytes of the card.

    What is not listed is not read, and a file of another size neither: a folder cannot make a start take for ever.
    """
    there, wrong = _walk(folder, listed)
    seen: dict[str, FileDigest] = {}
    for path, found in files.sha256_all(folder, {path: listed[path] for path in there}, watch=watch).items():
        if isinstance(found, str):
            wrong[path] = found
        else:
            seen[path] = {"path": path, **found}
    try:
        raw_card: bytes | None = files.read_small(folder / CARD, limits.CARD, follow=False)
    except (OSError, Malformed):
        raw_card = None
    return seen, wrong, raw_card


def _walk(folder: Path, listed: dict[str, int]) -> tuple[list[str], dict[str, str]]:
    """Return which of the listed paths are there, and what does not belong there; links are not followed."""
    inside = {path[:end] for path in listed for end, sign in enumerate(path) if sign == "/"}
    there: list[str] = []
    wrong: dict[str, str] = {}
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        try:
            with os.scandir(folder / prefix) as entries:
                for entry in entries:
                    path = f"{prefix}{entry.name}"
                    if path in inside and entry.is_dir(follow_symlinks=False):
                        waiting.append(f"{path}/")
                    elif path in listed:
                        there.append(path)
                    elif path not in (CARD, MANIFEST) and not _is_of_the_volume(path, entry):
                        wrong[path] = "is no folder" if path in inside else "was not delivered"
                    if len(wrong) > _ENOUGH:
                        raise Refused(
                            f"{folder} has more than {_ENOUGH} entries that were not delivered",
                            why=f"one of them is {path}",
                            fix="fetch it with 'govkit get' into a folder of its own",
                        )
        except OSError as error:
            wrong[prefix.rstrip("/") or "the folder"] = f"cannot be read: {error.strerror or error}"
    return there, wrong


def _is_of_the_volume(path: str, entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is the folder that a file system of its own brings along, with nothing to be read in it."""
    if path != files.VOLUME_FOLDER or not entry.is_dir(follow_symlinks=False):
        return False
    try:
        return not any(os.scandir(entry.path))
    except PermissionError:
        return True


def read_target(path: Path) -> Target:
    """Read where something would run, ``govkit.target/v1``, from YAML or JSON.

    Raises:
        Usage: if it cannot be read, or is not of that form; says where.
    """
    from govkit.core import yamltext

    try:
        value = yamltext.load(files.read_small(path, yamltext.MAX_BYTES), where=str(path)).value
        return records.from_value(value, Target)
    except OSError as error:
        raise Usage(f"{path} cannot be read", why=error.strerror or str(error), fix="name another file") from error
    except Malformed as error:
        raise Usage(f"{path} does not describe a target", why=str(error), fix="see 'govkit schema target'") from error
