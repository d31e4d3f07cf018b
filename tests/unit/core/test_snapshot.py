"""Snapshots of a ledger. That they say the same as the ledger is asserted at every step of every test with a world."""

from __future__ import annotations

import random

import pytest

from govkit.core import snapshot
from govkit.core.errors import Malformed
from govkit.core.ledger import Ledger
from tests.unit.core.simulator import World


def test_a_snapshot_of_a_snapshot_is_the_same(serving: World) -> None:
    """What is written of a ledger that was read is what was written before, whatever was looked at meanwhile."""
    first = snapshot.write(serving.ledger)
    restored = snapshot.read(first)
    assert snapshot.write(restored) == first == snapshot.write(serving.ledger)
    assert snapshot.read(snapshot.write(Ledger())).state == Ledger().state


def test_damage_is_no_crash(serving: World) -> None:
    """Cut or changed bytes are refused, or read as some other ledger; nothing but Malformed is raised by reading."""
    data, chance = snapshot.write(serving.ledger), random.Random(1)
    for _ in range(300):
        place = chance.randrange(len(data))
        other = data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :]
        for changed in (data[:place], other):
            try:
                snapshot.read(changed)
            except Malformed:
                continue
    with pytest.raises(Malformed):
        snapshot.read(b"junk")
