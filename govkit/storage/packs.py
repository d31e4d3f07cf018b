"""Putting several objects into a Git repository at once: a pack is written by hand, and Git takes it apart or keeps it.

Writing them one by one costs a process each. No ref is made, so Git forgets the objects after a while unless somebody
fetches a branch that holds them.

The format is Git's pack version 2: ``PACK``, the version, the number of objects; for each object its kind and size in
groups of bits, and its bytes deflated; at the end the SHA-1 over all of it.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Mapping

from govkit.core import digests
from govkit.storage.git import Repository

_KINDS = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}


class ObjectSet:
    """Objects that are about to be stored, each under its id in hex."""

    def __init__(self) -> None:
        self._objects: dict[str, tuple[str, bytes]] = {}

    def add(self, kind: str, content: bytes) -> str:
        """Take an object in and return its id.

        Args:
            kind: ``blob``, ``tree``, ``commit`` or ``tag``.
            content: its bytes, without Git's header.
        """
        identity = digests.git_object_id(kind, content).partition(":")[2]
        self._objects[identity] = (kind, content)
        return identity

    def add_tree(self, blobs: Mapping[str, str]) -> str:
        """Take in a flat tree of files.

        Args:
            blobs: blob ids in hex, by file name.
        """
        entries = sorted((name.encode(), identity) for name, identity in blobs.items())
        return self.add("tree", b"".join(b"100644 %b\0%b" % (name, bytes.fromhex(i)) for name, i in entries))

    def store(self, repository: Repository) -> int:
        """Write what the repository does not have yet; return how many objects that were.

        Raises:
            Refused: if Git cannot write them.
        """
        asked = "".join(f"{identity}\n" for identity in self._objects).encode()
        said = repository.run("cat-file", "--buffer", "--batch-check=%(objectname)", stdin=asked)
        missing = [line.split(" ")[0] for line in said.decode("ascii").splitlines() if line.endswith(" missing")]
        if missing:
            repository.run("index-pack", "--stdin", stdin=_pack([self._objects[identity] for identity in missing]))
        return len(missing)

    def store_loose(self, repository: Repository) -> None:
        """Write all of them as files of their own, as ``git commit`` does: for a few at a time.

        Raises:
            Refused: if Git cannot write them.
        """
        repository.run("unpack-objects", "-q", stdin=_pack(list(self._objects.values())))


def _pack(objects: list[tuple[str, bytes]]) -> bytes:
    parts = [b"PACK" + struct.pack(">II", 2, len(objects))]
    for kind, content in objects:
        size = len(content)
        byte, size = (_KINDS[kind] << 4) | (size & 15), size >> 4
        header = bytearray()
        while size:
            header.append(byte | 0x80)
            byte, size = size & 0x7F, size >> 7
        header.append(byte)
        parts += [bytes(header), zlib.compress(content, 1)]
    body = b"".join(parts)
    return body + hashlib.sha1(body, usedforsecurity=False).digest()
