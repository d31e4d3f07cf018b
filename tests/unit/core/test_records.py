"""What all records share."""

import math

import pytest

from govkit.core import records
from govkit.core.card import Measure
from govkit.core.errors import Malformed
from govkit.core.events import Head
from tests.unit.core.simulator import digest


def test_round_trip() -> None:
    """A record is read from its canonical bytes and written to the same."""
    head = Head(size=3, root=digest("root"))
    assert head == records.from_json(records.to_json(head), Head)
    assert {"size": 3, "root": digest("root")} == records.to_value(head)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"root":"x","size":1}', b'{"size":1, "root":1}', b'{"size":"1"}', b"null"]
)
def test_other_bytes_are_malformed(data: bytes) -> None:
    """Bytes that are not canonical, or not of the kind."""
    with pytest.raises(Malformed):
        records.from_json(data, Head)


def test_number_without_a_form_is_not_written() -> None:
    """A record with a NaN in it has no bytes."""
    with pytest.raises(Malformed):
        records.to_json(Measure(value=math.nan))


def test_room_splits_off_the_users_own_keys() -> None:
    """Only keys that begin with x- are the users' own."""
    assert records.room({"a": 1, "x-b": 2, "x": 3, "X-c": 4}) == ({"a": 1, "x": 3, "X-c": 4}, {"x-b": 2})


def test_records_are_frozen() -> None:
    """Evidence is not changed after it was read."""
    head = Head(size=3, root=digest("root"))
    with pytest.raises(AttributeError):
        head.size = 4  # type: ignore[misc]
