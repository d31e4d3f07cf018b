"""CycloneDX, an ML bill of materials: the model with its model card, the data, files and pipeline it was made from.

The format is that of https://cyclonedx.org/docs/1.6/json/ and 1.7, in which every object is closed: what has no place
of its own stands in ``properties``, under names that begin with ``govkit:``.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

from govkit.cards.export import cyclonedx_claims, cyclonedx_modelcard
from govkit.cards.export.base import URN, Choices, hex_of, is_folder, plain_md5, pretty, purl, repository_uri
from govkit.cards.text import reported
from govkit.core import canonical, digests
from govkit.core.card import Card, CodeFile, DataProfile, DvcStage, Item
from govkit.core.exported import Exported

MODEL_REF: Final = "model"
Json = dict[str, Any]


def export(facts: Exported, card: Card, choices: Choices) -> str:
    """Return the bill of materials; its serial number follows from everything else in it."""
    parts = _components(card)
    refs = sorted(parts)
    bom: Json = {
        "$schema": f"http://cyclonedx.org/schema/bom-{choices.spec}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": choices.spec,
        "version": 1,
        "metadata": {
            "timestamp": facts.time,
            "tools": {"components": [{"type": "application", "name": "govkit"}]},
            "component": _model(facts, card),
        },
        "components": [parts[ref] for ref in refs],
        "dependencies": [{"ref": MODEL_REF, "dependsOn": refs}, *({"ref": ref} for ref in refs)],
        **_formulation(card, parts),
        **cyclonedx_claims.declarations(facts, MODEL_REF),
    }
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"{URN}:bom:{digests.sha256(canonical.encode(bom))}")
    return pretty({**bom, "serialNumber": f"urn:uuid:{name}"})


def properties(pairs: dict[str, Any]) -> list[dict[str, str]]:
    """Return properties under govkit's names; what is None is left out, and what is no text becomes one."""
    return [
        {"name": f"govkit:{name}", "value": reported(value, repr)} for name, value in pairs.items() if value is not None
    ]


def _model(facts: Exported, card: Card) -> Json:
    found: Json = {
        "type": "machine-learning-model",
        "bom-ref": MODEL_REF,
        "name": facts.model,
        "version": facts.version,
        "purl": purl(facts),
        "description": card.statement("description") or card.model.description,
        **_hashes(card.weights),
        "modelCard": cyclonedx_modelcard.model_card(card),
        "properties": properties(_known(facts, card)),
    }
    if card.statements.owner:
        found["supplier"] = {"name": card.statements.owner}
    repository = repository_uri(facts.repository)
    if repository:
        said = f"commit {hex_of(facts.commit)}, tag {facts.tag}"
        found["externalReferences"] = [{"type": "vcs", "url": repository, "comment": said}]
    return found


def _known(facts: Exported, card: Card) -> Json:
    """Return what is known of the version that has no place of its own."""
    revoked = facts.revoked
    found: Json = {
        "commit": facts.commit,
        "tag": facts.tag,
        "card": facts.card,
        "data": facts.data,
        "policy": facts.policy,
        "log:root": facts.root,
        "log:size": str(facts.head.size),
        "log:head": facts.head.root,
        "tier": card.statements.tier,
        "labels": ", ".join(card.model.labels) or None,
        "weights:path": card.weights.path,
        **_tracked(card.weights, "weights:"),
        "registered": f"{facts.registered.time} by {facts.registered.by}",
        "revoked": f"{revoked.time} by {revoked.by}: {revoked.text}" if revoked else None,
    }
    for made in facts.decisions:
        said = f"{made.stage}: {made.decision} by {made.deed.by} as {made.role}, {made.deed.time}: {made.meaning}"
        found[f"decision:{made.deed.index}"] = said
    for let in facts.promotions:
        how = f"{let.kind}{' (override)' if let.override else ''} by {let.deed.by}, {let.deed.time}"
        found[f"promotion:{let.deed.index}"] = f"{let.stage}: {how}, until {let.until or 'now'}"
    contract = card.statements.contract
    for name in ("framework_version", "python", "format", "requirements", "requirements_sha256", "valid_until"):
        found[f"contract:{name}"] = getattr(contract, name) or None
    for name in ("hardware", "limits", "environments", "regions"):
        found[f"contract:{name}"] = getattr(contract, name) or None
    return found


