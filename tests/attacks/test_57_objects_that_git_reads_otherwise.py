"""Git objects that no Git makes: a tree that holds one name twice, and a commit whose parent is a name and not an id.

A bare repository takes the first by a push. ``git show`` prints another event than the one that govkit judges, and a
checkout has other code than the card is made from. Found: reported for the log, refused for code. The second leads
round in a circle: refused.
"""

from __future__ import annotations

import subprocess

import pytest
from world import MODEL, World

from govkit.storage import log as log_storage


def literally(world: World, kind: str, content: bytes) -> str:
    """Write an object whatever it is."""
    words = ["git", "hash-object", "-t", kind, "-w", "--stdin", "--literally"]
    done = subprocess.run(words, cwd=world.repo, env=world.env, input=content, capture_output=True, check=True)
    return done.stdout.decode().strip()


def doubled(world: World, tree: str, name: str, other: bytes) -> str:
    """Return a tree in which a name stands twice, first with other bytes."""
    git, content = world.repository(), b""
    for entry in git.tree(tree):
        for identity in [git.write_object("blob", other), entry.id] if entry.name == name else [entry.id]:
            content += f"{entry.mode} {entry.name}".encode() + b"\0" + bytes.fromhex(identity)
    return literally(world, "tree", content)


@pytest.fixture
def twofold(promoted: World) -> World:
    """A world in which the log's last commit holds two events, one of them only for other readers."""
    last = promoted.repository().commit(promoted.git("rev-parse", log_storage.BRANCH))
    tree = doubled(promoted, last.tree, "event.json", b'{"said":"another story"}')
    promoted.git(
        "update-ref",
        log_storage.BRANCH,
        literally(promoted, "commit", last.raw.replace(last.tree.encode(), tree.encode())),
    )
    promoted.forget()
    return promoted


def test_log_commit_with_two_events_is_reported(twofold: World) -> None:
    """A push takes it there, git prints the other event, and govkit says that there are two."""
    bare = twofold.folder / "bare.git"
    twofold.shell("git", "init", "-q", "--bare", str(bare))
    twofold.git("push", "-q", str(bare), "govkit/log")
    assert "another story" in twofold.git("show", "govkit/log:event.json")
    assert "holds 'event.json' twice, so that others may read another one" in twofold.verify().text
    assert "holds 'event.json' twice" in twofold.govkit("log", "verify", expect=1).text


def test_code_with_two_files_of_one_name_is_refused(promoted: World) -> None:
    """No version is made of a commit in which a checkout and the card may differ."""
    head = promoted.repository().commit(promoted.git("rev-parse", "HEAD"))
    tree = doubled(promoted, head.tree, "train.py", b"import os; os.system('true')\n")
    raw = head.raw.replace(head.tree.encode(), tree.encode())
    commit = literally(promoted, "commit", raw.replace(b"\n\n", b"\n\nOnce more: ", 1))
    promoted.git("update-ref", "refs/heads/main", commit)
    for words in (("card", MODEL, "--rev", commit), ("register", f"{MODEL}@2.0.0", "--rev", commit)):
        assert (
            "holds 'train.py' twice"
            in promoted.govkit(*words, as_="ada" if words[0] == "register" else "", expect=1).text
        )


@pytest.mark.parametrize("parent", ["refs/heads/govkit/log", "HEAD", "0" * 39, "../x"])
def test_parent_that_is_a_name_is_refused(promoted: World, parent: str) -> None:
    """A history that leads back to the branch by its name would never end; it is refused at once."""
    last = promoted.repository().commit(promoted.git("rev-parse", log_storage.BRANCH))
    raw = f"tree {last.tree}\nparent {parent}\n".encode() + last.raw.partition(b"\nparent ")[2].partition(b"\n")[2]
    # Git itself does not set a ref to such a commit; whoever writes to its folder does.
    (promoted.repo / ".git" / log_storage.BRANCH).write_text(literally(promoted, "commit", raw) + "\n")
    result = promoted.verify(expect=1)
    assert "names its tree or a parent otherwise than by an id" in result.text


def test_control(promoted: World) -> None:
    """The same objects as Git writes them are read, and proven."""
    assert "twice" not in promoted.verify().text
    assert "twice" not in promoted.govkit("log", "verify").text
