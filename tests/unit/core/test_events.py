"""Events: parsing, bodies, leaves."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.core import canonical, events, merkle
from govkit.core.errors import Malformed
from tests.unit.core.simulator import MODEL, Json, World, digest
from tests.unit.core.strategies import hostile, json_values

EVENT: Json = {
    "schema": "govkit.event/v1",
    "log": {"size": 3, "root": digest("root")},
    "type": "request.withdrawn",
    "time": "2026-11-23T10:15:00Z",
    "actor": "alice",
    "subject": MODEL,
    "body": {"request": digest("request"), "reason": ""},
    "evidence": {"card.json": digest("card")},
}
DATA = canonical.encode(EVENT)


def test_event_is_read() -> None:
    """An event has its head, its actor and its evidence, and a body by its type."""
    event = events.parse(DATA)
    assert (3, "alice", MODEL, {"card.json": digest("card")}) == (
        event.log.size,
        event.actor,
        event.subject,
        event.evidence,
    )
    assert events.RequestWithdrawn(request=digest("request")) == events.body(event)


def test_unknown_type_has_no_body() -> None:
    """What the type means is not guessed."""
    assert events.body(events.parse(canonical.encode({**EVENT, "type": "model.retired"}))) is None


@given(hostile(DATA))
def test_parse_raises_only_malformed(data: bytes) -> None:
    """Arbitrary bytes are an event, or malformed; and its body fits its type, or is malformed."""
    try:
        event = events.parse(data)
        events.body(event)
    except Malformed:
        return
    assert event.subject == "*" or event.subject


@given(st.sampled_from(sorted(events.BODIES)), st.dictionaries(st.text(max_size=10), json_values(), max_size=3))
def test_body_raises_only_malformed(kind: str, value: Json) -> None:
    """Every type refuses a body of another form."""
    event = events.parse(canonical.encode({**EVENT, "type": kind, "body": value}))
    try:
        found = events.body(event)
    except Malformed:
        return
    assert isinstance(found, events.BODIES[kind])


@pytest.mark.parametrize("kind", sorted(events.BODIES))
def test_bodies_are_closed(kind: str) -> None:
    """An unknown field is an error in every type: what is misspelt has no default."""
    event = events.parse(canonical.encode({**EVENT, "type": kind, "body": {"reasonn": "x"}}))
    with pytest.raises(Malformed):
        events.body(event)


# -- leaves -----------------------------------------------------------------------------------------------------------


def sha(data: bytes) -> str:
    """Return a digest, worked out here."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@pytest.mark.parametrize(
    ("event", "signature", "expected"),
    [
        (DATA, b"sig", f"govkit.leaf/v1\n{MODEL}\n{sha(DATA)}\n{sha(b'sig')}\n"),
        (DATA, None, f"govkit.leaf/v1\n{MODEL}\n{sha(DATA)}\n-\n"),
        (None, b"sig", f"govkit.leaf/v1\n*\n-\n{sha(b'sig')}\n"),
        (None, None, "govkit.leaf/v1\n*\n-\n-\n"),
        (b"", b"", f"govkit.leaf/v1\n*\n{sha(b'')}\n{sha(b'')}\n"),
        (b"x", None, f"govkit.leaf/v1\n*\n{sha(b'x')}\n-\n"),
    ],
)
def test_leaf_is_four_lines(event: bytes | None, signature: bytes | None, expected: str) -> None:
    """Format, subject, and the digests of event and signature; a dash for a file that is not there."""
    assert expected.encode() == events.leaf(event, signature)
    assert merkle.text(merkle.leaf_hash(expected.encode())) == events.identity(event, signature)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"subject": "m"}, "m"),
        ({"subject": "d=m", "schema": "govkit.event/v9"}, "d=m"),
        ({"subject": "*"}, "*"),
        ({"subject": "a\nb"}, "*"),
        ({"subject": "../m"}, "*"),
        ({"subject": ""}, "*"),
        ({"subject": 1}, "*"),
        ({"subject": ["m"]}, "*"),
        ({}, "*"),
        (["subject"], "*"),
        ("m", "*"),
        (None, "*"),
    ],
)
def test_leaf_has_the_subject_of_whatever_has_one(value: object, expected: str) -> None:
    """An event of a format to come has the same leaf under an older govkit."""
    data = canonical.encode(value)
    assert expected == events.leaf(data, None).decode().split("\n")[1]


def test_unreadable_subject_is_a_star() -> None:
    """Bytes that are not canonical, or too many, have no subject."""
    for data in (b'{"subject": "m"}', b'{"subject":"m","x":"' + b"x" * events.MAX_EVENT_BYTES + b'"}', b"\xff"):
        assert events.leaf(data, None).startswith(b"govkit.leaf/v1\n*\n")


@given(st.none() | hostile(DATA), st.none() | st.binary(max_size=20))
def test_leaf_of_anything(event: bytes | None, signature: bytes | None) -> None:
    """Every commit of the log is a leaf of four lines, whatever it holds."""
    leaf = events.leaf(event, signature)
    assert leaf.count(b"\n") == 4
    assert leaf.endswith(b"\n")


@given(st.binary(max_size=20), st.binary(max_size=20), st.binary(max_size=20))
def test_identity_holds_event_and_signature(event: bytes, one: bytes, other: bytes) -> None:
    """Another signature is another identity, and so is none."""
    assert (one == other) == (events.identity(event, one) == events.identity(event, other))
    assert events.identity(event, one) != events.identity(event, None)
    assert events.identity(event, one) != events.identity(None, one)


def test_simulator_writes_events_that_parse(serving: World) -> None:
    """All that the worlds of these tests write is well-formed."""
    for entry in serving.entries:
        assert events.parse(entry.event or b"").schema == events.SCHEMA
