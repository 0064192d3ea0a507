"""AWS Lambda: events as function URLs and HTTP APIs send them."""

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployer.errors import UsageError
from deployer.serving import lambda_handler
from deployer.serving.lambda_handler import Function, handler
from infra.contract import DIGEST_HEADER

KEY = "dk_lambda"
HASHES = f"aws:{hashlib.sha256(KEY.encode()).hexdigest()}"
INFER = "/v2/models/penguins/infer"


@pytest.fixture(scope="module")
def environment(penguins_package: Path) -> dict[str, str]:
    return {
        "DEPLOYER_MODEL_DIR": str(penguins_package),
        "DEPLOYER_SERVE_KEYS": HASHES,
        "DEPLOYER_SERVE_MAX_BODY": "100000",
    }


@pytest.fixture(scope="module")
def function(environment: dict[str, str]) -> Function:
    return Function(environment)


def event(
    path: str,
    body: bytes | str | None = None,
    *,
    method: str | None = None,
    key: str | None = KEY,
    stage: str = "$default",
    **headers: str,
) -> dict[str, Any]:
    """Return an event of payload format 2.0."""
    sent = {"host": "x.lambda-url.eu-central-1.on.aws", **headers}
    if key:
        sent["x-api-key"] = key
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": sent,
        "requestContext": {
            "accountId": "anonymous",
            "http": {
                "method": method or ("GET" if body is None else "POST"),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.9",
                "userAgent": "agent",
            },
            "requestId": "id",
            "stage": stage,
        },
        "isBase64Encoded": isinstance(body, bytes),
    }
    if body is not None:
        made["body"] = base64.b64encode(body).decode() if isinstance(body, bytes) else body
    return made


@pytest.fixture(scope="module")
def asked(penguins_package: Path) -> tuple[str, str]:
    """A request for the first golden row, and its label."""
    row = json.loads((penguins_package / "golden.json").read_bytes())["rows"][0]
    columns = json.loads((penguins_package / "schema.json").read_bytes())["inputs"]
    inputs = [
        {
            "name": each["name"],
            "datatype": "BYTES" if each["dtype"] == "string" else "FP32",
            "shape": [1, 1],
            "data": [row["inputs"][each["name"]]],
        }
        for each in columns
    ]
    return json.dumps({"inputs": inputs}), row["label"]


def test_a_row_is_answered_as_text_and_as_base64(
    function: Function, penguins_package: Path, asked: tuple[str, str]
) -> None:
    body, label = asked
    for sent in (body, body.encode()):
        told = function.answer(event(INFER, sent, **{"content-type": "application/json"}))
        assert (told["statusCode"], told["isBase64Encoded"]) == (200, False), told
        assert json.loads(told["body"])["outputs"][0]["data"] == [label]
        digest = hashlib.sha256((penguins_package / "model.json").read_bytes()).hexdigest()
        assert told["headers"][DIGEST_HEADER] == digest
        json.dumps(told)


def test_raw_tensors_go_back_in_base64(function: Function, asked: tuple[str, str]) -> None:
    body = json.dumps({**json.loads(asked[0]), "parameters": {"binary_data_output": True}})
    told = function.answer(event(INFER, body))
    assert (told["statusCode"], told["isBase64Encoded"]) == (200, True)
    length = int(told["headers"]["inference-header-content-length"])
    assert json.loads(base64.b64decode(told["body"])[:length])["model_name"] == "penguins"


def test_the_same_rules_as_everywhere(function: Function, asked: tuple[str, str]) -> None:
    body, _ = asked
    for made, status in (
        (event("/v2/health/live", key=None), 200),
        (event("/v2/health/ready", key=None), 200),
        (event("/ping", key=None), 200),
        (event("/v2/models", key=None), 401),
        (event(INFER, body, key="wrong"), 401),
        (event(INFER, body, key=None, authorization=f"Bearer {KEY}"), 200),
        (event("/v2/models/%70enguins"), 200),
        (event("/v2/models/nope"), 404),
        (event("/nope"), 404),
        (event(INFER, method="DELETE"), 405),
        (event(INFER, "{"), 400),
        (event(INFER, ""), 400),
        (event(INFER, method="POST"), 400),
        (event(INFER, " " * 100_001), 413),
        (event(INFER, b" " * 100_001), 413),
        (event(INFER, "é" * 60_000), 413),
        (event(INFER, b" " * 100_000), 400),
        (event(INFER, body, **{"content-encoding": "gzip"}), 415),
        (event(INFER, body, **{"content-type": "text/csv"}), 415),
        ({**event(INFER, body), "isBase64Encoded": True, "body": "no base64!"}, 400),
        ({**event(INFER, body), "isBase64Encoded": True, "body": "é"}, 400),
        (event("/prod/v2/models", stage="prod"), 200),
        (event("/v2/models", stage="prod"), 200),
        (event("/production/v2/models", stage="prod"), 404),
    ):
        told = function.answer(made)
        assert told["statusCode"] == status, (made, told)
        assert status == 200 or "error" in json.loads(told["body"])
        assert told["headers"]["x-request-id"]
        assert "connection" not in told["headers"]


def test_events_that_are_none(function: Function, capfd: pytest.CaptureFixture[str]) -> None:
    for made in ({}, {"rawPath": None}, {"requestContext": None, "headers": None}):
        assert function.answer(made)["statusCode"] == 401
    assert "Traceback" not in capfd.readouterr().err


def test_a_line_in_the_log_before_the_answer(
    function: Function, asked: tuple[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    function.answer(event(INFER, asked[0], **{"x-request-id": "one"}))
    line = json.loads(capfd.readouterr().err)
    assert (line["id"], line["who"], line["client"]) == ("one", "aws", "203.0.113.9")
    assert (line["status"], line["rows"], line["model"]) == (200, 1, "penguins")


@pytest.fixture
def cold() -> Iterator[None]:
    lambda_handler._function.cache_clear()
    yield
    lambda_handler._function.cache_clear()


@pytest.mark.usefixtures("cold")
def test_the_model_is_loaded_once_per_container(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert handler(event("/v2/health/ready", key=None), None)["statusCode"] == 200
    monkeypatch.setenv("DEPLOYER_MODEL_DIR", "/nonexistent")
    assert handler(event("/v2/health/ready", key=None), None)["statusCode"] == 200


def test_no_model_is_an_error_at_the_start(environment: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="no model is named"):
        Function({**environment, "DEPLOYER_MODEL_DIR": ""})


def test_it_needs_no_server(environment: dict[str, str]) -> None:
    """The image of a function holds no httptools, gRPC or uvloop."""
    code = (
        "import sys\n"
        "for each in ('httptools', 'grpc', 'uvloop', 'sklearn', 'boto3'): sys.modules[each] = None\n"
        "import json; from deployer.serving.lambda_handler import handler\n"
        f"print(json.dumps(handler({event('/v2/health/ready', key=None)!r}, None)))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["statusCode"] == 200
