"""A branch ``evil/govkit/log``, or a race that was lost, makes a clone believe that the log was rewritten."""

from __future__ import annotations

import subprocess

from world import MODEL, World


def test_other_branches_are_not_the_log(promoted: World) -> None:
    """Only ``govkit/log`` of a remote is its log; a branch below another name is none."""
    tree = promoted.git("rev-parse", "HEAD^{tree}")
    promoted.git("branch", "evil/govkit/log", promoted.git("commit-tree", tree, "-m", "x"))
    promoted.govkit("verify", MODEL, "--stage", "production", repo=promoted.clone())


def test_loser_of_a_race_goes_on(requested: World) -> None:
    """Who signed on an old head is told what to do, and after that the clone works."""
    clone = requested.clone()
    loser = World(requested.folder)
    loser.repo = clone
    loser.shell("git", "fetch", "-q", "origin", "govkit/log:govkit/log")
    loser.govkit("approve", f"{MODEL}@1.1.0#production", as_="rita")
    requested.approve("1.1.0", "production", "victor")
    subprocess.run(["git", "fetch", "-q", "origin"], cwd=clone, check=True, env=requested.env)
    result = loser.govkit("status", as_="rita", expect=1)
    assert "somebody else was faster" in result.text
    loser.shell("git", "fetch", "-q", "origin", "+govkit/log:govkit/log")
    loser.govkit("approve", f"{MODEL}@1.1.0#production", as_="rita")
    loser.govkit("log", "verify")
