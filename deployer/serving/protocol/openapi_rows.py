"""What of the OpenAPI document depends on a model: rows as the platforms send them."""

from typing import Any

from deployer.packaging.cells import MISSING_MARKERS
from deployer.packaging.documents import DateInput, Input, NumericInput
from deployer.serving.models import Served
from deployer.serving.protocol.openapi_models import NUMBER, element, tuple_of

__all__ = ["plain_body", "plain_response", "row_schemas"]

_JSON = "application/json"
_TEXT: dict[str, Any] = {"type": "string"}
_NULL: dict[str, Any] = {"type": "null"}
_BOOL: dict[str, Any] = {"type": "boolean"}


def row_schemas(served: Served) -> dict[str, Any]:
    """Return the schemas ``Cells`` and ``Rows``: a row as a list, and rows of both kinds."""
    columns = served.package.schema.inputs
    row = {
        "type": "object",
        "required": [each.name for each in columns],
        "properties": {each.name: _cell(each) for each in columns},
    }
    cells = {"$ref": "#/components/schemas/Cells"}
    return {
        "Cells": tuple_of([_cell(each) for each in columns]),
        "Rows": {"type": "array", "items": {"anyOf": [row, cells]}},
    }


def plain_body(served: Served, platform: str) -> dict[str, Any]:
    """Return the request body of a platform's route, which refers to :func:`row_schemas`."""
    rows = {"$ref": "#/components/schemas/Rows"}
    split = {
        "type": "object",
        "required": ["columns", "data"],
        "properties": {
            "columns": {"const": [each.name for each in served.package.schema.inputs]},
            "index": {"type": "array"},
            "data": {"type": "array", "items": {"$ref": "#/components/schemas/Cells"}},
        },
    }
    instances = {"type": "object", "required": ["instances"], "properties": {"instances": rows}}
    data = {
        "type": "object",
        "required": ["input_data"],
        "properties": {"input_data": {"anyOf": [split, rows]}},
    }
    schema = {
        "vertex": instances,
        "azureml": data,
        "sagemaker": {"anyOf": [instances, split, rows]},
    }[platform]
    content: dict[str, Any] = {
        _JSON: {
            "schema": schema,
            "examples": {"golden": {"value": _plain_example(served, platform)}},
        }
    }
    if platform == "sagemaker":
        content["text/csv"] = {"schema": _TEXT}
        content["application/jsonlines"] = {"schema": _TEXT}
    return {
        "required": True,
        "description": "Rows are objects by column, or lists in the order of the columns.",
        "content": content,
    }


def _cell(column: Input) -> dict[str, Any]:
    """Return what one cell may be: what the column holds, null, or text that means missing."""
    missing = [_NULL, {"enum": list(MISSING_MARKERS)}]
    if isinstance(column, NumericInput):
        return {
            "anyOf": [NUMBER, _BOOL, {"type": "string", "pattern": r"^-?[0-9]{1,9}$"}, *missing]
        }
    if isinstance(column, DateInput):
        seconds = element(column)
        return {"anyOf": [{"type": "string", "format": "date"}, seconds, *missing]}
    return {"anyOf": [element(column), _BOOL, *missing]}


def _plain_example(served: Served, platform: str) -> dict[str, Any]:
    row = served.package.golden.rows[0].inputs
    columns = [each.name for each in served.package.schema.inputs]
    if platform == "azureml":
        data = [[row[name] for name in columns]]
        return {"input_data": {"columns": columns, "index": [0], "data": data}}
    return {"instances": [{name: row[name] for name in columns}]}


def plain_response(served: Served, platform: str) -> dict[str, Any]:
    """Return the content of the answer of a platform's route."""
    classes = list(served.package.schema.outputs.label.classes)
    share = {"type": ["number", "null"]}
    answers = {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["label", "probabilities"],
            "properties": {
                "label": {"enum": classes},
                "probabilities": {
                    "type": "object",
                    "required": classes,
                    "properties": dict.fromkeys(classes, share),
                },
            },
        },
    }
    if platform == "azureml":
        return {_JSON: {"schema": answers}}
    wrapped = {
        "type": "object",
        "required": ["predictions"],
        "properties": {"predictions": answers},
    }
    content: dict[str, Any] = {_JSON: {"schema": wrapped}}
    if platform == "sagemaker":
        content["text/csv"] = {"schema": _TEXT}
        content["application/jsonlines"] = {"schema": _TEXT}
    return content
