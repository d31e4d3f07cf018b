"""YAML as data: no surprises, line numbers, and no way to hurt the reader."""

import json

import pytest
from hypothesis import given, settings

from govkit.core import yamltext
from govkit.core.errors import Malformed
from tests import pace
from tests.unit.core.strategies import ascii_texts, hostile, json_values, numbers

TEXT = b"""\
# a comment
people:
  alice:
    keys: [a, "b"]
    country: NO
rules: 1
ratio: 0.5
"""


def value(text: str) -> object:
    """Return the value of a text."""
    return yamltext.load(text.encode(), where="f.yaml").value


def test_document_has_values_and_lines() -> None:
    """Each value knows its line, and what has none the line around it."""
    document = yamltext.load(TEXT, where="f.yaml")
    assert document.value == {"people": {"alice": {"keys": ["a", "b"], "country": "NO"}}, "rules": 1, "ratio": 0.5}
    lines = {("rules",): 6, ("people", "alice", "keys", 1): 4, ("people", "alice", "country"): 5, ("nothing",): 2}
    assert lines == {path: document.line(path) for path in lines}
    assert yamltext.load(b"", where="f").line(("x",)) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None), ("~", None), ("null", None), ("Null", "Null"), ("true", True), ("True", "True"), ("yes", "yes"),
        ("on", "on"), ("NO", "NO"), ("y", "y"), ("1", 1), ("-1", -1), ("+1", 1), ("1_000", "1_000"), ("0x10", "0x10"),
        ("0o17", "0o17"), ("12:30", "12:30"), ("1.5", 1.5), (".5", 0.5), ("1.", 1.0),
        ("1e3", 1000.0), ("1.5e-3", 0.0015),
        ("2026-11-23", "2026-11-23"), ("'1'", "1"), ('"a\\nb"', "a\nb"), ("1.2.3", "1.2.3"), ("<<", "<<"), ("=", "="),
        ("0777", 777), ("[]", []), ("{}", {}), ("{1: 2}", {"1": 2}), ("a: !!str 1", {"a": "1"}),
    ],
)  # fmt: skip
def test_plain_values(text: str, expected: object) -> None:
    """YAML 1.2's core: nobody's country becomes false, no time becomes a number, keys stay text."""
    found = value(text)
    assert expected == found
    assert isinstance(expected, bool) == isinstance(found, bool)


@given(json_values(numbers | ascii_texts, ascii_texts))
def test_reads_json(data: object) -> None:
    """JSON is YAML, and says the same in it."""
    assert data == value(json.dumps(data))


REFUSED = {
    "equal keys": (b"a: 1\nb: 2\na: 3\n", "f.yaml:3: the key 'a' stands here twice"),
    "keys equal as text": (b"1: a\n'1': b\n", "f.yaml:2: the key '1' stands here twice"),
    "an alias": (b"a: &x [1]\nb: *x\n", "f.yaml:2: aliases are not allowed"),
    "a recursive alias": (b"&x [*x]\n", "f.yaml:1: aliases are not allowed"),
    "a key that is a list": (b"? [a]\n: 1\n", "f.yaml:1: a key must be text"),
    "a key that is a mapping": (b"{a: 1}: 1\n", "f.yaml:1: a key must be text"),
    "a python tag": (b"!!python/object/apply:os.system ['true']", "is not allowed"),
    "a set": (b"!!set {a}", "f.yaml:1: the tag tag:yaml.org,2002:set is not allowed"),
    "a binary": (b"a: !!binary aGVsbG8=", "f.yaml:1: the tag tag:yaml.org,2002:binary is not allowed"),
    "a timestamp": (b"!!timestamp 2026-01-01", "is not allowed"),
    "an own tag": (b"!mine 1", "is not allowed"),
    "a tag on a list": (b"!!int [a]", "is not allowed"),
    "a tag on a mapping": (b"!!str {a: b}", "is not allowed"),
    "two documents": (b"a: 1\n---\nb: 2\n", "f.yaml:2:"),
    "an open bracket": (b"a: [1, 2\n", "f.yaml:2:"),
    "a tab": (b"a:\n\t- 1\n", "f.yaml:2:"),
    "not utf-8": (b"a: 1\nb: \xff\n", "f.yaml:2: not YAML"),
    "a control character": (b"a: \x00\n", "f.yaml: not YAML"),
    "half a surrogate pair": (b'a: "\\ud800"\n', "f.yaml:1: "),
    "half a surrogate pair as key": (b'"\\udc00": a\n', "f.yaml:1: "),
    "a character beyond Unicode": (b'"\\U00110000"', "f.yaml"),
    "a character beyond everything": (b'"\\UFFFFFFFF"', "f.yaml"),
    "an int that is none": (b"!!int abc", "f.yaml"),
    "an empty int": (b'!!int ""', "f.yaml"),
    "a float that is none": (b"!!float abc", "f.yaml"),
    "an empty float": (b'!!float ""', "f.yaml"),
    "a bool that is none": (b"!!bool abc", "f.yaml"),
    "a large version": (b"%YAML " + b"1" * 5000 + b".1\n---\na", "f.yaml"),
    "a large number": (b"1" * 401, "f.yaml:1: a number of more than 400 digits"),
    "deep nesting": (b"[" * 42 + b"]" * 42, "f.yaml:1: nested too deeply or too large"),
    "very deep nesting": (b"[" * 5000, "f.yaml"),
    "deep blocks": (b"- " * 1500, "f.yaml"),
    "a large file": (b" " * (yamltext.MAX_BYTES + 1), "f.yaml: 1048577 bytes are more than the 1048576 allowed"),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_surprises_are_refused(text: bytes, message: str) -> None:
    """What is not plain data is refused, with file and line."""
    with pace.little():
        with pytest.raises(Malformed) as caught:
            yamltext.load(text, where="f.yaml")
        assert message in str(caught.value)


def test_deep_but_allowed() -> None:
    """Forty levels below the top are read."""
    assert value("[" * 41 + "]" * 41) is not None


def test_tolerant_takes_aliases() -> None:
    """Files that DVC checks may have aliases; each is read as a copy."""
    document = yamltext.load(b"a: &x [1]\nb: *x\nc: {<<: {d: 1}}\n", where="dvc.yaml", tolerant=True)
    assert document.value == {"a": [1], "b": [1], "c": {"<<": {"d": 1}}}


@pytest.mark.parametrize(
    "text",
    [
        b"&x [*x]",
        b"a: &a ["
        + b"x," * 9
        + b"]\n"
        + b"".join(b"%c: &%c [%s]\n" % (98 + i, 98 + i, b"*%c," % (97 + i) * 9) for i in range(9)),
    ],
    ids=["recursive", "a billion laughs"],
)
def test_tolerant_does_not_explode(text: bytes) -> None:
    """Aliases are counted against the size of what is read."""
    with pace.little(), pytest.raises(Malformed, match="nested too deeply or too large"):
        yamltext.load(text, where="dvc.yaml", tolerant=True)


SEEDS = (
    TEXT,
    b'a: &x !!int "1"\nb: *x\n',
    b"%YAML 1.1\n---\n- !!float 1\n- |2\n  x\n",
    b'? "\\U0001F600"\n: [~, .nan]\n',
)


@settings(max_examples=250)
@given(hostile(*SEEDS))
def test_load_raises_only_malformed(data: bytes) -> None:
    """Arbitrary bytes are plain data, or malformed, tolerant or not."""
    for tolerant in (False, True):
        try:
            found = yamltext.load(data, where="f", tolerant=tolerant).value
        except Malformed:
            continue
        assert found is None or isinstance(found, str | int | float | bool | list | dict)
