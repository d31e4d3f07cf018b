"""Reading files that others may change: what is digested is one plain file, as it stands."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from govkit.core.errors import Malformed
from govkit.storage import files


def test_many_files_are_digested_as_one_is(tmp_path: Path) -> None:
    """Of any sizes, each by its path; and it is told how far it is."""
    sizes: dict[str, int | None] = {}
    for number in range(20):
        content = os.urandom(number * 1000)
        (tmp_path / f"{number}").write_bytes(content)
        sizes[f"{number}"] = len(content)
    told: list[tuple[str, int, int]] = []
    found = files.sha256_all(tmp_path, sizes, watch=lambda *words: told.append(words))
    for path, size in sizes.items():
        digest = hashlib.sha256((tmp_path / path).read_bytes()).hexdigest()
        assert found[path] == {"sha256": f"sha256:{digest}", "size": size}
    assert told[-1][1:] == (190_000, 190_000) and len(told) == 20


def make(folder: Path) -> dict[str, Callable[[Path], object]]:
    """Return what can stand in a file's place, and how it is made."""
    (folder / "target").write_text("hello")
    return {
        "is a symbolic link": lambda path: path.symlink_to(folder / "target"),
        "is no plain file": os.mkfifo,
        "is missing": lambda path: None,
        "has 3 bytes instead of 5": lambda path: path.write_text("hel"),
    }


def test_what_is_no_such_file_is_said_in_words(tmp_path: Path) -> None:
    """A link, a pipe that nobody writes to, nothing at all, another size; and a folder."""
    for number, (words, how) in enumerate(make(tmp_path).items()):
        how(tmp_path / f"{number}")
        assert files.sha256_all(tmp_path, {f"{number}": 5}) == {f"{number}": words}
    (tmp_path / "folder").mkdir()
    assert files.sha256_all(tmp_path, {"folder": None}) == {"folder": "is no plain file"}


def grow(path: Path) -> None:
    """Write more to a file."""
    with path.open("ab") as file:
        file.write(b"more")


def replace(path: Path) -> None:
    """Put other bytes of the same size in a file's place."""
    other = path.with_name("other")
    other.write_bytes(b"HELLO")
    os.utime(other, (1, 1))
    other.replace(path)


@pytest.mark.parametrize("change", [grow, replace, Path.unlink])
def test_a_file_that_changes_while_it_is_read_has_no_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    """Written to, replaced or removed: somebody is at work, and what serves may read other bytes than were checked."""
    path = tmp_path / "file"
    path.write_text("hello")
    digest = hashlib.file_digest

    def meanwhile(*words: Any) -> Any:
        found = digest(*words)
        change(path)
        return found

    monkeypatch.setattr(hashlib, "file_digest", meanwhile)
    with pytest.raises((Malformed, FileNotFoundError)):
        files.sha256(path)


def test_a_small_file_may_be_a_link_only_where_that_is_said(tmp_path: Path) -> None:
    """And never a pipe, nor larger than is allowed."""
    (tmp_path / "file").write_text("hello")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    assert files.read_small(tmp_path / "link", 5) == b"hello"
    with pytest.raises(Malformed, match="symbolic link"):
        files.read_small(tmp_path / "link", 5, follow=False)
    with pytest.raises(Malformed, match="more than"):
        files.read_small(tmp_path / "file", 4)
    with pytest.raises(OSError, match="no plain file"):
        files.read_small(tmp_path / "pipe", 5)
