"""Makes a Git repository whose registry is big and honest: many models, many versions of each, with real cards.

As :mod:`biglog`, whose events and tags are really signed and judged. Every version has the worked example's card with
other numbers. Every fifth is let into staging and production; the last of them waits for production.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import biglog
import msgspec

from govkit.core import digests, records
from govkit.core.card import Card, Measure, parse

_EXAMPLE = Path(__file__).resolve().parent.parent / "governance" / "credit-default" / "card.json"
_EVERY = 5


class BigRegistry(biglog.BigLog):
    """A registry in the making."""

    def _policy(self) -> dict[str, Any]:
        value = super()._policy()
        staging = value["stages"]["staging"]
        return {**value, "stages": {"staging": staging, "production": staging}}

    def _source(self, model: str, version: str) -> bytes:
        """Return a commit on the one before it, as a branch has them."""
        parent = self.sources[-1] if self.sources else None
        line = f"parent {parent}\n" if parent else ""
        raw = super()._source(model, version).replace(b"\nauthor", f"\n{line}author".encode(), 1)
        self.sources.append(self.store("commit", raw))
        return raw

    @property
    def sources(self) -> list[str]:
        """The commits that versions were registered from, in hex."""
        found: list[str] = self.__dict__.setdefault("_sources", [])
        return found

    def add(self, model: str, number: int, *, last: bool = False) -> None:
        """Register a version and take it as far as it gets."""
        raw, card = self.card(model, number)
        data = card.data_digest()
        facts = self.register(model, f"1.{number}.0", raw, weights=card.weights.sha256 or "", data=data)
        if number % _EVERY != _EVERY - 1:
            return
        self.promote(facts, self.ask(facts, "staging"))
        asked = self.ask(facts, "production")
        if not last:
            self.promote(facts, asked)

    def card(self, model: str, number: int) -> tuple[bytes, Card]:
        """Return a card as the example's, with numbers of its own."""
        card, chance = parse(_EXAMPLE.read_bytes()), random.Random(f"{model} {number}")  # noqa: S311 - numbers to look at
        metrics = [msgspec.structs.replace(one, measure=_moved(one.measure, chance)) for one in card.metrics]
        weights = msgspec.structs.replace(card.weights, sha256=digests.sha256(f"{model} {number}".encode()))
        named = msgspec.structs.replace(card.model, name=model)
        changed = msgspec.structs.replace(card, model=named, metrics=metrics, weights=weights)
        return records.to_json(changed), changed


def _moved(measure: Measure, chance: random.Random) -> Measure:
    if measure.value is None:
        return measure
    by = chance.uniform(-0.02, 0.02)
    ends = measure.interval
    moved = (ends[0] + by, ends[1] + by) if ends else None
    return msgspec.structs.replace(measure, value=measure.value + by, interval=moved)


def build(folder: Path, models: int, versions: int) -> BigRegistry:
    """Make a bare repository with so many models, of so many versions each."""
    log = BigRegistry(folder, with_twins=False)
    log.open()
    for number in range(versions):
        for model in range(models):
            log.add(f"model-{model:02d}", number, last=number == versions - 1)
    log.finish()
    return log
