"""The table for a terminal."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from govkit.core.gates.base import Verdict
from govkit.core.inert import line
from govkit.core.report import GateReport
from govkit.reports import formats, table
from tests.unit.reports.conftest import check


def test_every_verdict(every: GateReport, capsys: pytest.CaptureFixture[str]) -> None:
    """A row for each check, then what would change them, then how it came out."""
    table.report(every)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == every.title
    assert lines[2].split() == ["verdict", "check", "required", "found", "champion", "rule"]
    assert lines[-6:] == [
        "what would change it:",
        *(f"  {name}: improve the model" for name in ("fail", "inconclusive", "error", "pending")),
        "4 of 6 checks are not met",
    ]


def test_columns_that_say_nothing_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Without champion and rules there are no columns for them."""
    table.checks([check(Verdict.PASS, rule="")])
    assert capsys.readouterr().out.splitlines()[0].split() == ["verdict", "check", "required", "found"]


def test_no_line_begins_with_a_command(hostile: GateReport, capsys: pytest.CaptureFixture[str]) -> None:
    """A CI server takes a line that begins with ``::`` for a command, also where a cell was folded."""
    table.report(hostile)
    table.checks([check(Verdict.FAIL, found=f"{'x' * 300} ::error::y {'::' * 300}")])
    out = capsys.readouterr().out
    assert [text for text in out.splitlines() if text.lstrip().startswith("::")] == []
    assert not {*out} & {*"\x00\x07\x1b\x7f\x9b\r\u200b\u202e\ud800"}


@pytest.mark.parametrize("output", formats.FORMATS)
def test_every_format_takes_hostile_text(output: str, hostile: GateReport, capsys: pytest.CaptureFixture[str]) -> None:
    """No format fails over a text, or lets a hidden character through."""
    formats.write(hostile, output)
    out = capsys.readouterr().out
    assert out.endswith("\n")
    assert not {*out} & {*"\x00\x07\x1b\x7f\x9b\r\u200b\u202e\ud800"}
    if output == "json":
        assert json.loads(out)["checks"][0]["found"] == hostile.checks[0].found


@settings(max_examples=60, deadline=None)
@given(
    rows=some.lists(some.lists(some.text(max_size=9), min_size=3, max_size=3), max_size=4),
    title=some.text(max_size=30),
    width=some.sampled_from([40, 60, 200]),
)
def test_the_short_way_draws_the_same(rows: list[list[str]], title: str, width: int) -> None:
    """A table that fits is drawn without rich, and is what rich would have drawn."""
    cells, title = [[line(cell) for cell in row] for row in rows], line(title)
    found = table._unfolded(["model", "stage", "by"], cells, title, width)
    assert found in (None, table._folded(["model", "stage", "by"], cells, title, width, (), False))
    if width == 200 and len(title) < 12 and (title + "".join(sum(cells, []))).isascii():
        assert found is not None
