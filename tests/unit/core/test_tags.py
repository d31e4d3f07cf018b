"""The record in a tag and the text around it."""

import pytest
from hypothesis import given, settings

from govkit.core import canonical, keys, records, tags
from govkit.core.errors import Malformed
from govkit.core.tags import TagRecord
from tests.unit.core.simulator import Json, commit, digest
from tests.unit.core.strategies import hostile

VALUE: Json = {
    "schema": "govkit.tag/v1",
    "ref": "m@v1.0.0",
    "kind": "register",
    "model": "m",
    "version": "1.0.0",
    "stage": None,
    "commit": commit("c"),
    "card": digest("card"),
    "weights": digest("weights"),
    "requirements": None,
    "policy": digest("policy"),
    "request": None,
    "decisions": [],
    "log": {"size": 1, "root": digest("root")},
    "actor": "alice",
}
PROMOTE = {
    **VALUE,
    "ref": "m#prod#3",
    "kind": "promote",
    "stage": "prod",
    "request": digest("r"),
    "decisions": [digest("d")],
}
CLEAR = {**VALUE, "ref": "m#prod!#4", "kind": "clear", "stage": "prod"}
TAGGER = "Alice <alice@bank.example>"
TIME = "2026-11-23T10:15:00Z"


def record(value: Json) -> TagRecord:
    """Return a record."""
    return records.from_value(value, TagRecord)


def text(value: Json = VALUE, tagger: str = TAGGER) -> bytes:
    """Return the unsigned text of a tag."""
    return tags.payload(record(value), tagger, TIME)


BLOCK = keys.armour(b"signature")


def test_payload_is_a_git_tag() -> None:
    """The text is that of an annotated tag: header, GTO's first line, a blank line, the record."""
    expected = (
        f"object {commit('c')[9:]}\ntype commit\ntag m@v1.0.0\ntagger {TAGGER} 1795428900 +0000\n\n"
        f"Registering artifact m version v1.0.0\n\n{canonical.encode(VALUE).decode()}\n"
    )
    assert expected == text().decode()


@pytest.mark.parametrize(
    "value", [VALUE, PROMOTE, {**PROMOTE, "kind": "rollback"}, {**PROMOTE, "kind": "break-glass"}, CLEAR]
)
def test_round_trip(value: Json) -> None:
    """What was written is read, signed or not."""
    for block in (None, BLOCK):
        tag = tags.parse(text(value) + (block or b""))
        assert (commit("c"), value["ref"], TAGGER, 1795428900) == (tag.commit, tag.name, tag.tagger, tag.epoch)
        assert (record(value), text(value), block) == (tag.record, tag.payload, tag.signature)


@pytest.mark.parametrize("ref", ["", "m", "m@1.0.0", "m@v1.0.0/x", "m#prod", "m#prod#0"])
def test_payload_refuses_other_names(ref: str) -> None:
    """A tag outside the grammar is not made."""
    with pytest.raises(Malformed, match="is not a govkit tag name"):
        text({**VALUE, "ref": ref})


