"""Gate ``data``: the data is recent, comes from where it may come from, and is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from fnmatch import fnmatchcase
from typing import Any, ClassVar

from govkit.core import times
from govkit.core.card import Item
from govkit.core.gates.base import Context, Gate, Need, Outcome, Verdict, pending, worst
from govkit.core.records import Span


class DataGate(Gate, tag="data", frozen=True, kw_only=True):
    """The data snapshots are recent, from allowed sources, and in the DVC remote; each where the policy asks for it.

    Attributes:
        max_age: how old the data may be at the instant of the judgement, such as ``90d``.
        as_of: the parameter that says from when the data is, as ``FILE:NAME`` with nested names joined by dots, such
            as ``params.yaml:ingest.as_of``. Its value is a day, ``YYYY-MM-DD`` (which begins at midnight, UTC), or an
            instant, ``2026-11-23T10:15:00Z``.
        sources: glob patterns, of which one must match each snapshot's origin: the URL or path that its ``.dvc``
            file imports it from, else its own path. ``*`` matches ``/``, too.
        pushed: whether the bytes of weights and snapshots must be in the DVC remote; what is kept in Git need not.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({"pushed"})

    max_age: Span | None = None
    as_of: str = ""
    sources: list[str] = []
    pushed: bool = False

    def asks(self) -> frozenset[Need]:
        """The remote is only looked at where the policy asks for it."""
        return self.needs if self.pushed else frozenset()

    def faults(self) -> list[str]:
        """A gate without rules could never refuse."""
        if self.max_age is None and not self.sources and not self.pushed and not self.as_of:
            return ["it sets neither max_age, sources nor pushed, so it could never refuse"]
        found = []
        if (self.max_age is None) != (not self.as_of):
            found.append("max_age and as_of are set together: how old, and which parameter says from when")
        if self.as_of and not all(_split(self.as_of)):
            found.append(f"as_of is FILE:NAME, such as params.yaml:ingest.as_of, not '{self.as_of}'")
        if any(set(pattern) == {"*"} for pattern in self.sources):
            found.append("the source '*' is every source, so it could never refuse")
        return found

    def decide(self, context: Context) -> Outcome:
        """Decide each rule that is set; the worst verdict wins, and all are told."""
        rules = []
        if self.max_age is not None:
            rules.append(self._age(context, self.max_age))
        if self.sources:
            rules.append(self._sources(context))
        if self.pushed:
            rules.append(_pushed(context))
        return Outcome(
            worst(rule.verdict for rule in rules),
            "; ".join(rule.required for rule in rules),
            "; ".join(rule.found for rule in rules),
            "; ".join(rule.fix for rule in rules if rule.fix),
        )

    def _age(self, context: Context, limit: Span) -> Outcome:
        required = f"data at most {limit} old by {self.as_of}"
        file, name = _split(self.as_of)
        values = lookup(context.card.lineage.params.get(file, {}), name)
        agreed = bool(values) and all(value == values[0] for value in values)
        since = _instant(values[0]) if agreed else None
        if since is None:
            found = f"{self.as_of} is {str(values[0])[:60]!r}, and no day" if agreed else f"no parameter {self.as_of}"
            found = f"{self.as_of} has several values" if values and not agreed else found
            fix = "give it a day, YYYY-MM-DD, and declare it under 'params' of a DVC stage"
            return Outcome(Verdict.ERROR, required, found, fix)
        if context.history is None:
            return pending(required, "today's date")
        age = times.parse(context.history.now) - times.parse(since)
        found = f"as of {since.removesuffix('T00:00:00Z')}"
        if since > context.history.now:
            return Outcome(Verdict.ERROR, required, f"{found}, which is to come", f"mend {self.as_of}")
        found += f", {age.days} day{'' if age.days == 1 else 's'} old"
        if age > times.span(limit):
            return Outcome(Verdict.FAIL, required, found, "take a new snapshot and run 'dvc repro'")
        return Outcome(Verdict.PASS, required, found)

    def _sources(self, context: Context) -> Outcome:
        required = f"data from {', '.join(self.sources)}"
        origins = sorted({origin(item) for item in context.card.lineage.data})
        if not origins:
            return Outcome(Verdict.ERROR, required, "no data snapshot is known", "name them under data in model.yaml")
        strange = [one for one in origins if not any(fnmatchcase(one, pattern) for pattern in self.sources)]
        if strange:
            return Outcome(
                Verdict.FAIL, required, f"from {_some(strange)}", "use another source, or have the policy changed"
            )
        return Outcome(Verdict.PASS, required, f"from {_some(origins)}")


def _pushed(context: Context) -> Outcome:
    required = "weights and data in the DVC remote"
    items = [item for item in (context.card.weights, *context.card.lineage.data) if item.source != "git"]
    paths = sorted({item.path for item in items})
    if not paths or not context.card.lineage.data:
        found = "no data snapshot is known" if paths else "nothing of it is kept in DVC"
        return Outcome(Verdict.INCONCLUSIVE, required, found, "put weights and data under DVC")
    if context.pushed is None:
        return pending(required, "what the DVC remote holds", "ask with --online")
    if context.pushed == "attested":
        return Outcome(Verdict.PASS, required, "who promoted it attested that they were there")
    absent = [path for path in paths if context.pushed.get(path) is not True]
    if absent:
        return Outcome(Verdict.FAIL, required, f"not in the remote: {_some(absent)}", "run 'dvc push'")
    return Outcome(Verdict.PASS, required, f"all {len(paths)} there")


def origin(item: Item) -> str:
    """Return where a snapshot comes from: what its ``.dvc`` file imports, its own URL, or its path."""
    _, between, imported = item.source.partition(".dvc (")
    if between and imported.endswith(")"):
        # A path may look like what stands in brackets: then the whole is told, which is no URL.
        return item.source if ".dvc (" in imported else imported[:-1]
    return item.source if "://" in item.source else item.path


def lookup(params: Mapping[str, Any], name: str) -> list[Any]:
    """Return every value that a dotted name may mean: DVC writes ``a.b`` as one key, or as ``b`` in ``a``."""
    found = [params[name]] if name in params else []
    parts = name.split(".")
    for index in range(1, len(parts)):
        inner = params.get(".".join(parts[:index]))
        if isinstance(inner, Mapping):
            found += lookup(inner, ".".join(parts[index:]))
    return found


def _split(as_of: str) -> tuple[str, str]:
    file, _, name = as_of.rpartition(":")
    return file, name


def _instant(value: Any) -> str | None:
    """Return the instant that a parameter's value names, or None."""
    if not isinstance(value, str):
        return None
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            return f"{date.fromisoformat(value).isoformat()}T00:00:00Z"
        return times.write(times.parse(value))
    except ValueError:
        return None


def _some(names: list[str]) -> str:
    shown = [name if len(name) <= 100 else name[:99] + "…" for name in names[:3]]
    return ", ".join(shown) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
