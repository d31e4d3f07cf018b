"""Worlds that tests start from."""

from collections.abc import Iterator

import pytest

from tests.unit.core import auditor, simulator
from tests.unit.core.simulator import MODEL, World, good


@pytest.fixture(autouse=True)
def _auditor_agrees() -> Iterator[None]:
    """Every log that a test made, honest or hostile, is judged alike by the file that auditors get."""
    simulator.WORLDS.clear()
    yield
    for world in simulator.WORLDS:
        assert auditor.disagreements(world.entries, MODEL) == []
    simulator.WORLDS.clear()


@pytest.fixture
def world() -> World:
    """A log that holds event 0 alone."""
    return World()


@pytest.fixture
def registered(world: World) -> World:
    """A log in which 1.0.0 is registered."""
    good(world.register("1.0.0"))
    return world


@pytest.fixture
def requested(registered: World) -> World:
    """A log in which 1.0.0 is asked for in production."""
    good(registered.request("1.0.0"))
    return registered


@pytest.fixture
def approved(requested: World) -> World:
    """A log in which 1.0.0 is approved for production."""
    requested.approve_all()
    return requested


@pytest.fixture
def serving(approved: World) -> World:
    """A log in which 1.0.0 serves in production."""
    good(approved.promote("1.0.0"))
    return approved
