"""The static site of a registry in a real browser, from disk: every kind of page, its search and its filters."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import bigsite

from govkit.core import digests
from govkit.web import site
from govkit.workflow.plans import Options
from govkit.workflow.session import Session
from tests.browser.cards import HOSTILE
from tests.browser.visit import NARROW, WIDE, Visit

Opener = Callable[..., Visit]
MODEL = "models/risk=Scorer"
SCHEMES = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
KINDS = ("index", "waiting", "log", "log-1", "health", "model", "unshown")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Build a site whose log fills several pages, with hostile reasons, and a version whose card does not fit."""
    made = tmp_path_factory.mktemp("site")
    log = bigsite.BigRegistry(made / "log.git", with_twins=False)
    log.open()
    for number in range(10):
        log.add(MODEL, number)
    for number, text in enumerate(HOSTILE):
        raw, card = log.card("b", number)
        facts = log.register("b", f"1.{number}.0", raw, weights=card.weights.sha256 or "", data=card.data_digest())
        log.ask(facts, "staging", text)
    raw, _ = log.card("b", 1)
    log.register("b", "2.1.0", raw, weights=digests.sha256(b"other"), data=digests.sha256(b"data"))
    log.finish()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("govkit.web.overview.PART", 20)
        patch.setattr("govkit.web.pages.PART", 20)
        built = site.build(Session(Options(repo=log.folder, root=log.ledger.state.judged[0].id)), made / "site")
    assert [problem.path for problem in built.problems] == ["b/2.1.0.html"]
    yield made / "site"


@pytest.fixture
def opened(visit: Opener, folder: Path) -> Callable[..., Visit]:
    """Return a function that opens a page of the site by its kind."""
    places = {
        "model": next(folder.glob("models-*/index.html")),
        "version": next(folder.glob("models-*/1.4.0.html")),
        "unshown": folder / "b" / "2.1.0.html",
    }

    def made(kind: str, **how: object) -> Visit:
        return visit(places.get(kind, folder / f"{kind}.html"), home=folder, **how)

    return made


def is_quiet(seen: Visit) -> None:
    """Assert that a page asked for nothing but pages of the site, and neither said nor asked anything."""
    assert seen.foreign == []
    # Chromium's own icons of controls are data within them.
    assert {each.kind for each in seen.requests if not each.url.startswith("data:")} == {"Document"}
    assert (seen.console, seen.issues, seen.dialogs, seen.windows) == ([], [], [], [])


@pytest.mark.parametrize("kind", [*KINDS, "version"])
def test_loads_nothing_and_says_nothing(opened: Opener, kind: str) -> None:
    """No request leaves the page, no message comes of it, hostile text does nothing, and it can be read without a script."""
    seen = opened(kind)
    is_quiet(seen)
    assert seen.page.evaluate("typeof window.pwned") == "undefined"
    assert seen.page.locator("#pwned").count() == 0
    headings = seen.page.locator("h1, h2").all_text_contents()
    plain = opened(kind, scripts=False)
    is_quiet(plain)
    assert headings == plain.page.locator("h1, h2").all_text_contents()
    assert not plain.page.locator("#search, #filters").filter(visible=True).count()


@SCHEMES
@pytest.mark.parametrize("kind", KINDS)
def test_has_no_barriers(opened: Opener, kind: str, dark: bool) -> None:
    """Axe-core finds nothing serious or critical; pages of versions are tried as cards."""
    seen = opened(kind, dark=dark)
    assert [each for each in seen.axe() if each.grave] == []


def test_results_have_no_barriers(opened: Opener) -> None:
    """What the scripts show has no barriers either."""
    index, log = opened("index"), opened("log")
    index.page.fill("#query", "1.")
    log.page.fill("#f-text", "registers")
    assert [each for seen in (index, log) for each in seen.axe() if each.grave] == []


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("kind", [*KINDS, "version"])
def test_does_not_scroll_sideways(opened: Opener, kind: str, width: int) -> None:
    """A page fits its window; wide tables scroll in boxes of their own. A picture is kept."""
    seen = opened(kind, width=width)
    seen.screenshot(f"site-{kind}")
    assert seen.overflow() == []


