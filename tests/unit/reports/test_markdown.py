"""Markdown for a pull request: the verdict in words, one row for each check, what would change it; all text inert."""

import re

from markdown_it import MarkdownIt

from govkit.core.gates.base import Verdict
from govkit.core.inert import line
from govkit.core.report import GateReport
from govkit.reports import markdown
from tests.unit.reports.conftest import check, report


def test_every_verdict(every: GateReport) -> None:
    """Heading, columns and rows, and the list of what would change it."""
    lines = markdown.report(every).splitlines()
    assert lines[0].startswith("## scorer<span>@</span>1.1.0 for production, instead of 1.0.0: 4 of 6 checks are not")
    assert lines[2] == "| verdict | check | required | found | champion | rule |"
    assert lines[4] == "| ✓ pass | pass | auc ≥ 0.7 | 0.71 \\[0.69, 0.73\\] | 0.8 | `governance/policy.yaml:17` |"
    assert [text.split(" | ")[0] for text in lines[4:10]] == [
        "| ✓ pass",
        "| ✗ fail",
        "| ? inconclusive",
        "| \\! error",
        "| … pending",
        "| \\~ waived",
    ]
    assert "- **fail**: improve the model" in lines


def test_columns_that_say_nothing_are_left_out() -> None:
    """Without champion and rules there are no columns for them, and without a blocking check no list."""
    found = markdown.report(report(check(Verdict.PASS, rule="")))
    assert "| verdict | check | required | found |\n" in found
    assert "What would change it" not in found


def test_hostile_text_changes_no_structure(hostile: GateReport) -> None:
    """Whatever a text holds, there is one heading, one table of seven rows of six cells, one list, and no link."""
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown.report(hostile))
    blank = not line(hostile.stage)
    counts = {tag: len(re.findall(rf"<{tag}[ >]", page)) for tag in ("h2", "table", "tr", "ul", "ol", "a", "img", "h1")}
    assert counts["h2"] == counts["table"] == 1
    assert counts["ul"] == (0 if hostile.checks[0].fix == "" else 1)
    assert (counts["tr"], counts["ol"], counts["a"], counts["img"], counts["h1"]) == (7, 0, 0, 0, 0)
    width = 4 if hostile.checks[0].rule == "" else 6
    assert len(re.findall("<td[ >]", page)) == 6 * width
    assert set(re.findall(r"<([a-z0-9]+)", page)) <= {
        *("h2", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "strong", "span", "code"),
    }
    assert blank or not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e\ud800]", page)
