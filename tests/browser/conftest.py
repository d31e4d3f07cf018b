"""Fixtures: a real Chromium, and visits of pages with it. Every test of this folder is marked ``browser``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import chromium
from tests.browser.visit import Visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_CHROMIUM = chromium.Chromium()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("browser")


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """End the browser before a test that needs none; see :class:`chromium.Chromium`."""
    if nextitem is None or nextitem.get_closest_marker("browser") is None:
        _CHROMIUM.stop()


@pytest.fixture
def browser() -> Browser:
    """Return this process's Chromium; a test is skipped where there is none, and fails in CI."""
    return _CHROMIUM.get(chromium.needed())


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Return a function that opens a URL or a file as :class:`Visit` does; each visit knows nothing of the others."""
    made: list[Visit] = []

    def opened(where: str | Path, **how: Any) -> Visit:
        made.append(Visit(browser, where, **how))
        return made[-1]

    yield opened
    for each in made:
        each.close()
