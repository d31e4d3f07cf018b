"""in-toto statements: the framework's own messages read them, and a summary passes only what was met."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, timestamp_pb2
from google.protobuf.message_factory import GetMessageClass
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.predicates.vsa.v1 import vsa_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement
from packageurl import PackageURL

from govkit.cards.export import intoto, write
from govkit.cards.export.base import Choices, Predicate
from govkit.core.errors import Refused, Usage
from govkit.core.exported import Exported


def summary_message() -> Any:
    """Return the summary's message; in the released package one field is no list, which in-toto/attestation#429 mends."""
    pool = descriptor_pool.DescriptorPool()
    for described in (timestamp_pb2.DESCRIPTOR, vsa_pb2.DESCRIPTOR):
        file = descriptor_pb2.FileDescriptorProto()
        described.CopyToProto(file)
        if described is vsa_pb2.DESCRIPTOR:
            (levels,) = [field for field in file.message_type[0].field if field.name == "verified_levels"]
            levels.label = levels.LABEL_REPEATED
        pool.AddSerializedFile(file.SerializeToString())
    return GetMessageClass(pool.FindMessageTypeByName(vsa_pb2.VerificationSummary.DESCRIPTOR.full_name))


MESSAGES = {intoto.PROVENANCE: provenance_pb2.Provenance, intoto.SUMMARY: summary_message()}


def statement(facts: Exported, predicate: Predicate = "provenance") -> dict[str, Any]:
    """Export, and see that the published messages take the statement and its predicate, field by field."""
    value: dict[str, Any] = json.loads(write("in-toto", facts, Choices(predicate=predicate)))
    message = json_format.ParseDict(value, statement_pb2.Statement())
    Statement.copy_from_pb(message).validate()
    body = {key: part for key, part in value["predicate"].items() if ":" not in key}  # extensions are URIs
    read = json_format.ParseDict(body, MESSAGES[value["predicateType"]]())
    assert json_format.MessageToDict(read) == without_nothing(body)
    return value


def without_nothing(value: Any) -> Any:
    """Leave out what a message has no difference to absence for: empty lists and mappings of its own fields."""
    free = {"externalParameters", "internalParameters", "annotations"}
    if isinstance(value, dict):
        found = {key: part if key in free else without_nothing(part) for key, part in value.items()}
        return {key: part for key, part in found.items() if part not in ([], {})}
    return [without_nothing(part) for part in value] if isinstance(value, list) else value


def test_messages_read_every_provenance(any_card: Any, facts: Any) -> None:
    """Weights and card are the subject, by SHA-256; every dependency has a digest."""
    found = statement(facts(any_card))
    assert found["predicateType"] == "https://slsa.dev/provenance/v1"
    weights, card = found["subject"]
    assert (weights["name"], weights["digest"]["sha256"]) == (
        any_card["weights"]["path"],
        any_card["weights"]["sha256"][7:],
    )
    assert card["digest"] == {"sha256": facts(any_card).card[7:]}
    build = found["predicate"]["buildDefinition"]
    assert all(each["digest"] for each in build["resolvedDependencies"])
    for each in build["resolvedDependencies"]:
        ResourceDescriptor(each.get("name", ""), each.get("uri", ""), each["digest"]).validate()


def test_provenance_of_the_worked_example(example: Any, facts: Any) -> None:
    """The commit, code, data and parameters of the example are its dependencies and parameters."""
    build = statement(facts(example))["predicate"]["buildDefinition"]
    commit, *rest = build["resolvedDependencies"]
    assert commit["digest"] == {"gitCommit": "a" * 40}
    assert commit["uri"] == f"git+https://git.example.org/team/repo.git@{'a' * 40}"
    named = {each["name"]: each["digest"] for each in rest}
    for item in [*example["lineage"]["code"], *example["lineage"]["data"]]:
        assert named[item["path"]]["sha256"] == item["sha256"][7:]
    assert build["externalParameters"]["parameters"] == example["lineage"]["params"]
    assert [stage["name"] for stage in build["internalParameters"]["stages"]] == [
        stage["name"] for stage in example["lineage"]["stages"]
    ]
    assert build["internalParameters"]["gaps"] == example["lineage"]["gaps"]


def test_a_folder_has_a_digest_of_its_own_name(value: Any, facts: Any) -> None:
    """A folder's digest is no SHA-256 of bytes, and does not pretend to be."""
    value["weights"] |= {"md5": "0" * 32 + ".dir", "files": 3}
    weights = statement(facts(value))["subject"][0]
    assert weights["digest"] == {"govkitFolderSha256": value["weights"]["sha256"][7:]}


def test_no_statement_without_a_digest(value: Any, facts: Any) -> None:
    """Weights without a digest cannot be the subject; data without one are no dependency, and a gap says so."""
    value["lineage"]["data"][0] |= {"sha256": None, "md5": None}
    build = statement(facts(value))["predicate"]["buildDefinition"]
    assert "data.csv" not in {each.get("name") for each in build["resolvedDependencies"]}
    assert "data.csv has no digest" in build["internalParameters"]["gaps"]
    value["weights"] |= {"sha256": None}
    with pytest.raises(Refused, match="SHA-256 of its weights"):
        write("in-toto", facts(value))


def test_messages_read_every_summary(any_card: Any, any_report: Any, facts: Any) -> None:
    """A summary says how the gates came out, under which policy, and as of when."""
    if any_report is None:
        with pytest.raises(Usage, match="stage"):
            write("in-toto", facts(any_card), Choices(predicate="summary"))
        return
    found = statement(facts(any_card, "because", any_report), "summary")
    predicate = found["predicate"]
    assert found["predicateType"] == "https://slsa.dev/verification_summary/v1"
    expected = ("PASSED", ["GOVKIT_GATES_MET"]) if any_report.open else ("FAILED", ["FAILED"])
    assert (predicate["verificationResult"], predicate["verifiedLevels"]) == expected
    assert predicate["timeVerified"] == "2026-11-22T10:15:00Z"
    assert predicate["policy"]["digest"] == {"sha256": any_report.policy[7:]}
    assert PackageURL.from_string(predicate["resourceUri"]).version == "1.2.0"
    checks = predicate["urn:govkit:gates:v1"]["checks"]
    assert [each["verdict"] for each in checks] == [str(each.verdict) for each in any_report.checks]


def test_revoked_or_overridden_is_failed(value: Any, facts: Any, any_report: Any) -> None:
    """What is revoked, or was let in past its gates, never passes, whatever its checks say."""
    if any_report is None or not any_report.open:
        return
    known = facts(value, "because", any_report)
    revoked = statement(facts(value, "because", any_report, revoked=known.registered), "summary")["predicate"]
    assert (revoked["verificationResult"], revoked["timeVerified"]) == ("FAILED", known.time)
    glass = msgspec.structs.replace(any_report, action="break-glass")
    assert statement(facts(value, "x", glass), "summary")["predicate"]["verificationResult"] == "FAILED"
