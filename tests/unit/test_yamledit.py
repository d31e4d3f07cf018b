"""Taking entries out of YAML that people wrote: comments around them stay."""

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
