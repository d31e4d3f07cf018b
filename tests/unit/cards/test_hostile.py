"""Whatever stands in a card is shown as text: it changes no structure, loads nothing, notifies nobody."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from govkit.cards import render, text
from govkit.core import inert
from govkit.core.draft import Draft
from govkit.core.standing import Standing

HOSTILE = [
    "</style></title></textarea></pre></details></svg><script>alert(1)</script>",
    "<img src=x onerror=alert(1)><svg onload=alert(1)><iframe srcdoc=x>",
    "<base href=//e.example><meta http-equiv=refresh><link rel=stylesheet href=//e.example><form action=//e.example>",
    "\" onmouseover=\"alert(1)\" ' style='color:red' x=`y` --> <!-- ]]> @import url(//e.example); } body { color: red",
    "@octocat @org/team #1 GH-1 org/repo#2 a@e.example https://e.example",
    "www.e.example WWW.e.example HTTP://e.example mailto:a@e.example",
    "0123456789abcdef0123456789abcdef01234567 :tada: $x^2$ $$y$$",
    "[x](https://e.example) ![i](//e.example/i.png) [[wiki]] [^1] [!NOTE] <https://e.example> [x]: //e.example",
    "`code` ``more`` **bold** __b__ *em* _em_ ~~gone~~ \\| \\\\| a|b | c &lt;b&gt; &#60;b&#62; &amp;",
    "{{ 7*7 }} {% raw %} {# c #} ${{ github.token }}",
    "red\x1b[31m \x07 \x00 \x7f \x9b31m over\u202eride iso\u2066late\u2069 zero\u200bwidth \ufeff \U000e0041",
    "a\rb \u2028 \u2029 \x85",
    "# heading #",
    "- item\t1. one",
    "---",
    "```sh",
    "> quote",
    "    code",
    "=====",
]
FIXED = {"schema", "tier", "sha256", "md5", "valid_until", "requirements_sha256"}
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "a", "header", "p", "span", "h1", "h2", "h3", "ul", "li", "dl"),
    *("div", "dt", "dd", "code", "strong", "nav", "main", "section", "b", "em", "small", "table", "caption", "thead"),
    *("tbody", "tr", "th", "td", "br", "figure", "figcaption", "svg", "desc", "path", "text", "g", "circle"),
    *("details", "summary", "pre", "footer", "rect", "blockquote", "bdi"),
}
ATTRIBUTES = {
    *("lang", "charset", "http-equiv", "content", "name", "class", "href", "id", "title", "role", "tabindex", "scope"),
    *("colspan", "viewbox", "d", "x", "y", "cx", "cy", "r", "aria-label", "aria-labelledby", "aria-hidden"),
    *("width", "height", "rx", "open", "data-label"),
}
NOTIFIES = re.compile(r"@\w|#\d|(?i:gh-\d)|(?i:https?|mailto):\S|(?i:www)\.\w|:\w+:|\$|\b[0-9a-f]{40}\b")

Structure = list[tuple[str, tuple[str, ...]]]


class Reader(HTMLParser):
    """Reads tags with their attributes' names, values of attributes, and pieces of text outside code."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.structure: Structure = []
        self.values: list[tuple[str, str | None]] = []
        self.pieces: list[str] = []
        self.inside: list[str] = []
        self.comments: list[str] = []
        self.loose: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.structure.append((tag, tuple(name for name, _ in attrs)))
        self.values += attrs
        if tag not in ("br", "meta", "path", "circle"):
            self.inside.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.structure.append((tag, tuple(name for name, _ in attrs)))
        self.values += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.inside.pop() == tag

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        if self.inside and self.inside[-1] != "style":
            self.pieces.append(data)
            if not {"code", "pre"} & set(self.inside):
                self.loose.append(data)

    def without(self, *tags: str) -> Structure:
        """Return the structure without some tags."""
        return [entry for entry in self.structure if entry[0] not in tags]


def replaced(value: Any, said: str, key: str = "") -> Any:
    """Put a text in place of every text and every free key of a JSON value; keys stay different."""
    if isinstance(value, dict):
        free = key in ("attributes", "groups", "rates", "difference", "ratio", "features", "counts", "hardware")
        free = free or key in ("params", "params.yaml", "label")
        return {
            f"{said} {index}" if free else name.replace("x-own", f"x-{said}"): replaced(entry, said, name)
            for index, (name, entry) in enumerate(value.items())
        }
    if isinstance(value, list):
        return [replaced(entry, said, key) for entry in value]
    return said if isinstance(value, str) and key not in FIXED else value


