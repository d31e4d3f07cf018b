"""Putting entries into YAML that people wrote, and taking them out: comments around them stay."""

from __future__ import annotations

import pytest

from govkit.core import yamltext
from govkit.core.errors import Usage
from govkit.storage import yamledit

TEXT = b"""\
# everybody
people:
  ada:
    name: Ada # the first
    keys:
      - k1 # laptop
      - k2
  # who releases

  remy:
    name: Remy
    keys: [a, b] # two of them
# what they may do

roles:
  engineer:
    people:
      - ada
      - remy
  # one more
  admin: {people: [ada, remy]} # in one line
"""


@pytest.mark.parametrize(
    ("path", "gone"),
    [
        (("people", "ada"), ["  ada:", "    name: Ada # the first", "    keys:", "      - k1 # laptop", "      - k2"]),
        (("people", "remy"), ["  remy:", "    name: Remy", "    keys: [a, b] # two of them"]),
        (("people", "ada", "keys", 0), ["      - k1 # laptop"]),
        (("people", "ada", "keys", 1), ["      - k2"]),
        (("roles", "engineer", "people", 1), ["      - remy"]),
    ],
)
def test_only_the_lines_of_the_entry_go(path: tuple[str | int, ...], gone: list[str]) -> None:
    """Of a block, exactly the entry's own lines are taken out; what is written behind it is about what follows."""
    after = yamledit.take_out(TEXT, path, where="x").decode().splitlines()
    rest = TEXT.decode().splitlines()
    start = rest.index(gone[0])
    assert after == rest[:start] + rest[start + len(gone) :]


@pytest.mark.parametrize("path", [("roles", "admin", "people", 0), ("people", "remy", "keys", 1), ("roles", "admin")])
def test_entries_in_one_line(path: tuple[str | int, ...]) -> None:
    """Where several entries share a line, only the one goes, and every comment stays."""
    after = yamledit.take_out(TEXT, path, where="x")
    value = yamltext.load(TEXT, where="x").value
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    assert yamltext.load(after, where="x").value == value
    missing = 1 if path == ("roles", "admin") else 0
    assert after.count(b"#") == TEXT.count(b"#") - missing


def test_the_last_entry_leaves_an_empty_list() -> None:
    """A list without entries is an empty list, and not nothing."""
    after = yamledit.take_out(b"a:\n  - x\nb: 1\n", ("a", 0), where="x")
    assert yamltext.load(after, where="x").value == {"a": [], "b": 1}


def test_what_does_not_parse() -> None:
    """A text that is no YAML is a mistake of whoever wrote it."""
    with pytest.raises(Usage, match="x does not parse"):
        yamledit.take_out(b"a: [", ("a",), where="x")


ENTRY = {"cmd": "x", "deps": ["a", "${b}"], "outs": [{"c": {"cache": False}}]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing but this\n",
        "stages:\n  a:\n    cmd: 1 # one\n\n# about what follows\nartifacts:\n  m: {path: x}\n",
        "stages:\n  a:\n    cmd: 1",
        "stages:\n    a: # wide\n        cmd: |+\n            keep\n\n\n# the end\n",
        "# first\r\nstages:\r\n  a:\r\n    cmd: 1\r\n# last\r\nvars: [1]\r\n",
        "stages:\n  a: &x\n    cmd: 1\n  b: *x\n  # about b",
        "vars: [1] # first\n\n\n",
        "stages:\n  a: {cmd: 1}\n  # about nothing yet\n  # b: {cmd: 2}\nvars: [2]\n",
    ],
)
def test_put_in(text: str) -> None:
    """Every line that was there is there, in its order; the entry comes last, and nothing else is said."""
    before = yamltext.load(text.encode(), where="x", tolerant=True).value or {}
    after = yamledit.put_in(text.encode(), "stages", "govern", ENTRY, where="x")
    found = yamltext.load(after, where="x", tolerant=True).value
    assert found == {**before, "stages": {**before.get("stages", {}), "govern": ENTRY}}
    assert list(found["stages"])[-1] == "govern"
    rest = iter(after.decode().split("\n"))
    assert all(line in rest for line in text.rstrip("\n").split("\n") if line.strip())
    assert b"\r\n" not in text.encode() or after.count(b"\n") == after.count(b"\r\n")


@pytest.mark.parametrize(
    "text", ["stages: {}\nvars: [1]\n", "stages:\n", "stages: {a: {cmd: 1}} # one line\n", "a: 1\n...\n"]
)
def test_put_in_where_there_are_no_lines(text: str) -> None:
    """A mapping that is written in one line, or not at all, is written anew; it is never there twice."""
    before = yamltext.load(text.encode(), where="x").value
    after = yamledit.put_in(text.encode(), "stages", "govern", ENTRY, where="x")
    found = yamltext.load(after, where="x").value
    assert found == {**before, "stages": {**(before.get("stages") or {}), "govern": ENTRY}}


@pytest.mark.parametrize("text", [b"stages: [", b"- a\n", b"stages: [a]\n", b"stages: 1\n"])
def test_put_in_nowhere(text: bytes) -> None:
    """What does not parse, or holds no mapping there, is refused."""
    with pytest.raises(Usage):
        yamledit.put_in(text, "stages", "a", {}, where="x")
