"""CycloneDX: valid for the ecosystem's own strict validator, and nothing of the card is lost without a word."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from govkit.cards.export import write
from govkit.cards.export.base import Choices, Spec
from govkit.core.exported import Exported
from govkit.core.gates.base import Verdict

VERSIONS: dict[Spec, SchemaVersion] = {"1.6": SchemaVersion.V1_6, "1.7": SchemaVersion.V1_7}


def bom(facts: Exported, spec: Spec = "1.6") -> dict[str, Any]:
    """Export, and see that the strict validator of this version finds nothing."""
    text = write("cyclonedx", facts, Choices(spec=spec))
    found = JsonStrictValidator(VERSIONS[spec]).validate_str(text)
    assert found is None, str(found)
    value: dict[str, Any] = json.loads(text)
    return value


def walk(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a JSON value."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(part)


@pytest.mark.parametrize("spec", VERSIONS)
def test_is_strictly_valid(spec: Spec, any_card: Any, any_report: Any, facts: Any) -> None:
    """Every card with every report is valid on 1.6 and 1.7, and the library reads it."""
    found = bom(facts(any_card, "because", any_report), spec)
    assert found["specVersion"] == spec
    assert ("declarations" in found) == (any_report is not None)
    model = Bom.from_json({**found, "$schema": None}).metadata.component  # type: ignore[attr-defined]
    assert (model.name, model.version) == (any_card["model"]["name"], "1.2.0")


def test_the_validator_would_find_a_mistake(value: Any, facts: Any) -> None:
    """A key that the format does not have is found, so the tests here can fail."""
    found = bom(facts(value))
    found["metadata"]["component"]["modelCard"]["quantitativeAnalysis"]["performanceMetrics"][0]["n"] = 5
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(found)) is not None


def test_references_lead_somewhere(any_card: Any, any_report: Any, facts: Any) -> None:
    """Every reference names exactly one object of the document."""
    found = bom(facts(any_card, "because", any_report))
    names = [each["bom-ref"] for each in walk(found) if "bom-ref" in each]
    assert len(names) == len(set(names))
    lists = ("dependsOn", "claims", "counterClaims", "evidence", "counterEvidence")
    said = [each[key] for each in walk(found) for key in ("ref", "requirement", "target") if key in each]
    said += [name for each in walk(found) for key in lists for name in each.get(key, []) if isinstance(name, str)]
    said += [each["assessor"] for each in walk(found) if "assessor" in each]
    assert set(said) <= set(names)


def test_numbers_keep_slice_interval_and_every_digit(example: Any, facts: Any) -> None:
    """Metrics of the worked example stand there as numbers in text, and groups as slices."""
    component = bom(facts(example))["metadata"]["component"]
    metrics = component["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    auc = {
        "type": "auc",
        "value": "0.780505",
        "confidenceInterval": {"lowerBound": "0.767734", "upperBound": "0.793487"},
    }
    assert auc in metrics
    old = [metric for metric in metrics if metric.get("slice") == "AGE=60 and over"]
    assert {metric["type"]: metric["value"] for metric in old}["selection_rate"] == "0.642202"
    ratio = [metric for metric in metrics if metric["type"] == "selection_rate ratio" and metric["slice"] == "AGE"]
    assert [metric["value"] for metric in ratio] == ["0.810795"]
    said = {each["name"]: each["value"] for each in component["modelCard"]["properties"]}
    assert said["govkit:fairness:reports/fairness.json:AGE:60 and over:n"] == "109"
    assert said["govkit:metric:reports/metrics.json:auc:level"] == "0.95"


def test_what_has_no_number_says_why(many: Any, facts: Any) -> None:
    """A metric without a usable number has no value, and a property gives the reason."""
    card = bom(facts(many))["metadata"]["component"]["modelCard"]
    metrics = {metric["type"]: metric.get("value") for metric in card["quantitativeAnalysis"]["performanceMetrics"]}
    assert (metrics["m000"], metrics["m001"]) == (None, "0.5")
    said = {each["name"]: each["value"] for each in card["properties"]}
    assert said["govkit:metric:m.json:m000:problem"] == "not a number but not finite: nan"
    assert sum(name.endswith(":problem") for name in said) == 20 + 1  # and one ratio of the fairness report


def test_data_code_and_weights_have_their_digests(example: Any, facts: Any) -> None:
    """Data are components of type data with SHA-256, code of type file, and the model names what it was made from."""
    found = bom(facts(example))
    parts = {part["name"]: part for part in found["components"]}
    snapshot = parts["data/snapshot/clients.csv"]
    (item,) = [item for item in example["lineage"]["data"] if item["path"] == "data/snapshot/clients.csv"]
    assert snapshot["type"] == "data"
    assert {"alg": "SHA-256", "content": item["sha256"][7:]} in snapshot["hashes"]
    assert "govkit:rows" in {each["name"] for each in snapshot["data"][0]["contents"]["properties"]}
    assert parts["pipelines/train.py"]["type"] == "file"
    model = found["metadata"]["component"]
    assert model["hashes"][0] == {"alg": "SHA-256", "content": example["weights"]["sha256"][7:]}
    assert {"ref": "path:data/prepared/test.csv"} in model["modelCard"]["modelParameters"]["datasets"]
    (depends,) = [each["dependsOn"] for each in found["dependencies"] if each["ref"] == "model"]
    assert {"path:pipelines/train.py", "path:data/snapshot/clients.csv", "framework"} <= set(depends)
    (tasks,) = [flow["tasks"] for formula in found["formulation"] for flow in formula["workflows"]]
    (train,) = [task for task in tasks if task["name"] == "train"]
    assert train["outputs"] == [{"type": "artifact", "resource": {"ref": "model"}}]


def test_a_folders_digest_is_no_hash(value: Any, facts: Any) -> None:
    """A folder's digest is one of a list of files: it stands in a property, not where bytes are hashed."""
    value["lineage"]["data"][0] |= {"md5": "0" * 32 + ".dir", "files": 3}
    (part,) = [part for part in bom(facts(value))["components"] if part["name"] == "data.csv"]
    assert "hashes" not in part
    said = {each["name"]: each["value"] for each in part["properties"]}
    assert said["govkit:folder:sha256"] == value["lineage"]["data"][0]["sha256"]
    assert said["govkit:folder:dvc-md5"] == "0" * 32 + ".dir"


