"""The runtime contract's columns as MLflow's model signature, the dictionary that ``ModelSignature.from_dict`` reads.

What would not mean the same in MLflow is refused rather than bent; see ``docs/reference/exports.md`` for the types.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from govkit.cards.export.base import Choices, pretty
from govkit.core.card import Card, Column
from govkit.core.errors import Refused
from govkit.core.exported import Exported

#: MLflow's column types; narrower numbers fit into wider ones without loss, never the other way round.
COLUMN_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "bool": "boolean",
        **dict.fromkeys(("int8", "int16", "int32", "uint8", "uint16"), "integer"),
        **dict.fromkeys(("int64", "uint32"), "long"),
        **dict.fromkeys(("float16", "bfloat16", "float32"), "float"),
        "float64": "double",
        **dict.fromkeys(("string", "category"), "string"),
        "bytes": "binary",
        **dict.fromkeys(("date", "datetime", "datetime64[ns]"), "datetime"),
    }
)
#: NumPy's types, for tensors.
TENSOR_TYPES: Mapping[str, str] = MappingProxyType(
    {name: name for name in ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")}
    | {name: name for name in ("float16", "float32", "float64", "complex64", "complex128")}
    | {"string": "str", "category": "str", "bytes": "bytes"}
    | dict.fromkeys(("date", "datetime", "datetime64[ns]"), "datetime64[ns]")
)


def export(facts: Exported, card: Card, choices: Choices) -> str:  # noqa: ARG001 - every exporter takes the same
    """Return the signature.

    Raises:
        Refused: if the contract has no columns, or one of a type that MLflow has not.
    """
    contract = card.statements.contract
    if not contract.inputs and not contract.outputs:
        raise Refused(
            f"{facts.name} has no signature",
            why="its runtime contract names neither inputs nor outputs",
            fix="name them under contract: in model.yaml, and register a new version",
        )
    sides = {"inputs": contract.inputs, "outputs": contract.outputs}
    found: dict[str, Any] = {
        name: json.dumps(_side(name, columns)) if columns else None for name, columns in sides.items()
    }
    return pretty({**found, "params": None})


def _side(name: str, columns: list[Column]) -> list[dict[str, Any]]:
    """Return one side: tensors where columns have shapes and none may be null, as MLflow's tensors cannot be."""
    names = [column.name for column in columns]
    if len(set(names)) < len(names) or not all(each.strip() for each in names):
        raise _refusal(name, "its columns need names, and different ones")
    if any(column.shape for column in columns) and not any(column.nullable for column in columns):
        return [_tensor(name, column) for column in columns]
    return [_column(name, column) for column in columns]


def _tensor(side: str, column: Column) -> dict[str, Any]:
    """Return a tensor; its first axis is the batch, of any size."""
    if column.dtype not in TENSOR_TYPES:
        raise _refusal(side, f"'{column.name}' is {column.dtype}, which is no type of NumPy's")
    shape = [-1, *column.shape]
    return {
        "name": column.name,
        "type": "tensor",
        "tensor-spec": {"dtype": TENSOR_TYPES[column.dtype], "shape": shape},
    }


def _column(side: str, column: Column) -> dict[str, Any]:
    """Return a column; of a shape each axis becomes an array, of any length."""
    kind = COLUMN_TYPES.get(column.dtype)
    if kind is None:
        raise _refusal(side, f"'{column.name}' is {column.dtype}, which fits into no column type of MLflow's")
    if column.dtype == "category" and not all(isinstance(value, str) for value in column.values):
        raise _refusal(side, f"'{column.name}' is a category of other values than text")
    spec: dict[str, Any] = {"type": kind}
    for _ in column.shape:
        spec = {"type": "array", "items": spec}
    return {**spec, "name": column.name, "required": not column.nullable}


def _refusal(side: str, why: str) -> Refused:
    return Refused(
        f"the {side} of the runtime contract are no MLflow signature",
        why=why,
        fix="name another type under contract: in model.yaml, and register a new version",
    )
