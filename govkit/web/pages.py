"""A page of a site before it is rendered, and how it is."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

import govkit
from govkit.cards import render
from govkit.core import digests, inert
from govkit.web import paths

if TYPE_CHECKING:
    from jinja2 import Environment

#: So many events are on one page of the log; a page that is full never changes.
PART = 1000


class Draft(Struct, frozen=True):
    """A page before it is rendered.

    Attributes:
        path: where it goes.
        template: its template in ``govkit/web/templates``.
        values: what the template shows.
        data: what a script searches, as a JSON value; None for a page without a script.
    """

    path: str
    template: str
    values: dict[str, Any]
    data: Any = None

    @property
    def inputs(self) -> str:
        """The digest of all that the page is made of."""
        return digest_of([self.path, self.template, self.values, self.data])

    def render(self) -> bytes:
        """Return the page."""
        style = render.stylesheet() + render.template("web/site.css")
        policy, script, data = render.csp(style), "", ""
        if self.data is not None:
            script, data = render.template("web/site.js"), _inert_json(self.data)
            policy = with_script(policy, script)
        template = environment().get_template(f"web/{self.template}.html.j2")
        given = {"style": style, "csp": policy, "script": script, "data": data}
        return template.render(**self.values, **given, path=self.path, version=version()).encode()


def with_script(policy: str, script: str) -> str:
    """Return a content security policy under which one script runs besides, and no other.

    Args:
        policy: of :func:`govkit.cards.render.csp`.
        script: the text of the page's one script element that is run.
    """
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"{policy}; script-src 'sha256-{digest}'"


def digest_of(value: Any) -> str:
    """Return the digest of what a page is made of: a value, and the code and templates that make the page of it.

    Args:
        value: values of the rules, records and JSON values.
    """
    # In ASCII, since names of Git's can hold what is not Unicode.
    content = json.dumps([code(), msgspec.to_builtins(value)], sort_keys=True, separators=(",", ":"))
    return digests.sha256(content.encode())


@cache
def code() -> str:
    """Return a digest of govkit's code and templates, and the version of the engine that fills these in.

    A page is never kept that another govkit would make otherwise.
    """
    import jinja2

    found = hashlib.sha256(f"{version()} {jinja2.__version__}\n".encode())
    for name, content in _sources(resources.files("govkit"), ""):
        found.update(f"{name} {len(content)}\n".encode() + content)
    return found.hexdigest()


def _sources(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _sources(entry, f"{name}{entry.name}/")
        elif entry.is_file() and not entry.name.endswith(".pyc"):
            yield f"{name}{entry.name}", entry.read_bytes()


@cache
def version() -> str:
    """Return which govkit makes the pages."""
    from importlib import metadata

    try:
        return metadata.version("dvc-govkit")
    except metadata.PackageNotFoundError:
        return f"from {govkit.__name__}'s sources"


@cache
def environment() -> Environment:
    """Return the environment of the site's templates, which can also link to pages by what they are of."""
    made = render.environment()
    made.globals["site"] = {
        "page": paths.link,
        "model": lambda source, name: paths.link(source, paths.model(name)),
        "version": lambda source, name, number: paths.link(source, paths.version(name, number)),
        "event": event_link,
    }
    return made


def event_link(source: str, index: int, parts: int) -> str:
    """Return the link to an event in the log.

    Args:
        source: the page that links.
        index: the event's index.
        parts: how many pages the log has.
    """
    return f"{paths.link(source, part_path(index // PART + 1, parts))}#e{index}"


def part_path(number: int, parts: int) -> str:
    """Return the path of a part of the log, counted from 1, the oldest; the newest is ``log.html``."""
    return paths.LOG if number == parts else paths.log_part(number)


def _inert_json(value: Any) -> str:
    """Return JSON for a script element: nothing in it ends the element, and hidden characters are shown."""
    text = json.dumps(_seen(value), separators=(",", ":"), ensure_ascii=True)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _seen(value: Any) -> Any:
    if isinstance(value, str):
        return inert.unbroken(value)
    if isinstance(value, (list, tuple)):
        return [_seen(item) for item in value]
    return {key: _seen(item) for key, item in value.items()} if isinstance(value, dict) else value
