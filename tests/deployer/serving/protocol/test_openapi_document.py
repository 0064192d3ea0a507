"""The document is valid OpenAPI 3.1, and its requests are answered."""

import json
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from deployer.serving.models import Served
from deployer.serving.protocol.openapi import document
from deployer.serving.protocol.plain import Platform, answer_plain
from deployer.serving.refusals import RefusedError
from tests.deployer.serving.protocol.protocol_kit import LIMITS, ask

INFER = "/v2/models/m/infer"


def load(*models: Served, auth: str = "keys", platform: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(document(models, auth=auth, platform=platform))
    return found


@pytest.fixture(params=["numeric", "mixed"])
def served(request: pytest.FixtureRequest) -> Served:
    found: Served = request.getfixturevalue(request.param)
    return found


def test_it_is_valid(served: Served) -> None:
    whole = load(served)
    schemathesis.openapi.from_dict(whole).validate()
    for schema in whole["components"]["schemas"].values():
        jsonschema_rs.meta.validate(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
        )
    names = [
        operation["operationId"] for path in whole["paths"].values() for operation in path.values()
    ]
    assert len(set(names)) == len(names)


def test_every_route_is_there(served: Served) -> None:
    paths = load(served)["paths"]
    model = ["/v2/models/m", "/v2/models/m/versions/3"]
    assert set(paths) == {
        "/", "/v2", "/v2/models", "/v2/health/live", "/v2/health/ready", "/ping", "/openapi.json",
        "/invocations", "/predict", "/score",
        *(f"{base}{rest}" for base in model for rest in ("", "/ready", "/infer")),
    }  # fmt: skip
    statuses = {
        status
        for path in paths.values()
        for operation in path.values()
        for status in operation["responses"]
    }
    expected = {"200", "400", "401", "403", "404", "405", "408", "413", "415", "431", "503"}
    assert statuses == expected


def test_keys_are_asked_for_where_they_are() -> None:
    for auth, schemes in (("keys", {"apiKey", "bearer"}), ("oidc", {"bearer"}), ("none", set())):
        whole = load(auth=auth)
        assert set(whole["components"]["securitySchemes"]) == schemes
        assert whole["security"] == [{name: []} for name in sorted(schemes)]
        assert whole["paths"]["/ping"]["get"]["security"] == []
        assert "security" not in whole["paths"]["/v2"]["get"]


def test_a_platform_s_own_route_asks_for_none(numeric: Served) -> None:
    paths = load(numeric, platform="vertex")["paths"]
    assert paths["/predict"]["post"]["security"] == []
    assert "security" not in paths["/score"]["post"]


def test_platform_routes_need_a_single_model(numeric: Served, mixed: Served) -> None:
    other = Served("o", "", mixed.digest, mixed.package, "", "")
    paths = load(numeric, other)["paths"]
    assert "/score" not in paths
    assert "/v2/models/o/infer" in paths
    assert "/v2/models/o/versions//infer" not in paths


def answer(served: Served, path: str, body: object) -> Any:
    sent = json.dumps(body).encode()
    platforms: dict[str, Platform] = {
        "/invocations": "sagemaker",
        "/predict": "vertex",
        "/score": "azureml",
    }
    if path not in platforms:
        return ask(served, sent)
    told = answer_plain(
        served, sent, platform=platforms[path], content_type="", accept="", limits=LIMITS
    )
    return json.loads(told.body)


def schema_of(whole: dict[str, Any], path: str, answer: bool) -> dict[str, Any]:
    operation = whole["paths"][path]["post"]
    part = operation["responses"]["200"] if answer else operation["requestBody"]
    found: dict[str, Any] = part["content"]["application/json"]["schema"]
    return {**found, "components": whole["components"]}


@pytest.mark.parametrize("path", [INFER, "/invocations", "/predict", "/score"])
def test_examples_are_answered_as_it_says(served: Served, path: str) -> None:
    whole = load(served)
    content = whole["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    example = content["examples"]["golden"]["value"]
    assert jsonschema_rs.is_valid(schema_of(whole, path, answer=False), example)
    told = answer(served, path, example)
    assert jsonschema_rs.is_valid(schema_of(whole, path, answer=True), told)
    assert served.package.golden.rows[0].label in json.dumps(told)


@pytest.mark.parametrize("path", [INFER, "/invocations", "/predict", "/score"])
def test_generated_requests(served: Served, path: str) -> None:
    """What Schemathesis makes of the document is answered; on /infer, one row always is."""
    whole = load(served)
    if path == INFER:
        ways = whole["components"]["schemas"]["Inputs0"]
        ways["anyOf"] = ways["anyOf"][:-1]
        wanted = whole["paths"][INFER]["post"]["requestBody"]["content"]["application/json"]
        wanted["schema"]["properties"]["outputs"]["maxItems"] = 1
        del whole["paths"][INFER]["post"]["requestBody"]["content"]["application/octet-stream"]
    told = schema_of(whole, path, answer=True)
    operation = schemathesis.openapi.from_dict(whole)[path]["POST"]
    answered = 0
    refusals: list[str] = []

    @settings(
        max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(operation.as_strategy())
    def check(case: Any) -> None:
        nonlocal answered
        if case.media_type != "application/json":
            return
        try:
            document = answer(served, path, case.body)
        except RefusedError as error:
            refusals.append(error.message)
            return
        assert jsonschema_rs.is_valid(told, document)
        answered += 1

    check()
    # JSON Schema takes 1.0 for an integer; we do not.
    assert all("Expected `int`" in each for each in refusals), refusals
    assert answered > 3
