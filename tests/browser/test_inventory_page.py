"""The inventory's page in a real browser, from disk: it sorts by its own script alone, and is all there without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from govkit.core import inventory
from govkit.core.inventory import Inventory, InventoryModel, InventoryRepository, InventoryStage
from govkit.web import inventory as web
from tests.browser.visit import NARROW, Visit

Opener = Callable[..., Visit]
NOW = "2026-11-27T10:00:00Z"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Return a page with three versions whose order as text is another than that of their numbers."""
    models = [
        InventoryModel(
            model=name,
            versions=1,
            stages=[InventoryStage(stage="production", version=version, kind="promote", since=NOW, by="remy")],
        )
        for name, version in (("b", "1.10.0"), ("c", "1.9.0"), ("a", "1.2.0"))
    ]
    found = InventoryRepository(repository="r", state="verified", models=models)
    gone = InventoryRepository(repository="<b id=pwned>gone</b>", state="unreadable", reasons=["no such folder"])
    path = tmp_path / "inventory.html"
    path.write_bytes(web.page(Inventory(schema=inventory.SCHEMA, made=NOW, repositories=[found, gone])))
    return path


def test_it_sorts(visit: Opener, page: Path) -> None:
    """A click on a heading sorts by it, numbers as numbers, and another one turns it round; nothing is loaded."""
    seen = visit(page)
    versions = seen.page.locator("tbody td:nth-child(5)")
    button = seen.page.get_by_role("button", name="version")
    button.click()
    assert versions.all_text_contents() == ["", "1.2.0", "1.9.0", "1.10.0"]
    button.click()
    assert versions.all_text_contents() == ["1.10.0", "1.9.0", "1.2.0", ""]
    assert seen.page.locator("th[aria-sort=descending]").count() == 1
    assert (seen.foreign, seen.console, seen.issues, seen.dialogs) == ([], [], [], [])
    assert seen.page.locator("#pwned").count() == 0
    seen.page.emulate_media(media="print")
    seen.page.set_viewport_size({"width": 1046, "height": 700})  # A4 across, less its margins
    cut = "Array.from(document.querySelectorAll('.wide')).filter(box => box.scrollWidth > box.clientWidth).length"
    assert seen.page.evaluate(cut) == 0
    narrow = visit(page, width=NARROW, scripts=False)
    assert narrow.page.locator("tbody tr").count() == 4
    assert narrow.overflow() == []
