"""What a repository gives evidence for, as one page that loads nothing and has no script."""

from __future__ import annotations

from govkit.cards import render
from govkit.core.controls import Controls
from govkit.core.evidence import VOCABULARY
from govkit.web import pages


def page(found: Controls) -> bytes:
    """Return the page, a function of its argument alone."""
    style = render.stylesheet() + render.template("web/site.css")
    values = {
        "found": found,
        "vocabulary": VOCABULARY,
        "style": style,
        "csp": render.csp(style),
        "version": pages.version(),
    }
    return pages.environment().get_template("web/controls.html.j2").render(**values).encode()
