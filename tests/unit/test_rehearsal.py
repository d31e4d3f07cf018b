"""Real commands for somebody who looks on: what is shown, what must come out, and how a tampering is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from govkit.core.errors import Refused
from govkit.workflow.rehearsal import Rehearsal


def rehearsal(folder: Path) -> tuple[Rehearsal, list[str]]:
    """Return a rehearsal, and where it says what it says."""
    said: list[str] = []
    return Rehearsal(folder, dict(os.environ), lambda who: folder / who, 2, say=said.append), said


def test_commands_are_shown_and_must_end_as_they_should(tmp_path: Path) -> None:
    """As a shell takes them, with what they print made visible; another exit code ends it, with what was said."""
    show, said = rehearsal(tmp_path)
    show.chapter("First")
    out = show.run("printf", "a\\033[2J#b\\n")
    assert out == "a\x1b[2J#b\n"
    assert said == ["\n[1/2] First  (0 s)", "$ printf 'a\\033[2J#b\\n'", "    a<U+001B>[2J#b"]
    with pytest.raises(Refused, match="exit code 1, and should have with 0: it said nothing"):
        show.run("false")
    show.run("false", expect=1)


def test_an_attack_is_undone_whatever_happens(tmp_path: Path) -> None:
    """Also if the command that should find it does not: then that is the end of it, and not passed over."""
    show, said = rehearsal(tmp_path)
    file = tmp_path / "file"

    def attack() -> object:
        file.write_text("evil")
        return file.unlink

    show.tamper("Somebody writes", attack, "sh", "-c", "echo govkit: no; echo more; exit 1")  # type: ignore[arg-type]
    assert said[-2:] == ["    govkit: no", "    refused (exit code 1); the tampering is undone"]
    with pytest.raises(Refused, match="should have with 1"):
        show.tamper("Somebody writes", attack, "true")  # type: ignore[arg-type]
    assert not file.exists()
