"""Reading ``policy.yaml``: every mistake with its line and, where it can be guessed, what was meant."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from govkit.core import keys, policy, policycheck, schema, yamltext
from govkit.core.errors import Malformed
from govkit.core.gates.kinds import AnyGate
from govkit.core.policy import InForce, Policy
from govkit.core.policycheck import Fault
from govkit.core.wording import suggest

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError


class PolicyText(Struct, frozen=True):
    """A policy as people wrote it.

    Attributes:
        faults: what is wrong, each with its line.
        in_force: what would be adopted; None if its form is wrong.
        canonical: the bytes of ``policy.json``; empty if its form is wrong.
    """

    faults: list[tuple[int, Fault]]
    in_force: InForce | None
    canonical: bytes

    @property
    def fit(self) -> bool:
        """Whether it could be adopted."""
        return self.in_force is not None and not any(fault.fatal for _, fault in self.faults)


def read(text: bytes, *, where: str) -> PolicyText:
    """Read a policy.

    Args:
        text: the YAML.
        where: the file's name, for messages.

    Raises:
        Malformed: if it is not YAML of plain data; with file and line.
    """
    document = yamltext.load(text, where=where)
    value = _short_keys(document.value)
    try:
        content = policy.written_out(value)
        in_force = policy.parse(content)
    except Malformed as error:
        # Only now is a schema asked, which explains better than it is quick to load.
        shape = list(_shape_faults(value)) or [Fault((), str(error))]
        return PolicyText([(document.line(fault.path), fault) for fault in shape], None, b"")
    found = [(document.line(fault.path), fault) for fault in policycheck.faults(in_force)]
    return PolicyText(found, in_force, content)


def _short_keys(value: Any) -> Any:
    """Take the comments off public keys, so that people can paste the lines that ssh-keygen wrote."""
    people = value.get("people") if isinstance(value, dict) else None
    for member in people.values() if isinstance(people, dict) else ():
        if isinstance(member, dict) and isinstance(member.get("keys"), list):
            member["keys"] = [_short_key(key) for key in member["keys"]]
    return value


def _short_key(key: Any) -> Any:
    try:
        return keys.normalise(key) if isinstance(key, str) else key
    except Malformed:
        return key


@cache
def _schema() -> dict[str, Any]:
    found = schema.of(Policy, title=policy.SCHEMA)
    # A gate is checked against its own kind alone: "is not valid under any of four schemas" helps nobody.
    found["properties"]["gates"]["additionalProperties"] = {"type": "object", "required": ["type"]}
    return found


@cache
def _gate_schemas() -> dict[str, dict[str, Any]]:
    kinds = {kind.__struct_config__.tag: kind for kind in AnyGate.__args__}
    return {str(tag): schema.of(kind, title=f"gate {tag}") for tag, kind in kinds.items()}


def _shape_faults(value: Any) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault((), "a policy is a mapping")
        return
    yield from _infinite(value, ())
    for error in schema_errors(value, _schema()):
        yield from explain(error, ())
    gates = value.get("gates")
    for name, gate in gates.items() if isinstance(gates, dict) else ():
        kind = gate.get("type") if isinstance(gate, dict) else None
        if isinstance(kind, str) and kind not in _gate_schemas():
            hint = suggest(kind, _gate_schemas())
            yield Fault(("gates", name, "type"), f"there is no gate of type '{kind}'{hint}")
        elif isinstance(kind, str):
            for error in schema_errors(gate, _gate_schemas()[kind]):
                yield from explain(error, ("gates", name))


def schema_errors(value: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    """Yield what a JSON Schema finds wrong with a value."""
    from jsonschema import Draft202012Validator

    yield from Draft202012Validator(schema).iter_errors(value)


def _infinite(value: Any, path: tuple[str | int, ...]) -> Iterator[Fault]:
    """YAML can write numbers that JSON cannot: ``.nan`` and ``.inf``."""
    if isinstance(value, float) and not math.isfinite(value):
        yield Fault(path, f"{'.'.join(map(str, path))}: a bound must be a finite number")
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _infinite(item, (*path, key))


def explain(
    error: ValidationError, prefix: tuple[str | int, ...] = (), *, whole: str = "the policy"
) -> Iterator[Fault]:
    """Return what a JSON Schema has found wrong, for people.

    Args:
        error: what it found.
        prefix: the keys that lead to what was checked.
        whole: what the whole document is called.
    """
    from jsonschema.exceptions import best_match

    path = (*prefix, *error.absolute_path)
    where = ".".join(str(part) for part in path) or whole
    if error.validator == "additionalProperties" and isinstance(error.schema, dict):
        known = error.schema.get("properties", {})
        for key in error.instance if isinstance(error.instance, dict) else ():
            if key not in known:
                yield Fault((*path, key), f"'{key}' is not known in {where}{suggest(str(key), known)}")
    elif error.validator in ("anyOf", "oneOf") and error.context:
        meant = _meant(error.context)
        for inner in meant:
            yield from explain(inner, prefix, whole=whole)
        if not meant:
            yield Fault(path, f"{where}: {_brief((best_match(error.context) or error).message)}")
    else:
        yield Fault(path, f"{where}: {_brief(error.message)}")


def _meant(found: Sequence[ValidationError]) -> list[ValidationError]:
    """Return what is wrong with the one alternative that is of the right type at all; empty if there is none or more.

    Whoever wrote approvals with a mistake in them did not mean to write null.
    """
    ways: dict[Any, list[ValidationError]] = {}
    for error in found:
        ways.setdefault(error.schema_path[0], []).append(error)
    near = [errors for errors in ways.values() if not any(e.validator == "type" and not e.path for e in errors)]
    return near[0] if len(near) == 1 else []


def _brief(message: str) -> str:
    return message if len(message) <= 200 else message[:199] + "…"
