"""Pages of the review, made from templates; whatever somebody wrote is shown as text, as on the card's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from govkit.cards import render
from govkit.core.errors import GovkitError
from govkit.web.loopback import Answer
from govkit.workflow.review import Seen

if TYPE_CHECKING:
    from markupsafe import Markup


def style() -> str:
    """Return what the review's pages need besides the style that all pages share."""
    return render.template("web/review.css")


def page(name: str, title: str, **values: Any) -> Answer:
    """Return a page.

    Args:
        name: the template's name, without its ending.
        title: its title.
        values: what the template shows.
    """
    sheet = render.stylesheet() + style()
    policy = render.csp(sheet, form_action="'self'")
    text = _template(name).render(title=title, style=sheet, csp=policy, **values)
    return Answer(text.encode(), policy=policy)


def form(name: str, **values: Any) -> Markup:
    """Return a form that is put into another page."""
    from markupsafe import Markup

    return Markup(_template(name).render(**values))  # noqa: S704 - made by the environment that escapes everything


def card(seen: Seen, inside: Markup | None) -> Answer:
    """Return the card's page with what the log knows, and a form or None."""
    text = render.page(seen.card, None, seen.raw, seen.standing, form=inside, more_style=style())
    policy = render.csp(render.stylesheet() + style(), form_action="'self'" if inside is not None else "'none'")
    return Answer(text.encode(), policy=policy)


def as_typed(text: str) -> Markup:
    """Return what the reader typed, to stand in a text field again: escaped, and otherwise as it is."""
    from markupsafe import escape

    return escape(text)


def error(status: int, problem: GovkitError, back: str | None = None) -> Answer:
    """Return the page that tells what happened, why, and what to do next."""
    return replace(page("error", "This did not work", problem=problem, back=back), status=status)


def _template(name: str) -> Any:
    return render.environment().get_template(f"web/{name}.html.j2")
