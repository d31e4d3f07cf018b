"""What DVC reads and digests in its own way: parameters in YAML and Python, MD5 of version 2, ``.dvcignore``."""

from __future__ import annotations

import datetime
import hashlib
import io
import random
from typing import Any

import pytest

from govkit.core import dvcmd5, measures, pyparams, yamltext
from govkit.core.dvcignore import DvcIgnore, TooMuch
from govkit.core.errors import Malformed
from tests import pace

SCALARS = [
    "True",
    "TRUE",
    "true",
    "yes",
    "no",
    "on",
    "0x1F",
    "0X1F",
    "0o17",
    "017",
    "1_000",
    "1e3",
    "1.",
    "+1",
    "-1",
    ".5",
    "1_0.5",
    "0b11",
    "Null",
    "NULL",
    "null",
    "~",
    "2026-01-02",
    "1:30",
    ".inf",
    ".Inf",
    "+.INF",
    "-.inf",
    ".nan",
    ".NaN",
    "1e-3",
    "1E5",
    "-0",
    "00",
    "1__0",
    "_1",
    "0o_7",
    "3.2e5",
    ".5e3",
    ".5e+3",
    "1.5e3_0",
    "08",
    "0x",
    "0b",
    "1e",
    "1.e3",
    "-",
    "'True'",
    '"0x1F"',
    '""',
    "x",
]


@pytest.mark.parametrize("text", SCALARS)
def test_scalars_are_as_dvc_reads_them(text: str) -> None:
    """A number or boolean in a file of parameters is what DVC's reader takes it for."""
    from dvc.utils.serialize import parse_yaml

    expected = parse_yaml(f"a: [{text}]\n", "x.yaml")["a"]
    found = yamltext.load(f"a: [{text}]\n".encode(), where="x", dvc=True).value["a"]
    if expected and isinstance(expected[0], datetime.date):  # DVC cannot keep it in a lock file; here it is text
        expected = [text]
    assert repr(expected) == repr(found)


def test_merge_keys() -> None:
    """A merge key brings in what the mapping does not say itself; of several the first one counts."""
    from dvc.utils.serialize import parse_yaml

    text = "a: &a {x: 1, y: 2}\nb: &b {x: 3, z: 4}\nc: {<<: *a, y: 5}\nd: {w: 1, <<: [*a, *b]}\n"
    assert parse_yaml(text, "x.yaml") == yamltext.load(text.encode(), where="x", dvc=True).value
    assert "<<" in yamltext.load(text.encode(), where="x", tolerant=True).value["c"]
    assert yamltext.load(b"a: {<<: 3, b: 1}\n", where="x", dvc=True).value == {"a": {"b": 1}}


PYTHON = """
import os
A = 1
B: float = 2.5
C = D = 3
E, F = 1, 2
G = [1, "x", (2, None)]
H = {"a": {"b": -1}, "c": [True]}
I = os.sep
J = 1 + 1
K = -5
L = "x" "y"
M: int
class Conf(Base):
    '''Text.'''
    rate = 0.1
    class Deep:
        n = 1
    def __init__(self, x=1):
        self.own = 2
        other = 3
        self.x = x
    def other(self):
        self.never = 1
def f():
    N = 1
if True:
    P = 1
A = 4
"""


def test_python_is_read_as_dvc_reads_it() -> None:
    """The same constants under the same names, and nothing that is not one."""
    from dvc.utils.serialize import parse_py

    def as_lists(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: as_lists(item) for key, item in value.items()}
        return [as_lists(item) for item in value] if isinstance(value, (list, tuple)) else value

    assert as_lists(parse_py(PYTHON, "p.py")) == pyparams.read(PYTHON.encode())


@pytest.mark.parametrize(
    "text",
    [
        "a = (",
        "\0",
        "(" * 5000,
        "a = " + "-" * 100_000 + "1",
        "a = '\\ud800'",
        "a = 1j",
        "a = {1}",
        "a = b'x'",
        "x" * 300_000,
        "é".encode("latin-1"),
    ],
)
def test_hostile_python(text: str | bytes) -> None:
    """What does not parse is refused, what has no place in a record is passed over, and nothing is run."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    try:
        found = measures.load("p.py", data, params=True)
    except Malformed:
        return
    assert not found or not isinstance(found["a"], str)


def test_old_md5_is_dvcs() -> None:
    """DVC 2's digest of text and of binaries, with line ends across the pieces in which it read."""
    from dvc_data.hashfile.hash import fobj_md5

    rng = random.Random(7)
    whole = b"a\r\n" * 400_000
    for data in (
        b"",
        b"a\r\nb\r",
        b"\0\r\n",
        b"\xe9" * 400 + b"\r\n",
        b"x" * (2**20 - 1) + b"\r\n\r\n",
        whole,
        rng.randbytes(5000),
    ):
        expected = fobj_md5(io.BytesIO(data), name="md5-dos2unix")
        assert expected == dvcmd5.old_md5(data)
        assert hashlib.md5(data).hexdigest() == dvcmd5.md5(data)


PATTERNS = [
    "a",
    "b",
    "*",
    "?",
    "**",
    "*.t",
    "[ab]",
    "[!a]",
    "[a-c]x",
    "a*b",
    "/a",
    "a/",
    "!a",
    "!*.t",
    "a/b",
    "**/b",
    "a/**/b",
    "/x/*",
    "\\#a",
    "\\!b",
    "#c",
    " a ",
    "",
    "/",
]
PARTS = ["a", "b", "x", "ab", "axb", "cx", "q.t", "#a", "!b"]


def test_ignored_is_what_dvc_ignores() -> None:
    """Files and folders that patterns name, and negated ones, as DVC decides, for random patterns and paths."""
    from dvc.ignore import DvcIgnorePatterns, PatternInfo

    rng = random.Random(3)

    def ignored(patterns: list[str], path: str) -> bool:
        lines = [
            PatternInfo(line.strip(), "") for line in patterns if line.strip() and not line.strip().startswith("#")
        ]
        rules = DvcIgnorePatterns(lines, "/top", "/")
        parts = path.split("/")
        return any(
            rules.matches("/".join(["/top", *parts[:n]]), parts[n], n < len(parts) - 1) for n in range(len(parts))
        )

    for _ in range(400):
        patterns = [rng.choice(PATTERNS) for _ in range(rng.randint(1, 3))]
        paths = ["/".join(rng.choice(PARTS) for _ in range(rng.randint(1, 4))) for _ in range(4)]
        mine = DvcIgnore({".dvcignore": "\n".join(patterns).encode()})
        assert [path for path in paths if not ignored(patterns, path)] == mine.kept(paths, ""), patterns


def test_patterns_over_which_others_think_for_ever() -> None:
    """Each file costs as much as it is long, and where all together cost too much that is said."""
    with pace.little(20):
        paths = [f"d/{'a' * 200}{n}" for n in range(50)]
        assert DvcIgnore({".dvcignore": b"*a*a*a*a*a*a*a*a*a*a*a*b\n"}).kept(paths, "d") == paths
        with pytest.raises(TooMuch):
            DvcIgnore({".dvcignore": b"\n".join(b"*a" * 100 + b"%d" % n for n in range(5000))}).kept(paths, "d")
        assert DvcIgnore({}).kept(["d/.git/x", "d/y/.dvc/z", "d/a"], "d") == ["d/a"]
