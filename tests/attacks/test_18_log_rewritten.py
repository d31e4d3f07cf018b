"""The whole log is rewritten from event 0, with the attacker's keys under the honest people's names.

Refused because the root of trust, the identity of event 0, is pinned outside of the repository.
"""

from __future__ import annotations

import shutil

import pytest
from rawlog import entries, rewrite
from world import PEOPLE, World, copy

REMOTE = "https://git.bank.example/models/scorer.git"


def reopen(world: World, person: str) -> str:
    """Open the log anew, for the same remote, and return its root of trust."""
    for ref in world.git(
        "for-each-ref", "--format=%(refname)", "refs/heads/govkit", "refs/govkit", "refs/tags"
    ).split():
        world.git("update-ref", "-d", ref)
    return str(world.govkit("init", "--remote", REMOTE, "--format", "json", as_=person).json["root"])


@pytest.fixture
def honest(governed: World) -> World:
    """A repository whose event 0 names its remote; 1.0.0 serves."""
    reopen(governed, "rita")
    governed.release("1.0.0")
    return governed


@pytest.fixture
def evil(honest: World) -> World:
    """A copy whose log was rewritten: the same names, other keys, everything else by the book."""
    world = copy(honest.folder, honest.folder.parent / "evil")
    (world.folder / "known_roots").unlink()
    shutil.rmtree(world.folder / "keys")
    path = world.repo / "governance" / "policy.yaml"
    text = path.read_text()
    for person, *_ in PEOPLE:
        text = text.replace(honest.key(person).public, world.key(person).public)
    path.write_text(text)
    world.commit("Nothing to see")
    reopen(world, "rita")
    world.release("1.0.0")
    return world


def test_rewritten_log_is_refused(honest: World, evil: World) -> None:
    """Whoever pinned the honest log refuses the rewritten one for the same remote, which is faultless in itself."""
    evil.verify()
    honest_root, evil_root = honest.log().root_of_trust, evil.log().root_of_trust
    for words in (("verify", "scorer", "--stage", "production"), ("log", "verify"), ("trust", "--yes")):
        text = honest.govkit(*words, repo=evil.repo, expect=1).text
        assert honest_root in text
        assert evil_root in text
    text = honest.govkit("verify", "scorer", "--stage", "production", repo=evil.repo, expect=1).text
    assert "this log is not the one that was pinned" in text
    assert "somebody rewrote the log from its start" in text
    assert "this log is not the one that was pinned" in honest.govkit("status", repo=evil.repo, expect=1).text


def test_pin_by_option_or_environment_refuses_it(honest: World, evil: World) -> None:
    """A root from the command line or the environment refuses every other one, whatever the file says."""
    root = honest.log().root_of_trust
    words = ("verify", "scorer", "--stage", "production")
    assert "not the one that was pinned" in evil.govkit(*words, "--root", root, expect=1).text
    evil.env["GOVKIT_ROOT"] = root
    assert "not the one that was pinned" in evil.govkit(*words, expect=1).text


def test_whoever_pinned_nothing_proves_nothing(honest: World, evil: World) -> None:
    """Without a pin the rewritten log is not proven either (exit code 3), and the next step is named."""
    honest.env["GOVKIT_KNOWN_ROOTS"] = str(honest.folder / "none")
    text = honest.govkit("verify", "scorer", "--stage", "production", repo=evil.repo, expect=3).text
    assert "nothing is proven without a pinned root of trust" in text
    assert "look at it with 'govkit trust'" in text


def test_clone_that_saw_the_log_refuses_it(honest: World, evil: World) -> None:
    """Force-pushed over the honest log, it is refused before any pin is asked."""
    rewrite(honest, entries(evil), forget=False)
    text = honest.verify(expect=1).text
    assert "the log has two histories" in text
    assert "differs from the rest at event 0" in text


def test_nothing_is_written_to_it(honest: World, evil: World) -> None:
    """Nobody who pinned the honest log signs anything for the rewritten one."""
    words = ("request", "scorer@1.0.0", "--stage", "staging", "-m", "please")
    assert "not the one that was pinned" in honest.govkit(*words, repo=evil.repo, as_="ada", expect=1).text


def test_control(honest: World) -> None:
    """The honest log is proven, by the file and by the option."""
    assert "PROVEN: scorer@1.0.0" in honest.verify().text
    words = ("verify", "scorer", "--stage", "production", "--root", honest.log().root_of_trust)
    assert "PROVEN: scorer@1.0.0" in honest.govkit(*words).text
