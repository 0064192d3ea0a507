"""Who gets no answer: those without a key, and those who send what is not taken."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deployer.serving.auth.check import authenticator
from deployer.serving.auth.key_file import new_key, revoke_key
from deployer.serving.http.routes import Routes
from deployer.serving.models import Models, Served
from deployer.settings import ServeSettings
from tests.deployer.serving.http.http_kit import (
    INFER,
    KEY,
    Running,
    drain,
    head,
    infer_body,
    parse,
    serving,
    until,
)

OPEN = {
    "/v2/health/live",
    "/v2/health/ready",
    "/v2/models/{model}/ready",
    "/v2/models/{model}/versions/{version}/ready",
    "/ping",
}
PLATFORM = {"sagemaker": "/invocations", "vertex": "/predict", "azureml": "/score"}
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT")
# As good as no key at all; each is sent on every route with every method.
BAD_KEYS: list[dict[str, str]] = [
    {},
    {"x-api-key": ""},
    {"x-api-key": KEY + "x"},
    {"x-api-key": KEY.upper()},
    {"authorization": ""},
    {"authorization": KEY},
    {"authorization": "Bearer"},
    {"authorization": f"Bearer {KEY} x"},
    {"authorization": f"Basic {KEY}"},
    # The first of two decides, and X-API-Key before the other.
    {"x-api-key": "wrong", "authorization": f"Bearer {KEY}"},
    {"x-api-key": "k" * 4000},
]


def concrete(template: str) -> str:
    return template.replace("{model}", "penguins").replace("{version}", "3")


def documented(running: Running) -> set[str]:
    return set(running.ask("/openapi.json").json["paths"])


def test_the_open_routes_are_these_and_no_others() -> None:
    for platform in (None, *PLATFORM):
        free = {each.template for each in Routes(platform, {}).all if each.open}
        assert free == OPEN | ({PLATFORM[platform]} if platform else set())


def test_no_request_without_a_key_is_answered_on_a_protected_route(running: Running) -> None:
    templates = {each.template for each in Routes(None, {}).all}
    paths = {concrete(each) for each in templates | documented(running)}
    paths -= {concrete(each) for each in OPEN}
    paths |= {"/nowhere", "/v2/models/nope", "/v2/models/nope/infer"}
    assert len(paths) >= 12
    for path in sorted(paths):
        for method in METHODS:
            for headers in BAD_KEYS if method in ("GET", "POST") else BAD_KEYS[:3]:
                body = b"{}" if method == "POST" else None
                answer = running.ask(path, body, method=method, key=None, headers=headers)
                assert answer.status == 401, (method, path, headers, answer)
                assert answer.headers["www-authenticate"] == "Bearer"
                assert method == "HEAD" or KEY.encode() not in answer.body


def test_every_route_is_answered_with_a_key(running: Running, served: Served) -> None:
    for route in Routes(None, {}).all:
        body = infer_body(served) if route.post else None
        answer = running.ask(concrete(route.template), body)
        assert answer.status in (200, 400), (route, answer)
        bearer = running.ask(
            concrete(route.template), body, key=None, headers={"authorization": f"bearer {KEY}"}
        )
        assert bearer.status == answer.status


def test_open_routes_ask_for_no_key(running: Running) -> None:
    for template in OPEN:
        for headers in BAD_KEYS:
            assert running.ask(concrete(template), key=None, headers=headers).status == 200


@pytest.mark.parametrize("platform", ["sagemaker", "vertex", "azureml"])
def test_a_platform_opens_its_own_route_alone(served: Served, platform: Any) -> None:
    models = Models()
    models.put(served)
    settings = ServeSettings(access_log=False, keys_file="/nonexistent", platform=platform)
    with serving(models, settings) as running:
        for each, path in PLATFORM.items():
            status = running.ask(path, b"{}", key=None).status
            assert status == (400 if each == platform else 401)
        assert running.ask(INFER, infer_body(served), key=None).status == 401


def test_the_key_is_asked_for_before_the_body(running: Running) -> None:
    with running.connect() as link:
        link.sendall(f"POST {INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: 999\r\n\r\n".encode())
        assert parse(link.recv(4096)).status == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"content-encoding": "gzip"},
        {"content-encoding": "br, gzip"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "text/plain; charset=utf-8"},
        {"content-type": "multipart/form-data; boundary=x"},
    ],
)
def test_other_kinds_of_bodies(running: Running, served: Served, headers: Any) -> None:
    assert running.ask(INFER, infer_body(served), headers=headers).status == 415


def test_ways_to_say_json(running: Running, served: Served) -> None:
    for kind in ("application/json; charset=utf-8", "Application/JSON", "application/octet-stream"):
        answer = running.ask(INFER, infer_body(served), headers={"content-type": kind})
        assert answer.status == 200, kind
    assert (
        running.ask(INFER, infer_body(served), headers={"content-encoding": "identity"}).status
        == 200
    )


@pytest.mark.parametrize("given", ["-1", "x", "1e3", "99999999999999999999", "0", "3"])
def test_a_wrong_length_of_the_json(running: Running, served: Served, given: str) -> None:
    answer = running.ask(
        INFER, infer_body(served), headers={"inference-header-content-length": given}
    )
    assert answer.status == 400, answer


def test_expecting_to_be_asked_for_the_body(running: Running, served: Served) -> None:
    body = infer_body(served)
    wait = "expect: 100-continue"
    with running.connect() as link:
        link.sendall(head(wait, f"content-length: {len(body)}", "connection: close"))
        assert link.recv(100).startswith(b"HTTP/1.1 100 Continue")
        link.sendall(body)
        assert parse(drain(link)).status == 200
    with running.connect() as link:
        link.sendall(head(wait, "content-length: 99999999"))
        assert parse(drain(link)).status == 413
    with running.connect() as link:
        link.sendall(
            f"POST {INFER} HTTP/1.1\r\nhost: x\r\n{wait}\r\ncontent-length: 10\r\n\r\n".encode()
        )
        assert parse(link.recv(4096)).status == 401


def test_the_keys_file_decides_from_one_second_to_the_next(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    models = Models()
    models.put(served)
    first = new_key(file, "first", now=datetime.now(UTC), expires=timedelta(days=1))
    settings = ServeSettings(access_log=False, keys_file=str(file))
    with serving(models, settings, checks=authenticator(settings, {})) as running:

        def status(key: str) -> int:
            return running.ask("/v2", key=key).status

        assert status(first) == 200
        second = new_key(file, "second", now=datetime.now(UTC), expires=None)
        until(lambda: status(second) == 200)
        revoke_key(file, "first")
        until(lambda: status(first) == 401)
        assert status(second) == 200
        file.write_text("{")  # somebody's editor went wrong: no reason to stop answering
        time_is_up = time.monotonic() + 1.5
        until(lambda: time.monotonic() > time_is_up)
        assert status(second) == 200
        file.unlink()
        until(lambda: status(second) == 401)
        assert json.loads(running.ask("/v2", key=second).body)["error"]
