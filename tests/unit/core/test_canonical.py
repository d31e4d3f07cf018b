"""Canonical JSON: one encoding, and everything else refused."""

import json
import math
import sys

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from govkit.core import canonical
from govkit.core.errors import Malformed
from tests import pace
from tests.unit.core.strategies import hostile, json_values

RECORD = canonical.encode({"b": [1, 2.5, True, None], "a": {"é": "\n", "ß": -0.5e-9}, "c": "sha256:00"})


@given(json_values())
def test_round_trip(value: object) -> None:
    """What is encoded decodes to the same value, and encodes to the same bytes again."""
    data = canonical.encode(value)
    assert value == canonical.decode(data)
    assert data == canonical.encode(canonical.decode(data))


@given(json_values())
def test_the_short_way_writes_the_same(value: object) -> None:
    """Whoever wrote it, another implementation of RFC 8785 writes the same bytes."""
    assert canonical.encode(value) == rfc8785.dumps(value)


@settings(max_examples=300)
@given(st.data())
def test_changed_byte_is_refused_or_another_value(data: st.DataObject) -> None:
    """No two texts have one value: a changed byte is refused, or says something else."""
    place = data.draw(st.integers(0, len(RECORD) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != RECORD[place]))
    changed = RECORD[:place] + bytes([byte]) + RECORD[place + 1 :]
    try:
        value = canonical.decode(changed)
    except Malformed:
        return
    assert changed == canonical.encode(value)
    assert canonical.encode(value) != RECORD


@given(hostile(RECORD, b'{"a":1}', b"[1e+21,1e-7]", b'"\\u001f"'))
def test_decode_raises_only_malformed(data: bytes) -> None:
    """Arbitrary bytes are either the canonical bytes of a value, or malformed."""
    try:
        value = canonical.decode(data)
    except Malformed:
        return
    assert data == canonical.encode(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": 1, "a": 2}, b'{"a":2,"b":1}'),
        (
            {"\U0001f600": 1, "\ufb33": 2},
            '{"\U0001f600":1,"\ufb33":2}'.encode(),
        ),  # UTF-16 order, RFC 8785 section 3.2.3
        (1.0, b"1"),
        (-0.0, b"0"),
        (1e21, b"1e+21"),
        (1e-7, b"1e-7"),
        (333333333.33333329, b"333333333.3333333"),
        ('\u20ac$\x0f\nA\'B"\\\\"/', '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'.encode()),
        ([], b"[]"),
        (2**53 - 1, b"9007199254740991"),
    ],
)
def test_encoding_is_rfc_8785(value: object, expected: bytes) -> None:
    """Keys in UTF-16 order, shortest numbers, the least of escapes."""
    assert expected == canonical.encode(value)


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, 2**53, -(2**53), "\ud800", {"\udc00": 1}, {1: 2}, {1: 2, "a": 3}, b"x", {1, 2}],
)
def test_not_representable_is_malformed(value: object) -> None:
    """What has no canonical form is not written."""
    with pytest.raises(Malformed, match="not representable as canonical JSON"):
        canonical.encode(value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" 1",
        b"1 ",
        b"1\n",
        b"\xef\xbb\xbf1",
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b"01",
        b"-0",
        b"1.0",
        b"1E3",
        b"1e3",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1e400",
        b"1" * 309,
        b"1" * 401,
        b"9007199254740993",
        b'"\\u0041"',
        b'"\\/"',
        b'"\\ud800"',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b"{'a':1}",
        b"tru",
        b"[1,]",
        b"{}{}",
        "1".encode("utf-16"),
    ],
)
def test_other_spellings_are_malformed(data: bytes) -> None:
    """White space, byte-order marks, equal keys, other numbers and other escapes are all refused."""
    with pytest.raises(Malformed):
        canonical.decode(data)


def test_size_is_limited() -> None:
    """Bytes beyond the limit are refused unread."""
    assert canonical.decode(b"[1]", limit=3) == [1]
    with pytest.raises(Malformed, match="4 bytes are more than the 3 allowed"):
        canonical.decode(b"[11]", limit=3)


def nested(depth: int) -> bytes:
    """Return lists and mappings in each other."""
    return b'[{"a":' * (depth // 2) + b"[]" * (depth % 2) + b"1" * (1 - depth % 2) + b"}]" * (depth // 2)


def test_depth_is_limited() -> None:
    """As deep as the limit is read and written; one deeper is neither."""
    at = nested(canonical.MAX_DEPTH)
    assert at == canonical.encode(canonical.decode(at))
    for depth in (canonical.MAX_DEPTH + 1, 500, 100_000):
        with pytest.raises(Malformed):
            canonical.decode(nested(depth))
    with pytest.raises(Malformed, match="nested more than 100 levels deep"):
        canonical.encode(json.loads(nested(canonical.MAX_DEPTH + 1)))


@pytest.mark.parametrize("depth", [50, canonical.MAX_DEPTH, canonical.MAX_DEPTH + 1, 250, 900])
def test_depth_does_not_depend_on_the_stack(depth: int) -> None:
    """Deep in a program, the same bytes are canonical as at its top: two verifiers must agree on that."""

    def readable(frames: int) -> bool:
        if frames:
            return readable(frames - 1)
        try:
            canonical.decode(nested(depth))
        except Malformed:
            return False
        return True

    assert {depth <= canonical.MAX_DEPTH} == {readable(frames) for frames in (0, sys.getrecursionlimit() // 2)}


@pytest.mark.parametrize("data", [b"[" * 10**6, b'{"a":' * 10**5, b"-" * 10**6, b"1" * 10**6, b'"' + b"\\" * 10**6])
def test_hostile_bytes_are_refused_quickly(data: bytes) -> None:
    """Large nonsense costs no time."""
    with pace.little(), pytest.raises(Malformed):
        canonical.decode(data)


@pytest.mark.parametrize(
    "text",
    [
        *("1.0", "1e5", "-0", "1E2", "0.10", "9007199254740993", "-9007199254740993", "123456789012345678901234567890"),
        *('"\\u0041"', '"\\/"', '"\\u001F"', '{"b":1,"a":2}', '{"a":1,"a":1}', "NaN", "[1, 2]", "[1]\n"),
    ],
)
def test_other_spelling_is_refused_wherever_it_stands(text: str) -> None:
    """What the quick reader does not know is left to the full one, at the top and inside of records alike."""
    for whole in (text, f"[{text}]", f'{{"a":{text}}}', f'{{"a":["sha256:00",{text}]}}'):
        with pytest.raises(Malformed):
            canonical.decode(whole.encode())


@pytest.mark.parametrize(
    "text", ['"\\u001f"', "9007199254740991", "-9007199254740991", "1e+21", "0.1", '"é"', '"\x7f"']
)
def test_rare_spelling_is_read_wherever_it_stands(text: str) -> None:
    """What is canonical and not plain is read, too."""
    for whole in (text, f"[{text}]", f'{{"a":{text}}}'):
        assert canonical.decode(whole.encode()) == json.loads(whole)


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([repr, "{:.17g}".format, "{:.6g}".format, "{:e}".format]),
)
def test_fractions_are_read_in_one_spelling(number: float, spell: object) -> None:
    """However a number is spelt, it is read if and only if that is how RFC 8785 writes it."""
    text = spell(number)  # type: ignore
    expected = canonical.encode(float(text)).decode()
    for data in (text, f"[{text}]", f'{{"a":{text}}}'):
        try:
            canonical.decode(data.encode())
            assert text == expected
        except Malformed:
            assert text != expected
