"""One change of a policy in words, and what it does to how strict the policy is.

Whatever nobody has said the direction of counts as looser: who reads the changes before approving them must not miss
one because govkit does not know it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from govkit.core import times

Effect = Literal["looser", "stricter", "other"]
UNKNOWN = "may be looser: look at it"


class Change(Struct, frozen=True):
    """One difference between two policies.

    Attributes:
        path: where it stands in the policy, such as ``gates.auc.min``.
        words: what changes, for people.
        effect: whether the policy gets ``looser`` or ``stricter`` by it, or neither: ``other``.
    """

    path: str
    words: str
    effect: Effect

    @property
    def marked(self) -> str:
        """The words, with the effect behind them where it is one."""
        return self.words if self.effect == "other" else f"{self.words} ({self.effect})"

    def under(self, path: str, words: str) -> Change:
        """Return the change as one of something larger: its path and its words begin with these."""
        return replace(self, path=f"{path}.{self.path}" if self.path else path, words=f"{words}: {self.words}")


def show(value: Any) -> str:
    """Return a value of a policy for people."""
    plain = msgspec.to_builtins(value)
    if plain is None:
        return "nothing"
    if isinstance(plain, float):
        return f"{plain:g}" if float(f"{plain:g}") == plain else repr(plain)
    if isinstance(plain, str):
        return f"'{plain}'"
    return json.dumps(plain, ensure_ascii=False, sort_keys=True)


def members(
    path: str, before: Iterable[str], after: Iterable[str], *, gained: str, lost: str, more: Effect, fewer: Effect
) -> Iterator[Change]:
    """Compare two lists whose order says nothing.

    Args:
        path: where they stand.
        before: the old one.
        after: the new one.
        gained: words for what is only in the new one, with ``{}`` for it.
        lost: the same for what is only in the old one.
        more: the effect of each gained.
        fewer: the effect of each lost.
    """
    old, new = list(dict.fromkeys(before)), list(dict.fromkeys(after))
    yield from (Change(path, gained.replace("{}", item), more) for item in new if item not in old)
    yield from (Change(path, lost.replace("{}", item), fewer) for item in old if item not in new)


def span(path: str, before: str | None, after: str | None, *, words: str, none: str) -> Iterator[Change]:
    """Compare two spans of which the longer is the looser, and none at all the loosest.

    Args:
        path: where they stand.
        before: the old one.
        after: the new one.
        words: what lasts, such as ``approvals last``.
        none: what no span means, such as ``for ever``.
    """
    if before == after:
        return
    old, new = (times.span(each) if each else None for each in (before, after))
    if old == new:
        effect: Effect = "other"
    else:
        effect = "looser" if new is None or (old is not None and new > old) else "stricter"
    yield Change(path, f"{words} {after or none} instead of {before or none}", effect)


def unhandled(path: str, before: msgspec.Struct, after: msgspec.Struct, handled: Collection[str]) -> Iterator[Change]:
    """Compare the fields of two records that nothing else compares: such as come with a later govkit."""
    for field in msgspec.structs.fields(type(before)):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if field.name not in handled and old != new:
            yield unknown(f"{path}.{field.name}" if path else field.name, field.name, old, new)


def unknown(path: str, name: str, before: Any, after: Any) -> Change:
    """Return a change whose direction nobody has said."""
    return Change(path, f"{name} goes from {show(before)} to {show(after)}; {UNKNOWN}", "looser")
