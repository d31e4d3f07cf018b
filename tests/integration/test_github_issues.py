"""Issues for open requests, where GitHub or the file with logins does not play along."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.actions import FAKES
from tests.world import World


@pytest.fixture
def connected(requested: World) -> World:
    """A world with one open request, in which ``gh`` is the stand-in."""
    outside = requested.folder / "outside"
    outside.mkdir()
    requested.env |= {"PATH": f"{FAKES}:{requested.env['PATH']}", "FAKE_STATE": str(outside)}
    requested.env |= {"GH_TOKEN": "t", "GH_REPO": "acme/models"}
    return requested


def issues(world: World) -> Path:
    """Return where the stand-in keeps its issues."""
    return world.folder / "outside" / "issues.json"


def test_a_dry_run_opens_nothing(connected: World) -> None:
    """A dry run says what would be opened; the real one then names the issue, as JSON too."""
    assert "would open: scorer@1.1.0#production" in connected.govkit("ci", "issues", "--dry-run").out
    assert json.loads(issues(connected).read_text()) == []
    (told,) = connected.govkit("ci", "issues", "--format", "json").json["items"]
    assert (told["did"], told["url"]) == ("opened", "https://github.example/acme/models/issues/1")
    assert "nobody has to be told" in connected.govkit("ci", "issues").out


def test_nothing_is_said_of_a_log_that_is_not_pinned(connected: World) -> None:
    """A log that nobody vouches for mentions nobody."""
    found = connected.govkit("ci", "issues", "--root", f"sha256:{'0' * 64}", expect=1)
    assert "not the one that was pinned" in found.text and not issues(connected).exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("people: {rita: '@rita'}", "is no login"),
        ("people: {rita: 'a b'}", "is no login"),
        ('people: {rita: "x\\n@all"}', "is no login"),
        ("people: [rita]", "does not say who is called what"),
        ("persons: {rita: rita}", "does not say who is called what"),
        ("people: {rita: a, rita: b}", "does not parse"),
    ],
)
def test_a_file_that_says_something_else_is_refused(connected: World, text: str, reason: str) -> None:
    """Only logins and teams can be mentioned, and nothing is opened before the file is known to be good."""
    (connected.repo / "governance" / "github.yaml").write_text(text + "\n")
    assert reason in connected.govkit("ci", "issues", expect=2).text
    assert not issues(connected).exists()


def test_a_file_that_is_named_must_be_there(connected: World) -> None:
    """A file that somebody names and that is not there is a mistake; the usual one may be missing."""
    assert "cannot be read" in connected.govkit("ci", "issues", "--mentions", "nowhere.yaml", expect=2).text


def test_without_gh_it_says_so(connected: World) -> None:
    """Without the command, or where it fails, the message says what is needed."""
    gh = connected.folder / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text("#!/bin/sh\necho 'HTTP 403' >&2\nexit 1\n")
    gh.chmod(0o755)
    path = connected.env["PATH"]
    connected.env["PATH"] = f"{gh.parent}:{path}"
    found = connected.govkit("ci", "issues", expect=3)
    assert "HTTP 403" in found.text and "issues: write" in found.text
    git = connected.shell("sh", "-c", "command -v git").strip()
    gh.unlink()
    (gh.parent / "git").symlink_to(git)
    connected.env["PATH"] = str(gh.parent)
    assert "the command 'gh' is not here" in connected.govkit("ci", "issues", expect=2).text
