"""The page of ``govkit why`` in a real browser: honest, hostile and with names that do not end."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from govkit.evidence import htmlpage, whypage
from tests.browser.cards import HOSTILE
from tests.browser.visit import NARROW, WIDE, Visit
from tests.unit.evidence import answers

Opener = Callable[..., Visit]
#: What stands wherever people write; that each hostile text stays text is tested without a browser, too.
TEXTS = {
    "honest": "The group is too small, and more data is on its way",
    "hostile": " ".join(HOSTILE[:8]),
    "long": "a_name_without_any_room_to_break_that_does_not_end/" * 6,
}


@pytest.fixture(params=TEXTS)
def name(request: pytest.FixtureRequest) -> str:
    """Return each kind of page."""
    return str(request.param)


@pytest.fixture
def opened(visit: Opener, name: str, tmp_path: Path) -> Callable[..., Visit]:
    """Return a function that opens the page."""
    path = tmp_path / f"{name}.html"
    path.write_text(htmlpage.page(whypage.document(answers.answer(TEXTS[name]))), encoding="utf-8")
    return lambda **how: visit(path, **how)


def test_page(opened: Opener, name: str) -> None:
    """It loads and says nothing, nothing acts, it has no barriers, scrolls nowhere sideways, and prints on paper."""
    seen = opened()
    assert [each.kind for each in seen.requests] == ["Document"]
    assert (seen.foreign, seen.console, seen.issues, seen.dialogs, seen.windows) == ([], [], [], [], [])
    assert seen.page.evaluate("typeof window.pwned") == "undefined" and seen.page.locator("#pwned").count() == 0
    links = seen.page.evaluate("[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))")
    assert [to for to in links if not to.startswith("#") or seen.page.locator(to).count() != 1] == []
    assert [each for each in seen.axe() if each.grave] == []
    seen.look(dark=True)
    assert [each for each in seen.axe(contrast_alone=True) if each.grave] == []
    for width in (WIDE, NARROW, 320):
        seen.look(width=width, dark=False)
        assert seen.overflow() == [], width
    assert seen.pdf(f"why-{name}").pages <= (9 if name == "honest" else 60)


@pytest.mark.skipif(not os.environ.get("GOVKIT_SCREENSHOTS"), reason="set GOVKIT_SCREENSHOTS to look at the page")
def test_pictures(opened: Opener, name: str) -> None:
    """Make pictures for people to look at."""
    for width in (WIDE, NARROW) if name == "honest" else ():
        assert opened(width=width).screenshot(f"why-{name}")
