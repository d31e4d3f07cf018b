"""Where the pages of a site lie: file names that every host and file system takes, and never two for one.

A model's name may hold ``/`` and ``=`` and capital letters, and may be a word that Windows does not take. What is not
plain is written plainly and gets the start of its SHA-256 behind a ``~``, which no name has of its own.
"""

from __future__ import annotations

import hashlib
import re

#: Pages of the whole registry; ``log-N.html`` are the older parts of the log.
INDEX, WAITING, LOG, HEALTH = "index.html", "waiting.html", "log.html", "health.html"

_PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
_PLAIN_VERSION = re.compile(r"[0-9][0-9a-z.-]{0,79}")
#: Names that mean a device on Windows, and those that a host that leaves ``.html`` out could take for our own pages.
_TAKEN = re.compile(r"con|prn|aux|nul|(?:com|lpt)[0-9]|index|waiting|health|log(?:-[0-9]+)?")
_NAME = r"[a-z0-9][a-z0-9_-]{0,79}(?:~[0-9a-f]{32})?"
_VERSION = r"[0-9][0-9a-z.-]{0,79}(?:~[0-9a-f]{32})?"
_PAGE = re.compile(rf"(?:index|waiting|health|log|log-[1-9][0-9]{{0,6}})\.html|{_NAME}/(?:index|{_VERSION})\.html")


def folder(model: str) -> str:
    """Return the folder of a model's pages."""
    if _PLAIN.fullmatch(model) and not _TAKEN.fullmatch(model):
        return model
    plain = re.sub(r"[^a-z0-9_-]+", "-", model.lower()).strip("-_")[:60] or "model"
    return f"{plain}~{_short(model)}"


def model(name: str) -> str:
    """Return the path of a model's page."""
    return f"{folder(name)}/index.html"


def version(name: str, number: str) -> str:
    """Return the path of the page of a model's version."""
    if _PLAIN_VERSION.fullmatch(number):
        return f"{folder(name)}/{number}.html"
    return f"{folder(name)}/{re.sub(r'[^0-9a-z.-]+', '-', number.lower())[:60]}~{_short(number)}.html"


def log_part(number: int) -> str:
    """Return the path of a part of the log, counted from 1, the oldest."""
    return f"log-{number}.html"


def is_page(path: str) -> bool:
    """Tell whether a path is one that a page of a site can have."""
    return _PAGE.fullmatch(path) is not None


def link(source: str, target: str) -> str:
    """Return the relative link from one page to another.

    Their names need no escaping: they hold letters, digits, ``-``, ``_``, ``.`` and ``~`` alone.
    """
    return f"../{target}" if "/" in source else target


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
