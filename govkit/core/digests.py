"""Digests and Git ids, written the one way that records use: ``sha256:<64 hex>`` and ``git-sha1:<40 hex>``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import TypedDict

from govkit.core import canonical

#: JSON Schema patterns; ``(?!\n)`` because ``$`` alone also matches before a final newline.
SHA256_PATTERN = r"^sha256:[0-9a-f]{64}$(?!\n)"
GIT_ID_PATTERN = r"^git-sha1:[0-9a-f]{40}$(?!\n)"

_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")


class FileDigest(TypedDict):
    """One file of a directory that is digested: POSIX-relative path, digest of its bytes, size in bytes."""

    path: str
    sha256: str
    size: int


def sha256(data: bytes) -> str:
    """Return the SHA-256 of ``data`` as ``sha256:<hex>``."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def is_sha256(text: object) -> bool:
    """Tell whether ``text`` is a well-formed ``sha256:<hex>``."""
    return isinstance(text, str) and _SHA256.fullmatch(text) is not None


def short(digest: str) -> str:
    """Return the first twelve hex digits of a digest or Git id, for people."""
    return digest.partition(":")[2][:12]


def git_object_id(kind: str, content: bytes) -> str:
    r"""Return the id that Git gives an object: SHA-1 over ``<kind> <size>\0<content>``.

    Args:
        kind: ``blob``, ``tree``, ``commit`` or ``tag``.
        content: the object's bytes, without Git's header.
    """
    digest = hashlib.sha1(b"%s %d\0" % (kind.encode(), len(content)), usedforsecurity=False)
    digest.update(content)
    return f"git-sha1:{digest.hexdigest()}"


def directory(files: Iterable[FileDigest]) -> str:
    """Return a directory's digest: SHA-256 of the canonical list of its files, sorted by path bytes.

    Raises:
        Malformed: if a path is not UTF-8.
    """
    listing = sorted(files, key=lambda file: file["path"].encode("utf-8", "surrogatepass"))
    return sha256(canonical.encode(listing))
