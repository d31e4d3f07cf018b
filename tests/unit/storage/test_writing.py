"""Moving several refs as one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from govkit.storage import writing
from govkit.storage.git import RefUpdate, Repository

ZERO = "0" * 40
NAMES = ("refs/heads/a", "refs/heads/b")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with one commit."""
    for words in (
        ["init", "-q"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x"],
    ):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return Repository(tmp_path)


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_a_transaction_that_breaks_off_is_finished(
    repository: Repository, moved: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git moves refs one after the other in the end: what stops it there must not leave a log without its tag."""
    head = repository.resolve("HEAD") or ""
    honest, broken = Repository.move_refs, []

    def breaks_off(self: Repository, updates: Iterable[RefUpdate]) -> None:
        if broken:
            honest(self, updates)
            return
        broken.append(True)
        honest(self, list(updates)[:moved])
        raise KeyboardInterrupt

    monkeypatch.setattr(Repository, "move_refs", breaks_off)
    (repository.git_dir / "govkit").mkdir(exist_ok=True)
    with pytest.raises(KeyboardInterrupt):
        writing.move(repository, [RefUpdate(name, head, ZERO) for name in NAMES])
    assert repository.refs(*NAMES) == (dict.fromkeys(NAMES, head) if moved else {})
    assert not (repository.git_dir / writing.JOURNAL).exists()
