"""Checking a delivered folder again, without Git and without a network: at the start of whatever serves from it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from govkit.core import compatibility, delivered, digests, limits, records, times, yamltext
from govkit.core.compatibility import Target
from govkit.core.delivered import CARD, MANIFEST, DeliveredVerdict
from govkit.core.digests import FileDigest
from govkit.core.errors import Malformed, Refused, Usage
from govkit.storage import files

#: How many files a delivery may have.
MAX_FILES = limits.ENTRIES


def verify(
    folder: Path,
    *,
    model: str | None = None,
    stage: str | None = None,
    record: str | None = None,
    target: Target | None = None,
    now: datetime | None = None,
) -> DeliveredVerdict:
    """Check that a folder is what ``govkit get`` put there: every file, the card, the promotion's event, the ends.

    Without ``record`` that finds damage and mistakes; whoever writes to the folder can write another manifest, too.
    With it, the folder is that of this very promotion, as the log has it.

    Args:
        folder: the folder.
        model: the model that is expected; None for any.
        stage: the stage that is expected; None for any.
        record: the identity of the promotion that is expected, ``sha256:…``; None for any.
        target: where it is about to run; None if that is not asked.
        now: the time; None for this machine's.

    Raises:
        Usage: if there is no such folder, or the record is no digest.
        Refused: if it has no manifest of a delivery.
    """
    if record is not None and not digests.is_sha256(record):
        raise Usage(f"'{record}' is no record", fix="write the promotion's identity, sha256:<64 hex>")
    if not folder.is_dir():
        raise Usage(f"there is no folder {folder}", fix="name the folder that 'govkit get' made")
    found = _manifest(folder)
    said = (found.promotion.get("model"), found.promotion.get("stage"))
    if model not in (None, said[0]) or stage not in (None, said[1]):
        wanted = f"{model or 'any model'} for {stage or 'any stage'}"
        raise Refused(f"{folder} is a delivery of {said[0]} for {said[1]}", why=f"asked for was {wanted}")
    seen, strange, raw_card = _read(folder)
    instant = times.write(now or datetime.now(UTC))
    return delivered.judge(found, raw_card, seen, strange, now=instant, record=record, target=target)


def _manifest(folder: Path) -> delivered.Manifest:
    again = "fetch it with 'govkit get'"
    try:
        return delivered.parse(_own(folder / MANIFEST))
    except FileNotFoundError as error:
        raise Refused(f"{folder} is no delivery", why=f"it has no {MANIFEST}", fix=again) from error
    except (OSError, Malformed) as error:
        raise Refused(f"{folder / MANIFEST} cannot be used", why=str(error), fix=again) from error


def _own(path: Path) -> bytes:
    """Read one of the two files that are govkit's own; a link is none."""
    if path.is_symlink():
        raise Malformed("it is a symbolic link")
    return files.read_small(path, limits.GENERATED)


def _read(folder: Path) -> tuple[dict[str, FileDigest], list[str], bytes | None]:
    """Return the folder's plain files with their digests, what else lies there, and the bytes of the card."""
    paths: list[str] = []
    strange: list[str] = []
    for path, plain in _walk(folder, ""):
        if path in (CARD, MANIFEST):
            continue
        (paths if plain else strange).append(path)
        if len(paths) > MAX_FILES:
            raise Refused(f"{folder} has more than {MAX_FILES:,} files", fix="fetch it again with 'govkit get'")
    try:
        raw_card: bytes | None = _own(folder / CARD)
    except (OSError, Malformed):
        raw_card = None
    # hashlib lets other threads run while it works, so that each processor reads a file of its own.
    with ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, 8)) as pool:
        sums = list(pool.map(lambda path: files.sha256(folder / path), paths))
    return {path: {"path": path, **found} for path, found in zip(paths, sums, strict=True)}, strange, raw_card


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, bool]]:
    """Yield every path in a folder but folders themselves, and whether it is a plain file; links are not followed."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            path = f"{prefix}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path), f"{path}/")
            else:
                yield path, entry.is_file(follow_symlinks=False)


def read_target(path: Path) -> Target:
    """Read where something would run, ``govkit.target/v1``, from YAML or JSON.

    Raises:
        Usage: if it cannot be read, or is not of that form; says where.
    """
    try:
        value = yamltext.load(files.read_small(path, yamltext.MAX_BYTES), where=str(path)).value
        return records.from_value(value, compatibility.Target)
    except OSError as error:
        raise Usage(f"{path} cannot be read", why=error.strerror or str(error), fix="name another file") from error
    except Malformed as error:
        raise Usage(f"{path} does not describe a target", why=str(error), fix="see 'govkit schema target'") from error
