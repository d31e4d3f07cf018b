"""Rendering a card: Markdown for a pull request, and one HTML page that loads nothing.

Both are functions of their arguments alone: no clock, no locale, the same bytes on every run.
Safety does not rest on the templates. Whatever a template writes out passes through one function for its format,
which shows hidden characters and makes the rest inert; only what a template itself contains is markup.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govkit.cards import text
from govkit.cards.sections import SIGNS, stage_reads
from govkit.cards.view import view
from govkit.core import inert
from govkit.core.card import Card
from govkit.core.draft import Draft
from govkit.core.gates.base import Gate
from govkit.core.report import in_words
from govkit.core.standing import Standing

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


def markdown(card: Card, draft: Draft | None, raw: bytes, gates: Mapping[str, Gate] | None = None) -> str:
    """Return ``card.md``, GitHub-flavoured Markdown.

    Args:
        card: the card.
        draft: the drafted approval request of this card, or None where there is none.
        raw: the bytes of ``card.json``, from which ``card`` was read.
        gates: the gates of the policy that the draft was made under.

    Raises:
        Malformed: if ``raw`` is not canonical JSON.
    """
    return _markdown().get_template("card.md.j2").render(view=view(card, draft, raw, None, gates))


def page(
    card: Card,
    draft: Draft | None,
    raw: bytes,
    standing: Standing | None = None,
    *,
    gates: Mapping[str, Gate] | None = None,
    form: Markup | None = None,
    home: str = "",
    more_style: str = "",
) -> str:
    """Return ``card.html``: one file without scripts, that neither loads nor links to anything.

    Args:
        card: the card.
        draft: the drafted approval request of this card, or None where there is none.
        raw: the bytes of ``card.json``, from which ``card`` was read; they are shown in full.
        standing: what the log knows of the version, where it is known; its checks are shown instead of the draft's.
        gates: the gates of the policy that the draft was made under; with a standing, its own are used.
        form: where the page is served to somebody who decides: the form, as safe markup made with
            :func:`environment`; it may be sent to where the page came from, and nowhere else.
        home: where the page is part of a site: the relative link to its front page.
        more_style: what the form needs besides :func:`stylesheet`.

    Raises:
        Malformed: if ``raw`` is not canonical JSON.
    """
    style = stylesheet() + more_style
    shown = view(card, draft, raw, standing, gates)
    policy = csp(style, form_action="'self'" if form is not None else "'none'")
    return environment().get_template("card.html.j2").render(view=shown, style=style, csp=policy, form=form, home=home)


def stylesheet() -> str:
    """Return the style that all of govkit's pages share."""
    return template("card.css")


def csp(style: str, *, form_action: str = "'none'") -> str:
    """Return the content security policy under which only this style applies, and nothing is loaded.

    Args:
        style: the text of the page's one style element.
        form_action: where a form may be sent to.
    """
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action {form_action}"


def template(name: str) -> str:
    """Return a template's text, from ``cards/templates``, or of ``web/NAME`` from ``web/templates``.

    Line ends are LF however the package was unpacked.
    """
    folder, _, file = name.rpartition("/")
    data = resources.files(f"govkit.{folder or 'cards'}").joinpath("templates", file).read_bytes()
    return data.decode().replace("\r\n", "\n")


#: Letters of scripts that are written from right to left, with what stands between them (Unicode's own blocks).
_LEFTWARD = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
_LEFTWARD_RUN = re.compile(f"([{_LEFTWARD}](?:[^<>=≤≥\\d]*[{_LEFTWARD}])?)")


def inert_line(said: str) -> str:
    """Return a text on one line, as a terminal shows it: nobody's words can look like a line of govkit's."""
    return inert.line(said)


def isolated(said: str) -> Markup:
    """Return a sentence in which words of scripts that run leftwards turn no number or sign around them."""
    from markupsafe import Markup, escape

    parts = _LEFTWARD_RUN.split(said)
    whole = (escape(inert.unbroken(part)) for part in parts)
    return Markup("").join(
        Markup("<bdi>{}</bdi>").format(part) if index % 2 else part for index, part in enumerate(whole)
    )


@cache
def environment() -> Environment:
    """Return the environment of HTML templates: what a template writes out is shown as text, whoever wrote it."""
    return _environment("html", inert.unbroken)


@cache
def _markdown() -> Environment:
    from markupsafe import Markup

    environment = _environment("markdown", lambda seen: Markup(inert.markdown(seen)))  # noqa: S704 - that is what makes it safe
    environment.filters["code"] = lambda seen: Markup(inert.markdown_code(seen))  # noqa: S704 - likewise
    environment.filters["fenced"] = lambda seen: Markup(inert.unbroken(seen))  # noqa: S704 - within a fence
    return environment


def _environment(name: str, shown: Callable[[str], str]) -> Environment:
    """Set up the templates of a format.

    Args:
        name: of the format.
        shown: what every text passes through on its way out, before it is escaped unless it is marked as safe.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    from govkit.cards.compiled import Compiled

    def written(value: Any) -> Any:
        if isinstance(value, (int, float)) or hasattr(value, "__html__"):
            return value
        if value is None:
            raise TypeError("a template writes out None; it must say what is missing")
        return shown(str(value))

    environment = Environment(
        loader=FunctionLoader(template),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=written,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=Compiled(name, (Path(__file__), Path(inert.__file__))),
    )
    filters = (
        text.lines,
        text.number,
        text.things,
        text.exact,
        text.percent,
        text.size,
        text.reported,
        text.fence,
        text.human,
    )
    environment.filters.update({function.__name__: function for function in filters})
    environment.filters["reads"] = stage_reads
    environment.filters["isolated"] = isolated
    environment.filters["folded"] = inert_line
    environment.globals["signs"] = SIGNS
    environment.globals["in_words"] = in_words
    return environment
