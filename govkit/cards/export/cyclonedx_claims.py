"""CycloneDX's ``declarations``: a gate is a requirement, what was found is evidence, its verdict an attestation."""

from __future__ import annotations

from typing import Any

from govkit.core.exported import Exported
from govkit.core.gates.base import Check, Verdict
from govkit.core.report import GateReport, in_words

Json = dict[str, Any]
_ASSESSOR = "assessor"


def declarations(facts: Exported, target: str) -> Json:
    """Return ``declarations``, and the ``definitions`` of what they are held against; nothing where no stage was asked.

    Args:
        facts: what is known of the version.
        target: reference of the model's component.
    """
    gates = facts.gates
    if gates is None or not gates.checks:
        return {}
    return {
        "definitions": {"standards": [_standard(gates)]},
        "declarations": {
            "assessors": [{"bom-ref": _ASSESSOR, "thirdParty": False, "organization": {"name": "govkit gate"}}],
            "attestations": [
                {
                    "summary": f"{gates.title}: {in_words(gates)}",
                    "assessor": _ASSESSOR,
                    "map": [_attested(index, check) for index, check in enumerate(gates.checks)],
                }
            ],
            "claims": [_claim(index, check, target) for index, check in enumerate(gates.checks)],
            "evidence": [_evidence(index, check, facts.gates_time) for index, check in enumerate(gates.checks)],
        },
    }


def _standard(gates: GateReport) -> Json:
    """Return the policy's requirements of the stage; two checks may have one name, so they are numbered."""
    requirements = [
        {"bom-ref": f"requirement:{index}", "identifier": check.gate, "title": check.type, "text": check.required}
        for index, check in enumerate(gates.checks)
    ]
    return {
        "bom-ref": "policy",
        "name": f"Requirements of the stage {gates.stage}",
        "version": gates.requirements,
        "description": f"The policy {gates.policy}, adopted in event {gates.policy_event} of the log",
        "requirements": requirements,
    }


def _attested(index: int, check: Check) -> Json:
    """Return one verdict. Only what was met itself conforms: what is waived is let through, and still not met."""
    met = check.verdict is Verdict.PASS
    claims = {"claims" if met else "counterClaims": [f"claim:{index}"]}
    said = {"score": 1 if met else 0, "rationale": f"{check.verdict}: {check.found}"}
    return {"requirement": f"requirement:{index}", **claims, "conformance": said}


def _claim(index: int, check: Check, target: str) -> Json:
    met = check.verdict is Verdict.PASS
    found: Json = {"bom-ref": f"claim:{index}", "target": target, "predicate": f"{check.gate}: {check.required}"}
    found["reasoning"] = f"{check.verdict}: {check.found}" + (f"; to change it: {check.fix}" if check.fix else "")
    return {**found, "evidence" if met else "counterEvidence": [f"evidence:{index}"]}


def _evidence(index: int, check: Check, time: str | None) -> Json:
    said = [check.found, f"the version in service: {check.champion}" if check.champion else ""]
    said += [f"the rule: {check.rule}" if check.rule else ""]
    found: Json = {
        "bom-ref": f"evidence:{index}",
        "propertyName": check.gate,
        "description": "; ".join(filter(None, said)),
    }
    return {**found, "created": time} if time else found
