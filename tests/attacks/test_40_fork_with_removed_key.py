"""A key was stolen and taken out; with it the thief forks the log before its removal, where it still counts.

The fork is a valid log by itself. Found by the head that a clone remembers, by a mirror, by ``--min-head``, and by
freshness, unless the stolen key may sign checkpoints. Who has none of these cannot see it: a test says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from world import MODEL, World, copy

from govkit.core.errors import Undecided
from govkit.workflow import checkpoints, verify

VERIFY = ("verify", MODEL, "--stage", "production")
FRESH = "audit: {freshness: 2d}\n"


@dataclass
class Theft:
    """The honest repository, and the thief's copy of it from before the key was taken out."""

    honest: World
    fork: World

    def push(self, *, forget: bool = True) -> World:
        """Put the fork over the honest log, with its tags; ``forget`` as for somebody who never saw the honest one."""
        world = self.honest
        world.git("fetch", "-q", "-f", str(self.fork.repo), "+govkit/log:govkit/log", "+refs/tags/*:refs/tags/*")
        if forget:
            world.forget()
        return world

    @property
    def mirror(self) -> str:
        """A mirror that was brought up to date when the key had been taken out."""
        (self.honest.folder / "mirror").mkdir()
        url = f"file://{self.honest.folder}/mirror"
        self.honest.govkit("log", "mirror", url)
        return url


@pytest.fixture(scope="module")
def _theft(_requested: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("theft")
    honest = copy(_requested, folder / "honest")
    honest.approve("1.1.0", "production", "rita", "vera")
    fork = copy(honest.folder, folder / "fork")
    honest.govkit("people", "rotate", "remy", "--key", f"{honest.key_path('remy2')}.pub", "--reason", "lost")
    honest.adopt_policy()
    fork.promote("1.1.0", "production")
    return folder


@pytest.fixture
def theft(_theft: Path, tmp_path: Path) -> Theft:
    """1.1.0 is approved for production; remy's key is stolen and taken out; the thief promotes in the past with it."""
    return Theft(copy(_theft / "honest", tmp_path / "world"), copy(_theft / "fork", tmp_path / "fork"))


def test_remembered_head_tells(theft: Theft) -> None:
    """The clone that has accepted the removal refuses the fork, for every command."""
    theft.honest.verify()
    world = theft.push(forget=False)
    for words in (VERIFY, ("log", "verify"), ("status",)):
        text = world.govkit(*words, expect=1).text
        assert "the log has two histories" in text
        assert "what this clone has accepted before differs from the rest at event 13" in text


def test_mirror_tells(theft: Theft) -> None:
    """A mirror that has the removal differs from the fork, which nobody can write over it."""
    url = theft.mirror
    world = theft.push()
    text = world.govkit("log", "verify", "--mirror", url, expect=1).text
    assert f"mirror {url}: event 13: its event is another" in text
    text = world.govkit(*VERIFY, "--mirror", url, expect=1).text
    assert "it differs from what this clone has seen, first at event 13" in text
    assert "AHEAD" in world.govkit("log", "mirror", url, expect=1).text


def test_mirror_alone_proves_the_honest_log(theft: Theft) -> None:
    """Who has only the mirror never sees the fork: 1.0.0 serves, and 1.1.0 does not."""
    url = theft.mirror
    clone = theft.honest.clone("only", "--single-branch", "--branch", "main", "--no-tags")
    assert "PROVEN: scorer@1.0.0 serves" in theft.honest.govkit(*VERIFY, "--mirror", url, repo=clone).text


def test_min_head_tells(theft: Theft) -> None:
    """Whoever names the head that they have seen refuses the fork."""
    head = theft.honest.log().head
    world = theft.push()
    text = world.govkit(*VERIFY, "--min-head", f"{head.size}:{head.root}", expect=1).text
    assert f"the log has 14 events, and {head.size} were seen before" in text
    earlier = world.govkit(*VERIFY, "--min-head", f"14:{head.root}", expect=1).text
    assert "the log had another root at size 14" in earlier


def test_freshness_tells(requested: World) -> None:
    """The thief cannot sign a checkpoint: some time after the last honest one, the fork proves nothing any more."""
    policy = requested.repo / "governance" / "policy.yaml"
    policy.write_text(policy.read_text() + FRESH)
    requested.let_record("checkpoint.recorded", "validator")
    requested.adopt_policy()
    requested.govkit("log", "checkpoint", as_="vera")
    requested.govkit("log", "checkpoint", as_="remy", expect=1)
    requested.push_signed("remy", type="checkpoint.recorded", subject="*", body={"mirrors": []})
    assert requested.last().status == "inert"
    assert "PROVEN" in requested.verify().text
    later = timedelta(days=2, hours=1)
    with requested.session(ahead=later) as session, pytest.raises(Undecided, match="out of date"):
        verify.verify(session, MODEL, "production")
    with requested.session("vera", ahead=later) as session:
        checkpoints.checkpoint(session)
    with requested.session(ahead=later) as session:
        assert verify.verify(session, MODEL, "production").verdict == "proven"


def test_nobody_told_cannot_see_it(theft: Theft) -> None:
    """The limit: with no memory, no mirror and no freshness, the fork is a log like any other."""
    assert "PROVEN: scorer@1.1.0 serves" in theft.push().verify().text


def test_control(theft: Theft) -> None:
    """In the honest log the stolen key does nothing, and everything that tells forks apart agrees."""
    url, head = theft.mirror, theft.honest.log().head
    assert "belongs to nobody" in theft.honest.promote("1.1.0", "production", expect=1).text
    words = ("--min-head", f"{head.size}:{head.root}")
    assert "PROVEN: scorer@1.0.0 serves" in theft.honest.govkit(*VERIFY, *words).text
    assert "PROVEN: scorer@1.0.0 serves" in theft.honest.govkit(*VERIFY, *words, "--mirror", url).text
    theft.honest.govkit("log", "verify", *words, "--mirror", url)
