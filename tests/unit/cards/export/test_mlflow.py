"""The model signature: MLflow reads it, and what it cannot hold is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlflow.models.signature import ModelSignature

from govkit.cards.export import mlflow, write
from govkit.core.errors import Refused
from govkit.core.gates.compatibility import DTYPES


def column(name: str, dtype: str, **more: Any) -> dict[str, Any]:
    """Return a column of a contract."""
    return {"name": name, "dtype": dtype, "shape": [], "nullable": False, "values": [], "min": None, "max": None} | more


@pytest.fixture
def signature(value: Any, facts: Any) -> Any:
    """Return a function that exports columns, and has MLflow read and write the result."""

    def made(inputs: list[Any], outputs: list[Any]) -> ModelSignature:
        value["statements"]["contract"] |= {"inputs": inputs, "outputs": outputs}
        said = json.loads(write("mlflow-signature", facts(value)))
        found = ModelSignature.from_dict(said)
        for side, text in found.to_dict().items():
            assert (text and json.loads(text)) == (said[side] and json.loads(said[side]))
        return found

    return made


def test_columns_are_columns(signature: Any) -> None:
    """Scalars become columns of MLflow's types; what may be null is not required."""
    found = signature([column("age", "int64"), column("city", "string", nullable=True)], [column("p", "float32")])
    assert found.inputs.to_dict() == [
        {"type": "long", "name": "age", "required": True},
        {"type": "string", "name": "city", "required": False},
    ]
    assert found.outputs.to_dict() == [{"type": "float", "name": "p", "required": True}]
    assert found.params is None


def test_shapes_are_tensors(signature: Any) -> None:
    """What has a shape becomes a tensor with the batch before it; where something may be null, arrays."""
    found = signature([column("image", "uint8", shape=[28, -1])], [column("p", "float32", shape=[10])])
    assert (found.inputs.inputs[0].type, found.inputs.inputs[0].shape) == (np.dtype("uint8"), (-1, 28, -1))
    assert found.outputs.inputs[0].shape == (-1, 10)
    found = signature([column("x", "float64", shape=[2, 3]), column("y", "bool", nullable=True)], [])
    assert found.inputs.to_dict()[0]["items"] == {"type": "array", "items": {"type": "double"}}
    assert found.outputs is None


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [[], [3]])
def test_every_type_is_mapped_or_refused(signature: Any, dtype: str, shape: list[int]) -> None:
    """MLflow reads each type of a contract that is not refused, and no number becomes narrower."""
    known = mlflow.TENSOR_TYPES if shape else mlflow.COLUMN_TYPES
    if dtype not in known:
        with pytest.raises(Refused, match=dtype):
            signature([column("x", dtype, shape=shape)], [])
        return
    found = signature([column("x", dtype, shape=shape)], []).inputs.inputs[0]
    kind = found.type if shape else found.type.to_numpy()
    if dtype.startswith(("int", "uint", "float")):
        assert np.can_cast(np.dtype(dtype), kind, "safe")


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        ([], "neither inputs nor outputs"),
        ([column("x", "uint64")], "'x' is uint64"),
        ([column("x", "decimal")], "'x' is decimal"),
        ([column("x", "category", values=[1, 2])], "other values than text"),
        ([column("x", "bfloat16", shape=[2])], "no type of NumPy's"),
        ([column("x", "int64"), column("x", "int64")], "different ones"),
        ([column(" ", "int64")], "need names"),
    ],
)
def test_what_cannot_be_mapped_is_refused(inputs: Any, why: str, value: Any, facts: Any) -> None:
    """A refusal names the column and says why."""
    value["statements"]["contract"] |= {"inputs": inputs, "outputs": []}
    with pytest.raises(Refused, match=why):
        write("mlflow-signature", facts(value))


def test_the_worked_example_has_a_signature(example: Any, facts: Any) -> None:
    """Its one output is a required float."""
    found = ModelSignature.from_dict(json.loads(write("mlflow-signature", facts(example))))
    assert found.outputs.to_dict() == [{"type": "float", "name": "probability", "required": True}]


def test_documented_types_are_the_codes() -> None:
    """The table in the documentation has each type of a contract, and what the code makes of it."""
    page = (Path(__file__).resolve().parents[4] / "docs" / "reference" / "exports.md").read_text()
    rows = re.findall(r"^\| `([^`]+)` \| `?([a-z]+)`?(?:, if[^|]*)? \| `?([a-z0-9\[\]]+)`? \|$", page, re.MULTILINE)
    refused = "refused"
    expected = {(d, mlflow.COLUMN_TYPES.get(d, refused), mlflow.TENSOR_TYPES.get(d, refused)) for d in DTYPES}
    assert set(rows) == expected