def test_words_at_the_head_of_a_column_stay_whole(opened: Opener) -> None:
    """On a telephone, too, a column is as wide as its heading's longest word: no heading is a tower of letters."""
    heads = opened("index", width=NARROW).page.locator("thead th")
    tall = heads.evaluate_all("all => all.map(each => each.getBoundingClientRect().height)")
    assert tall and max(tall) < 80


def test_search_finds_and_leads_there(opened: Opener) -> None:
    """A word finds models, versions and requests; the link leads to the page, from disk."""
    seen = opened("index")
    hits = seen.page.locator("#hits li")
    seen.page.fill("#query", "scorer 1.4.0")
    assert hits.all_text_contents()[0].startswith(f"{MODEL}@1.4.0")
    assert f"{hits.count()} found" in (seen.page.text_content("#found") or "")
    seen.page.fill("#query", "no such thing")
    assert (hits.count(), seen.page.text_content("#found")) == (0, "0 found")
    seen.page.fill("#query", "script pwned")
    assert any("<script>" in text for text in hits.all_text_contents())
    seen.page.fill("#query", f"{MODEL}@1.9.0")
    hits.first.locator("a").click()
    assert seen.page.url.endswith("/1.9.0.html")
    is_quiet(seen)


def test_filters_of_the_log(opened: Opener) -> None:
    """Filters by person, model, type, verdict, date and text look at all pages of the log, and can be taken back."""
    seen = opened("log")
    rows, everything = seen.page.locator("#matches tbody tr"), seen.page.locator("#all")
    assert everything.is_visible()
    seen.page.select_option("#f-actor", "remy")
    assert everything.is_hidden()
    assert {row.locator("td").nth(1).text_content() for row in rows.all()} == {"remy"}
    promotions = rows.count()
    seen.page.select_option("#f-type", "promotion.recorded")
    assert rows.count() == promotions == 4
    seen.page.select_option("#f-subject", "b")
    assert (rows.count(), seen.page.text_content("#found")) == (0, "0 found")
    seen.page.get_by_role("button", name="Show all").click()
    seen.settle()
    assert everything.is_visible()
    for field, value, some in (("from", "2026-01-02", False), ("to", "2026-01-01", True), ("from", "2025-12-31", True)):
        seen.page.fill(f"#f-{field}", value)
        assert bool(rows.count()) is some
        seen.page.fill(f"#f-{field}", "")
    seen.page.fill("#f-text", "onerror window.pwned")
    assert rows.count() >= 1
    assert seen.page.locator("#pwned").count() == 0
    seen.page.select_option("#f-status", "good")
    seen.page.fill("#f-text", "opens the log")
    rows.first.locator("a").click()
    assert seen.page.url.endswith("log-1.html#e0")
    assert seen.page.locator("#e0").is_visible()
    is_quiet(seen)


def test_a_match_on_the_same_page_is_shown(opened: Opener) -> None:
    """A link to an event that the filters hide shows it."""
    seen = opened("log")
    seen.page.fill("#f-text", "registers b@2.1.0")
    seen.page.locator("#matches tbody tr a").first.click()
    seen.settle()
    index = seen.page.url.rpartition("#")[2]
    assert seen.page.locator(f"#all #{index}").is_visible()


def test_every_page_leads_home(opened: Opener) -> None:
    """From every kind of page a link leads to the front page, and from there to the others."""
    for kind in (*KINDS[1:], "version"):
        seen = opened(kind)
        seen.page.locator("header a[href$='index.html'], nav a[href$='index.html']").first.click()
        seen.settle()
        assert "Model registry" in seen.page.title(), kind
