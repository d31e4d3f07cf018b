"""Digests and Git ids."""

import hashlib

import pytest

from govkit.core import canonical, digests
from govkit.core.digests import FileDigest
from govkit.core.errors import Malformed

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_sha256_is_written_with_its_name() -> None:
    """The digest of nothing is the well-known one, with its algorithm before it."""
    assert f"sha256:{EMPTY}" == digests.sha256(b"")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"sha256:{EMPTY}", True),
        (f"sha256:{EMPTY.upper()}", False),
        (f"sha256:{EMPTY}\n", False),
        (f" sha256:{EMPTY}", False),
        (f"sha256:{EMPTY[1:]}", False),
        (f"sha512:{EMPTY}", False),
        (EMPTY, False),
        ("", False),
        (None, False),
        (b"sha256:" + EMPTY.encode(), False),
    ],
)
def test_one_spelling_of_a_digest(text: object, expected: bool) -> None:
    """Small letters, 64 of them, the name before them, nothing behind."""
    assert expected == digests.is_sha256(text)


def test_short_is_for_people() -> None:
    """Twelve hex digits are enough to talk about."""
    assert digests.short(f"sha256:{EMPTY}") == "e3b0c44298fc"


def test_git_object_ids_are_gits() -> None:
    """The ids that Git gives to the empty blob, the empty tree and a small blob."""
    expected = {
        ("blob", b""): "git-sha1:e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
        ("tree", b""): "git-sha1:4b825dc642cb6eb9a060e54bf8d69288fbee4904",
        ("blob", b"hello\n"): "git-sha1:ce013625030ba8dba906f756967f9e9ca394464a",
    }
    assert expected == {case: digests.git_object_id(*case) for case in expected}


def files(*paths: str) -> list[FileDigest]:
    """Return digests of files that hold their own path."""
    return [{"path": path, "sha256": digests.sha256(path.encode()), "size": len(path)} for path in paths]


def test_directory_does_not_depend_on_the_order() -> None:
    """Files are sorted by the bytes of their paths."""
    listing = files("B", "a/b", "a-b", "ä", "\U0001f600", "\uffff")
    assert digests.directory(listing) == digests.directory(reversed(listing))
    by_bytes = sorted(listing, key=lambda file: file["path"].encode())
    assert f"sha256:{hashlib.sha256(canonical.encode(by_bytes)).hexdigest()}" == digests.directory(listing)


def test_directory_depends_on_path_bytes_and_size() -> None:
    """Any change of any file is another directory."""
    one = files("a", "b")
    others = [
        files("a"),
        files("a", "c"),
        [{**one[0], "size": 2}, one[1]],
        [{**one[0], "sha256": one[1]["sha256"]}, one[1]],
    ]
    assert len({digests.directory(listing) for listing in (one, *others)}) == 5


def test_path_that_is_no_text_is_malformed() -> None:
    """A name that is not UTF-8 on disk has no canonical form."""
    with pytest.raises(Malformed):
        digests.directory([{"path": "a\udcff", "sha256": digests.sha256(b""), "size": 0}])
