"""A tag is called like the branch, or like the short id, that people and CI name: another commit is judged.

Git takes a tag before a branch and either before a short id, with a warning at most. Refused where a word names more
than one thing.
"""

from __future__ import annotations

import pytest
from rawlog import stock_accepts
from world import MODEL, World


def value(world: World, revision: str) -> float:
    """Return the model's AUC as the card of a revision has it."""
    card = world.govkit("card", MODEL, "--rev", revision, "--format", "json").json
    return float(card["metrics"][0]["measure"]["value"])


@pytest.mark.parametrize("how", ["branch", "short id"])
@pytest.mark.parametrize("command", ["card", "gate", "register"])
def test_ambiguous_revision_is_refused(requested: World, how: str, command: str) -> None:
    """Whoever can push makes a tag of that name on an older, better, or tamer commit."""
    requested.commit("Worse")
    name = "main" if how == "branch" else requested.git("rev-parse", "HEAD")[:10]
    requested.git("tag", name, "main~1")
    assert stock_accepts(requested, "git", "rev-parse", "--verify", name)
    words = {
        "card": ("card", MODEL, "--rev", name),
        "gate": ("gate", MODEL, "--rev", name, "--stage", "production"),
        "register": ("register", f"{MODEL}@2.0.0", "--rev", name, "--key", str(requested.key_path("ada"))),
    }[command]
    result = requested.govkit(*words, expect=2)
    assert f"'{name}' names more than one thing" in result.text
    assert "write it in full" in result.text


def test_control(requested: World) -> None:
    """Names in full, ids in full, words with one meaning, and HEAD are understood, whatever stands beside them."""
    head = requested.git("rev-parse", "HEAD")
    for name in ("main", head[:10], head, "HEAD", "HEAD~0", "refs/heads/main", f"{MODEL}@v1.1.0"):
        assert value(requested, name) == 0.85
    before = requested.git("rev-parse", "main~1")
    for name in ("main", head, "HEAD"):
        requested.git("update-ref", f"refs/tags/{name}", before)
    assert "'main' names more than one thing" in requested.govkit("card", MODEL, "--rev", "main~0", expect=2).text
    for name in (head, "refs/heads/main"):
        assert value(requested, name) == 0.85
    assert value(requested, "refs/tags/main") == 0.8
