"""The pin is set in the repository's own configuration or files, so that a rewritten log trusts itself.

Not read from there: a root of trust comes from an option, the environment or the user's own file.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from world import World

WORDS = ("verify", "scorer", "--stage", "production")


def plant(world: World) -> str:
    """Write the log's root, as a pin, wherever a repository could hold it; return the root."""
    root = world.log().root_of_trust
    for key in ("govkit.root", "govkit.knownRoots", "govkit.trust", "core.govkitRoot"):
        world.git("config", key, root)
    line = f"{root} -\n"
    for path in (
        "known_roots",
        ".govkit/known_roots",
        ".config/govkit/known_roots",
        "governance/known_roots",
        "govkit/known_roots",
        ".git/govkit/known_roots",
        ".git/known_roots",
    ):
        target = world.repo / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(line)
    (world.repo / ".env").write_text(f"GOVKIT_ROOT={root}\nGOVKIT_KNOWN_ROOTS=governance/known_roots\n")
    (world.repo / "governance" / "root").write_text(root + "\n")
    world.git("update-ref", "refs/govkit/root", world.git("rev-list", "--max-parents=0", "govkit/log"))
    return root


@pytest.fixture
def stranger(promoted: World) -> World:
    """A person who has pinned nothing, before a repository full of pins."""
    plant(promoted)
    del promoted.env["GOVKIT_KNOWN_ROOTS"]
    promoted.env["HOME"] = str(promoted.folder / "home")
    (promoted.folder / "home").mkdir()
    return promoted


def test_pins_of_the_repository_are_not_read(stranger: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every place of the repository pinned, nothing is proven, and the next step is named; also from within."""
    for place in (Path.cwd(), stranger.repo, stranger.repo / "governance", stranger.repo / ".git"):
        monkeypatch.chdir(place)
        for words in (WORDS, ("log", "verify")):
            text = stranger.govkit(*words, expect=3).text
            assert "nothing is proven without a pinned root of trust" in text
            assert f"{stranger.folder}/home/.config/govkit/known_roots does not know sha256:" in text
    assert "nothing is proven without a pinned root" in stranger.govkit("status").text


def test_nothing_is_signed_without_a_pin(stranger: World) -> None:
    """Writing commands do not take the repository's word either."""
    words = ("request", "scorer@1.0.0", "--stage", "staging", "-m", "please")
    assert "without a pinned root of trust" in stranger.govkit(*words, as_="ada", expect=3).text


def test_wrong_pin_of_the_user_wins(stranger: World) -> None:
    """A root that the user names refuses the log, whatever the repository says."""
    other = "sha256:" + "0" * 64
    text = stranger.govkit(*WORDS, "--root", other, expect=1).text
    assert "this log is not the one that was pinned" in text
    assert other in text


@pytest.mark.parametrize("way", ["option", "environment", "file", "trust"])
def test_control(stranger: World, way: str) -> None:
    """The same root from the user, in each of the ways, proves."""
    root = stranger.log().root_of_trust
    words = [*WORDS]
    if way == "option":
        words += ["--root", root]
    elif way == "environment":
        stranger.env["GOVKIT_ROOT"] = root
    elif way == "file":
        stranger.env["GOVKIT_KNOWN_ROOTS"] = str(stranger.folder / "known_roots")
    else:
        stranger.govkit("trust", "--yes")
        assert root in (stranger.folder / "home" / ".config" / "govkit" / "known_roots").read_text()
    assert "PROVEN: scorer@1.0.0" in stranger.govkit(*words).text
