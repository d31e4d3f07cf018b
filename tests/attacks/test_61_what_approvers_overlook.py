"""A version is said to be of a lower risk tier, or an author line names two addresses, so that nobody looks twice.

The tier decides what is asked, and the model's own people state it: whoever asks, decides or verifies is told of a change.
Of two addresses Git shows the first; govkit counts both.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import forge
import pytest
import world as worlds
from world import MODEL, World

REQUEST = f"{MODEL}@1.1.0#production"


@pytest.fixture(scope="module")
def _lowered(_promoted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    promoted = worlds.copy(_promoted, tmp_path_factory.mktemp("lowered") / "world")

    def change(policy: dict) -> None:
        policy["stages"]["production"]["tiers"] = {
            "low": {"approvals": {"quorum": {"role": "validator", "count": 1}, "valid_for": "30d"}}
        }

    forge.edit_policy(promoted, change)
    promoted.adopt_policy()
    statements = promoted.repo / "governance" / MODEL / "model.yaml"
    statements.write_text(statements.read_text().replace("tier: high", "tier: low"))
    promoted.retrain(0.85)
    promoted.register("1.1.0")
    return promoted.folder


@pytest.fixture
def lowered(_lowered: Path, tmp_path: Path) -> World:
    """A world in which low-tier models need one approval, and the next version calls itself low."""
    return worlds.copy(_lowered, tmp_path / "world")


def test_lower_tier_is_said(lowered: World) -> None:
    """It stands in what the requester and the approver sign, and beside the proof."""
    said = f"risk tier low: CHANGED, {MODEL}@1.0.0 has high"
    words = ("request", f"{MODEL}@1.1.0", "--stage", "production", "-m", "please")
    assert said in lowered.govkit(*words, as_="ada").text
    assert said in lowered.govkit("approve", REQUEST, as_="victor").text
    lowered.promote("1.1.0", "production")
    assert said in lowered.verify().text


def test_same_tier_is_said_too(requested: World) -> None:
    """The control: without a change there is no alarm."""
    text = requested.govkit("approve", REQUEST, as_="victor").text
    assert "risk tier high" in text
    assert "CHANGED" not in text


@pytest.mark.parametrize(
    "line",
    ["Victor <victor@example.org> <nobody@example.org>", "<victor@example.org> Nobody <nobody@example.org>"],
)
def test_second_address_hides_nobody(promoted: World, line: str) -> None:
    """The author whom Git shows counts, whatever follows."""
    promoted.retrain(0.85)
    raw = promoted.repository().commit(promoted.git("rev-parse", "HEAD")).raw
    raw = raw.replace(b"author Ada Engineer <ada@example.org>", f"author {line}".encode())
    words = ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"]
    done = subprocess.run(words, cwd=promoted.repo, env=promoted.env, input=raw, capture_output=True, check=True)
    promoted.git("update-ref", "refs/heads/main", done.stdout.decode().strip())
    assert promoted.git("log", "-1", "--format=%ae") == "victor@example.org"
    promoted.register("1.1.0")
    promoted.request("1.1.0", "production")
    promoted.approve("1.1.0", "production", "rita", "victor")
    text = promoted.promote("1.1.0", "production", expect=1).text
    assert "victor does not count: wrote a commit that this version brings in" in text


def test_co_author_with_spaces(promoted: World) -> None:
    """A trailer that is indented, or has a space before the colon, names a co-author as well."""
    promoted.retrain(0.85)
    promoted.commit("Ours\n\n Co-Authored-By : Victor <victor@example.org>")
    promoted.register("1.1.0")
    promoted.request("1.1.0", "production")
    promoted.approve("1.1.0", "production", "rita", "victor")
    assert "victor does not count" in promoted.promote("1.1.0", "production", expect=1).text
