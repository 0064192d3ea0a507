"""What of the OpenAPI document depends on a model: its requests, its answers, and examples.

A schema cannot say that a tensor has as many elements as its shape makes. So a request is one of
two: exactly one row, which is said in full, or any number of rows.
"""

from typing import Any

from deployer.packaging.documents import CategoricalInput, DateInput, Input, NumericInput
from deployer.serving.models import Served
from deployer.serving.protocol.datatypes import DATATYPES, NUMBERS
from deployer.serving.protocol.metadata import datatype_of

__all__ = [
    "NUMBER",
    "element",
    "infer_body",
    "infer_inputs",
    "infer_response",
    "tuple_of",
]

_JSON = "application/json"
_TEXT: dict[str, Any] = {"type": "string"}
_NULL: dict[str, Any] = {"type": "null"}
_BOOL: dict[str, Any] = {"type": "boolean"}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
# Float32's range, short of its last digits.
NUMBER: dict[str, Any] = {"type": "number", "minimum": -3.4e38, "maximum": 3.4e38}
_BYTES_BODY: dict[str, Any] = {
    "schema": {"type": "string", "format": "binary"},
}
_LENGTH = "Inference-Header-Content-Length"


def infer_inputs(served: Served) -> dict[str, Any]:
    """Return the schema of a request's inputs."""
    columns = served.package.schema.inputs
    ways = [tuple_of([_one_row(each) for each in columns])]
    if _numeric(columns):
        ways.append(tuple_of([_one_matrix_row(len(columns))]))
    return {
        "description": "One tensor per column, called as the column, of shape [rows, 1] or "
        "[rows]; or, if all columns are numbers, one of any name, of shape "
        f"[rows, {len(columns)}] in the order of the columns. Data is flat, row by row, or "
        "nested as the shape; null is a missing value.",
        "anyOf": [*ways, _many_rows(columns)],
    }


def infer_body(served: Served, inputs: str) -> dict[str, Any]:
    """Return the request body of ``/infer``; `inputs` refers to the schema of its inputs."""
    outputs = served.package.schema.outputs
    names = [outputs.label.tensor, outputs.probabilities.tensor]
    wanted = {
        "type": "array",
        "maxItems": len(names),
        "description": "The outputs wanted, each once; all of them if none is named.",
        "items": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"enum": names},
                "parameters": {"type": "object", "properties": {"binary_data": _BOOL}},
            },
        },
    }
    schema = {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "id": {"type": "string", "description": "Comes back in the answer."},
            "parameters": {"type": "object", "properties": {"binary_data_output": _BOOL}},
            "inputs": {"$ref": inputs},
            "outputs": wanted,
        },
    }
    return {
        "required": True,
        "description": "JSON; or JSON and raw tensors after it, with the length of the JSON in the "
        f"header {_LENGTH}.",
        "content": {
            _JSON: {"schema": schema, "examples": {"golden": {"value": _infer_example(served)}}},
            "application/octet-stream": _BYTES_BODY,
        },
    }


def _numeric(columns: tuple[Input, ...]) -> bool:
    return all(isinstance(each, NumericInput) for each in columns)


def tuple_of(each: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the schema of a list of exactly these."""
    return {
        "type": "array",
        "prefixItems": each,
        "items": False,
        "minItems": len(each),
        "maxItems": len(each),
    }


def _tensor(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["name", "datatype", "shape", "data"],
        "properties": properties,
        "additionalProperties": False,
    }


def _one_row(column: Input) -> dict[str, Any]:
    return _tensor(
        {
            "name": {"const": column.name},
            "datatype": {"const": datatype_of(column)},
            "shape": {"enum": [[1, 1], [1]]},
            "data": {
                "type": "array",
                "items": {"anyOf": [element(column), _NULL]},
                "minItems": 1,
                "maxItems": 1,
            },
        }
    )


def _one_matrix_row(columns: int) -> dict[str, Any]:
    return _tensor(
        {
            "name": _TEXT,
            "datatype": {"enum": ["FP32", "FP64"]},
            "shape": {"const": [1, columns]},
            "data": {
                "type": "array",
                "items": {"anyOf": [NUMBER, _NULL]},
                "minItems": columns,
                "maxItems": columns,
            },
        }
    )


def _many_rows(columns: tuple[Input, ...]) -> dict[str, Any]:
    numeric = _numeric(columns)
    return {
        "type": "array",
        "minItems": 1,
        "maxItems": len(columns),
        "items": {
            "type": "object",
            "required": ["name", "datatype", "shape"],
            "properties": {
                "name": _TEXT if numeric else {"enum": [each.name for each in columns]},
                "datatype": {"enum": sorted(NUMBERS) if numeric else list(DATATYPES)},
                "shape": {"type": "array", "items": _COUNT, "minItems": 1, "maxItems": 2},
                "parameters": {
                    "type": "object",
                    "properties": {"binary_data_size": _COUNT},
                },
                "data": {
                    "type": "array",
                    "items": {"type": ["number", "string", "boolean", "null", "array"]},
                },
            },
        },
    }


def element(column: Input) -> dict[str, Any]:
    """Return the schema of one value of a column that is not missing."""
    if isinstance(column, NumericInput):
        return NUMBER
    if isinstance(column, DateInput):
        return {"type": "number", "description": "Seconds since 1970-01-01T00:00:00 UTC."}
    if isinstance(column, CategoricalInput) and column.categories:
        return {"type": "string", "examples": list(column.categories[:5])}
    return _TEXT


def _infer_example(served: Served) -> dict[str, Any]:
    row = served.package.golden.rows[0].inputs
    columns = served.package.schema.inputs
    return {
        "inputs": [
            {
                "name": each.name,
                "datatype": datatype_of(each),
                "shape": [1, 1],
                "data": [row[each.name]],
            }
            for each in columns
        ]
    }


def infer_response(served: Served) -> dict[str, Any]:
    """Return the content of the answer of ``/infer``."""
    outputs = served.package.schema.outputs
    output = {
        "type": "object",
        "required": ["name", "datatype", "shape"],
        "properties": {
            "name": {"enum": [outputs.label.tensor, outputs.probabilities.tensor]},
            "datatype": {"enum": ["BYTES", "FP32"]},
            "shape": {"type": "array", "items": _COUNT},
            "data": {"type": "array", "items": {"type": ["string", "number", "null"]}},
            "parameters": {"type": "object", "properties": {"binary_data_size": _COUNT}},
        },
    }
    schema = {
        "type": "object",
        "required": ["model_name", "outputs"],
        "properties": {
            "model_name": {"const": served.name},
            "model_version": _TEXT,
            "id": _TEXT,
            "outputs": {"type": "array", "items": output},
        },
    }
    return {_JSON: {"schema": schema}, "application/octet-stream": _BYTES_BODY}
