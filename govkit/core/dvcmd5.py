"""MD5 as DVC writes it: DVC 3 digests bytes as they are, DVC 2 digested text without its carriage returns.

What DVC 2 took for text, and in which pieces it read, is from ``dvc_data.hashfile`` (its ``hash`` and
``istextfile``): a piece of a MiB is text if its first 512 bytes hold no NUL and few characters that nobody types.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Final

#: How much DVC 2 looked at in one go: a line end that lies across two pieces was left as it is.
PIECE: Final = 2**20
_HEAD: Final = 512
_TYPED: Final = bytes(range(32, 127)) + b"\n\r\t\f\b"
_MOST_OTHERS: Final = 0.30


def md5(data: bytes) -> str:
    """Return the MD5 by which DVC 3 knows a file's bytes."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def old_md5(data: bytes) -> str:
    """Return the MD5 by which DVC 2 knew a file's bytes."""
    return old_md5_of(data[place : place + PIECE] for place in range(0, len(data), PIECE))


def old_md5_of(pieces: Iterable[bytes]) -> str:
    """Return the MD5 by which DVC 2 knew a file, given in pieces of :data:`PIECE` bytes."""
    digest = hashlib.md5(usedforsecurity=False)
    for piece in pieces:
        digest.update(piece.replace(b"\r\n", b"\n") if _is_text(piece[:_HEAD]) else piece)
    return digest.hexdigest()


def _is_text(head: bytes) -> bool:
    return b"\0" not in head and len(head.translate(None, _TYPED)) <= _MOST_OTHERS * len(head)


def of_folder(files: Mapping[str, str]) -> str:
    """Return the MD5 by which DVC knows a folder, which ends in ``.dir``.

    Args:
        files: the MD5 of each file by its POSIX path from the folder.
    """
    return md5(listing(files)) + ".dir"


def listing(files: Mapping[str, str]) -> bytes:
    """Return what DVC keeps of a folder, given as for :func:`of_folder`: the bytes of its ``.dir`` object."""
    entries = [{"md5": known, "relpath": path} for path, known in sorted(files.items())]
    return json.dumps(entries, sort_keys=True).encode()
