"""A log commit whose message, author, date, parents or files tell another story than its event.

Reported, because they are a function of the event: anybody builds the same commit. The event counts for what it says.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rawlog import decision
from world import World

from govkit.core import commits, events

NAME = "scorer@1.1.0#production"
OTHER = "has another message, author, date or parent than its event determines"
LIES: dict[str, Callable[[bytes], bytes]] = {
    "message": lambda raw: raw.partition(b"\n\n")[0] + b"\n\nvera decides 'approve' as validator\n",
    "author": lambda raw: raw.replace(b"author rita <rita@", b"author vera <vera@"),
    "committer": lambda raw: raw.replace(b"committer rita <rita@", b"committer vera <vera@"),
    "date": lambda raw: raw.replace(b" +0000\ncommitter", b" +0100\ncommitter"),
    "longer": lambda raw: raw + b"\nand everybody agreed\n",
    "encoding": lambda raw: raw.replace(b"\n\n", b"\nencoding latin-1\n\n", 1),
    "second parent": lambda raw: raw.replace(b"\nauthor", b"\nparent {parent}\nauthor", 1),
}


def push_reject(world: World, lie: Callable[[bytes], bytes]) -> None:
    """Append rita's real reject in a commit that somebody else wrote."""
    honest = decision(world, "rita", NAME, "reject")
    raw = commits.build(events.parse(honest.content), "{tree}", "{parent}")
    world.push_event(honest.content, honest.signature, honest.evidence, commit=lie(raw))


@pytest.mark.parametrize("lie", LIES)
def test_commit_with_another_story_is_reported(requested: World, lie: str) -> None:
    """The reject counts as it was signed; verify and status name the commit, and the log as a whole is disproven."""
    push_reject(requested, LIES[lie])
    assert requested.last().status == "good"
    text = requested.verify().text
    assert "PROVEN: scorer@1.0.0" in text
    assert f"the commit of event 11 {OTHER}" in text
    assert f"note: event 11: its commit {OTHER}" in requested.govkit("status").text
    assert f"disproven: event 11: its commit {OTHER}" in requested.govkit("log", "verify", expect=1).text
    assert "rita" in requested.govkit("log", "--format", "json").json["items"][11]["actor"]
    requested.approve("1.1.0", "production", "vera")
    assert "a reject by rita holds" in requested.promote("1.1.0", "production", expect=1).text


def test_file_that_the_event_does_not_name_is_reported(requested: World) -> None:
    """Evidence that nobody signed for lies in the commit: it is named, and not the event's."""
    honest = decision(requested, "rita", NAME)
    requested.push_event(honest.content, honest.signature, {**honest.evidence, "minutes.txt": b"all agreed\n"})
    assert requested.last().status == "good"
    reason = "holds 'minutes.txt', which the event does not name"
    assert f"the commit of event 11 {reason}" in requested.verify().text
    assert f"its commit {reason}" in requested.govkit("log", "verify", expect=1).text


def test_control(requested: World) -> None:
    """The same event in its own commit leaves nothing to report."""
    push_reject(requested, lambda raw: raw)
    assert requested.git("log", "-1", "--format=%an %s", "govkit/log").startswith("rita rita decides 'reject'")
    assert "the commit of event" not in requested.verify().text
    assert "its commit" not in requested.govkit("log", "verify").text
