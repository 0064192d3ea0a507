"""The OpenAPI 3.1 document of a server: every route, every status, the models' own columns.

Source: https://spec.openapis.org/oas/v3.1.0
"""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import msgspec

from deployer.serving.models import Served
from deployer.serving.protocol.openapi_models import infer_body, infer_inputs, infer_response
from deployer.serving.protocol.openapi_parts import named, operation, schemas
from deployer.serving.protocol.openapi_rows import plain_body, plain_response, row_schemas
from infra.contract import EXPECT_HEADER, LIVE_PATH, READY_PATH

__all__ = ["document"]

_ABOUT = (
    "Answers the Open Inference Protocol, version 2, and the contracts of SageMaker, Vertex AI and "
    "Azure ML with the same models. Every answer carries the digest of the model that gave it."
)


def document(models: Sequence[Served], *, auth: str, platform: str | None) -> bytes:
    """Return the document of all routes as JSON.

    Args:
        models: that answer.
        auth: ``keys``, ``oidc`` or ``none``; see :class:`deployer.settings.ServeSettings`.
        platform: whose own routes ask for no key.

    """
    security = _security(auth)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "deployer", "version": version("deployer"), "description": _ABOUT},
            "tags": [
                {"name": "health", "description": "Whether requests are answered; ask for no key."},
                {"name": "models", "description": "What is served, and its answers."},
                {"name": "platforms", "description": "The clouds' own contracts, for one model."},
            ],
            "security": security,
            "paths": {
                **_health_paths(),
                **_server_paths(),
                **_model_paths(models),
                **_platform_paths(models, platform),
            },
            "components": {
                "securitySchemes": _schemes(auth),
                "schemas": {
                    **schemas(),
                    **{f"Inputs{i}": infer_inputs(each) for i, each in enumerate(models)},
                    **(row_schemas(models[0]) if len(models) == 1 else {}),
                },
                "headers": {
                    "ModelDigest": {
                        "description": "SHA-256 of what answered; several, separated by commas, "
                        "if it is about several models.",
                        "schema": {"type": "string"},
                    }
                },
            },
        }
    )


def _schemes(auth: str) -> dict[str, Any]:
    schemes: dict[str, Any] = {}
    if auth == "keys":
        schemes["apiKey"] = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    if auth in ("keys", "oidc"):
        schemes["bearer"] = {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key." if auth == "keys" else "A token of the issuer.",
        }
    return schemes


def _security(auth: str) -> list[dict[str, list[str]]]:
    return [{name: []} for name in _schemes(auth)]


def _health_paths() -> dict[str, Any]:
    ready = "Whether every model just repeated its golden answers."
    routes = {
        LIVE_PATH: ("live", "Whether the process answers at all."),
        READY_PATH: ("ready", ready),
        "/ping": ("ping", f"{ready} As SageMaker asks."),
    }
    return {
        path: {
            "get": operation(
                name, "health", summary, named("Health"), free=True, parameters=[_expect()]
            )
        }
        for path, (name, summary) in routes.items()
    }


def _server_paths() -> dict[str, Any]:
    routes = {
        "/": ("root", "Where to find what.", "Health"),
        "/v2": ("server", "What this server is, and which extensions it has.", "Server"),
        "/v2/models": ("list", "The models that are served.", "Models"),
        "/openapi.json": ("openapi", "This document.", "Health"),
    }
    return {
        path: {"get": operation(name, "models", summary, named(schema))}
        for path, (name, summary, schema) in routes.items()
    }


def _expect() -> dict[str, Any]:
    return {
        "name": EXPECT_HEADER,
        "in": "header",
        "required": False,
        "description": "SHA-256 of the models that may answer, separated by commas; 503 if none "
        "of them is served.",
        "schema": {"type": "string", "pattern": "^(sha256:)?[0-9a-f]{64}$"},
    }


def _model_paths(models: Sequence[Served]) -> dict[str, Any]:
    """Return the routes below each model, by its own name, so that its columns are known."""
    paths: dict[str, Any] = {}
    for number, served in enumerate(models):
        names = [f"/v2/models/{served.name}"]
        if served.version:
            names.append(f"{names[0]}/versions/{served.version}")
        for base in names:
            mark = f"_{number}" + ("_version" if base is not names[0] else "")
            paths[base] = {
                "get": operation(
                    f"model{mark}", "models", f"What {served.name} takes and answers.",
                    named("Model"), problems=(404,), parameters=[_expect()],
                )
            }  # fmt: skip
            paths[f"{base}/ready"] = {
                "get": operation(
                    f"ready{mark}", "health",
                    f"Whether {served.name} just repeated its golden answers.",
                    named("Health"), problems=(404,), parameters=[_expect()], free=True,
                )
            }  # fmt: skip
            paths[f"{base}/infer"] = {
                "post": operation(
                    f"infer{mark}", "models", f"The answers of {served.name} to some rows.",
                    infer_response(served), problems=(404,), body=infer_body(served, f"#/components/schemas/Inputs{number}"),
                    parameters=[_expect()],
                )
            }  # fmt: skip
    return paths


def _platform_paths(models: Sequence[Served], platform: str | None) -> dict[str, Any]:
    if len(models) != 1:
        return {}
    routes = {
        "/invocations": ("sagemaker", "SageMaker"),
        "/predict": ("vertex", "Vertex AI"),
        "/score": ("azureml", "Azure ML"),
    }
    return {
        path: {
            "post": operation(
                name, "platforms", f"The answers to some rows, as {called} asks for them.",
                plain_response(models[0], name), body=plain_body(models[0], name),
                parameters=[_expect()], free=platform == name,
            )
        }
        for path, (name, called) in routes.items()
    }  # fmt: skip
