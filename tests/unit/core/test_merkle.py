"""The Merkle tree: RFC 6962, its test vectors, and a second implementation to hold it against."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govkit.core import merkle

# The inputs and roots of the reference tests of google/certificate-transparency, merkletree/merkle_tree_test.cc.
INPUTS = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [merkle.leaf_hash(data) for data in INPUTS]
SIZES = st.integers(1, 40)


def leaves(size: int) -> list[bytes]:
    """Return distinct leaf hashes."""
    return [merkle.leaf_hash(str(index).encode()) for index in range(size)]


def reference(nodes: list[bytes]) -> bytes:
    """Return a root another way: level by level, an odd last node moving up as it is."""
    while len(nodes) > 1:
        paired = [hashlib.sha256(b"\x01" + a + b).digest() for a, b in zip(nodes[::2], nodes[1::2], strict=False)]
        nodes = paired + nodes[len(nodes) - len(nodes) % 2 :]
    return nodes[0]


def reference_includes(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes | None:
    """Return the root that an audit path leads to, level by level; None if it is too long or too short."""
    path = list(proof)
    while size > 1:
        if index % 2 == 1 or index + 1 < size:
            if not path:
                return None
            sibling = path.pop(0)
            pair = sibling + leaf if index % 2 else leaf + sibling
            leaf = hashlib.sha256(b"\x01" + pair).digest()
        index, size = index // 2, (size + 1) // 2
    return None if path else leaf


# -- vectors ----------------------------------------------------------------------------------------------------------


def test_published_roots() -> None:
    """The roots over the well-known inputs, at every size, from both ways to compute them."""
    tree = merkle.Tree()
    assert [tree.append(leaf).hex() for leaf in LEAVES] == ROOTS
    assert [merkle.root(LEAVES[: size + 1]).hex() for size in range(8)] == ROOTS


def test_empty_tree() -> None:
    """The root of nothing is the SHA-256 of nothing."""
    expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert expected == merkle.EMPTY.hex() == merkle.root([]).hex() == merkle.Tree().roots[0].hex()


PATHS = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


@pytest.mark.parametrize(("where", "expected"), PATHS.items())
def test_published_audit_paths(where: tuple[int, int], expected: list[str]) -> None:
    """The audit paths of the reference tests, counted from 0."""
    index, size = where
    proof = merkle.Prover(LEAVES[:size]).inclusion(index, size)
    assert expected == [node.hex() for node in proof]
    assert merkle.is_included(LEAVES[index], index, size, proof, bytes.fromhex(ROOTS[size - 1]))


CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


@pytest.mark.parametrize(("where", "expected"), CONSISTENCY.items())
def test_published_consistency_proofs(where: tuple[int, int], expected: list[str]) -> None:
    """The consistency proofs of the reference tests."""
    old, new = where
    proof = merkle.Prover(LEAVES[:new]).consistency(old, new)
    assert expected == [node.hex() for node in proof]
    roots = [bytes.fromhex(text) for text in ROOTS]
    assert merkle.is_consistent(old, new, roots[old - 1], roots[new - 1], proof)


# -- a second implementation ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", range(1, 41))
def test_every_leaf_is_included(size: int) -> None:
    """At every size, each leaf's proof leads to the root, also in the second implementation."""
    nodes = leaves(size)
    tree = merkle.Tree()
    for leaf in nodes:
        tree.append(leaf)
    assert reference(nodes) == merkle.root(nodes) == tree.roots[-1]
    for index, leaf in enumerate(nodes):
        proof = merkle.Prover(nodes).inclusion(index, len(nodes))
        assert tree.roots[-1] == reference_includes(leaf, index, size, proof)
        assert merkle.is_included(leaf, index, size, proof, tree.roots[-1])


@pytest.mark.parametrize("new", range(1, 41))
def test_every_prefix_is_consistent(new: int) -> None:
    """At every size, each earlier tree is proven to be its beginning, and no other tree is."""
    nodes = leaves(new)
    for old in range(1, new + 1):
        proof = merkle.Prover(nodes).consistency(old, len(nodes))
        roots = merkle.root(nodes[:old]), merkle.root(nodes)
        assert merkle.is_consistent(old, new, *roots, proof)
        assert not merkle.is_consistent(old, new, merkle.leaf_hash(b"x"), roots[1], proof)
        assert not merkle.is_consistent(old, new, roots[0], merkle.leaf_hash(b"x"), proof)


