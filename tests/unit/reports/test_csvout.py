"""CSV that no spreadsheet evaluates."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.reports import csvout

FORMULAS = "=+-@＝＋－＠"
#: Signs at which spreadsheets split, by the settings of their country or the name of the file.
DELIMITERS = (",", ";", "\t", "|", ":")


def split(text: str, delimiter: str) -> list[list[str]]:
    """Return the cells as a reader finds them that splits at a delimiter."""
    return list(csv.reader(io.StringIO(text), delimiter=delimiter))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        (" \t@SUM(A1)", "'@SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("\r\n=1", "<U+000D> =1"),
        ("a;=1", "a;'=1"),
        ('a;"=1"', 'a;"\'=1"'),
        ("a, -m WHY", "a, '-m WHY"),
        ("＝1", "'＝1"),
        ("it is -1 or +1 = 0", "it is -1 or +1 = 0"),
        ("https://example.org/a=b", "https://example.org/a=b"),
        ("", ""),
        ("\x1b[2J\u202eevil", "<U+001B>[2J<U+202E>evil"),
    ],
)
def test_cells(text: str, written: str) -> None:
    """A formula gets an apostrophe, wherever one could begin; what is none stays as it is."""
    assert csvout.cell(text) == written


@given(st.lists(st.text(alphabet=FORMULAS + "a1 ,;|:\t\n\r\"'!()"), min_size=2, max_size=4))
def test_no_cell_begins_a_formula(cells: list[str]) -> None:
    """Whatever a reader splits at, no cell begins with a sign of a formula; at the comma every cell comes back."""
    names = [f"c{number}" for number in range(len(cells))]
    text = csvout.table(names, [dict(zip(names, cells, strict=True))])
    assert split(text, ",") == [names, [csvout.cell(one) for one in cells]]
    for delimiter in DELIMITERS:
        for row in split(text, delimiter):
            assert not any(one.strip(" \"'")[:1] in tuple(FORMULAS) and one.strip(' "')[:1] != "'" for one in row)
