"""Git objects taken apart: commits, trees, and who wrote and signed a commit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct

from govkit.core.assess import Commit
from govkit.core.errors import Malformed

ID = re.compile(r"[0-9a-f]{40}")
_CO_AUTHOR = re.compile(r"\s*co-authored-by\s*:", re.IGNORECASE)


class TreeEntry(NamedTuple):
    """One entry of a Git tree: mode such as ``100644``, object id in hex, and its name or path."""

    mode: str
    id: str
    name: str


class RawCommit(Struct, frozen=True):
    """A commit object taken apart: tree, parents, and all of its bytes."""

    id: str
    tree: str
    parents: tuple[str, ...]
    raw: bytes


def parse_commit(identity: str, kind: str, raw: bytes) -> RawCommit:
    """Take a commit object apart.

    Raises:
        Malformed: if it is none.
    """
    header = raw.partition(b"\n\n")[0].decode("utf-8", "replace").split("\n")
    if kind != "commit" or not header[0].startswith("tree "):
        raise Malformed(f"{identity[:12]} is a {kind}, not a commit")
    parents = []
    for line in header[1:]:
        if not line.startswith("parent "):
            break
        parents.append(line[7:])
    # Anything else would be looked up as a name, and could lead round in a circle.
    if not all(ID.fullmatch(named) for named in (header[0][5:], *parents)):
        raise Malformed(f"{identity[:12]} names its tree or a parent otherwise than by an id")
    return RawCommit(identity, header[0][5:], tuple(parents), raw)


def parse_tree(data: bytes) -> list[TreeEntry]:
    """Take a tree object apart: modes, names and 20-byte ids.

    Raises:
        Malformed: if it is none.
    """
    entries, start = [], 0
    while start < len(data):
        end = data.find(b"\0", start)
        if end < 0 or end + 21 > len(data):
            raise Malformed("a tree that is cut short")
        mode, _, name = data[start:end].partition(b" ")
        identity = data[end + 1 : end + 21].hex()
        entries.append(TreeEntry(mode.decode("ascii", "replace"), identity, name.decode("utf-8", "surrogateescape")))
        start = end + 21
    return entries


def split_commit(raw: bytes) -> tuple[bytes, bytes | None]:
    """Split a commit into what its signature is over and the signature block, or None.

    The format is Git's ``gpgsig`` header: continued lines begin with a space.
    """
    header, blank, message = raw.partition(b"\n\n")
    kept: list[bytes] = []
    block: list[bytes] = []
    inside = False
    for line in header.split(b"\n"):
        if line.startswith(b"gpgsig "):
            inside = True
            block.append(line[7:])
        elif inside and line.startswith(b" "):
            block.append(line[1:])
        else:
            inside = False
            kept.append(line)
    payload = b"\n".join(kept) + blank + message
    return payload, b"\n".join(block) + b"\n" if block else None


def addresses(raw: bytes) -> frozenset[str]:
    """Return the e-mail addresses of a commit's author and co-authors (``Co-authored-by:``), in small letters."""
    text = raw.decode("utf-8", "replace")
    header, _, message = text.partition("\n\n")
    lines = [line for line in header.split("\n") if line.startswith("author ")]
    lines += [line for line in message.split("\n") if _CO_AUTHOR.match(line)]
    # Every address of a line: which of several is meant, Git and its hosts do not agree on.
    found = (address.strip().lower() for line in lines for address in re.findall(r"<([^<>]*)", line))
    return frozenset(address for address in found if address)


def describe_commits(commits: Iterable[RawCommit]) -> Iterator[Commit]:
    """Yield who wrote each commit, and the key that signed it."""
    from govkit.storage.signatures import signer_of

    for commit in commits:
        payload, block = split_commit(commit.raw)
        signer = None
        if block is not None:
            try:
                signer = signer_of(payload, block, "git")
            except Malformed:
                signer = None
        yield Commit(f"git-sha1:{commit.id}", addresses(commit.raw), signer)
