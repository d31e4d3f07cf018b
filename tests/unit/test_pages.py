"""The documentation's pages: every command is run by a test or says why not, every link leads somewhere, all are found."""

from __future__ import annotations

import ast
import os
import re
import unicodedata
from pathlib import Path

import pytest

from scripts import docs_site
from tests import pages

DOCS = pages.DOCS
SITE_PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
RUN_PAGES = [page for page in SITE_PAGES if page.startswith(("tutorial/", "how-to/"))]
#: Markdown that people read in the repository.
READ = [pages.ROOT / "README.md", pages.ROOT / "CONTRIBUTING.md", *(DOCS / page for page in SITE_PAGES)]
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


# -- commands -----------------------------------------------------------------------------------------------------


def test_every_shell_block_is_run_or_says_why_not() -> None:
    """Each page of tutorial and how-to with commands to be run is in the registry, and no other is."""
    with_commands = {
        page for page in RUN_PAGES if any(block.is_shell and not block.reason for block in pages.blocks(page))
    }
    assert with_commands == set(pages.RUN_BY), "add the page and its test to RUN_BY in tests/pages.py, or a reason"


@pytest.mark.parametrize("page", sorted(pages.RUN_BY))
def test_the_test_that_runs_a_page_is_there(page: str) -> None:
    """The registry names a test that exists, in a module that names the page."""
    file, _, name = pages.RUN_BY[page].partition("::")
    text = (pages.ROOT / "tests" / file).read_text()
    assert name in {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
    assert Path(page).name in text


@pytest.mark.parametrize("page", RUN_PAGES)
def test_commands_are_marked_as_such(page: str) -> None:
    """No commands hide in blocks of another kind, and a page marks its own in one way, so that none is passed over."""
    kinds = {block.kind for block in pages.blocks(page) if block.is_shell}
    assert len(kinds - {"console"}) <= 1
    known = {*pages.SHELLS, "yaml", "json", "python", "text", "csv", "diff", "toml", "ini"}
    assert [(block.line, block.kind) for block in pages.blocks(page) if block.kind not in known] == []
    start = re.compile(r"(\$ |govkit |dvc |git |pip |export |kubectl )")
    hidden = [block.line for block in pages.blocks(page) if block.kind == "text" and start.match(block.text)]
    assert hidden == []


# -- links --------------------------------------------------------------------------------------------------------


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings that GitHub and the site agree on."""
    text = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    found: set[str] = set()
    for heading in _HEADING.findall(text):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        github = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        folded = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
        site = re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", folded).strip().lower())
        if github == site:
            found.add(site)
    return found


@pytest.mark.parametrize("page", READ, ids=lambda page: page.relative_to(pages.ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file of the repository and, if it has one, a heading of that page."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    broken = []
    for link in _LINK.findall(text):
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        place = page if not target else Path(os.path.normpath(page.parent / target))
        is_there = place.exists() and place.is_relative_to(pages.ROOT)
        if not is_there or (anchor and anchor not in anchors(place.read_text())):
            broken.append(link)
    assert broken == []


# -- the site -----------------------------------------------------------------------------------------------------


def test_the_navigation_has_every_page() -> None:
    """Each page is in one of the parts, once, under a title of its own."""
    parts = docs_site.navigation()
    listed = [page for part in parts for value in part.values() if isinstance(value, list) for page in value]
    names = [*(path for entry in listed for path in entry.values()), "index.md"]
    assert sorted(names) == SITE_PAGES
    titles = [title for entry in listed for title in entry]
    assert len(titles) == len(set(titles))


def test_the_site_is_built_and_loads_nothing_from_elsewhere(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Strictly, so that a link that leads nowhere ends it; each page is there, and needs no other server."""
    assert docs_site.build(tmp_path / "site") == 0, capfd.readouterr().err
    made = {path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site").rglob("*.html")}
    assert made == {page.removesuffix(".md") + ".html" for page in SITE_PAGES} | {"404.html"}
    for name in made:
        text = (tmp_path / "site" / name).read_text()
        assert re.findall(r"<(?:script|img|iframe)[^>]*\bsrc=\"?(?:https?:)?//", text) == []
        assert re.findall(r"<link[^>]*\bhref=\"?(?:https?:)?//", text) == []


def test_a_link_that_leads_nowhere_ends_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To a page, or to a heading, that is not there."""
    folder = tmp_path / "docs"
    folder.mkdir()
    monkeypatch.setattr(docs_site, "DOCS", folder)
    monkeypatch.setattr(docs_site, "navigation", lambda: ["index.md"])
    for link, code in (("#title", 0), ("#another", 1), ("gone.md", 1)):
        (folder / "index.md").write_text(f"# Title\n\n[link]({link})\n")
        assert (docs_site.build(tmp_path / "site") != 0) is bool(code), link


def test_links_that_leave_the_pages_become_text() -> None:
    """The site does not have the repository's other files; links to pages, headings and other sites stay."""
    text = "[a](../../tests/x.py), [b](b.md#c), [d](#d), [e](https://example.org), [`f`](../reference/f.md) [g](../../README.md)"
    kept = "a, [b](b.md#c), [d](#d), [e](https://example.org), [`f`](../reference/f.md) g"
    assert docs_site.within(text, "how-to/page.md") == kept


def test_a_page_without_a_title_is_told(tmp_path: Path) -> None:
    """It is named, with what it lacks."""
    (tmp_path / "x.md").write_text("no title\n")
    with pytest.raises(ValueError, match="has no title"):
        docs_site.title(tmp_path / "x.md")
