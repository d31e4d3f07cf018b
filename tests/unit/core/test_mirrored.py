"""What a mirror holds, and the URLs of mirrors."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.core import canonical, digests, events, mirrored, mirrorurl, records
from govkit.core.errors import Malformed
from govkit.core.events import Event, Head

ROOT = digests.sha256(b"root")


def event(**evidence: bytes) -> bytes:
    """Return an event that names evidence."""
    return records.to_json(
        Event(
            schema=events.SCHEMA,
            log=Head(size=1, root=ROOT),
            type="finding.closed",
            time="2026-11-23T10:00:00Z",
            actor="ada",
            subject="scorer",
            body={},
            evidence={name: digests.sha256(content) for name, content in evidence.items()},
        )
    )


def test_object_brings_back_every_byte() -> None:
    """Event, signature and evidence come back as they were, text as text and all else as base64."""
    content = event(card=b"\xff\x00", report="gut \u2713\r\n".encode())
    files = {"event.json": content, "event.json.sig": b"sig", "card": b"\xff\x00", "report": "gut \u2713\r\n".encode()}
    data = mirrored.build(ROOT, 7, {**files, "not-named": b"x"})
    found = mirrored.parse(data)
    assert (found.log, found.index, found.id) == (ROOT, 7, events.identity(content, b"sig"))
    parts = {"event.json": found.event, "event.json.sig": found.signature, **found.evidence}
    assert {name: mirrored.content(part) for name, part in parts.items()} == files
    assert json.loads(data)["evidence"]["card"]["base64"] == base64.b64encode(b"\xff\x00").decode()
    assert json.loads(data)["event"]["text"] == content.decode()


@pytest.mark.parametrize("files", [{}, {"event.json": b"junk \xff"}, {"event.json.sig": b"x"}, {"junk": b"x" * 99}])
def test_junk_travels_too(files: dict[str, bytes]) -> None:
    """A commit that holds no event is an object all the same, with the leaf that the log has for it."""
    found = mirrored.parse(mirrored.build(ROOT, 3, files))
    assert found.id == events.identity(files.get("event.json"), files.get("event.json.sig"))
    assert found.evidence == {}


def test_what_is_too_large_is_named_and_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever can push can make any commit large: what fits its digest goes first, and the object stays small."""
    monkeypatch.setattr(mirrored, "MAX_CARRIED", 2000)
    content = event(aaa=b"honest", bbb=b"named")
    files = {"event.json": content, "event.json.sig": b"sig", "aaa": b"x" * 5000, "bbb": b"named"}
    found = mirrored.parse(mirrored.build(ROOT, 0, files))
    assert mirrored.content(found.evidence["bbb"]) == b"named"
    assert mirrored.left_out(found) == ["aaa"]
    assert (found.evidence["aaa"].size, found.evidence["aaa"].sha256) == (5000, digests.sha256(b"x" * 5000))
    huge = mirrored.parse(mirrored.build(ROOT, 0, {"event.json": b"y" * 3000}))
    assert mirrored.left_out(huge) == ["event.json"]
    assert huge.id == events.identity(b"y" * 3000, None)


