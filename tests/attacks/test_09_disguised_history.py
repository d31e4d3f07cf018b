"""``refs/replace``, ``.git/info/grafts`` or a shallow clone make Git show another history than there is.

Replacement objects and grafts are off for everything that govkit reads, and named; a shallow clone cannot pass.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from rawlog import sign_tag, tag_bytes, tag_id, unsigned
from world import World

NAME = "scorer#production#2"


def said(world: World, what: str) -> None:
    """Assert that verify, status and log verify name the disguise."""
    for words in (("verify", "scorer", "--stage", "production"), ("status",), ("log", "verify")):
        assert f"{what} makes stock Git show something else than there is" in world.govkit(*words).text


def graft(world: World, commit: str, *parents: str) -> None:
    """Have Git believe that a commit has other parents."""
    path = world.repo / ".git" / "info" / "grafts"
    path.parent.mkdir(exist_ok=True)
    path.write_text(" ".join([commit, *parents]) + "\n")


def test_replaced_log_commit_changes_nothing(requested: World) -> None:
    """The log's head replaced by an older one: Git shows a short log, govkit reads all of it."""
    head, older = requested.git("rev-parse", "govkit/log"), requested.git("rev-parse", "govkit/log~5")
    requested.git("replace", head, older)
    assert len(requested.git("log", "--format=%h", "govkit/log").split()) == 6
    assert "11 events from the pinned root" in requested.verify().text
    assert "asks to promote scorer@1.1.0" in requested.govkit("log").text
    said(requested, f"refs/replace/{head}")


def test_replaced_tag_changes_nothing(requested: World) -> None:
    """A recorded tag's object replaced by the attacker's: Git shows that, govkit proves the honest one."""
    forged = unsigned(tag_bytes(requested, NAME)).replace(b'"1.0.0"', b'"1.1.0"')
    identity = requested.repository().write_object("tag", sign_tag(requested, "mallory", forged))
    requested.git("replace", tag_id(requested, NAME), identity)
    assert '"version":"1.1.0"' in requested.git("cat-file", "tag", NAME)
    text = requested.verify().text
    assert "PROVEN: scorer@1.0.0" in text
    assert f"'{NAME}' signed by remy" in text
    said(requested, f"refs/replace/{tag_id(requested, NAME)}")


def test_replaced_candidate_changes_nothing(requested: World) -> None:
    """The promoted commit replaced by another with other parameters: Git shows those, govkit the approved ones."""
    old, new = requested.git("rev-parse", f"{NAME}^{{}}"), requested.git("rev-parse", "HEAD")
    requested.git("replace", old, new)
    assert requested.git("show", f"{old}:params.yaml") == "slope: 0.85"
    text = requested.verify().text
    assert "PROVEN: scorer@1.0.0" in text
    assert "0.85" not in requested.govkit("lineage", "scorer", "--rev", old, "--format", "json").out


def test_graft_does_not_hide_an_author(promoted: World) -> None:
    """A graft that hides the approver's own commit does not let him approve it."""
    champion = promoted.git("rev-parse", f"{NAME}^{{}}")
    (promoted.repo / "train.py").write_text((promoted.repo / "train.py").read_text() + "# mine\n")
    hidden = promoted.commit("Mine", author="Victor Validator <victor@example.org>")
    promoted.retrain(0.9)
    promoted.shell("dvc", "push", "-q")
    graft(promoted, promoted.git("rev-parse", "HEAD"), champion)
    assert hidden not in promoted.git("rev-list", "HEAD", f"^{champion}")
    promoted.register("1.1.0")
    promoted.request("1.1.0", "production")
    promoted.approve("1.1.0", "production", "rita", "victor")
    assert "victor does not count: wrote a commit" in promoted.promote("1.1.0", "production", expect=1).text
    said(promoted, ".git/info/grafts")
    promoted.approve("1.1.0", "production", "vera")
    promoted.promote("1.1.0", "production")
    assert "PROVEN: scorer@1.1.0" in promoted.verify().text


def test_graft_does_not_put_a_commit_on_a_branch(requested: World) -> None:
    """A promoted commit that is on no branch any more is refused, whatever a graft says of the branch."""
    commit = requested.git("rev-parse", f"{NAME}^{{}}")
    tree = requested.git("rev-parse", "HEAD^{tree}")
    other = requested.git("commit-tree", tree, "-m", "Another start")
    requested.git("update-ref", "refs/heads/main", other)
    graft(requested, other, commit)
    requested.git("merge-base", "--is-ancestor", commit, "main")
    assert f"commit: {commit[:10]} is on none of them" in requested.verify(expect=1).text


def verify(world: World, clone: Path, *, expect: int) -> str:
    """Verify production in a clone and return what was said."""
    return world.govkit("verify", "scorer", "--stage", "production", repo=clone, expect=expect).text


def test_shallow_clone_cannot_pass(requested: World) -> None:
    """With one commit a branch, the log is said to be missing in part (exit code 3), and how to get it."""
    clone = requested.clone("shallow", "--depth", "1", "--no-single-branch")
    text = verify(requested, clone, expect=3)
    assert "part of the log is missing from this clone" in text
    assert "git fetch --unshallow" in text


def test_shallow_clone_of_one_branch_has_no_log(requested: World) -> None:
    """Git's usual ``--depth 1`` leaves the log out, and the command that fetches it is named."""
    clone = requested.clone("shallow", "--depth", "1")
    assert "fetch it with 'govkit log sync'" in verify(requested, clone, expect=2)


def test_shallow_code_with_a_whole_log_cannot_pass(requested: World) -> None:
    """A clone that has the whole log and a cut history of the code is undecided, and says what to run."""
    clone = requested.clone("cut")
    (clone / ".git" / "shallow").write_text(requested.git("rev-parse", "HEAD~") + "\n")
    text = verify(requested, clone, expect=3)
    assert "commit: this clone is shallow -> git fetch --unshallow" in text
    assert "PROVEN:" not in text


@pytest.mark.parametrize("depth", [(), ("--depth", "1", "--no-single-branch")])
def test_control(requested: World, depth: tuple[str, ...]) -> None:
    """A full clone, or a shallow one after ``git fetch --unshallow``, is proven and has nothing to say."""
    clone = requested.clone("whole", *depth)
    if depth:
        requested.shell("git", "-C", str(clone), "fetch", "-q", "--unshallow", "--tags")
    text = verify(requested, clone, expect=0)
    assert "PROVEN: scorer@1.0.0" in text
    assert "makes stock Git show" not in text
