"""Tokens of forms: good once, for one place."""

from __future__ import annotations

from govkit.web.forms import Forms


def test_a_token_is_good_once() -> None:
    """What it stands for comes back once."""
    forms: Forms[str] = Forms()
    token = forms.issue("here", "value")
    assert [forms.take("here", token), forms.take("here", token)] == ["value", None]


def test_a_token_is_good_for_its_place() -> None:
    """A form's token opens no other form, and is worthless once that was tried."""
    forms: Forms[str] = Forms()
    token = forms.issue("here", "value")
    assert [forms.take("there", token), forms.take("here", token)] == [None, None]


def test_made_up_tokens_are_worthless() -> None:
    """Neither an empty nor another token is good."""
    forms: Forms[str] = Forms()
    token = forms.issue("here", "value")
    assert [forms.take("here", one) for one in ("", "x", token[:-1], token + "x")] == [None] * 4
    assert forms.take("here", token) == "value"


def test_old_forms_make_room() -> None:
    """However many forms are served, only so many are kept, and the newest are good."""
    forms: Forms[int] = Forms()
    tokens = [forms.issue("here", number) for number in range(500)]
    good = [forms.take("here", token) for token in tokens]
    assert (good[:300], good[300:]) == ([None] * 300, [*range(300, 500)])
