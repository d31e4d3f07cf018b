"""``gate`` in every format: the same verdict, the rule's line in the adopted policy, nothing on stdout if refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from world import MODEL, World

from govkit.cli.main import cli
from govkit.core import yamltext
from govkit.core.errors import Undecided
from govkit.core.gates.base import Check, Verdict
from govkit.reports.formats import FORMATS
from govkit.storage.log import Log
from govkit.workflow import policyfile

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "reference" / "schemas"


def line(start: str, text: str) -> int:
    """Return the line in a text, from 1, that begins so."""
    (found,) = [number for number, one in enumerate(text.splitlines(), 1) if one.startswith(start)]
    return found


def rules(world: World, version: str) -> dict[str, str]:
    """Return where the rule of each check stands."""
    words = ("gate", f"{MODEL}@{version}", "--stage", "production", "--format", "json")
    return {check["gate"]: check["rule"] for check in world.govkit(*words, expect=None).json["checks"]}


def test_every_format_has_the_same_verdict(requested: World, tmp_path: Path) -> None:
    """While approvals are missing the gate is shut in each format, and then it is open."""
    words = ("gate", f"{MODEL}@1.1.0", "--stage", "production", "--format")
    shut = {output: requested.govkit(*words, output, expect=1).out for output in FORMATS}
    assert shut["table"].endswith("1 of 6 checks is not met\n")
    assert "1 of 6 checks is not met\n" in shut["markdown"]
    assert 'failures="1" errors="0" skipped="0"' in shut["junit"]
    assert [r["ruleId"] for r in json.loads(shut["sarif"])["runs"][0]["results"] if r["kind"] == "fail"] == [
        "approvals"
    ]
    assert [text.partition(" ")[0] for text in shut["github"].splitlines()] == ["::error", "::error"]
    requested.approve("1.1.0", "production", "rita", "victor")
    opened = {output: requested.govkit(*words, output).out for output in FORMATS}
    assert opened["table"].endswith("6 of 6 checks are met\n")
    assert opened["github"].startswith("::notice title=govkit::")


def test_json_fits_its_schema(requested: World) -> None:
    """The published schema describes what is printed, and the policy that it was judged under is named."""
    schema = json.loads((SCHEMAS / "govkit.gate.v1.json").read_text())
    for words in ((f"{MODEL}@1.1.0",), (MODEL, "--rev", "HEAD")):
        found = requested.govkit("gate", *words, "--stage", "production", "--format", "json", expect=None).json
        assert list(Draft202012Validator(schema).iter_errors(found)) == []
        assert found["policy"].startswith("sha256:")
        assert (found["policy_event"], found["champion"]) == (0, "1.0.0")
    assert (found["version"], found["open"], found["checks"][-1]["verdict"]) == (None, True, "pending")


def test_champion_is_shown_beside(requested: World) -> None:
    """What serves now is held against the same rule."""
    result = requested.govkit("gate", f"{MODEL}@1.1.0", "--stage", "production", expect=1)
    assert "champion" in result.out.splitlines()[2]
    assert "0.8 [0.78, 0.82], n = 1,000" in result.text


def test_rules_are_those_of_the_policy_as_it_was_adopted(requested: World) -> None:
    """The lines do not move with the working tree's file; they do when a change of it is adopted."""
    path = requested.repo / "governance" / "policy.yaml"
    text = path.read_text()
    expected = {name: f"governance/policy.yaml:{line(f'  {name}: ', text)}" for name in ("lineage", "auc", "parity")}
    production = line("  production:", text)
    expected["approvals"] = f"governance/policy.yaml:{production + 2}"
    assert rules(requested, "1.1.0").items() >= expected.items()
    path.write_text("# one line more\n" + text)
    assert rules(requested, "1.1.0").items() >= expected.items()
    refused = requested.promote("1.1.0", "production", expect=1)
    assert f"({expected['approvals']})" in refused.err


@pytest.mark.parametrize("said", [b"gates: &a [*a]\n", b"\xff\x00", b"a: {b: " * 5000, b"- 1\n", b"", None])
def test_policy_text_that_cannot_be_read_is_no_problem(
    said: bytes | None, governed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever adopts chooses the YAML that lies beside; if it is missing or broken, checks stay as they are."""

    def evidence(*_: object) -> bytes:
        if said is None:
            raise Undecided("missing")
        return said

    monkeypatch.setattr(Log, "evidence", evidence)
    asked = Check(gate="auc", type="metric", verdict=Verdict.PASS, required="", found="")
    with governed.session() as session:
        assert policyfile.located(session, [asked], "production") == [asked]


def test_summary_of_a_job(requested: World, tmp_path: Path) -> None:
    """GitHub's summary gets the Markdown behind what other steps wrote; other formats leave it alone."""
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    requested.env["GITHUB_STEP_SUMMARY"] = str(summary)
    words = ("gate", f"{MODEL}@1.1.0", "--stage", "production", "--format")
    markdown = requested.govkit(*words, "markdown", expect=1).out
    assert summary.read_text() == "before\n"
    requested.govkit(*words, "github", expect=1)
    assert summary.read_text() == f"before\n\n{markdown}"
    requested.env["GITHUB_STEP_SUMMARY"] = str(tmp_path / "none" / "summary.md")
    result = requested.govkit(*words, "github", expect=2)
    assert result.out == ""


@pytest.mark.parametrize("output", FORMATS)
def test_refusal_prints_no_report(output: str, governed: World) -> None:
    """What cannot be judged leaves nothing on stdout that could be taken for a report."""
    for words in ((f"{MODEL}@9.9.9", "--stage", "production"), (MODEL, "--rev", "HEAD", "--stage", "none")):
        result = governed.govkit("gate", *words, "--format", output, expect=2)
        assert result.out == ""
        assert result.err.startswith("govkit: ")


def test_schema_of_the_policy_is_printed(governed: World) -> None:
    """``policy schema`` prints what is published, and the repository's policy fits it."""
    printed = json.loads(CliRunner().invoke(cli, ["policy", "schema"]).output)
    assert printed == json.loads((SCHEMAS / "govkit.policy.v1.json").read_text())
    text = (governed.repo / policyfile.PATH).read_bytes()
    assert list(Draft202012Validator(printed).iter_errors(yamltext.load(text, where="").value)) == []
