"""What changes between two definitions of a gate, and in which direction.

Fields are compared by name, for every kind of gate that there is or will be. A field without a direction here counts
as looser when it changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from govkit.core import times
from govkit.core.change import UNKNOWN, Change, Effect, members, show, unknown
from govkit.core.gates.base import Gate

#: Numbers and spans of which more is stricter; none at all asks for nothing.
UP_IS_STRICTER: Final = frozenset(
    {"min", "min_group", "min_n", "min_rows", "min_share", "at_least", "absolute", "relative"}
)
#: Numbers and spans of which less is stricter; none at all allows everything.
DOWN_IS_STRICTER: Final = frozenset({"max", "max_age", "max_suspicious"})
#: Lists of what a version must have.
MORE_IS_STRICTER: Final = frozenset({"sections", "require"})
#: Lists of what is allowed.
MORE_IS_LOOSER: Final = frozenset({"formats", "sources", "accept", "roles"})


def changes(name: str, before: Gate, after: Gate) -> list[Change]:
    """Return what changes at a gate that both policies have.

    Args:
        name: its name.
        before: as it is in force.
        after: as it would be.
    """
    return [change.under(f"gates.{name}", f"gate '{name}'") for change in _changes(before, after)]


def _changes(before: Gate, after: Gate) -> Iterator[Change]:
    old, new = (str(gate.__struct_config__.tag) for gate in (before, after))
    if type(before) is not type(after):
        yield Change("type", f"is of type '{new}' instead of '{old}'; {UNKNOWN}", "looser")
        yield from _waivers(before, after)
        return
    for field in msgspec.structs.fields(type(before)):
        was, will = getattr(before, field.name), getattr(after, field.name)
        if was != will:
            yield from _field(field.encode_name, was, will, before, after)


def _field(name: str, was: Any, will: Any, before: Gate, after: Gate) -> Iterator[Change]:
    if name == "description":
        yield Change(name, "its description changes", "other")
    elif name == "waive":
        yield from _waivers(before, after)
    elif name in UP_IS_STRICTER | DOWN_IS_STRICTER:
        yield _bound(name, was, will)
    elif name in MORE_IS_STRICTER | MORE_IS_LOOSER and _are_lists(was, will):
        yield from _lists(name, was, will)
    else:
        yield unknown(name, name, was, will)


def _waivers(before: Gate, after: Gate) -> Iterator[Change]:
    words = {"gained": "the role '{}' may waive it from now on", "lost": "the role '{}' may no longer waive it"}
    yield from members("waive", before.waive, after.waive, **words, more="looser", fewer="stricter")


def _bound(name: str, was: Any, will: Any) -> Change:
    """Compare numbers or spans; what cannot be compared counts as looser."""
    if was is None or will is None:
        words = f"{name} {show(will)} is asked for" if was is None else f"{name} {show(was)} is no longer asked for"
        return Change(name, words, "stricter" if was is None else "looser")
    old, new = _size(was), _size(will)
    if old is None or new is None or old[0] != new[0]:
        return unknown(name, name, was, will)
    is_up = new[1] > old[1]
    effect: Effect = "stricter" if is_up == (name in UP_IS_STRICTER) else "looser"
    return Change(name, f"{name} goes from {show(was)} to {show(will)}", "other" if old == new else effect)


def _size(value: Any) -> tuple[str, float] | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "number", value
    try:
        return ("span", times.span(value).total_seconds()) if isinstance(value, str) else None
    except ValueError:
        return None


def _are_lists(*values: Any) -> bool:
    """Tell whether these are lists of texts, none of them empty: whether empty means all or nothing is the gate's."""
    return all(
        isinstance(value, (list, tuple)) and value and all(isinstance(item, str) for item in value) for value in values
    )


def _lists(name: str, was: list[str], will: list[str]) -> Iterator[Change]:
    more: Effect = "stricter" if name in MORE_IS_STRICTER else "looser"
    fewer: Effect = "looser" if name in MORE_IS_STRICTER else "stricter"
    words = {"gained": f"{name} has '{{}}' from now on", "lost": f"{name} no longer has '{{}}'"}
    found = list(members(name, was, will, **words, more=more, fewer=fewer))
    yield from found or [Change(name, f"{name} stands in another order", "other")]
