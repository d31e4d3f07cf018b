"""A document as one HTML page: no script, nothing loaded, under the content security policy that cards have."""

from __future__ import annotations

from govkit.cards import render
from govkit.core.gates.base import Verdict
from govkit.reports.document import Document, Facts, Paragraph, Quote, Table

_KINDS = {Paragraph: "paragraph", Facts: "facts", Quote: "quote", Table: "table"}


def page(document: Document) -> str:
    """Return the page; whatever stands in the document is shown as text, whoever wrote it."""
    style = render.stylesheet() + render.template("evidence/document.css")
    sections = [(section, [(_KINDS[type(block)], block) for block in section.blocks]) for section in document.sections]
    template = render.environment().get_template("evidence/document.html.j2")
    return template.render(
        document=document, sections=sections, style=style, csp=render.csp(style), tone=Verdict(document.tone).value
    )