@pytest.fixture(params=[*HOSTILE, "\n".join(HOSTILE)], ids=[*(str(i) for i in range(len(HOSTILE))), "all"])
def said(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def rendered(value: dict[str, Any], build: Any, drafted: Callable[..., Draft]) -> Callable[[Any, str], str]:
    """Return a function that renders the card, and its draft, with a text in every place."""

    def made(function: Any, said: str) -> str:
        card, raw = build(replaced(value, said))
        return str(function(card, drafted(raw, said), raw))

    return made


@pytest.fixture
def reviewed(value: dict[str, Any], build: Any, stood: Callable[..., Standing]) -> Callable[[str], str]:
    """Return a function that renders the page of a version with a text in every place of its card and of the log."""

    def made(said: str) -> str:
        card, raw = build(replaced(value, said))
        return render.page(card, None, raw, stood(card, said))

    return made


def markup(source: str) -> str:
    """Render GitHub's Markdown as far as markdown-it knows it."""
    return str(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(source))


def test_page_keeps_its_structure(said: str, rendered: Any) -> None:
    """Hostile text yields the same elements and attributes as plain text, in the same order."""
    plain = "\n".join(["plain"] * len(text.lines(said)))
    page = rendered(render.page, said)
    found = Reader(page)
    assert found.structure == Reader(rendered(render.page, plain)).structure
    assert {tag for tag, _ in found.structure} <= TAGS
    assert {name for _, names in found.structure for name in names} <= ATTRIBUTES
    assert "<script" not in page.lower()
    assert not found.inside
    assert not found.comments


def test_page_of_a_version_keeps_its_structure(said: str, reviewed: Callable[[str], str]) -> None:
    """The same holds for the page that knows the log: requests, decisions, the champion, history."""
    plain = "\n".join(["plain"] * len(text.lines(said)))
    page = reviewed(said)
    found = Reader(page)
    assert found.structure == Reader(reviewed(plain)).structure
    assert {tag for tag, _ in found.structure} <= TAGS
    assert {name for _, names in found.structure for name in names} <= ATTRIBUTES
    assert not found.inside
    assert not found.comments
    assert inert.unbroken(page.replace("\n", "")) == page.replace("\n", "")
    for line in text.lines(said):
        assert inert.unbroken(line) in "".join(found.pieces)


def test_page_shows_what_was_said(said: str, rendered: Any) -> None:
    """The text itself, with hidden characters shown, stands on the page."""
    shown = "".join(Reader(rendered(render.page, said)).pieces)
    for line in text.lines(said):
        assert inert.unbroken(line) in shown


def test_page_holds_no_hidden_characters(said: str, rendered: Any) -> None:
    """Nothing that cannot be seen is left in the page or in the Markdown, line ends apart."""
    for function in (render.page, render.markdown):
        source = rendered(function, said).replace("\n", "")
        assert inert.unbroken(source) == source


def test_page_links_only_within_itself(said: str, rendered: Any) -> None:
    """No attribute names anything outside the page, so nothing can be loaded or followed."""
    found = Reader(rendered(render.page, said))
    links = [content for name, content in found.values if name in ("href", "src", "action", "data", "xlink:href")]
    assert links
    assert all(link is not None and link.startswith("#") for link in links)


def test_markdown_keeps_its_structure(said: str, rendered: Any) -> None:
    """Hostile text yields the same elements as plain text; only code and empty spans may differ."""
    plain = "\n".join(["plain"] * len(text.lines(said)))
    found = Reader(markup(rendered(render.markdown, said)))
    expected = Reader(markup(rendered(render.markdown, plain)))
    assert found.without("code", "span") == expected.without("code", "span")
    assert not [name for name, _ in found.values if name not in ("open", "class", "style")]
    assert len(found.comments) == 1


def test_markdown_notifies_nobody(said: str, rendered: Any) -> None:
    """No piece of text outside code holds a mention, a reference, a link, an emoji code or mathematics."""
    found = Reader(markup(rendered(render.markdown, said)))
    assert not [piece for piece in found.loose if NOTIFIES.search(piece) and piece != "$"]


def test_markdown_shows_what_was_said(said: str, rendered: Any) -> None:
    """The text itself, with hidden characters shown, stands in what GitHub makes of it."""
    shown = " ".join("".join(Reader(markup(rendered(render.markdown, said))).pieces).split())
    for line in text.lines(said):
        assert " ".join(inert.unbroken(line).split()) in shown


@given(st.text())
def test_any_text_is_inert_in_a_cell(said: str) -> None:
    """Any text in a table's cell comes out as itself, and makes nothing but spans and code."""
    for made in (inert.markdown(said), inert.markdown_code(said)):
        found = Reader(markup(f"| head | |\n|---|---|\n| cell {made} | last |\n"))
        tags = [tag for tag, _ in found.structure if tag not in ("span", "code")]
        assert tags == ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"]
        assert " ".join("".join(found.pieces).split()) == " ".join(f"head cell {inert.unbroken(said)} last".split())
