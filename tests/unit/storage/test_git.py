"""Where a repository is, and single objects of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from govkit.core.errors import Undecided, Usage
from govkit.storage.git import Repository


def git(folder: Path, *words: str) -> str:
    """Run git there."""
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a commit, a folder in it, a worktree and a bare clone beside it, and a link to the folder."""
    folder = tmp_path_factory.mktemp("place") / "repo"
    (folder / "below" / "deep").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / "a file").write_text("text")
    git(folder, "add", "-A")
    git(folder, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one")
    git(folder, "worktree", "add", "-q", "../tree")
    git(folder, "clone", "-q", "--bare", ".", "../bare.git")
    (folder.parent / "link").symlink_to(folder / "below" / "deep")
    (folder.parent / "whole").symlink_to(folder)
    return folder


def test_the_top_is_found_from_everywhere(top: Path) -> None:
    """From a folder below, through links, from a worktree, and where a server's hook runs; a bare one has none."""
    beside, shared = top.parent, top / ".git"
    for place, root in (
        (top, top),
        (top / "below" / "deep", top),
        (top / "below" / ".." / "below", top),
        (beside / "link", top),
        (beside / "whole", beside / "whole"),  # as it was named
        (beside / "whole" / "below", beside / "whole"),
        (beside / "tree", beside / "tree"),
        (shared, top),
    ):
        found = Repository(place)
        assert (found.root, found.git_dir, found.is_bare) == (root, shared, False), place
    bare = Repository(beside / "bare.git")
    assert (bare.is_bare, bare.git_dir) == (True, beside / "bare.git")
    with pytest.raises(Usage, match="bare"):
        _ = bare.root


def test_only_the_folder_decides(top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``GIT_DIR`` does not make another repository of a folder, or one of a folder that is none."""
    commit = git(top, "rev-parse", "HEAD")
    git(tmp_path, "init", "-q", "--bare", "empty.git")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "empty.git"))
    found = Repository(top)
    assert (found.root, found.run("rev-parse", "HEAD").decode().strip(), found.has(commit)) == (top, commit, True)
    with found.reader() as reader:
        assert [item.kind for _, item in reader.read([commit], 1000)] == ["commit"]
    for place in (tmp_path, tmp_path / "missing", top / "a file"):
        with pytest.raises(Usage, match="is not in a Git repository"):
            Repository(place)


def test_single_objects(top: Path) -> None:
    """A name that means nothing, holds spaces or a line break is an absence, and what is asked next is answered."""
    repository = Repository(top)
    blob = git(top, "rev-parse", "HEAD:a file")
    for name in ("0" * 40, "no such", "a b c", "HEAD missing", "HEAD\nHEAD", "HEAD:nothing here", "HEAD\0"):
        assert repository.header(name) == ("missing object", 0), name
        with pytest.raises(Undecided):
            repository.read(name)
        assert repository.read("HEAD:a file") == ("blob", b"text")
        assert repository.header(blob) == ("blob", 4)
    repository.close()
    assert repository.read(blob) == ("blob", b"text")
    assert repository.config("core.bare") == "false"
    assert repository.config("user.nobody") is None
    assert repository.config("core.hooksPath") is None  # what govkit sets for its own commands is not the answer
