"""The page of a card in a real browser: the worked example's, and those of cards at the extremes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from govkit.cards import text
from govkit.core import inert
from tests.browser import cards
from tests.browser.visit import NARROW, WIDE, Visit

Opener = Callable[..., Visit]
#: Of which cards pictures are taken: they take most of the time, so those of the extremes are for `make screenshots`.
PICTURED = [*cards.CARDS] if os.environ.get("GOVKIT_SCREENSHOTS") else ["example", "review"]
#: As many sheets of A4 as are at most sane for a card.
SHEETS = {
    "long-names": 70,
    "hostile": 70,
    "review-hostile": 120,
    "review": 16,
    "many-metrics": 25,
    "many-groups": 20,
    "many-stages": 28,
}


@pytest.fixture(params=[*cards.CARDS])
def name(request: pytest.FixtureRequest) -> str:
    """Return the name of a card."""
    return str(request.param)


@pytest.fixture
def opened(visit: Opener, tmp_path: Path) -> Callable[..., Visit]:
    """Return a function that opens the page of a card."""

    def made(name: str, *, policy: bool = True, **how: Any) -> Visit:
        path = tmp_path / "card.html"
        page = cards.html(name)
        path.write_text(page if policy else _without_policy(page), encoding="utf-8")
        return visit(path, **how)

    return made


def _is_quiet(seen: Visit) -> None:
    """Assert that a page asked for nothing but itself, and neither said nor asked anything."""
    assert [each.url for each in seen.requests] == [seen.url]
    assert (seen.console, seen.issues, seen.dialogs, seen.windows) == ([], [], [], [])


def test_needs_nothing_but_itself(opened: Opener, name: str) -> None:
    """The one request is for the page; no message, no issue, no dialog; and it reads the same without scripts.

    Every heading can be seen then, too.
    """
    seen = opened(name)
    seen.unfold()
    seen.settle()
    _is_quiet(seen)
    plain = opened(name, scripts=False)
    assert plain.text() == seen.text()
    headings = plain.page.evaluate(
        "[...document.querySelectorAll('h1, h2')].map(h => [h.textContent, h.checkVisibility()])"
    )
    assert len(headings) > 5
    assert [words for words, visible in headings if not visible or not words.strip()] == []


def test_has_no_barriers(opened: Opener, name: str) -> None:
    """Axe finds nothing serious or critical, with everything unfolded, in light and in dark."""
    seen = opened(name)
    seen.unfold()
    assert [each for each in seen.axe() if each.grave] == []
    seen.look(dark=True)
    assert [each for each in seen.axe(contrast_alone=True) if each.grave] == []


def test_does_not_scroll_sideways(opened: Opener, name: str) -> None:
    """On a phone, and at 400 % on a desk (WCAG 2.2, 1.4.10), only tables scroll, each in its own box."""
    seen = opened(name, width=NARROW)
    assert seen.overflow() == []
    seen.unfold()
    assert seen.overflow() == []
    seen.look(width=320)
    assert seen.overflow() == []


def test_links_lead_to_sections(opened: Opener, name: str) -> None:
    """Each link leads to one place on the page, and the first thing that the keyboard reaches is one."""
    page = opened(name).page
    links = page.evaluate("[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))")
    assert "#main" in links
    assert [to for to in links if not to.startswith("#") or page.locator(to).count() != 1] == []
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector(':target') !== null")


def test_drawings_can_be_read(opened: Opener, name: str) -> None:
    """A drawing says by its title what it shows, to those who do not see it, or is hidden from them.

    Its texts have the contrast of other text, in light and in dark.
    """
    ask = "svg => [svg.getAttribute('role'), svg.getAttribute('aria-hidden'), svg.querySelector(':scope > title')?.textContent]"
    seen = opened(name)
    drawings = seen.page.evaluate(f"[...document.querySelectorAll('svg')].map({ask})")
    assert drawings or name == "nothing"
    named = [title for role, _, title in drawings if role == "img"]
    assert [title for title in named if not (title or "").strip()] == []
    assert [each for each in drawings if each[0] != "img" and each[1] != "true"] == []
    assert seen.faint_labels() == []
    seen.look(dark=True)
    assert seen.faint_labels() == []


def test_labels_are_whole(opened: Opener, name: str) -> None:
    """No text of a drawing is cut off at the drawing's edge."""
    ask = """() => [...document.querySelectorAll("svg text")].filter(text => {
      const [inner, outer] = [text, text.closest("svg")].map(each => each.getBoundingClientRect());
      return inner.left < outer.left - 1 || inner.right > outer.right + 1;
    }).map(text => text.textContent)"""
    assert opened(name).page.evaluate(ask) == []


def test_verdicts_are_in_sight(opened: Opener, name: str) -> None:
    """No name, however long, pushes a verdict to where a reader has to scroll sideways to see it."""
    seen = opened(name)
    ask = """() => [...document.querySelectorAll(".verdict")].filter(verdict => {
      const box = verdict.closest(".wide") || document.body;
      return verdict.getBoundingClientRect().right > box.getBoundingClientRect().right + 1;
    }).map(verdict => verdict.textContent)"""
    assert seen.page.locator(".verdict").count() > 0 or name == "nothing"
    assert seen.page.evaluate(ask) == []
    seen.look(width=NARROW)
    assert [each for each in seen.page.evaluate(ask) if "not usable" not in each] == []


def test_prints_on_paper(opened: Opener, name: str) -> None:
    """A reader's print is a handful of sheets for an honest card, and never hundreds."""
    printed = opened(name).pdf(f"card-{name}")
    assert 1 <= printed.pages <= SHEETS.get(name, 14)


@pytest.mark.parametrize("policy", [True, False], ids=["policy", "no-policy"])
def test_hostile_text_does_nothing(opened: Opener, policy: bool) -> None:
    """No text becomes an element, a script, a style, a request or a dialog; nor without the page's policy to stop it."""
    seen = opened("hostile", policy=policy)
    seen.unfold()
    seen.settle(300)
    _is_quiet(seen)
    assert seen.page.evaluate("window.pwned") is None
    assert seen.page.locator("#pwned").count() == 0
    assert seen.page.locator("script, iframe, object, base, link, form, input, button, img").count() == 0
    assert seen.page.locator("style").count() == 1
    assert seen.page.locator("h1").is_visible()


def _without_policy(page: str) -> str:
    before, found, rest = page.partition('<meta http-equiv="Content-Security-Policy"')
    assert found
    return before + rest.partition(">")[2]


def test_hostile_text_is_shown_as_text(opened: Opener) -> None:
    """Every line of it can be read, with the characters that one cannot see written out."""
    shown = opened("hostile").text()
    lines = [line for said in cards.HOSTILE for line in text.lines(said)]
    assert [line for line in lines if " ".join(inert.unbroken(line).split()) not in shown] == []


@pytest.mark.parametrize("pictured", PICTURED)
def test_takes_pictures(opened: Opener, pictured: str) -> None:
    """Pictures for people to look at: wide and narrow, light and dark, in build/screenshots."""
    seen = opened(pictured)
    for width in (WIDE, NARROW):
        for dark in (False, True):
            seen.look(width=width, dark=dark)
            assert seen.screenshot(f"card-{pictured}")
