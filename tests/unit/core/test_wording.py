"""Words that many sentences share."""

import pytest

from govkit.core.wording import several, suggest


@pytest.mark.parametrize(
    ("words", "text"),
    [("", ""), ("a", "a"), ("abc", "a; b; c"), ("abcd", "a; b; c and 1 more"), ("abcdefg", "a; b; c and 4 more")],
)
def test_several(words: str, text: str) -> None:
    """The first three, and how many more: nothing is left out unsaid."""
    assert several(list(words), between="; ") == text


def test_suggestion() -> None:
    """The nearest known word is suggested, and none where none is near."""
    assert suggest("validater", ["validator", "release"]) == "; did you mean 'validator'?"
    assert suggest("king", ["validator"]) == ""
