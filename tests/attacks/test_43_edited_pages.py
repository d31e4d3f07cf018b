"""Attack 43: "an edited card.html or card.md beside an honest card.json".

``card --check`` says so; and nobody who decides is shown such a page: no command reads the pages or the drafted request
back, everything is rendered anew from card.json and the log.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from world import MODEL, World

from govkit.core import dvcmd5

REQUEST = f"{MODEL}@1.1.0#production"


def _page(world: World, name: str) -> Path:
    return world.repo / "governance" / MODEL / name


def _edit(world: World, name: str) -> None:
    page = _page(world, name)
    text = page.read_text()
    assert "0.85" in text
    page.unlink()  # DVC may have linked it to its cache
    page.write_text(text.replace("0.85", "0.99"))


def test_honest_pages(requested: World) -> None:
    """The control: the pages of the pipeline are what the commit makes, in the working tree and in the commit."""
    for words in ((), ("--rev", "HEAD")):
        assert "byte for byte" in requested.govkit("card", MODEL, "--check", *words).text
    shutil.rmtree(requested.repo / ".dvc" / "cache")
    _page(requested, "card.html").unlink()
    assert "byte for byte" in requested.govkit("card", MODEL, "--check").text


@pytest.mark.parametrize("name", ["card.md", "request.json"])
def test_an_edited_page_in_git(requested: World, name: str) -> None:
    """A page in Git that was edited is named, before it is committed and after."""
    _edit(requested, name)
    assert f"{name} of scorer differ from the card" in requested.govkit("card", MODEL, "--check", expect=1).text
    requested.commit("A nicer page")
    for words in ((), ("--rev", "HEAD")):
        result = requested.govkit("card", MODEL, "--check", *words, expect=1)
        assert f"{name} of scorer differ from the card" in result.text


def test_an_edited_page_in_dvc(requested: World) -> None:
    """card.html is kept by DVC: an edited one is named in the working tree, and in a commit by its MD5 in dvc.lock."""
    _edit(requested, "card.html")
    assert "card.html of scorer differ from the card" in requested.govkit("card", MODEL, "--check", expect=1).text
    requested.shell("dvc", "commit", "-q", "-f", "govern")
    requested.commit("A nicer page")
    lock = (requested.repo / "dvc.lock").read_text()
    assert dvcmd5.md5(_page(requested, "card.html").read_bytes()) in lock
    for words in ((), ("--rev", "HEAD")):
        result = requested.govkit("card", MODEL, "--check", *words, expect=1)
        assert "card.html of scorer differ from the card" in result.text
    _page(requested, "card.html").unlink()
    assert "card.html of scorer differ" in requested.govkit("card", MODEL, "--check", expect=1).text


def test_no_command_reads_them_back(requested: World) -> None:
    """Card, gate, approve, promote and verify say the same whether the pages are honest, edited or gone."""
    gate = ("gate", f"{MODEL}@1.1.0", "--stage", "production", "--format", "json")
    formats = ("markdown", "json", "html")
    honest = [requested.govkit("card", MODEL, "--format", form).out for form in formats]
    judged = requested.govkit(*gate, expect=1).json
    for name in ("card.md", "card.html", "request.json"):
        _edit(requested, name)
    requested.commit("Nicer pages")
    assert [requested.govkit("card", MODEL, "--format", form).out for form in formats] == honest
    assert requested.govkit(*gate, expect=1).json == judged
    shown = requested.govkit("approve", REQUEST, as_="rita").err
    assert "0.99" not in shown
    for name in ("card.md", "card.html", "request.json"):
        _page(requested, name).unlink()
    requested.commit("No pages")
    assert [requested.govkit("card", MODEL, "--format", form).out for form in formats] == honest
    requested.approve("1.1.0", "production", "victor")
    requested.promote("1.1.0", "production")
    requested.verify()


def test_a_draft_that_says_pass(promoted: World) -> None:
    """A drafted request that says that everything passes opens nothing."""
    promoted.retrain(0.5)
    page = _page(promoted, "request.json")
    draft = json.loads(page.read_bytes())
    for stage in draft["stages"].values():
        for check in stage["checks"]:
            check["verdict"] = "pass"
    page.write_text(json.dumps(draft))
    promoted.commit("All is well")
    promoted.register("1.1.0")
    promoted.request("1.1.0", "production")
    promoted.approve("1.1.0", "production", "rita", "victor")
    assert "auc: fail" in promoted.promote("1.1.0", "production", expect=1).text
