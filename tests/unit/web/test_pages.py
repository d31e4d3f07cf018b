"""Pages of a site before they are rendered: what they are made of, and data inside of them."""

import base64
import hashlib
import json
import re

import pytest
from hypothesis import given

from govkit.cards import render
from govkit.core import inert
from govkit.web import pages
from govkit.web.pages import Draft
from tests.unit.core.strategies import texts

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>",
    "\u2028\u2029\u202e",
    "&lt;/script&gt;",
    "\ud800",
    "\x1b[2J\x00",
)


@given(texts)
def test_data_cannot_leave_its_element(text: str) -> None:
    """Data in a page is the same text, hidden characters shown, and nothing in it is markup."""
    found = pages._inert_json({"events": [[text, 1]]})
    assert json.loads(found) == {"events": [[inert.unbroken(text), 1]]}
    assert not re.search(r"[<>&\u2028\u2029]", found)
    assert found.isascii()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_data_is_text(text: str) -> None:
    """Nothing that ends a script element, or begins a comment in it, is left as it is."""
    found = pages._inert_json([text])
    assert "<" not in found
    assert json.loads(found) == [inert.unbroken(text)]


def test_inputs_are_all_that_a_page_is_made_of() -> None:
    """Another path, template, value or datum is another page; the same is the same."""
    base = Draft("log.html", "log", {"a": [1]}, {"b": 2})
    others = [
        Draft("log-1.html", "log", {"a": [1]}, {"b": 2}),
        Draft("log.html", "index", {"a": [1]}, {"b": 2}),
        Draft("log.html", "log", {"a": [2]}, {"b": 2}),
        Draft("log.html", "log", {"a": [1]}, {"b": 3}),
        Draft("log.html", "log", {"a": [1]}),
    ]
    assert base.inputs == Draft("log.html", "log", {"a": [1]}, {"b": 2}).inputs
    assert base.inputs not in {other.inputs for other in others}


def test_inputs_depend_on_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that another govkit made is made again."""
    before = Draft("log.html", "log", {}).inputs
    monkeypatch.setattr(pages, "code", lambda: "another")
    assert before != Draft("log.html", "log", {}).inputs


def test_names_that_are_no_unicode_have_a_digest() -> None:
    """Git's names can hold bytes that are not UTF-8; they must not stop a build."""
    assert pages.digest_of("\udcff") != pages.digest_of("\udcfe")


def test_only_our_script_runs() -> None:
    """The policy of a page with data names the digest of the one script; of a page without, none may run."""
    found = Draft("x/1.0.0.html", "unshown", _unshown(), {"entries": []}).render().decode()
    script = render.template("web/site.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src &#39;sha256-{digest}&#39;" in found.replace("&#43;", "+")
    assert f"<script>{script}</script>" in found
    plain = Draft("x/1.0.0.html", "unshown", _unshown()).render().decode()
    assert "script-src" not in plain
    assert "<script" not in plain


def test_links_to_events_know_the_parts() -> None:
    """An event is on the page of its thousand; the newest is the log itself."""
    assert pages.event_link("m/index.html", 999, 3) == "../log-1.html#e999"
    assert pages.event_link("m/index.html", 1000, 3) == "../log-2.html#e1000"
    assert pages.event_link("index.html", 2000, 3) == "log.html#e2000"


def _unshown() -> dict[str, object]:
    head = {"size": 1, "root": "sha256:00"}
    about = {"remote": "", "head": head, "root": "sha256:11", "day": "", "troubles": []}
    return {"about": about, "model": "x", "name": "x@1.0.0", "what": HOSTILE[0], "why": "", "fix": ""}
