"""Pieces of the OpenAPI document that are the same for every model."""

from collections.abc import Mapping, Sequence
from typing import Any

from infra.contract import DIGEST_HEADER

__all__ = ["JSON", "named", "operation", "schemas"]

JSON = "application/json"
_PROBLEMS = {
    400: "The request is not what the model or the protocol takes; says which input and why.",
    401: "No key, or a wrong one.",
    403: "The key does not allow this.",
    404: "No such path, model or version.",
    405: "The path takes another method; the header `Allow` says which.",
    408: "The body did not come in time.",
    413: "The body has too many bytes, or too many rows.",
    415: "The body's content type or encoding is not taken here.",
    431: "The headers are too large.",
    503: "No model is loaded yet, too much is asked at once, or no accepted digest is served.",
}
_OF_ALL = (405, 408, 431, 503)
_OF_BODIES = (400, 413, 415)


def schemas() -> dict[str, Any]:
    """Return the schemas of answers that no model changes."""
    text = {"type": "string"}
    tensor = {
        "type": "object",
        "required": ["name", "datatype", "shape"],
        "properties": {
            "name": text,
            "datatype": text,
            "shape": {"type": "array", "items": {"type": "integer"}},
        },
    }
    return {
        "Error": {"type": "object", "required": ["error"], "properties": {"error": text}},
        "Server": {
            "type": "object",
            "required": ["name", "version", "extensions"],
            "properties": {
                "name": text,
                "version": text,
                "extensions": {"type": "array", "items": text},
            },
        },
        "Models": {
            "type": "object",
            "required": ["models"],
            "properties": {"models": {"type": "array", "items": {"type": "object"}}},
        },
        "Model": {
            "type": "object",
            "required": ["name", "versions", "platform", "inputs", "outputs"],
            "properties": {
                "name": text,
                "versions": {"type": "array", "items": text},
                "platform": text,
                "inputs": {"type": "array", "items": tensor},
                "outputs": {"type": "array", "items": tensor},
            },
        },
        "Health": {"type": "object"},
    }


def operation(
    name: str,
    tag: str,
    summary: str,
    content: Mapping[str, Any],
    *,
    problems: Sequence[int] = (),
    body: Mapping[str, Any] | None = None,
    parameters: Sequence[Mapping[str, Any]] = (),
    free: bool = False,
) -> dict[str, Any]:
    """Return one operation.

    Args:
        name: of the operation, unique.
        tag: what it belongs to.
        summary: in one sentence.
        content: of the answer, by content type.
        problems: statuses that it can refuse with, beyond those of all.
        body: of the request.
        parameters: of path and headers.
        free: whether it asks for no key.

    """
    statuses = {*problems, *_OF_ALL, *(() if free else (401, 403)), *(_OF_BODIES if body else ())}
    operation: dict[str, Any] = {
        "operationId": name,
        "tags": [tag],
        "summary": summary,
        "responses": {
            "200": {
                "description": "The answer.",
                "headers": {DIGEST_HEADER: {"$ref": "#/components/headers/ModelDigest"}},
                "content": dict(content),
            },
            **{str(status): _problem(status) for status in sorted(statuses)},
        },
    }
    if parameters:
        operation["parameters"] = list(parameters)
    if body is not None:
        operation["requestBody"] = dict(body)
    if free:
        operation["security"] = []
    return operation


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": _PROBLEMS[status],
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}},
    }


def named(schema: str) -> dict[str, Any]:
    """Return content that is JSON of one of :func:`schemas`."""
    return {JSON: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