def test_only_what_is_met_conforms(value: Any, facts: Any, any_report: Any) -> None:
    """A verdict other than pass is a counter-claim with score 0, and says which verdict it is."""
    found = bom(facts(value, "because", any_report)).get("declarations")
    if any_report is None:
        assert found is None
        return
    entries = found["attestations"][0]["map"]
    assert len(entries) == len(any_report.checks)
    for entry, check in zip(entries, any_report.checks, strict=True):
        met = check.verdict is Verdict.PASS
        assert (entry["conformance"]["score"], "claims" in entry, "counterClaims" in entry) == (int(met), met, not met)
        assert entry["conformance"]["rationale"].startswith(f"{check.verdict}: ")


@pytest.mark.parametrize(
    ("remote", "uri"),
    [
        ("https://git.example.org/team/repo.git", "https://git.example.org/team/repo.git"),
        ("git@git.example.org:team/repo.git", "ssh://git@git.example.org/team/repo.git"),
        ("https://me:secret@git.example.org/repo", "https://git.example.org/repo"),
        ("https://secret@git.example.org/repo", "https://git.example.org/repo"),
        ("ssh://git:secret@git.example.org/repo", "ssh://git.example.org/repo"),
        ("ssh://git@git.example.org/repo", "ssh://git@git.example.org/repo"),
        ("/srv/git/repo", None),
        ("", None),
        ("javascript:alert(1)", None),
        ("https://git.example.org/a b\u202e", None),
        ("https://[::1]/x", None),
    ],
)
def test_only_a_plain_remote_is_linked(remote: str, uri: str | None, value: Any, facts: Any) -> None:
    """The repository is a link where it is a URI, without its secrets; else there is none."""
    found = bom(facts(value, repository=remote))["metadata"]["component"]
    links = [each["url"] for each in found.get("externalReferences", [])]
    assert links == ([uri] if uri else [])
    assert "secret" not in found["purl"]
    assert str(PackageURL.from_string(found["purl"])).startswith("pkg:generic/model@1.2.0?checksum=")
    vcs = PackageURL.from_string(found["purl"]).qualifiers.get("vcs_url")  # type: ignore[union-attr]
    assert vcs == (f"git+{uri}@{'a' * 40}" if uri else None)


def test_a_revoked_version_says_so(value: Any, facts: Any) -> None:
    """A revocation stands among the model's properties."""
    known = facts(value)
    said = {
        e["name"]: e["value"]
        for e in bom(facts(value, revoked=known.registered))["metadata"]["component"]["properties"]
    }
    assert said["govkit:revoked"] == "2026-11-20T10:00:00Z by rita: because"
