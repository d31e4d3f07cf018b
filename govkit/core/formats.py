"""The published formats, each with a JSON Schema: ``govkit schema`` prints it, ``docs/reference/schemas`` has it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Struct

from govkit.core import (
    bundle,
    card,
    compatibility,
    controls,
    delivered,
    diff,
    draft,
    enrolment,
    events,
    exported,
    imported,
    inventory,
    ladder,
    logline,
    mirrored,
    policy,
    policytest,
    report,
    reproduction,
    schema,
    tags,
    verdict,
    why,
)


class Format(Struct, frozen=True):
    """A published format.

    Attributes:
        kind: the record type that it is generated from.
        room: whether the top level leaves users their own keys that begin with ``x-``.
    """

    kind: type[msgspec.Struct]
    room: bool = False


#: By name and version, in the order in which one meets them.
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        card.SCHEMA: Format(card.Card, room=True),
        "govkit.model/v1": Format(card.Statements, room=True),
        policy.SCHEMA: Format(policy.Policy),
        policytest.SCHEMA: Format(policytest.Suite),
        events.SCHEMA: Format(events.Event),
        tags.SCHEMA: Format(tags.TagRecord),
        imported.SCHEMA: Format(imported.Imported),
        draft.SCHEMA: Format(draft.Draft),
        mirrored.SCHEMA: Format(mirrored.Mirrored),
        mirrored.HEAD_SCHEMA: Format(mirrored.MirroredHead),
        verdict.SCHEMA: Format(verdict.VerifyVerdict),
        compatibility.SCHEMA: Format(compatibility.Target),
        delivered.SCHEMA: Format(delivered.Manifest),
        delivered.VERDICT_SCHEMA: Format(delivered.DeliveredVerdict),
        report.SCHEMA: Format(report.GateReport),
        reproduction.SCHEMA: Format(reproduction.Reproduction),
        why.SCHEMA: Format(why.Why),
        diff.SCHEMA: Format(diff.Diff),
        enrolment.SCHEMA: Format(enrolment.Enrolment),
        exported.SCHEMA: Format(exported.Exported),
        inventory.SCHEMA: Format(inventory.Inventory),
        controls.FRAMEWORK: Format(controls.Framework),
        controls.SCHEMA: Format(controls.Controls),
        ladder.SCHEMA: Format(ladder.Ladder),
        bundle.SCHEMA: Format(bundle.Manifest),
        bundle.CLAIMS_SCHEMA: Format(bundle.Claims),
        bundle.PROOF_SCHEMA: Format(bundle.Proof),
        logline.SCHEMA: Format(logline.LogLine),
    }
)


def find(name: str) -> str | None:
    """Return the full name of what people call ``card``, ``card/v1`` or ``govkit.card/v1``; None if it is unknown."""
    wanted = name.removeprefix("govkit.")
    found = [full for full in FORMATS if wanted in (full.removeprefix("govkit."), full[7:].partition("/")[0])]
    return found[-1] if found else None


def json_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of one of :data:`FORMATS`."""
    found = FORMATS[name]
    return schema.of(found.kind, title=name, room=found.room)
