"""The pages of ``why`` and ``diff``: hostile text stays text in each format, and each word that needs it is explained."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from msgspec.structs import replace

from govkit.core.inert import HIDDEN
from govkit.evidence import diffpage, htmlpage, whypage
from govkit.evidence.whyglossary import WORDS
from govkit.reports import document
from govkit.reports.document import LONGEST, MOST, Cell, Document, Table
from tests.browser.cards import HOSTILE
from tests.unit.evidence import answers

PAGES = {
    "why": lambda text: whypage.document(answers.answer(text)),
    "diff": lambda text: diffpage.document(answers.difference(text)),
}
#: Elements that a page is made of, and attributes that they have.
_WORDS = (
    "html head meta title style body header a p h1 h2 div ul li dl dt dd nav main section span code small blockquote "
    "br table caption thead tbody tr th td footer bdi"
)
_NAMES = (
    "lang charset http-equiv content name class href id role aria-label aria-labelledby aria-hidden tabindex scope "
    "title data-label"
)
ELEMENTS, ATTRIBUTES = frozenset(_WORDS.split(" ")), frozenset(_NAMES.split(" "))


class _Seen(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements, self.attributes, self.values = set[str](), set[str](), list[str]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.values += [value or "" for name, value in attrs if name == "href"]


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(kind: str, text: str) -> None:
    """No element, attribute or link comes of it, no line is begun by it, and nothing hidden is left."""
    page = PAGES[kind](text)
    seen = _Seen(htmlpage.page(page))
    assert (seen.elements - ELEMENTS, seen.attributes - ATTRIBUTES) == (set(), set())
    assert [value for value in seen.values if not re.fullmatch(r"#[a-z]+", value)] == []
    quiet = PAGES[kind]("said")
    for written in (document.as_table, document.as_markdown, htmlpage.page):
        assert re.search(f"[{HIDDEN}]", written(page)) is None
    assert len(document.as_markdown(page).splitlines()) == len(document.as_markdown(quiet).splitlines())
    assert not any(line.startswith("::") for line in document.as_table(page).splitlines())


@pytest.mark.parametrize("kind", PAGES)
def test_markdown_holds_no_markup_of_others(kind: str) -> None:
    """What Markdown would read as a heading, link, picture, code or HTML is made text."""
    made = document.as_markdown(PAGES[kind]("# h <img src=x> [a](javascript:b) ![i](x) **b** @someone | c"))
    assert re.search(r"<img|(?<!\\)\](?=\()|(?<!\\)\*\*b|@someone", made) is None
    assert {line.count("|") for line in made.splitlines() if line.startswith("| ")} <= set(range(3, 8))


def test_long_texts_and_tables_are_cut_and_say_so() -> None:
    """Texts as long as records allow, and many rows, do not bury the page, and nobody takes the part for the whole."""
    made = document.as_markdown(whypage.document(answers.answer("W" * 20_000)))
    assert len(made) < 150 * LONGEST
    assert f"… (and {20_000 - LONGEST:,} more characters)" in made
    table = Table("t", ["n"], [[Cell(str(number))] for number in range(MOST + 5)])
    assert (len(table.shown), table.rest) == (MOST, "and 5 more, all of which are in --format json")


def _text(page: Document) -> str:
    return document.as_table(page)


def test_words_that_need_it_are_explained() -> None:
    """Whoever was not there finds each of them at the end, and no word that is not on the page."""
    made = whypage.document(answers.answer("said"))
    *sections, last = made.sections
    assert last.title == "Words on this page"
    listed = {label for block in last.blocks for label, _ in block.pairs}  # type: ignore[union-attr]
    assert {"Version", "Log, event", "Claimed", "Mirror", "Break-glass, override", "Waived", "Revoked"} <= listed
    assert "Quorum" not in listed
    shown = _text(replace(made, sections=sections, verdict=""))
    for word, forms, _ in WORDS:
        assert (word in listed) == bool(re.search(rf"\b(?:{forms})\b", shown, re.IGNORECASE)), word


def test_times_are_called_claimed_and_the_mirrors_stand_beside() -> None:
    """The claimed time is told as that, with what the mirror says, and where it counts from later."""
    made = _text(whypage.document(answers.answer("said")))
    assert f"{answers.DAY} (claimed) (mirror file:///said had it at 2026-11-23T10:16:02Z)" in made
    without = whypage.document(answers.answer("said", turns=[]))
    assert "A mirror's time" in made and not any("A mirror's time" in text for text in without.foot)


def test_an_answer_in_sentences() -> None:
    """What served, how it got there, what it met, how it ended, and what is found today."""
    assert answers.answer("Rita").answer == [
        "At 2026-11-23T10:15:00Z, version 1.1.0 of scorer served in production.",
        "It was let in at 2026-11-23T10:15:00Z by Rita (rita) BY BREAK-GLASS: as an emergency, past the usual "
        "requirements, under the ticket “Rita”.",
        "It was asked for by Rita (rita); Rita (rita) as Rita said yes, on 1 condition.",
        "Of what is required even in an emergency, 4 of 6 checks are not met.",
        "PASSED OVER, though not met: Rita.",
        "It was there until 2026-11-23T10:15:00Z, when it was taken out, by Rita (rita).",
        "Later, at 2026-11-23T10:15:00Z, Rita (rita) revoked the version.",
        "Checked again today: NOT PROVEN: something is wrong. To serve today, what has come since would stand in the "
        "way: Rita.",
    ]