def _hashes(item: Item) -> Json:
    """Return the digests of a file's bytes; those of a folder are of lists, which is no hash in the format's sense."""
    if is_folder(item):
        return {}
    found = [{"alg": "SHA-256", "content": hex_of(item.sha256)}] if item.sha256 else []
    md5 = plain_md5(item)
    found += [{"alg": "MD5", "content": md5}] if md5 else []
    return {"hashes": found} if found else {}


def _tracked(item: Item, prefix: str = "") -> Json:
    folder = is_folder(item)
    return {
        f"{prefix}size": item.size,
        f"{prefix}files": item.files,
        f"{prefix}folder:sha256": item.sha256 if folder else None,
        f"{prefix}folder:dvc-md5": item.md5 if folder else None,
        f"{prefix}source": item.source or None,
    }


# -- what it was made from ----------------------------------------------------------------------------------------


def _components(card: Card) -> dict[str, Json]:
    """Return data, files and framework by reference; a path stands there once."""
    lineage = card.lineage
    profiles = {profile.path: profile for profile in card.profiles}
    found: dict[str, Json] = {}
    for role, items in (
        ("training", lineage.data),
        ("evaluation", card.evaluation_data),
        ("intermediate", lineage.outs),
    ):
        for item in items:
            found.setdefault(ref(item.path), _data(item, role, profiles.get(item.path)))
    for role, files in (("code", lineage.code), ("report", card.reports)):
        for file in files:
            found.setdefault(ref(file.path), _file(file, role))
    if card.statements.contract.framework:
        name = card.statements.contract.framework
        found["framework"] = {"type": "framework", "bom-ref": "framework", "name": name}
    return found


def ref(path: str) -> str:
    """Return the reference of a path's component."""
    return f"path:{path}"


def _data(item: Item, role: str, profile: DataProfile | None) -> Json:
    found: Json = {
        "type": "data",
        "bom-ref": ref(item.path),
        "name": item.path,
        **_hashes(item),
        "data": [{"type": "dataset", "name": item.path, **_profile(profile)}],
        "properties": properties({"role": role, **_tracked(item)}),
    }
    return found


def _profile(profile: DataProfile | None) -> Json:
    if profile is None:
        return {}
    pairs: Json = {"report": profile.report, "rows": profile.rows, "label": profile.label or None}
    pairs |= {f"feature:{name}": entry for name, entry in sorted(profile.features.items())}
    return {"contents": {"properties": properties(pairs)}}


def _file(file: CodeFile, role: str) -> Json:
    return {
        "type": "file",
        "bom-ref": ref(file.path),
        "name": file.path,
        "hashes": [{"alg": "SHA-256", "content": hex_of(file.sha256)}],
        "properties": properties({"role": role, "size": file.size}),
    }


# -- how it was made ----------------------------------------------------------------------------------------------


def _formulation(card: Card, parts: dict[str, Json]) -> Json:
    if not card.lineage.stages:
        return {}
    tasks = [_task(stage, card, parts) for stage in card.lineage.stages]
    workflow = {"bom-ref": "pipeline", "uid": "pipeline", "name": card.model.file, "taskTypes": ["build"]}
    return {"formulation": [{"bom-ref": "formula", "workflows": [{**workflow, "tasks": tasks}]}]}


def _task(stage: DvcStage, card: Card, parts: dict[str, Json]) -> Json:
    label = f"stage:{stage.file}:{stage.name}"
    values = [
        {"name": f"{file}:{name}", "value": reported(card.lineage.params.get(file, {}).get(name), repr)}
        for file, names in sorted(stage.params.items())
        for name in names
    ]
    inputs: list[Json] = [{"resource": {"ref": place}} for place in _places(stage.deps, card, parts)]
    inputs += [{"parameters": values}] if values else []
    outputs = [{"type": "artifact", "resource": {"ref": place}} for place in _places(stage.outs, card, parts)]
    found: Json = {"bom-ref": label, "uid": label, "name": stage.name, "taskTypes": ["build"]}
    found["steps"] = [{"name": stage.name, "commands": [{"executed": command} for command in stage.cmd]}]
    return {**found, **({"inputs": inputs} if inputs else {}), **({"outputs": outputs} if outputs else {})}


def _places(paths: list[str], card: Card, parts: dict[str, Json]) -> list[str]:
    """Return the references of paths that have a component, of a folder those inside; the weights are the model."""
    found: dict[str, None] = {}
    for path in paths:
        if path == card.weights.path:
            found[MODEL_REF] = None
        elif ref(path) in parts:
            found[ref(path)] = None
        else:
            found |= dict.fromkeys(place for place in sorted(parts) if place.startswith(ref(f"{path.rstrip('/')}/")))
    return list(found)
