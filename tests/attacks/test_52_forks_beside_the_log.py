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
    """Who signed on an old head, with another tool than govkit, is told where the histories part, and goes on."""
    clone = requested.clone()
    loser = World(requested.folder)
    loser.repo = clone
    loser.shell("git", "fetch", "-q", "origin", "govkit/log:govkit/log")
    name = f"{MODEL}@1.1.0#production"
    loser.govkit("approve", name, "--local", as_="rita")
    loser.git("update-ref", "refs/heads/govkit/log", "refs/govkit/waiting/log")
    requested.approve("1.1.0", "production", "victor")
    subprocess.run(["git", "fetch", "-q", "origin"], cwd=clone, check=True, env=requested.env)
    result = loser.govkit("status", as_="rita", expect=1)
    assert "two histories" in result.text
    assert "they part at event 11, with 1 and 1 events after it" in result.text
    loser.shell("git", "fetch", "-q", "origin", "+govkit/log:govkit/log")
    loser.govkit("log", "sync", as_="rita")
    loser.govkit("log", "verify")
    tally = next(one for one in loser.log().state.requests.values() if one.name == name)
    assert [decision.person for decision in tally.decisions] == ["victor", "rita"]
