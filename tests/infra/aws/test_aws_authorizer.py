"""The function before the API lets in whom the server would, and nobody else."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.serving.auth.keys import ApiKeys
from deployer.serving.refusals import RefusedError
from infra.aws.authorizer import index
from infra.aws.authorizer.index import Gate

_KEY = "k" * 43
_OPEN = frozenset({"/v2/health/live", "/v2/health/ready", "/v2/models/penguins/ready"})


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


_SECRET = f"ci:{_hash(_KEY)},old:{_hash('other')}"


def _event(
    path: str = "/v2/models/penguins/infer", method: str = "POST", **headers: str
) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"rawPath": path, "headers": named, "requestContext": {"http": {"method": method}}}


def _gate(secret: str = _SECRET) -> Gate:
    return Gate(lambda: secret, _OPEN)


def _who(event: dict[str, Any], secret: str = _SECRET) -> str | None:
    """Return whose key it was; None if nobody's."""
    answer = _gate(secret).answer(event)
    assert set(answer) == {"isAuthorized", "context"}
    return answer["context"]["who"] if answer["isAuthorized"] else None


def test_a_key_is_good_in_both_headers() -> None:
    assert _who(_event(x_api_key=_KEY)) == "ci"
    assert _who(_event(X_API_Key="other")) == "old"
    assert _who(_event(authorization=f"Bearer {_KEY}")) == "ci"
    assert _who(_event(authorization=f"bearer  {_KEY} ")) == "ci"


@pytest.mark.parametrize(
    "headers",
    [
        *({}, {"x_api_key": ""}, {"x_api_key": "wrong"}, {"x_api_key": _hash(_KEY)}),
        *({"authorization": _KEY}, {"authorization": f"Basic {_KEY}"}, {"x_api_key": "é" * 600}),
        {"x_api_key": "wrong", "authorization": f"Bearer {_KEY}"},
    ],
)
def test_nobody_else_gets_in(headers: dict[str, str]) -> None:
    assert _who(_event(**headers)) is None


@pytest.mark.parametrize("path", sorted(_OPEN))
def test_health_asks_for_no_key(path: str) -> None:
    assert _who(_event(path, "GET")) == ""
    assert _who(_event(path, "HEAD")) == ""


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/v2/health/ready", "POST"),
        ("/v2/health/ready/", "GET"),
        ("/v2/models/penguins%2Fready", "GET"),
        ("/v2/health/%72eady", "GET"),
        ("/v2/health/ready/../../models", "GET"),
        ("/v2/models/other/ready", "GET"),
        ("/v2/models", "GET"),
        ("/openapi.json", "GET"),
        ("", "GET"),
    ],
)
def test_nothing_else_is_open(path: str, method: str) -> None:
    assert _who(_event(path, method)) is None


@pytest.mark.parametrize("event", [{}, {"headers": None}, {"requestContext": None}])
def test_an_odd_event_is_refused(event: dict[str, Any]) -> None:
    assert _who(event) is None


@pytest.mark.parametrize(
    "secret", ["", ",", "ci", ":", f":{_hash(_KEY)}", f"nobody:{'0' * 64}", "ci:é"]
)
def test_a_secret_without_keys_lets_nobody_in(secret: str) -> None:
    assert _who(_event(x_api_key=_KEY), secret) is None
    assert _who(_event(x_api_key=""), secret) is None


def test_a_revoked_key_ends_within_a_minute() -> None:
    now = [0.0]
    secrets = iter([_SECRET, f"nobody:{'0' * 64}"])
    gate = Gate(lambda: next(secrets), _OPEN, lambda: now[0])
    event = _event(x_api_key=_KEY)
    assert gate.answer(event)["isAuthorized"]
    now[0] = 59.9
    assert gate.answer(event)["isAuthorized"]
    now[0] = 60.0
    assert not gate.answer(event)["isAuthorized"]


def test_a_secret_that_cannot_be_read_lets_nobody_in() -> None:
    def fetch() -> str:
        raise OSError("no network")

    gate = Gate(fetch, _OPEN)
    with pytest.raises(OSError, match="no network"):
        gate.answer(_event(x_api_key=_KEY))
    assert gate.answer(_event("/v2/health/live", "GET"))["isAuthorized"]


@given(
    given_=st.one_of(st.sampled_from([_KEY, "other", ""]), st.text(max_size=60)),
    bearer=st.booleans(),
)
def test_it_judges_as_the_server_does(given_: str, bearer: bool) -> None:
    header = f"Bearer {given_}"
    keys = ApiKeys(Path("/nonexistent/keys.json"), _SECRET)
    try:
        server = keys.check(header if bearer else None, None if bearer else given_)
    except RefusedError:
        server = None
    event = _event(authorization=header) if bearer else _event(x_api_key=given_)
    assert _who(event) == server


class _SecretsManager(BaseHTTPRequestHandler):
    asked: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append({"target": self.headers["x-amz-target"], **body})
        answer = json.dumps({"SecretString": _SECRET}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def secrets_manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    asked: list[dict[str, Any]] = []
    handler = type("Handler", (_SecretsManager,), {"asked": asked})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        for name, value in {
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": f"http://127.0.0.1:{server.server_address[1]}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "KEYS_SECRET": "penguins/keys",
            "OPEN_PATHS": " ".join(_OPEN),
        }.items():
            monkeypatch.setenv(name, value)
        yield asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
        index._gate.clear()


def test_the_handler_reads_the_secret_once(secrets_manager: list[dict[str, Any]]) -> None:
    assert index.handler(_event(x_api_key=_KEY), None)["isAuthorized"]
    assert not index.handler(_event(x_api_key="wrong"), None)["isAuthorized"]
    assert index.handler(_event("/v2/health/ready", "GET"), None)["isAuthorized"]
    assert secrets_manager == [
        {"target": "secretsmanager.GetSecretValue", "SecretId": "penguins/keys"}
    ]
