"""Making hostile inputs out of honest ones: by bytes, and by the structure of the JSON that is in them."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

#: What parsers stumble over: separators that are no newlines, halves of pairs, marks, and the syntax of every format.
TOKENS = (
    *(
        b"\0",
        b"\n",
        b"\r\n",
        b"\t",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"\xe2\x80\xae",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
        b"\xff",
    ),
    *(
        b'"',
        b"'",
        b"\\",
        b"\\ud800",
        b"\\u0000",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b": ",
        b"- ",
        b"? ",
        b"#",
        b"%",
        b"@",
    ),
    *(
        b"&a ",
        b"*a",
        b"<<: ",
        b"!!python/object:os.system ",
        b"! ",
        b"|\n",
        b">\n",
        b"---\n",
        b"...\n",
        b"=",
        b".",
        b"../",
    ),
    *(
        b"1e999999",
        b"-0",
        b"1" * 500,
        b"NaN",
        b"Infinity",
        b".nan",
        b"0x1",
        b"null",
        b"true",
        b"9007199254740993",
        b"${",
    ),
    *(
        b"://",
        b"/",
        b"x-",
        b"sha256:",
        b"git-sha1:",
        b"gpgsig ",
        b"-----BEGIN SSH SIGNATURE-----\n",
        b"<script>",
        b"\x1b[",
    ),
)

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2**53, -(2**53), 10**30, 10**400, 0.5, 1e308, float("inf"), float("nan"), -0.0),
    *(
        "",
        " ",
        "\0",
        "x" * 30_000,
        "\ud800",
        "\u2028",
        "\u202e",
        "../x",
        "/x",
        "a@b#c",
        "=",
        "*",
        "1.0.0",
        "sha256:" + "0" * 64,
    ),
    *([], {}, [[[[]]]], {"": {"": {}}}, ["x"] * 300, {str(n): n for n in range(300)}, {"x-": 1}, {"value": None}),
)


def mutate(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """Return bytes that are nearly ``data``.

    Args:
        data: what to start from.
        seeds: other inputs, from which pieces are taken.
        chance: where decisions come from.
    """
    for _ in range(chance.randint(1, 4)):
        step = chance.choice((_flip, _drop, _double, _token, _token, _splice, _json, _json, _json))
        data = step(data, seeds, chance)
    return data


def _span(data: bytes, chance: random.Random, most: int = 16) -> tuple[int, int]:
    start = chance.randint(0, len(data))
    return start, min(len(data), start + chance.randint(0, most))


def _flip(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    if not data:
        return b"\0"
    place = chance.randint(0, len(data) - 1)
    return data[:place] + bytes([data[place] ^ (1 << chance.randint(0, 7))]) + data[place + 1 :]


def _drop(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    start, end = _span(data, chance)
    return data[:start] + (data[end:] if chance.randint(0, 5) else b"")


def _double(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    start, end = _span(data, chance, 200)
    return data[:end] + data[start:end] * chance.choice((1, 2, 20)) + data[end:]


def _token(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    start, end = _span(data, chance, 4)
    return data[:start] + chance.choice(TOKENS) * chance.choice((1, 1, 1, 60)) + data[end:]


def _splice(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    other = chance.choice(tuple(seeds)) if seeds else b""
    start, end = _span(other, chance, 400)
    place = chance.randint(0, len(data))
    return (
        data[:place] + other[start:end] + data[place if chance.randint(0, 1) else min(len(data), place + end - start) :]
    )


def _json(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """Change a value inside of the JSON that the bytes hold, and write it in canonical form again where that is possible."""
    start, end = data.find(b"{"), data.rfind(b"}") + 1
    try:
        value = json.loads(data[start:end])
    except (ValueError, RecursionError):
        return _token(data, seeds, chance)
    value = _changed(value, chance)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=bool(chance.randint(0, 3) == 0))
    return data[:start] + text.encode("utf-8", "surrogatepass") + data[end:]


def _changed(value: Any, chance: random.Random) -> Any:
    """Return a JSON value in which one thing is different, somewhere."""
    if isinstance(value, dict) and value and chance.randint(0, 7):
        key = chance.choice(sorted(value))
        what = chance.randint(0, 9)
        rest = {name: item for name, item in value.items() if name != key}
        if what == 0:
            return rest
        if what == 1:
            return {**rest, key + chance.choice(("x", "\u2028", "", "\0", "\ud800")): value[key]}
        if what == 2:
            return {**value, chance.choice(("x-own", "extra", "", "schema")): chance.choice(VALUES)}
        return {**value, key: _changed(value[key], chance)}
    if isinstance(value, list) and value and chance.randint(0, 7):
        place = chance.randint(0, len(value) - 1)
        if chance.randint(0, 4) == 0:
            return value[:place] + value[place + 1 :] if chance.randint(0, 1) else value + value
        return [*value[:place], _changed(value[place], chance), *value[place + 1 :]]
    if isinstance(value, str) and chance.randint(0, 1):
        place = chance.randint(0, len(value))
        return (
            value[:place]
            + chance.choice(("\0", "\n", "\u202e", "/", "#", "@", "!", "é", "${x}", "../", " "))
            + value[place:]
        )
    return [value] if chance.randint(0, 9) == 0 else chance.choice(VALUES)
