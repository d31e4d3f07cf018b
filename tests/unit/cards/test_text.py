"""Numbers, sizes and hidden characters as pages show them."""

import pytest

from govkit.cards import text
from govkit.core import inert


@pytest.mark.parametrize(
    ("value", "shown", "full"),
    [
        (0.780505, "0.7805", "0.780505"),
        (1.0, "1", "1"),
        (-0.0, "0", "0"),
        (30000, "30,000", "30000"),
        (167484.322667, "167,484", "167484.322667"),
        (999.96, "1,000", "999.96"),
        (-1234.5678, "-1,235", "-1234.5678"),
        (0.00001234, "1.234e-05", "1.234e-05"),
        (1e300, "1e+300", "1e+300"),
        (float("nan"), "not finite", "nan"),
        (float("-inf"), "not finite", "-inf"),
    ],
)
def test_numbers(value: float, shown: str, full: str) -> None:
    """Four significant digits, whole parts kept, thousands separated; every digit where it is asked for."""
    assert (shown, full) == (text.number(value), text.exact(value))


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (None, "not known"),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (999_999, "1 MB"),
        (2_867_200, "2.87 MB"),
        (10**16, "10,000 TB"),
    ],
)
def test_sizes(count: int | None, shown: str) -> None:
    """Sizes have three significant digits and a decimal unit."""
    assert shown == text.size(count)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("\x1b[31mred\x00", "<U+001B>[31mred<U+0000>"),
        ("a\nb\tc", "a<U+000A>b<U+0009>c"),
        ("\u202egpj.exe\u2069", "<U+202E>gpj.exe<U+2069>"),
        ("\x7f\x9b\ufeff\U000e0041", "<U+007F><U+009B><U+FEFF><U+E0041>"),
        ("déjà vu, 模型, שלום, 🎉 ❤\ufe0f", "déjà vu, 模型, שלום, 🎉 ❤\ufe0f"),
    ],
)
def test_hidden_characters(said: str, shown: str) -> None:
    """What cannot be seen is named; what can be seen, in any script, stays."""
    assert shown == inert.unbroken(said)


def test_lines() -> None:
    """Line ends of any kind part lines; blank lines at the ends go."""
    assert text.lines("\n\na\r\n\r\n\tb\nc\rd\n") == ["a", "", "    b", "c\rd"]


def test_names_are_code_where_code_can_hold_them() -> None:
    """A name is a code span unless a backtick, a pipe, a backslash or a space at its end would break it."""
    shown = [inert.markdown_code(name) for name in ("a_b @c", "a`b", "a|b", "a\\b", " a", "")]
    assert shown == ["`a_b @c`", "a\\`b", "a&#124;b", "a\\\\b", " a", ""]


def test_fence_is_longer_than_what_it_holds() -> None:
    """No run of backticks within can close the fence."""
    assert [text.fence("a `` b"), text.fence("````")] == ["```", "`````"]


def test_values_of_any_type() -> None:
    """Text stays, numbers are shortened, the rest is JSON with sorted keys."""
    assert [text.reported(value) for value in ("a", 1000.0, True, None, {"b": "ü", "a": [1]})] == [
        "a",
        "1,000",
        "true",
        "null",
        '{"a": [1], "b": "ü"}',
    ]


def test_names_are_shortened_to_their_room() -> None:
    """What fits stays; else the beginning is kept, or the end of a path; hidden characters count as they are shown."""
    assert text.shorten("women", 15) == "women"
    assert text.shorten("a rather long name of a group", 15) == "a rather long…"
    assert text.shorten("data/prepared/test.csv", 15, end=True) == "…ared/test.csv"
    assert text.shorten("W" * 40, 15) == "W" * 7 + "…"
    assert text.shorten("漢" * 40, 15) == "漢" * 5 + "…"
    assert text.shorten("a\nb", 15) == "a<U+000A>b"
