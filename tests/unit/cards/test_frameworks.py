"""The mappings that govkit brings along: dated, sourced, complete, and the same for a page as for a repository."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

import govkit
from govkit.cards import frameworks
from govkit.core.controls import Framework

FILES = sorted((Path(govkit.__file__).parent / "data" / "frameworks").glob("*.json"))


def test_every_file_is_known() -> None:
    """No mapping lies beside the others unread, and each is called as its file."""
    assert sorted(frameworks.known()) == [path.stem for path in FILES]
    assert [one.id for one in frameworks.known().values()] == list(frameworks.known())


@pytest.mark.parametrize("one", frameworks.known().values(), ids=lambda one: one.id)
def test_each_is_dated_and_honest(one: Framework) -> None:
    """A day, an address and how much was read stand at each source; what was not read whole says what was checked."""
    assert date.fromisoformat(one.as_of) <= date(2027, 12, 31)
    for source in one.sources:
        assert source.url.startswith("https://")
        assert date.fromisoformat(source.on) <= date.fromisoformat(one.as_of)
        assert source.read == "read" or len(source.note) > 40


@pytest.mark.parametrize("one", frameworks.known().values(), ids=lambda one: one.id)
def test_each_requirement_says_enough(one: Framework) -> None:
    """What cannot be met here at all, or in part only, says why; nothing is called compliant."""
    for control in one.controls:
        assert len(set(control.evidence)) == len(control.evidence)
        assert control.note or (control.evidence and control.most == "evidenced"), control.place
    text = " ".join(f"{control.asks} {control.note}" for control in one.controls) + one.note
    assert not re.search("complian|conformity is", text, re.IGNORECASE)