NOBODY = "Mallory <m@x>"
REFUSED = {
    "nothing": b"",
    "a lightweight tag's commit": b"tree " + b"0" * 40 + b"\n",
    "a tag of a tree": text().replace(b"type commit", b"type tree"),
    "a nested tag": text().replace(b"type commit", b"type tag"),
    "another name in the header": text().replace(b"tag m@v1.0.0\n", b"tag m@v2.0.0\n", 1),
    "a name outside the grammar": text().replace(b"tag m@v1.0.0\n", b"tag m@v1\n", 1),
    "another commit in the header": text().replace(commit("c")[9:].encode(), b"0" * 40, 1),
    "a short commit": text().replace(commit("c")[9:].encode(), b"0" * 39, 1),
    "another first line": text().replace(b"Registering", b"registering"),
    "no blank line": text().replace(b"v1.0.0\n\n{", b"v1.0.0\n{"),
    "text behind the record": text() + b"more\n",
    "a second record": text() + canonical.encode(VALUE) + b"\n",
    "no final newline": text()[:-1],
    "a space in the record": text().replace(b'","', b'", "', 1),
    "an extra header": text().replace(b"\ntagger", b"\nencoding latin1\ntagger"),
    "another time zone": text().replace(b" +0000\n", b" +0100\n"),
    "a negative date": text().replace(b" 1795428900 ", b" -1 "),
    "two tagger lines": text().replace(b"\ntagger", f"\ntagger {NOBODY} 1 +0000\ntagger".encode()),
    "no tagger": text().replace(b"\ntagger " + TAGGER.encode() + b" 1795428900 +0000", b""),
    "bytes that are no text": text(tagger="A\u00e9 <a@x>").replace("é".encode(), b"\xe9"),
    "message that is no text": text().replace(b"Registering", b"\xff"),
    "a signature before the record": text().replace(b"\n\nReg", b"\n\n" + BLOCK + b"Reg"),
    "two signatures": text() + BLOCK + BLOCK,
    "text behind the signature": text() + BLOCK + b"more\n",
    "another schema": text().replace(b"govkit.tag/v1", b"govkit.tag/v2"),
    "a field more": text().replace(b'{"actor"', b'{"a":1,"actor"'),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_other_text_is_refused(data: bytes) -> None:
    """Only the text that govkit writes is read."""
    with pytest.raises(Malformed):
        tags.parse(data)


@pytest.mark.parametrize(
    "change",
    [
        {"ref": "m@v2.0.0"},
        {"model": "n"},
        {"commit": commit("d")},
        {"kind": "promote"},
        {"kind": "clear"},
        {"version": "2.0.0"},
        {"version": None},
    ],
)
def test_record_speaks_of_its_own_tag(change: Json) -> None:
    """A record that was made for another tag is refused, however well the rest is formed."""
    honest = text()
    data = honest.replace(canonical.encode(VALUE), canonical.encode({**VALUE, **change}))
    assert data != honest
    with pytest.raises(Malformed, match="the record"):
        tags.parse(data)


@pytest.mark.parametrize(
    ("value", "change"),
    [
        (PROMOTE, {"stage": "staging"}),
        (PROMOTE, {"stage": None}),
        (PROMOTE, {"ref": "m#prod#4"}),
        (PROMOTE, {"kind": "register"}),
        (PROMOTE, {"kind": "clear"}),
        (CLEAR, {"kind": "promote"}),
        (CLEAR, {"stage": "staging"}),
    ],
)
def test_record_speaks_of_its_own_stage(value: Json, change: Json) -> None:
    """Stage, number and kind stand in the name, and must stand in the record."""
    data = text(value).replace(canonical.encode(value), canonical.encode({**value, **change}))
    with pytest.raises(Malformed, match="the record"):
        tags.parse(data)


@settings(max_examples=250)
@given(hostile(text(), text(PROMOTE) + BLOCK, text(CLEAR) + BLOCK))
def test_parse_raises_only_malformed(data: bytes) -> None:
    """Arbitrary bytes are a tag that speaks of itself, or malformed."""
    try:
        tag = tags.parse(data)
    except Malformed:
        return
    assert (tag.name, tag.commit) == (tag.record.ref, tag.record.commit)
    assert data == tag.payload + (tag.signature or b"")


@pytest.mark.parametrize(
    ("name", "email", "expected"),
    [
        ("Alice", "a@b", "Alice <a@b>"),
        ("  ", "", "unknown <>"),
        ("A <evil@x> 1 +0000\ntagger B", "a@b>\n <c", "A evil@x 1 +0000tagger B <a@bc>"),
        ("\x00\x1b[31mRed", "a b@c", "[31mRed <ab@c>"),
    ],
)
def test_identity_line_is_one_line(name: str, email: str, expected: str) -> None:
    """Nobody's name adds a header, an address or a line."""
    assert expected == tags.identity_line(name, email)


@given(*[hostile(b"Alice", b"A <b@c>").map(lambda data: data.decode("utf-8", "ignore"))] * 2)
def test_any_identity_makes_a_tag_that_parses(name: str, email: str) -> None:
    """Whatever stands in a policy, the tag is read as it was written."""
    tagger = tags.identity_line(name, email)
    assert tagger == tags.parse(text(tagger=tagger)).tagger
