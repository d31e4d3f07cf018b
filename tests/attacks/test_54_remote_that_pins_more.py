"""A log's remote holds a line break, so that pinning this log also pins another root, for somebody else's remote.

Refused when it is pinned: a remote stands on one line of the known-roots file.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rawlog import edited, entries, rewrite
from world import World

BANK = "https://git.bank.example/models.git"


def reopen(world: World, remote: str) -> None:
    """Open the log anew with any remote, as a modified govkit can, for a machine that pinned nothing yet."""
    first = edited(entries(world)[0], lambda event: event["body"]["genesis"].update(remote=remote))
    rewrite(world, [replace(first, signature=world.sign("rita", first.event))])
    Path(world.env["GOVKIT_KNOWN_ROOTS"]).unlink()


@pytest.mark.parametrize("separator", ["\n", "\r", "\x0b", "\x85", "\u2028"], ids=ascii)
def test_second_line_is_not_pinned(governed: World, separator: str) -> None:
    """Whoever looks at such a log and says yes is refused, and nothing is pinned."""
    evil = f"sha256:{'a' * 64}"
    reopen(governed, f"https://example.org/harmless.git{separator}{evil} {BANK}")
    result = governed.govkit("trust", "--yes", expect=1)
    assert "this log cannot be pinned" in result.text
    assert not Path(governed.env["GOVKIT_KNOWN_ROOTS"]).exists()


def test_no_such_log_is_opened(governed: World) -> None:
    """Nor does ``init`` write such a remote."""
    governed.git("branch", "-D", "govkit/log")
    governed.forget()
    result = governed.govkit("init", "--remote", f"x\nsha256:{'a' * 64} {BANK}", as_="rita", expect=2)
    assert "the remote holds a character that is not to be seen" in result.text


def test_control(governed: World) -> None:
    """A log with an ordinary remote is pinned, on one line."""
    reopen(governed, BANK)
    governed.govkit("trust", "--yes")
    assert Path(governed.env["GOVKIT_KNOWN_ROOTS"]).read_text() == f"{governed.log().root_of_trust} {BANK}\n"
