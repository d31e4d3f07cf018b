"""A command that is killed in its middle leaves a log without its tag, or lock files, so that nobody can go on.

All or nothing happened: what was begun is written into a journal first, and whoever comes next finishes it. Every step of
every writing command, and 1,000 random points, are killed in tests/integration/test_every_step.py and test_crashes.py;
here are the states that a kill can leave, made by hand.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from rawlog import promotion
from world import MODEL, World

from govkit.storage import log as log_storage
from govkit.storage import writing
from govkit.storage.git import ZERO, RefUpdate

TAG = f"refs/tags/{MODEL}#production#3"


@pytest.fixture
def begun(requested: World) -> tuple[World, list[RefUpdate]]:
    """A promotion whose objects are stored and whose refs are about to move: the journal is written."""
    requested.approve("1.1.0", "production", "rita", "vera")
    signed = promotion(requested, "1.1.0", "production")
    git, log = requested.repository(), requested.log()
    commit = log_storage.store(git, signed.content, signed.signature, signed.evidence, log.commits[-1])
    tag = git.write_object("tag", signed.evidence["tag"])
    updates = [RefUpdate(log_storage.BRANCH, commit, log.commits[-1]), RefUpdate(TAG, tag, ZERO)]
    journal = git.git_dir / writing.JOURNAL
    refs = ",".join(f'["{one.name}","{one.new}","{one.old}"]' for one in updates)
    journal.write_text('{"schema":"govkit.journal/v1","refs":[' + refs + "]}")
    return requested, updates


def locks(world: World) -> list[Path]:
    """Return the lock files of Git that are there."""
    return sorted((world.repo / ".git" / "refs").rglob("*.lock"))


@pytest.mark.parametrize("moved", [(), (0,), (1,), (0, 1)])
def test_killed_between_refs(begun: tuple[World, list[RefUpdate]], moved: tuple[int, ...]) -> None:
    """Whichever refs had moved: either both have, or none; the next command says so and works."""
    world, updates = begun
    for index in moved:
        world.git("update-ref", updates[index].name, updates[index].new)
    lock = world.repo / ".git" / "refs" / "heads" / "govkit" / "log.lock"
    lock.write_text("")
    (world.repo / ".git" / "refs" / "tags" / f"{MODEL}#production#3.lock").write_text("")
    text = world.verify().text
    assert f"PROVEN: scorer@{'1.1.0' if moved else '1.0.0'} serves in production" in text
    assert locks(world) == []
    assert not (world.repo / ".git" / writing.JOURNAL).exists()
    if moved:
        assert "serves in production already" in world.promote("1.1.0", "production", expect=1).text
    else:
        world.promote("1.1.0", "production")
    world.govkit("log", "verify")


def test_without_the_journal_it_would_be_refused(begun: tuple[World, list[RefUpdate]]) -> None:
    """The same half of a promotion without a journal is what a deleted tag is: nothing is proven."""
    world, updates = begun
    (world.repo / ".git" / writing.JOURNAL).unlink()
    world.git("update-ref", updates[0].name, updates[0].new)
    assert "it was deleted; the log still has its bytes" in world.verify(expect=1).text


def test_journal_proves_nothing(begun: tuple[World, list[RefUpdate]]) -> None:
    """A journal that somebody wrote moves refs that a push could have moved; what they say is judged all the same."""
    world, updates = begun
    world.git("update-ref", updates[1].name, updates[1].new)
    journal = world.repo / ".git" / writing.JOURNAL
    journal.write_text(journal.read_text().replace(updates[0].new, world.git("rev-parse", "HEAD")))
    assert "govkit" in world.verify(expect=1).text
    journal.write_text("junk")
    assert (
        "journal is damaged"
        in world.govkit("withdraw", f"{MODEL}@1.1.0#production", "-m", "x", as_="ada", expect=1).text
    )


def test_control(begun: tuple[World, list[RefUpdate]]) -> None:
    """Who is not killed moves both."""
    world, _ = begun
    world.promote("1.1.0", "production")
    assert "PROVEN: scorer@1.1.0 serves in production" in world.verify().text
