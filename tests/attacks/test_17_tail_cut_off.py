"""The log's tail is cut off: the branch is force-pushed to an older head, so that what came later never happened.

Refused by the head that this clone has accepted, by tags that name a later head, and by ``--min-head``. Who has none of
these cannot see it: a test says so.
"""

from __future__ import annotations

import pytest
from rawlog import force, promotion, set_tag, sign_tag, tag_id, unsigned
from world import World, copy

LATER = ("scorer@v1.1.0", "scorer#production#3")


@pytest.fixture
def superseded(requested: World) -> World:
    """1.1.0 serves in production instead of 1.0.0: fourteen events."""
    requested.approve("1.1.0", "production", "rita", "vera")
    requested.promote("1.1.0", "production")
    return requested


def head_at(world: World, size: int) -> str:
    """Return the commit of the log's last event when it had this size."""
    return world.log().commits[size - 1]


def test_clone_that_saw_more_refuses(superseded: World) -> None:
    """The clone that has accepted fourteen events refuses a branch of nine, for every command."""
    force(superseded, head_at(superseded, 9), forget=False)
    for words in (("verify", "scorer", "--stage", "production"), ("log", "verify"), ("status",), ("show",)):
        text = superseded.govkit(*words, expect=1).text
        assert "the log was cut short" in text
        assert "this clone has seen 14 events, and now the branch is shorter" in text
        assert "fetch the log again" in text


@pytest.mark.parametrize("size", [9, 10, 11])
def test_tags_name_a_later_head(superseded: World, size: int) -> None:
    """A clone that never saw the tail has a tag that was made on it, and refuses to prove or to write."""
    force(superseded, head_at(superseded, size))
    reason = "remy signed the tag 'scorer#production#3' on a log of 13 events, more than there are here"
    text = superseded.verify(expect=1).text
    assert "part of the log is missing here, or it was rewritten" in text
    assert reason in text
    assert "govkit log sync" in text
    assert reason in superseded.govkit("log", "verify", expect=1).text
    assert (
        f"broken: part of the log is missing here, or it was rewritten: {reason}"
        in superseded.govkit("status", expect=1).text
    )
    superseded.retrain(0.9)
    assert reason in superseded.govkit("register", "scorer@2.0.0", as_="ada", expect=1).text


def test_tag_under_any_name_tells(superseded: World) -> None:
    """The tag object proves the later head under another name, too."""
    identity = tag_id(superseded, LATER[1])
    force(superseded, head_at(superseded, 9))
    superseded.git("tag", "-d", *LATER)
    assert "PROVEN: scorer@1.0.0" in superseded.verify().text
    set_tag(superseded, "scorer#staging#77", identity)
    superseded.forget()
    assert "remy signed the tag 'scorer#staging#77' on a log of 13 events" in superseded.verify(expect=1).text


def test_min_head_tells(superseded: World) -> None:
    """Whoever names the head that they have seen refuses a shorter log, and another one of the same length."""
    log = superseded.log()
    force(superseded, log.commits[8])
    superseded.git("tag", "-d", *LATER)
    for words in (("verify", "scorer", "--stage", "production"), ("log", "verify")):
        text = superseded.govkit(*words, "--min-head", f"14:{log.head.root}", expect=1).text
        assert "the log has 9 events, and 14 were seen before" in text
        text = superseded.govkit(*words, "--min-head", f"8:{log.head.root}", expect=1).text
        assert "the log had another root at size 8" in text
        superseded.govkit(*words, "--min-head", "9")


def test_nobody_told_cannot_see_it(superseded: World) -> None:
    """The limit: with the later tags deleted as well, who never saw the tail proves the older version, and its head."""
    force(superseded, head_at(superseded, 9))
    superseded.git("tag", "-d", *LATER)
    text = superseded.verify().text
    assert "PROVEN: scorer@1.0.0 serves in production" in text
    assert "speaks for head 9:" in text


def test_tag_of_another_history_tells(requested: World) -> None:
    """A tag that was made on a fork of the log, of which there is nothing here, proves the fork."""
    fork = copy(requested.folder, requested.folder.parent / "fork")
    for world, people in ((requested, ("vera", "rita")), (fork, ("rita", "vera"))):
        world.approve("1.1.0", "production", *people)
    fork.promote("1.1.0", "production")
    tag = fork.repository().read(tag_id(fork, LATER[1]))[1]
    set_tag(requested, LATER[1], requested.repository().write_object("tag", tag))
    text = requested.verify(expect=1).text
    assert "remy signed the tag 'scorer#production#3' on a log of 13 other events than these" in text


def test_strangers_tag_proves_nothing(superseded: World) -> None:
    """A tag that claims a later head without the signature of a key in force has no effect: else anyone could block."""
    payload = unsigned(superseded.repository().read(tag_id(superseded, LATER[1]))[1])
    force(superseded, head_at(superseded, 9))
    superseded.git("tag", "-d", *LATER)
    for tag in (payload, sign_tag(superseded, "mallory", payload), sign_tag(superseded, "remy", payload, "file")):
        set_tag(superseded, LATER[1], superseded.repository().write_object("tag", tag))
        text = superseded.verify().text
        assert "PROVEN: scorer@1.0.0" in text
        assert f"the tag '{LATER[1]}' has no effect" in text


def test_tag_on_the_present_head_proves_nothing(requested: World) -> None:
    """A tag that a lost race left behind stands on a head that the log had: that is no sign of a cut."""
    requested.approve("1.1.0", "production", "rita", "vera")
    tag = promotion(requested, "1.1.0", "production").evidence["tag"]
    set_tag(requested, LATER[1], requested.repository().write_object("tag", tag))
    assert "PROVEN: scorer@1.0.0" in requested.verify().text


def test_control(superseded: World) -> None:
    """The whole log, with all of its tags and no memory, is proven, also with the head that was seen."""
    superseded.forget()
    head = superseded.log().head
    words = ("verify", "scorer", "--stage", "production", "--min-head", f"{head.size}:{head.root}")
    assert "PROVEN: scorer@1.1.0 serves in production" in superseded.govkit(*words).text
    superseded.govkit("log", "verify")
