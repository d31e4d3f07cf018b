"""The words of a page that somebody may not know who has never used govkit, each said in plain ones."""

from __future__ import annotations

import re

from msgspec.structs import replace

from govkit.reports.document import Block, Cell, Document, Facts, Paragraph, Quote, Section

#: In the order in which they are told; a word is told if one of its forms stands on the page.
WORDS: tuple[tuple[str, str, str], ...] = (
    ("Version", r"versions?", "one state of the model, with a number: these weights, from this code and this data."),
    ("Stage", r"stages?", "where a version serves, such as production."),
    (
        "Log, event",
        r"log|events?",
        "the record of all that was decided, to which entries (events) are only ever added. Each is signed by a "
        "person's own key, and each holds all that stand before it: none can be changed or taken out unseen.",
    ),
    ("Claimed", r"claimed?", "said by who signed it. A signature proves who says so, not that a clock was right."),
    ("Mirror", r"mirrors?", "a copy of the log in another place, which notes by its own clock when an entry arrived."),
    (
        "Policy",
        r"polic(?:y|ies)",
        "the rules: who may do what, and what is required of a version. It changes by approval only.",
    ),
    (
        "Requirement, gate",
        r"requirements?|gates?",
        "something that the policy asks of a version, such as a number that must be reached.",
    ),
    ("Approval", r"approvals?|approved", "a signed yes of somebody whose yes the policy asks for."),
    ("Quorum", r"quorum", "how many people, in which roles, must say yes."),
    (
        "Break-glass, override",
        r"break-glass|override[sn]?|overridden",
        "the way in for an emergency, past the usual requirements. It is short, needs a reason and a ticket, and is "
        "reviewed by somebody else afterwards.",
    ),
    (
        "Waived",
        r"waived?|waivers?",
        "a requirement was not met, and somebody who may let that pass did so, for this version and until a day.",
    ),
    ("Rollback", r"rollback|rolled back|gone back to|going back", "going back to a version that served there before."),
    ("Revoked", r"revoked?|revocation", "barred from serving anywhere, for ever."),
    (
        "Finding",
        r"finding#[0-9.]+|findings?",
        "something that is to be done about a version, by somebody, until a day.",
    ),
    ("Champion", r"champion(?:'s)?", "the version that served in the stage when this one was asked for."),
    ("Lineage", r"lineage", "what a version was made from: code, data, parameters."),
    (
        "Card",
        r"cards?",
        "the file that says what a version is: what it was made from, its numbers, and what people say of it.",
    ),
    (
        "SHA-256, digest",
        r"SHA-256|sha256|digests?",
        "a fingerprint of bytes: if a single one changes, so does the fingerprint.",
    ),
    ("Commit", r"commits?", "a state of the code, by its fingerprint in Git."),
    ("DVC stage", r"DVC stages?", "one step of the pipeline that makes a version."),
    ("Tag", r"tags?", "a name in Git for a commit; here it is signed, and says which version serves."),
    ("Pinned", r"pinned", "written down beforehand by who checks: the fingerprint with which the right log begins."),
    (
        "Registered",
        r"registered|registration|registrar",
        "entered into the log as a version, with the fingerprints of all that it is made of.",
    ),
    ("Interval", r"interval", "between which two values a number lies, allowing for chance."),
)


def words(page: Document) -> Document:
    """Return a page with what its words mean, of those that are on it."""
    shown = "\n".join(_texts(page))
    found = [
        (word, Cell(meaning)) for word, forms, meaning in WORDS if re.search(rf"\b(?:{forms})\b", shown, re.IGNORECASE)
    ]
    return replace(page, sections=[*page.sections, Section("words", "Words on this page", [Facts(found)])])


def _texts(page: Document) -> list[str]:
    found = [page.kind, page.title, *page.lead, *page.alarms, *page.foot]
    for section in page.sections:
        found += [section.title, *(text for block in section.blocks for text in _of(block))]
    return found


def _of(block: Block) -> list[str]:
    if isinstance(block, Paragraph):
        return [block.text]
    if isinstance(block, Quote):
        return [block.by]
    if isinstance(block, Facts):
        return [text for label, cell in block.pairs for text in (label, cell.text, cell.note)]
    cells = (text for row in block.rows for cell in row for text in (cell.text, cell.note))
    return [block.caption, *block.columns, *cells]
