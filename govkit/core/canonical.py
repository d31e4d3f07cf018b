"""Canonical JSON (RFC 8785): the only encoding in which records are signed, digested and read.

Reading re-encodes what was parsed and compares bytes.
So duplicate keys, other number spellings, white space and byte-order marks are all refused by one comparison.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

import msgspec
import rfc8785

from govkit.core import limits
from govkit.core.errors import Malformed

#: Records larger than this are refused unread, where their kind has no smaller bound of its own.
MAX_BYTES = 16 * limits.MIB

#: Values nested deeper than this are refused, on every Python and at every depth of the stack alike: whether bytes are
#: canonical decides the subject of a leaf, and two verifiers must agree on that.
MAX_DEPTH = 100

# Integers beyond this are not exact in a double, and RFC 8785 writes large doubles without an exponent.
_EXACT = 2**53 - 1

# Digits, and what may stand before a number, as two signs each: so sixteen digits in a row are found in no time.
_SHAPE = bytes(48 if 48 <= byte <= 57 else 58 if byte in b":,[-" else 120 for byte in range(256))
_LONG_NUMBER = b":" + b"0" * 16
#: The first byte in UTF-8 of characters that may sort otherwise as bytes than as UTF-16, from U+D000 on.
_BEYOND = 0xED


def encode(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a JSON value.

    Raises:
        Malformed: for NaN, infinities, integers beyond 2**53 - 1, lone surrogates, non-JSON types, and for values
            nested deeper than :data:`MAX_DEPTH`.
    """
    try:
        return _encode_plain(value)
    except (ValueError, TypeError, OverflowError, RecursionError):
        pass  # it may still be a JSON value: what follows decides
    if depth(value) > MAX_DEPTH:
        raise Malformed(f"nested more than {MAX_DEPTH} levels deep")
    try:
        return rfc8785.dumps(value)
    except (ValueError, RecursionError, TypeError) as error:
        raise Malformed(f"not representable as canonical JSON: {error}") from error


def _encode_plain(value: Any) -> bytes:
    """Write the most common kind of record quickly, as :func:`_decode_plain` reads it.

    The codec writes more than JSON values, such as dates and tuples. What it wrote of those is read as something else.

    Raises:
        ValueError, TypeError, OverflowError, RecursionError: for whatever is not of that kind.
    """
    data = msgspec.json.encode(value, order="sorted")
    if _decode_plain(data) != value:
        raise ValueError("it is more than a JSON value")
    return data


def decode(data: bytes, *, limit: int = MAX_BYTES) -> Any:
    """Return the JSON value that ``data`` encodes, if ``data`` is canonical.

    Args:
        data: the bytes as stored.
        limit: the size in bytes from which they are refused unread.

    Raises:
        Malformed: if the bytes are not JSON, or not in the one canonical form.
    """
    limits.check(data, limit, "")
    limits.check_values(data, "")
    try:
        return _decode_plain(data)
    except (ValueError, OverflowError, RecursionError):
        pass  # it may still be canonical: what follows decides
    try:
        value = json.loads(data.decode("utf-8"), parse_int=_number, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {error}") from error
    if encode(value) != data:
        raise Malformed("not canonical JSON (RFC 8785): equal keys, spacing, key order or number spelling")
    return value


def _decode_plain(data: bytes) -> Any:
    """Read the most common kind of record quickly, by a codec that is written in C.

    Below U+D000, without escapes by number, integers that a double does not hold and unusual fractions, that codec
    writes what RFC 8785 asks for: code points sort as UTF-16 does, and all else is escaped alike.

    Raises:
        ValueError: for whatever is not of that kind, or is not written back byte by byte.
    """
    plain = data[:1] in (b"{", b"[") and (data.isascii() or max(data) < _BEYOND) and b"\\u" not in data
    if plain and _LONG_NUMBER not in data.translate(_SHAPE):
        value = _PLAIN.decode(data)
        is_shallow = data.count(b"{") + data.count(b"[") <= MAX_DEPTH or depth(value) <= MAX_DEPTH
        if is_shallow and msgspec.json.encode(value, order="sorted") == data:
            return value
    raise ValueError("it may be canonical in another way")


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _plain_fraction(text: str) -> float:
    """Parse a fraction in the one spelling that Python and ECMAScript, which RFC 8785 follows, have in common.

    Both write the fewest digits that name the double. Whole numbers (``1`` and ``1.0``), and those below 0.0001 or with
    an exponent, they write each in its own way.
    """
    number = float(text)
    if repr(number) != text or "e" in text or text.endswith(".0"):
        raise ValueError(f"{text} may be written otherwise")
    return number


_PLAIN = msgspec.json.Decoder(float_hook=_plain_fraction)


def depth(value: Any) -> int:
    """Return how many lists and mappings lie in each other, counted to just above :data:`MAX_DEPTH` at most."""
    found, level = 0, [value]
    while found <= MAX_DEPTH:
        containers = [item for item in level if isinstance(item, (dict, list, tuple))]
        if not containers:
            break
        found += 1
        level = [part for item in containers for part in (item.values() if isinstance(item, dict) else item)]
    return found


def _number(text: str) -> int | float:
    """Parse an integer literal as RFC 8785 means it: a double, exact or not."""
    if len(text) > 400:
        raise ValueError("a number of more than 400 digits")
    number = int(text)
    return number if -_EXACT <= number <= _EXACT else float(text)
