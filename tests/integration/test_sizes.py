"""What is too large is refused by its size: in a commit, in the working tree, attached or carried in a file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from world import MODEL, World

from govkit.core import limits
from govkit.core.errors import GovkitError, Usage
from govkit.storage.git import Repository
from govkit.storage.trees import CommitTree, WorkTree, project_of

CARD, YAML, POLICY = f"governance/{MODEL}/card.json", f"governance/{MODEL}/model.yaml", "governance/policy.yaml"
TOO_LARGE = {
    CARD: (limits.CARD, ("card", MODEL, "--check", "--rev", "HEAD")),
    "dvc.lock": (limits.GENERATED, ("card", MODEL, "--rev", "HEAD")),
    "dvc.yaml": (limits.GENERATED, ("lineage", MODEL)),
    "extra.dvc": (limits.GENERATED, ("card", MODEL)),
    YAML: (limits.HAND_WRITTEN, ("card", MODEL, "--rev", "HEAD")),
    POLICY: (limits.HAND_WRITTEN, ("policy", "check")),
    "params.yaml": (limits.CODE, ("card", MODEL, "--rev", "HEAD")),
    "train.py": (limits.CODE, ("card", MODEL, "--rev", "HEAD")),
}


@pytest.mark.parametrize("path", TOO_LARGE)
def test_a_file_that_is_too_large(path: str, governed: World) -> None:
    """A file of zeros, which Git packs into almost nothing, is exit code 2 with its size."""
    limit, words = TOO_LARGE[path]
    with (governed.repo / path).open("wb") as file:
        file.truncate(limit + 1)
    governed.commit("Zeros")
    result = governed.govkit(*words, expect=2)
    assert "large" in result.text or f"{limit + 1}" in result.text
    assert "next" in result.text


def test_too_large_is_not_read(governed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read of what is refused by its size."""
    with (governed.repo / CARD).open("wb") as file:
        file.truncate(limits.CARD + 1)
    governed.commit("Zeros")
    repository = Repository(governed.repo)
    tree = CommitTree(repository, "HEAD")
    monkeypatch.setattr(Repository, "read", lambda *_: pytest.fail("it was read"))
    monkeypatch.setattr(Path, "read_bytes", lambda *_: pytest.fail("it was read"))
    for each in (tree, WorkTree(repository)):
        assert each.size(CARD) == limits.CARD + 1
        with pytest.raises(Usage, match="too large to be read"):
            each.read(CARD, limit=limits.CARD)


def test_a_tree_of_a_billion_files(governed: World) -> None:
    """A commit whose folders are all the same folder lists more files than there is memory for, and is refused."""
    repository = Repository(governed.repo)
    blob = repository.write_object("blob", b"x")
    lines = "".join(f"100644 blob {blob}\tf{n}\0" for n in range(10))
    for _ in range(9):
        tree = repository.run("mktree", "-z", stdin=lines.encode()).decode().strip()
        lines = "".join(f"040000 tree {tree}\td{n}\0" for n in range(10))
    commit = repository.run("commit-tree", tree, "-m", "x").decode().strip()
    result = governed.govkit("card", MODEL, "--rev", commit, expect=1)
    assert "holds more files than govkit reads" in result.text


def test_too_many_dvc_files(governed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many ``.dvc`` files are refused by their number, before one of them is parsed."""
    monkeypatch.setattr(limits, "DVC_FILE_COUNT", 20)
    repository = Repository(governed.repo)
    assert project_of(WorkTree(repository)).artifacts
    for number in range(20):
        (governed.repo / f"x{number}.dvc").write_text("outs: [")
    with pytest.raises(Usage, match="too many or too large"):
        project_of(WorkTree(repository))


def test_a_name_that_is_not_utf8(governed: World) -> None:
    """A file of code whose name no record can hold is told as such."""
    for name, old in (("dvc.yaml", "- train.py"), ("dvc.lock", "path: train.py")):
        path = governed.repo / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, old.replace("train.py", "code"), 1))
    (governed.repo / "code").mkdir()
    (governed.repo / "code" / "a.py").write_text("1\n")
    governed.govkit("card", MODEL)
    (governed.repo / "code" / os.fsdecode(b"\xff.py")).write_text("1\n")
    result = governed.govkit("card", MODEL, expect=2)
    assert "no card can be made" in result.text
    assert "UTF-8" in result.text


def test_a_decision_file_that_is_too_large(governed: World) -> None:
    """A file of a decision is refused by its size as well."""
    path = governed.folder / "decision.json"
    with path.open("wb") as file:
        file.truncate(limits.DECISION + 1)
    result = governed.govkit("submit", str(path), as_="ada", expect=2)
    assert "is not a signed decision" in result.text


def test_a_terminal_without_unicode(governed: World) -> None:
    """Where the output is ASCII, letters that it does not have are written as escapes."""
    model = governed.repo / YAML
    model.write_text(model.read_text() + "\nhuman_oversight: Žofie → risk\n")
    env = {**governed.env, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONPATH": os.pathsep.join(sys.path)}
    for words in (("card", MODEL), ("lineage", MODEL), ("status",), ("policy", "show"), ("show", "žofie→")):
        command = [sys.executable, "-m", "govkit.cli.main", *words, "--repo", str(governed.repo)]
        done = subprocess.run(command, env=env, capture_output=True, check=False)
        assert b"inside govkit" not in done.stderr
        assert b"Traceback" not in done.stderr
        assert done.stdout.isascii()


def test_a_wrong_command_line(governed: World) -> None:
    """A wrong command line is told like every other error, with the next step."""
    for words in (
        ("verify", MODEL),
        ("nonsense",),
        ("verify", MODEL, "--stage", "x", "--format", "y"),
        ("policy", "zzz"),
    ):
        result = governed.govkit(*words, expect=2)
        assert result.err.startswith("govkit: ")
        assert "  next  see 'govkit" in result.err


def test_a_record_that_nobody_caught(
    governed: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bytes that are no record, where nobody says what follows from that, are exit code 3 and no fault of govkit's."""
    from govkit.cli import common, main
    from govkit.core.errors import Malformed
    from govkit.workflow import session

    def broken(*_: object) -> None:
        raise Malformed("cut short")

    monkeypatch.setattr(session.Session, "__init__", broken)
    assert common.run(main.cli, ["status", "--repo", str(governed.repo)]) == 3
    said = capsys.readouterr().err
    assert "inside govkit" not in said
    assert "cut short" in said
    assert not isinstance(Malformed("x"), GovkitError)