@settings(max_examples=200)
@given(st.data(), SIZES)
def test_wrong_inclusion_is_refused(data: st.DataObject, size: int) -> None:
    """Another leaf, place, root or proof proves nothing."""
    nodes = leaves(size)
    index = data.draw(st.integers(0, size - 1))
    root, proof = merkle.root(nodes), merkle.Prover(nodes).inclusion(index, len(nodes))
    other = data.draw(st.integers(-2, size + 2).filter(lambda place: place != index))
    assert not merkle.is_included(nodes[index], other, size, proof, root)
    assert not merkle.is_included(merkle.leaf_hash(b"x"), index, size, proof, root)
    assert not merkle.is_included(nodes[index], index, size, [*proof, nodes[0]], root)
    assert not merkle.is_included(nodes[index], index, size, proof, merkle.leaf_hash(b"x"))
    for place in range(len(proof)):
        assert not merkle.is_included(nodes[index], index, size, proof[:place] + proof[place + 1 :], root)
        changed = [*proof[:place], merkle.leaf_hash(b"x"), *proof[place + 1 :]]
        assert not merkle.is_included(nodes[index], index, size, changed, root)


@settings(max_examples=200)
@given(st.data(), SIZES)
def test_wrong_consistency_is_refused(data: st.DataObject, new: int) -> None:
    """A changed, shortened or lengthened proof, or one for other sizes, proves nothing."""
    nodes = leaves(new)
    old = data.draw(st.integers(1, new))
    roots, proof = (merkle.root(nodes[:old]), merkle.root(nodes)), merkle.Prover(nodes).consistency(old, len(nodes))
    assert not merkle.is_consistent(old, new, *roots, [*proof, nodes[0]])
    for place in range(len(proof)):
        assert not merkle.is_consistent(old, new, *roots, proof[:place] + proof[place + 1 :])
        changed = [*proof[:place], merkle.leaf_hash(b"x"), *proof[place + 1 :]]
        assert not merkle.is_consistent(old, new, *roots, changed)
    for sizes in ((0, new), (-1, new), (new + 1, new)):
        assert not merkle.is_consistent(*sizes, *roots, proof)


@given(SIZES, st.integers(0, 39), st.binary(min_size=1, max_size=8))
def test_changed_history_has_another_root(size: int, index: int, data: bytes) -> None:
    """Any other leaf anywhere is another root at every size from there on."""
    nodes = leaves(size)
    index %= size
    changed = [*nodes[:index], merkle.leaf_hash(b"changed" + data), *nodes[index + 1 :]]
    for end in range(index + 1, size + 1):
        assert merkle.root(nodes[:end]) != merkle.root(changed[:end])


def test_leaf_is_no_node() -> None:
    """A node's bytes given as a leaf have another hash: the two are told apart by their first byte."""
    left, right = leaves(2)
    assert merkle.root([left, right]) != merkle.leaf_hash(left + right)


@pytest.mark.parametrize("index", [-1, 3, 100])
def test_no_proof_for_a_leaf_that_is_not_there(index: int) -> None:
    """Asking for the proof of a leaf outside the tree is an error."""
    with pytest.raises(IndexError, match="of 3"):
        merkle.Prover(leaves(3)).inclusion(index, 3)


@pytest.mark.parametrize("size", [-1, 0, 4])
def test_no_consistency_with_a_tree_that_is_not_there(size: int) -> None:
    """Neither the empty tree nor a larger one is a beginning."""
    with pytest.raises(IndexError, match="of 3"):
        merkle.Prover(leaves(3)).consistency(size, 3)


def test_text_and_raw() -> None:
    """Roots are written like other digests."""
    assert merkle.raw(merkle.text(merkle.EMPTY)) == merkle.EMPTY
    assert merkle.text(merkle.EMPTY).startswith("sha256:e3b0c442")


def test_empty_proof_proves_only_equality() -> None:
    """Without a proof, one tree is the beginning of another only if it is the same."""
    nodes = leaves(5)
    roots = [merkle.root(nodes[:size]) for size in range(6)]
    assert merkle.is_consistent(5, 5, roots[5], roots[5], [])
    assert not any(merkle.is_consistent(old, 5, roots[old], roots[5], []) for old in range(5))
    assert not merkle.is_consistent(5, 5, roots[5], roots[4], [])
    assert not merkle.is_consistent(5, 5, roots[5], roots[5], [nodes[0]])
