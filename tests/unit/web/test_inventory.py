"""The pages of the inventory and of controls: what others wrote in them is text, and they hold one script or none."""

from __future__ import annotations

import re

import pytest

from govkit.cards import frameworks
from govkit.core import controls, inventory
from govkit.core.controls import Controls, MetFramework, Source
from govkit.core.evidence import Piece
from govkit.core.inventory import Inventory, InventoryModel, InventoryRepository, InventoryStage
from govkit.web import controls as controls_page
from govkit.web import inventory as inventory_page

NOW = "2026-11-27T10:00:00Z"
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "</td></table></main>{{ 7 * 7 }}",
    "</script><svg onload=alert(4)>",
    "\u202egnp \x1b[2J \ud800",
)


def hostile(text: str) -> Inventory:
    """Return an inventory with a text everywhere."""
    stage = InventoryStage(
        stage=text, version=text, kind="promote", since=NOW, by=text, owner=text, approved_by=[text], warning=text
    )
    model = InventoryModel(model=text, versions=1, newest=text, owner=text, tier=text, stages=[stage], note=text)
    one = InventoryRepository(
        repository=text, state="undecided", reasons=[text], fix=text, notes=[text], remote=text, models=[model]
    )
    return Inventory(schema=inventory.SCHEMA, made=NOW, repositories=[one, one])


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_others_write_is_text(text: str) -> None:
    """No element, script or attribute comes of it, and nothing hidden is left."""
    page = inventory_page.page(hostile(text)).decode()
    calm = inventory_page.page(hostile("calm")).decode()
    shape = re.compile(r"<[a-z/!][^>]*>")
    assert shape.findall(page) == shape.findall(calm)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800]", page)
    assert text.count("{{ 7 * 7 }}") == 0 or "{{ 7 * 7 }}" in page


def test_lines_are_folded() -> None:
    """A reason of several lines reads as one sentence."""
    page = inventory_page.page(hostile("first\nsecond")).decode()
    assert "first second" in page
    assert "U+000A" not in page


def test_one_script_runs_and_it_is_named() -> None:
    """The page's policy names the digest of its one script, and lets nothing else in."""
    page = inventory_page.page(hostile("calm")).decode()
    assert page.count("<script>") == page.count("script-src") == 1
    assert "default-src &#39;none&#39;" in page


@pytest.mark.parametrize("text", HOSTILE)
def test_controls_have_no_script(text: str) -> None:
    """A mapping of somebody's own, and records, are text in the page as well."""

    def made(said: str) -> str:
        piece = Piece(evidence="card:owner", state="there", record=said)
        met = controls.Met(place=said, asks=said, word="partial", pieces=[piece], note=said)
        source = Source(title=said, url=said, read="read", on="2026-11-27", note=said)
        one = MetFramework(id="own", name=said, as_of="2026-11-27", sources=[source], controls=[met], note=said)
        digest = "sha256:" + "0" * 64
        head = controls.Head(size=1, root=digest)
        found = Controls(
            schema=controls.SCHEMA, made=NOW, remote=said, root=digest, head=head, versions=[said], frameworks=[one]
        )
        return controls_page.page(found).decode()

    shape = re.compile(r"<[a-z/!][^>]*>")
    assert shape.findall(made(text)) == shape.findall(made("calm"))
    assert "<script" not in made("calm")


def test_every_requirement_is_on_the_page() -> None:
    """All places of all frameworks are there."""
    digest = "sha256:" + "0" * 64
    weighed = [controls.weigh(one, {}) for one in frameworks.known().values()]
    head = controls.Head(size=1, root=digest)
    found = Controls(
        schema=controls.SCHEMA, made=NOW, remote="", root=digest, head=head, versions=[], frameworks=weighed
    )
    page = controls_page.page(found).decode()
    assert all(met.place in page for one in weighed for met in one.controls)
