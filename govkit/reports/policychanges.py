"""What changes between two policies, for a terminal and for a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from govkit.core.change import Change
from govkit.reports import table

MARKS = {"looser": "! looser", "stricter": "+ stricter", "other": "  other"}
_ORDER = ("looser", "stricter", "other")


def headline(changes: Sequence[Change], source: str) -> str:
    """Return in one sentence how much changes."""
    if not changes:
        return f"{source} is the policy in force: nothing changes"
    looser = sum(change.effect == "looser" for change in changes)
    count = f"{len(changes)} change{'' if len(changes) == 1 else 's'}"
    return f"{count} from the policy in force to {source}, {looser or 'none'} of them looser"


def write_table(changes: Sequence[Change], source: str, notes: Sequence[str]) -> None:
    """Print the changes, what is looser first.

    Args:
        changes: what changes.
        source: where the other policy stands.
        notes: what else to know.
    """
    table.write(headline(changes, source))
    if changes:
        rows = [(MARKS[each.effect], each.words, each.path) for each in _sorted(changes)]
        table.table(("effect", "what changes", "where"), rows)
    for note in notes:
        table.write(f"note: {note}")


def write_markdown(changes: Sequence[Change], source: str, notes: Sequence[str], inert: Callable[[str], str]) -> None:
    """Print the changes as Markdown, such as for a comment on a pull request.

    Args:
        changes: what changes.
        source: where the other policy stands.
        notes: what else to know.
        inert: makes a text from a record harmless in Markdown.
    """
    lines = ["### Changes of the policy", "", f"{inert(headline(changes, source))}.", ""]
    for effect, title in (("looser", "Looser"), ("stricter", "Stricter"), ("other", "Other")):
        found = [change for change in changes if change.effect == effect]
        if found:
            lines += [f"**{title}**", "", *(f"- {inert(_line(change.words))}" for change in found), ""]
    lines += [f"> {inert(_line(note))}" for note in notes]
    table.page("\n".join(lines).rstrip("\n"))


def _sorted(changes: Sequence[Change]) -> list[Change]:
    return sorted(changes, key=lambda change: _ORDER.index(change.effect))


def _line(text: str) -> str:
    return " ".join(text.split())