def _changed(change: dict[str, Any], part: str = "") -> bytes:
    value = json.loads(mirrored.build(ROOT, 0, {"event.json": event(card=b"c"), "event.json.sig": b"s", "card": b"c"}))
    (value[part] if part else value).update(change)
    return canonical.encode(value)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{}", "missing required field"),
        (b'{"a": 1}', "not canonical"),
        (_changed({"schema": "govkit.mirrored/v2"}), "Invalid enum value"),
        (_changed({"id": ROOT}), "its leaf is not that of its event and signature"),
        (_changed({"extra": 1}), "unknown field"),
        (_changed({"text": "other"}, "event"), "do not have the digest and size beside them"),
        (_changed({"size": 2}, "signature"), "do not have the digest and size beside them"),
        (_changed({"base64": "cw=="}, "signature"), "twice, as text and as base64"),
        (_changed({"text": None, "base64": "=s"}, "signature"), "not base64"),
        (_changed({"event.json": {"sha256": ROOT, "size": 1}}, "evidence"), "evidence has the name of the event"),
        (_changed({"../x": {"sha256": ROOT, "size": 1}}, "evidence"), "Expected `str` matching regex"),
    ],
)
def test_hostile_objects_are_refused(data: bytes, reason: str) -> None:
    """Whatever somebody put into a mirror is refused, or is an object whose parts fit each other."""
    with pytest.raises(Malformed, match=reason):
        mirrored.parse(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_without_a_crash(data: bytes) -> None:
    """No bytes make a reader fail in another way."""
    for read in (mirrored.parse, mirrored.parse_head):
        with pytest.raises(Malformed):
            read(data)


@given(st.dictionaries(st.sampled_from(["event.json", "event.json.sig", "card"]), st.binary(max_size=50)))
def test_objects_are_a_function_of_the_files(files: dict[str, bytes]) -> None:
    """The same files make the same bytes, which are read again to the same leaf."""
    assert mirrored.build(ROOT, 1, files) == mirrored.build(ROOT, 1, dict(reversed(files.items())))
    assert mirrored.parse(mirrored.build(ROOT, 1, files)).index == 1


def test_head() -> None:
    """A head comes back as it was."""
    found = mirrored.parse_head(mirrored.head(ROOT, 4, digests.sha256(b"r")))
    assert (found.log, found.size, found.root) == (ROOT, 4, digests.sha256(b"r"))


def test_names() -> None:
    """Objects sort by their names as by their numbers; nothing else is taken for one."""
    assert mirrored.event_name(12) == "events/000000000012.json"
    assert mirrored.head_name(13) == "heads/000000000013.json"
    assert mirrored.number(mirrored.head_name(13)) == ("heads", 13)
    for other in (
        "events/12.json",
        "events/000000000012.json.tmp",
        "heads/\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661.json",
        "../events/000000000012.json",
        "",
    ):
        assert mirrored.number(other) is None
    assert mirrored.folder(ROOT) == ROOT[7:]


def test_difference_is_said_in_words() -> None:
    """What is another part of an object is named."""
    files = {"event.json": event(card=b"c"), "event.json.sig": b"s", "card": b"c"}
    here = mirrored.build(ROOT, 4, files)
    for there, words in (
        (mirrored.build(ROOT, 5, files), "it is event 5"),
        (mirrored.build(digests.sha256(b"x"), 4, files), "it is of another log"),
        (mirrored.build(ROOT, 4, {**files, "event.json": event()}), "its event is another"),
        (mirrored.build(ROOT, 4, {**files, "event.json.sig": b"t"}), "its signature is another"),
        (mirrored.build(ROOT, 4, {**files, "card": b"d"}), "its evidence 'card' is another"),
        (b"\x00", "it is damaged: not JSON"),
    ):
        assert words in mirrored.difference(here, there)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("file:///srv/audit", ("file", "", "/srv/audit")),
        ("s3://my-bucket/a/b", ("s3", "my-bucket", "a/b")),
        ("s3://my-bucket/a/", ("s3", "my-bucket", "a")),
        ("s3://my-bucket", ("s3", "my-bucket", "")),
        ("https://siem.example.org:8443/in", ("webhook", "siem.example.org:8443", "/in")),
        ("http://127.0.0.1:1/x", ("webhook", "127.0.0.1:1", "/x")),
        ("http://[::1]/x", ("webhook", "[::1]", "/x")),
    ],
)
def test_urls(text: str, expected: tuple[str, str, str]) -> None:
    """Three kinds of mirrors are known."""
    found = mirrorurl.parse(text)
    assert (found.kind, found.place, found.path) == expected
    assert found.readable is (found.kind != "webhook")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is no mirror; known are file:///DIR, s3://BUCKET/PREFIX and https://HOST/PATH"),
        ("/srv/audit", "is no mirror; known are"),
        ("s3a://bucket", "did you mean 's3://'"),
        ("htps://host/x", "did you mean 'https://'"),
        ("S3://bucket", "is no mirror"),
        ("file://srv/audit", "write file:///DIR with the whole path"),
        ("file:///srv/../etc", "has no '.' and no '..'"),
        ("file:///a b", "write file:///DIR"),
        ("s3://Bucket/x", "names no bucket and prefix"),
        ("s3://bucket//x", "names no bucket and prefix"),
        ("s3://key:secret@bucket/x", "holds a user name or password"),
        ("https://me:secret@host/x", "holds a user name or password"),
        ("https://token@host", "holds a user name or password"),
        ("https://host/x?token=1", "has no '\\?' and no '#'"),
        ("https://host/x#1", "has no '\\?' and no '#'"),
        ("http://host/x", "is not encrypted"),
        ("http://127.0.0.1.example.org/x", "is not encrypted"),
        ("https://host\n/x", "is no address of a webhook"),
        ("https://ho\u017ft/x", "is no address of a webhook"),
        ("https:///x", "is no address of a webhook"),
        ("https://h/" + "x" * 1000, "1000 are allowed"),
    ],
)
def test_other_urls_are_refused(text: str, reason: str) -> None:
    """Everything else is refused, with what is meant where it can be guessed; a secret is not repeated."""
    with pytest.raises(Malformed, match=reason) as caught:
        mirrorurl.parse(text)
    assert "secret" not in str(caught.value)
    assert "token" not in str(caught.value).partition("holds")[0]


@given(st.text(max_size=60))
def test_no_text_makes_urls_crash(text: str) -> None:
    """Any text is a URL or Malformed."""
    for scheme in ("", "file://", "s3://", "https://"):
        try:
            mirrorurl.parse(scheme + text)
        except Malformed:
            continue
