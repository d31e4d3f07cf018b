"""Checks as SARIF 2.1.0, which code-scanning services and editors read: a check is a rule and its result.

=============  =======  =========  ====================================================
verdict        kind     level      why
=============  =======  =========  ====================================================
pass           pass     none
fail, error    fail     error
inconclusive   fail     warning    it blocks, and viewers show little but kind ``fail``
pending        open     none       SARIF's word for what cannot be decided yet
waived         fail     note       with an accepted suppression that says who and why
=============  =======  =========  ====================================================
"""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from govkit.core.gates.base import Check, Verdict
from govkit.core.inert import json_text, line
from govkit.core.report import Report, place, subject

#: Where a result points to that has no line of its own: viewers want one.
FALLBACK = ("governance/policy.yaml", 1)
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_KINDS = {
    Verdict.PASS: ("pass", "none"),
    Verdict.FAIL: ("fail", "error"),
    Verdict.ERROR: ("fail", "error"),
    Verdict.INCONCLUSIVE: ("fail", "warning"),
    Verdict.PENDING: ("open", "none"),
    Verdict.WAIVED: ("fail", "note"),
}


def report(found: Report) -> str:
    """Return a report as a SARIF log of one run."""
    release = version("dvc-govkit")
    rules: list[dict[str, Any]] = []
    for rule in map(_rule, found.checks):
        # The standard wants no rule twice.
        rules += [rule] if rule not in rules else []
    driver = {
        "name": "govkit",
        "version": release,
        "semanticVersion": release,
        "rules": rules,
    }
    run = {
        "tool": {"driver": driver},
        # One line of history for each model and stage: the next version's results take the place of this one's.
        "automationDetails": {"id": f"govkit/{line(found.model)}#{line(found.stage)}/"},
        "invocations": [{"executionSuccessful": True}],
        "results": [_result(found, rules.index(_rule(check)), check) for check in found.checks],
    }
    return json_text(json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)) + "\n"


def _rule(check: Check) -> dict[str, Any]:
    return {
        "id": line(check.gate),
        "shortDescription": _message(f"{check.type}: {check.required}"),
        "help": _message(f"The policy requires of '{check.gate}': {check.required}."),
        "defaultConfiguration": {"level": "error"},
    }


def _result(found: Report, index: int, check: Check) -> dict[str, Any]:
    kind, level = _KINDS[check.verdict]
    said = f"{check.gate}: {check.verdict}; required {check.required}; found {check.found}"
    said += f"; the champion has {check.champion}" if check.champion else ""
    said += f"; to change it: {check.fix}" if check.fix else ""
    file, number = place(check) or FALLBACK
    where = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(line(file)), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": number},
        },
        "logicalLocations": [{"fullyQualifiedName": line(subject(found))}],
    }
    result = {
        "ruleId": line(check.gate),
        "ruleIndex": index,
        "kind": kind,
        "level": level,
        "message": _message(said),
        "locations": [where],
    }
    if check.verdict is Verdict.WAIVED:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": line(check.found)}]
    return result


def _message(text: str) -> dict[str, str]:
    """Return a message that is text alone: SARIF would read ``{0}`` as a placeholder and ``[a](b)`` as a link."""
    return {"text": line(text).replace("{", "{{").replace("}", "}}").replace("](", "] (")}
