"""JUnit XML as CI servers read it."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped

from govkit.core.gates.base import Verdict
from govkit.core.report import GateReport
from govkit.reports import junit
from tests.unit.reports.conftest import check, report

KINDS: dict[Verdict, Any] = {
    Verdict.PASS: None,
    Verdict.WAIVED: None,
    Verdict.FAIL: Failure,
    Verdict.ERROR: Error,
    Verdict.INCONCLUSIVE: Error,
    Verdict.PENDING: Error,
}


def read(found: GateReport, folder: Path) -> Any:
    """Read a report's JUnit with a parser that others use."""
    path = folder / "report.xml"
    path.write_text(junit.report(found), encoding="ascii")
    (suite,) = JUnitXml.fromfile(str(path))
    return suite


def test_every_verdict(every: GateReport, tmp_path: Path) -> None:
    """Only pass and waived succeed; the suite's counts say the same as its cases."""
    suite = read(every, tmp_path)
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (6, 1, 3, 0)
    assert suite.name == every.title
    for case in suite:
        (*results,) = case.result
        expected = KINDS[Verdict(case.name)]
        assert [type(result) for result in results] == ([expected] if expected else [])
        assert case.classname == "scorer@1.1.0#production"
        assert "found: " in case.system_out
    cases = {case.name: case for case in suite}
    assert "waived by rita until 2036-01-01" in cases["waived"].system_out
    assert cases["fail"].result[0].message == "fail: required auc ≥ 0.7; found 0.71 [0.69, 0.73]"
    assert cases["fail"].result[0].text == "improve the model"
    attributes = [case.attrib for case in ET.fromstring(junit.report(every)).iter("testcase")]
    assert [(a.get("file"), a.get("line")) for a in attributes][2:4] == [("governance/policy.yaml", "17"), (None, None)]


def test_pending_before_there_is_a_version_is_skipped(tmp_path: Path) -> None:
    """What does not count fails no build."""
    suite = read(report(check(Verdict.PASS), check(Verdict.PENDING), version=None), tmp_path)
    assert (suite.failures, suite.errors, suite.skipped) == (0, 0, 1)
    assert isinstance([*suite][1].result[0], Skipped)


def test_hostile_text_is_text(hostile: GateReport, tmp_path: Path) -> None:
    """Whatever a text holds, the XML is well-formed, with the same cases, and nothing hidden in it."""
    suite = read(hostile, tmp_path)
    assert (suite.tests, len([*suite])) == (6, 6)
    text = "".join(ET.fromstring(junit.report(hostile)).itertext()) + suite.name
    assert not {*text} & {*"\x00\x07\x1b\x7f\x9b\u200b\u202e\ufffe\uffff"}


@pytest.mark.parametrize("char", ["\x00", "\x0b", "\ud800", "\ufffe", "\uffff"])
def test_what_xml_forbids_is_named(char: str, tmp_path: Path) -> None:
    """A character that no XML can hold is written as its number."""
    (case,) = read(report(check(Verdict.FAIL, found=f"a{char}b")), tmp_path)
    assert f"a<U+{ord(char):04X}>b" in case.result[0].message
