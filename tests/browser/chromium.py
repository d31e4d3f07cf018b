"""A real headless Chromium, driven by Playwright: the one that the system has, none is downloaded."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

#: Names of the program, in the order in which they are looked for; GOVKIT_CHROMIUM names another one.
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
#: Whatever a page asks for, nothing reaches another machine.
_OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"


def program() -> str | None:
    """Return the path of Chromium, or None where there is none."""
    named = os.environ.get("GOVKIT_CHROMIUM")
    return shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)


def needed() -> str:
    """Return the path of Chromium; where there is none, skip the test, or let it fail on a CI server."""
    path = program()
    if path is not None:
        return path
    missing = "no Chromium on this machine, so its pages are not tried; install the package chromium"
    if os.environ.get("CI", "").lower() in ("", "0", "false"):
        pytest.skip(missing)
    pytest.fail(missing)


class Chromium:
    """The browser of a test process, started when it is first asked for.

    Playwright keeps an event loop running in the thread that started it, in which no other can run; so it is stopped
    as soon as a test comes that needs no browser.
    """

    def __init__(self) -> None:
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None

    def get(self, path: str) -> Browser:
        """Return the browser at a path; starting it takes about a second."""
        if self._browser is None:
            from playwright.sync_api import sync_playwright

            self._playwright = sync_playwright().start()
            # Without a sandbox, which is Playwright's default and all that works for root: the pages are our own.
            self._browser = self._playwright.chromium.launch(executable_path=path, args=[_OFFLINE])
        return self._browser

    def stop(self) -> None:
        """End the browser, if there is one."""
        if self._browser is not None:
            self._browser.close()
        if self._playwright is not None:
            self._playwright.stop()
        self._browser = self._playwright = None
