"""in-toto Statements v1: SLSA provenance v1 of the pipeline, and a SLSA verification summary v1 of the gates.

The formats are those of https://in-toto.io/Statement/v1, https://slsa.dev/provenance/v1 and
https://slsa.dev/verification_summary/v1. A statement is not signed here: whoever stands for it signs it.
"""

from __future__ import annotations

import posixpath
from typing import Any, Final

from govkit.cards.export.base import URN, Choices, event_uri, hex_of, is_folder, plain_md5, pretty, purl, repository_uri
from govkit.core import records
from govkit.core.card import Card, CodeFile, Item
from govkit.core.errors import Refused, Usage
from govkit.core.exported import Exported
from govkit.core.lineage import governance_folder

STATEMENT: Final = "https://in-toto.io/Statement/v1"
PROVENANCE: Final = "https://slsa.dev/provenance/v1"
SUMMARY: Final = "https://slsa.dev/verification_summary/v1"
BUILD_TYPE: Final = f"{URN}:build:dvc-pipeline:v1"
#: The pipeline ran on some machine of the maker's, and nothing vouches for what else it did: no SLSA level follows.
BUILDER: Final = f"{URN}:builder:maker:v1"
VERIFIER: Final = f"{URN}:verifier:v1"
#: What a met summary says instead of a SLSA level.
LEVEL: Final = "GOVKIT_GATES_MET"
#: The key of a folder's digest: SHA-256 of the canonical list of its files.
FOLDER_DIGEST: Final = "govkitFolderSha256"


def export(facts: Exported, card: Card, choices: Choices) -> str:
    """Return the statement about the weights and the card.

    Raises:
        Refused: if the card has no digest of the weights.
        Usage: if a summary is wanted without a stage.
    """
    kind, predicate = (
        (SUMMARY, _summary(facts)) if choices.predicate == "summary" else (PROVENANCE, _provenance(facts, card))
    )
    return pretty({"_type": STATEMENT, "subject": _subject(facts, card), "predicateType": kind, "predicate": predicate})


def _subject(facts: Exported, card: Card) -> list[dict[str, Any]]:
    if card.weights.sha256 is None:
        raise Refused(f"the card of {facts.name} has no SHA-256 of its weights, so nothing can be said about them")
    path = posixpath.join(governance_folder(facts.model), "card.json")
    return [
        {"name": card.weights.path, "digest": _digests(card.weights)},
        {"name": path, "digest": {"sha256": hex_of(facts.card)}},
    ]


def _digests(item: Item) -> dict[str, str]:
    found = {FOLDER_DIGEST if is_folder(item) else "sha256": hex_of(item.sha256)} if item.sha256 else {}
    md5 = plain_md5(item)
    return {**found, "md5": md5} if md5 else found


# -- how it was made ----------------------------------------------------------------------------------------------


def _provenance(facts: Exported, card: Card) -> dict[str, Any]:
    lineage = card.lineage
    dependencies = [_commit(facts), *map(_code, lineage.code), *_items(lineage.data)]
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "model": facts.model,
                "file": card.model.file,
                "parameters": lineage.params,
            },
            "internalParameters": {
                "stages": [records.to_value(stage) for stage in lineage.stages],
                "gaps": lineage.gaps,
                "problems": lineage.problems,
            },
            "resolvedDependencies": dependencies,
        },
        "runDetails": {
            "builder": {"id": BUILDER},
            "byproducts": [*_items(lineage.outs), *map(_code, card.reports)],
        },
    }


def _commit(facts: Exported) -> dict[str, Any]:
    uri = repository_uri(facts.repository)
    found: dict[str, Any] = {"digest": {"gitCommit": hex_of(facts.commit)}, "annotations": {"tag": facts.tag}}
    return {**found, "uri": f"git+{uri}@{hex_of(facts.commit)}"} if uri else {**found, "name": "repository"}


def _code(file: CodeFile) -> dict[str, Any]:
    return {"name": file.path, "digest": {"sha256": hex_of(file.sha256)}, "annotations": {"size": file.size}}


def _items(items: list[Item]) -> list[dict[str, Any]]:
    """Return what DVC tracks; a descriptor needs a digest, so what has none is left to the gaps."""
    return [_item(item) for item in items if _digests(item)]


def _item(item: Item) -> dict[str, Any]:
    said = {"dvcMd5": item.md5, "size": item.size, "files": item.files, "source": item.source or None}
    annotations = {key: value for key, value in said.items() if value is not None}
    return {"name": item.path, "digest": _digests(item), "annotations": annotations}


# -- how the gates came out ---------------------------------------------------------------------------------------


def _summary(facts: Exported) -> dict[str, Any]:
    gates = facts.gates
    if gates is None or facts.gates_time is None:
        raise Usage(
            "a verification summary is one of the gates of a stage",
            fix="name the stage: --stage STAGE, as in policy.yaml",
        )
    return {
        "verifier": {"id": VERIFIER},
        "timeVerified": facts.gates_time if facts.revoked is None else facts.time,
        "resourceUri": purl(facts),
        "policy": {
            "uri": event_uri(facts, gates.policy_event),
            "digest": {"sha256": hex_of(gates.policy)},
        },
        "verificationResult": "PASSED" if facts.passed else "FAILED",
        "verifiedLevels": [LEVEL if facts.passed else "FAILED"],
        "slsaVersion": "1.0",
        # An extension, as the format has it: its name is a URI.
        f"{URN}:gates:v1": records.to_value(gates),
        f"{URN}:log:v1": {"root": facts.root, "head": records.to_value(facts.head)},
    }
