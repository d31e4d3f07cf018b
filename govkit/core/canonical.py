"""Canonical JSON (RFC 8785): the only encoding in which records are signed, digested and read.

Reading re-encodes what was parsed and compares bytes.
So duplicate keys, other number spellings, white space and byte-order marks are all refused by one comparison.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn

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


def encode(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a JSON value.

    Raises:
        Malformed: for NaN, infinities, integers beyond 2**53 - 1, lone surrogates, non-JSON types, and for values
            nested deeper than :data:`MAX_DEPTH`.
    """
    if depth(value) > MAX_DEPTH:
        raise Malformed(f"nested more than {MAX_DEPTH} levels deep")
    try:
        return rfc8785.dumps(value)
    except (ValueError, RecursionError, TypeError) as error:
        raise Malformed(f"not representable as canonical JSON: {error}") from error


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
    floats: list[float] = []
    try:
        value = json.loads(data.decode("utf-8"), parse_int=_number, parse_float=_keep(floats), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {error}") from error
    if not _is_plain(value, data, floats) and encode(value) != data:
        raise Malformed("not canonical JSON (RFC 8785): equal keys, spacing, key order or number spelling")
    return value


def _keep(floats: list[float]) -> Callable[[str], float]:
    def parse(text: str) -> float:
        floats.append(float(text))
        return floats[-1]

    return parse


def _is_plain(value: Any, data: bytes, floats: list[float]) -> bool:
    """Tell quickly that most records are canonical, by the encoder of the standard library, which is written in C.

    In ASCII and without fractions it writes what RFC 8785 asks for: code points sort as UTF-16 does, and both escape
    the same characters. Whatever this does not recognise is encoded in full.
    """
    if floats or not data.isascii() or data.count(b"{") + data.count(b"[") > MAX_DEPTH:
        return False
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.isascii() and text.encode() == data


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
    # A large one becomes a float, whose spelling _is_plain does not know; json.dumps then writes it otherwise.
    return number if -_EXACT <= number <= _EXACT else float(text)


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")
