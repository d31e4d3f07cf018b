"""Checks as JUnit XML, which nearly every CI server reads: a report is a test suite, a check a test case.

Only ``pass`` and ``waived`` succeed. ``fail`` is a failure; ``error``, ``inconclusive`` and ``pending`` are errors, as
nothing was shown either way. What is pending and does not count, before there is a version, is skipped.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from govkit.core.gates.base import Check, Verdict
from govkit.core.inert import line
from govkit.core.report import Report, place, subject

#: What XML 1.0 forbids and :func:`govkit.core.inert.visible` leaves.
_FORBIDDEN = re.compile("[\ufffe\uffff]")


def report(found: Report) -> str:
    """Return a report as JUnit XML, in ASCII with character references for the rest."""
    cases = [_case(found, check) for check in found.checks]
    counts = {"tests": str(len(cases))}
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        counts[name] = str(sum(case.find(tag) is not None for case in cases))
    root = ElementTree.Element("testsuites", {"name": "govkit", **counts})
    ElementTree.SubElement(root, "testsuite", {"name": _text(found.title), **counts}).extend(cases)
    ElementTree.indent(root)
    content: bytes = ElementTree.tostring(root, encoding="us-ascii", xml_declaration=True)
    return content.decode("ascii") + "\n"


def _case(found: Report, check: Check) -> ElementTree.Element:
    where = place(check)
    at = {"file": _text(where[0]), "line": str(where[1])} if where else {}
    case = ElementTree.Element("testcase", {"classname": _text(subject(found)), "name": _text(check.gate), **at})
    if not check.verdict.opens:
        tag = "failure" if check.verdict is Verdict.FAIL else "error" if check in found.blocking else "skipped"
        message = {"message": _text(f"{check.verdict}: required {check.required}; found {check.found}")}
        kind = {} if tag == "skipped" else {"type": check.verdict}
        ElementTree.SubElement(case, tag, {**message, **kind}).text = _text(check.fix)
    ElementTree.SubElement(case, "system-out").text = "\n".join(_lines(check))
    return case


def _lines(check: Check) -> list[str]:
    said = {
        "verdict": check.verdict,
        "required": check.required,
        "found": check.found,
        "champion": check.champion,
        "rule": check.rule,
    }
    return [f"{name}: {_text(text)}" for name, text in said.items() if text]


def _text(text: str) -> str:
    return _FORBIDDEN.sub(lambda match: f"<U+{ord(match[0]):04X}>", line(text))
