"""The Merkle tree over the log, as in RFC 6962 section 2.1, with SHA-256.

Leaf hash: ``SHA-256(0x00 || leaf)``; node: ``SHA-256(0x01 || left || right)``; the empty tree: ``SHA-256("")``.
Hashes are 32 raw bytes in here; ``text`` gives the form that records hold.
"""

from __future__ import annotations

import hashlib
from collections.abc import MutableSequence, Sequence

EMPTY = hashlib.sha256(b"").digest()


def text(node: bytes) -> str:
    """Return a 32-byte hash as ``sha256:<hex>``."""
    return f"sha256:{node.hex()}"


def raw(digest: str) -> bytes:
    """Return the 32 bytes of ``sha256:<hex>``."""
    return bytes.fromhex(digest.removeprefix("sha256:"))


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of one leaf's bytes."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree that grows by appending and knows its root at every size it had.

    It keeps one hash for each complete subtree on the right edge, so an append costs O(log n) hashes.

    Attributes:
        leaves: the hashes of all leaves.
        roots: the root at every size, from that of the empty tree.
        edge: the size and hash of every complete subtree on the right edge, the largest first.
    """

    def __init__(self) -> None:
        self.leaves: MutableSequence[bytes] = []
        self.roots: MutableSequence[bytes] = [EMPTY]
        self.edge: list[tuple[int, bytes]] = []

    def __len__(self) -> int:
        return len(self.leaves)

    def __eq__(self, other: object) -> bool:
        return self.leaves == other.leaves and self.roots == other.roots if isinstance(other, Tree) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def append(self, leaf: bytes) -> bytes:
        """Add a leaf hash and return the new root."""
        self.leaves.append(leaf)
        size, node = 1, leaf
        while self.edge and self.edge[-1][0] == size:
            node = _node(self.edge.pop()[1], node)
            size *= 2
        self.edge.append((size, node))
        root = self.edge[-1][1]
        for _, left in reversed(self.edge[:-1]):
            root = _node(left, root)
        self.roots.append(root)
        return root


class Prover:
    """Makes proofs over leaf hashes: keeps the hash of every complete subtree, so a proof costs O(log n) of them."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._levels = [list(leaves)]
        while len(below := self._levels[-1]) > 1:
            self._levels.append([_node(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])

    def __len__(self) -> int:
        return len(self._levels[0])

    def root(self, size: int) -> bytes:
        """Return the root over the first ``size`` leaves (RFC 6962 section 2.1)."""
        return self._range(0, size)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Return the audit path of a leaf (RFC 6962 section 2.1.1), from the leaf's sibling upwards.

        Args:
            index: the leaf.
            size: of how many leaves the tree is, from the first.

        Raises:
            IndexError: if there is no such leaf, or no such tree.
        """
        if not 0 <= index < size <= len(self):
            raise IndexError(f"leaf {index} of {size} of {len(self)}")
        start, end, path = 0, size, []
        while end - start > 1:
            split = start + _split(end - start)
            if index < split:
                path.append(self._range(split, end))
                end = split
            else:
                path.append(self._range(start, split))
                start = split
        return path[::-1]

    def consistency(self, old: int, size: int) -> list[bytes]:
        """Return the proof that the tree of the first ``old`` leaves is a prefix of another (RFC 6962 section 2.1.2).

        Args:
            old: of how many leaves the older tree is.
            size: of how many the newer one is.

        Raises:
            IndexError: unless ``0 < old <= size <= len(self)``.
        """
        if not 0 < old <= size <= len(self):
            raise IndexError(f"size {old} of {size} of {len(self)}")
        start, end, path = 0, size, []
        while end != old:
            split = start + _split(end - start)
            if old <= split:
                path.append(self._range(split, end))
                end = split
            else:
                path.append(self._range(start, split))
                start = split
        # A subtree that both have is left out only where the older tree is that subtree alone.
        return [*([self._range(start, end)] if start else []), *path[::-1]]

    def _range(self, start: int, end: int) -> bytes:
        """Return the root over leaves from ``start`` to before ``end``, a range at which RFC 6962 splits a tree."""
        size = end - start
        if size == 0:
            return EMPTY
        if size & (size - 1) == 0:
            return self._levels[size.bit_length() - 1][start // size]
        split = start + _split(size)
        return _node(self._range(start, split), self._range(split, end))


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes (RFC 6962 section 2.1)."""
    return Prover(leaves).root(len(leaves))


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], tree_root: bytes) -> bool:
    """Check an audit path (RFC 9162 section 2.1.3.2): is ``leaf`` number ``index`` under ``tree_root``?"""
    if not 0 <= index < size:
        return False
    fn, sn, node = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            node = _node(sibling, node)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = _node(node, sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and node == tree_root


def is_consistent(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Check a consistency proof (RFC 9162 section 2.1.4.2): does the new tree only extend the old one?"""
    if not 0 < old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    fn, sn = old_size - 1, new_size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = path[0]
    for node in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            old, new = _node(node, old), _node(node, new)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = _node(new, node)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and old == old_root and new == new_root


def _split(size: int) -> int:
    """Return the largest power of two smaller than ``size``."""
    return 1 << (size - 1).bit_length() - 1
