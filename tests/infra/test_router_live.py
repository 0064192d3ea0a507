"""Real proxies from generated configuration, in front of small servers that misbehave."""

import http.client
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from infra.contract import DIGEST_HEADER, EXPECT_HEADER
from tests.infra.endpoint_kit import stand_ins
from tests.infra.proxied_kit import (
    OTHER,
    OURS,
    Proxy,
    pair,
    proxied,
    router_of,
    weighted,
)
from tests.infra.proxies_kit import wait_for
from tests.infra.router_client_kit import INFER

BOTH = pytest.mark.parametrize("proxy", ["envoy", "haproxy"])


def _line_of(folder: Path, request: str) -> dict[str, Any]:
    """Return the line of the access log for a request id; empty if there is none."""
    text = (folder / "log").read_text("utf-8", "replace")
    lines = [json.loads(line) for line in text.splitlines(True) if line[:1] + line[-1:] == "{\n"]
    return next((line for line in lines if line["request_id"] == request), {})


@BOTH
def test_requests_go_to_the_first_with_what_the_router_adds(proxy: Proxy, tmp_path: Path) -> None:
    with stand_ins("one", "two", digest=OURS) as (one, two_):
        router = router_of(one, two_)
        with proxied(proxy, router, tmp_path) as client:
            reply = client.ask(x_api_key="a key", x_request_id="mine")
            assert reply.body["from"] == "one"
            assert two_.predictions == 0
            assert "server" not in reply.headers
            assert not [name for name in reply.headers if name.startswith("x-envoy")]
            assert reply.headers["x-request-id"] == "mine"
            assert client.ask().headers["x-request-id"] not in {"", "mine"}
            client.ask(x_api_key="a key", x_request_id="mine")
            seen = one.headers[INFER]
            assert seen["x-api-key"] == "a key"
            assert seen["x-request-id"] == "mine"
            assert seen[EXPECT_HEADER] == OURS
            assert seen["x-forwarded-for"]
            assert seen["x-forwarded-proto"] == "http"
            assert seen["x-forwarded-host"] == f"127.0.0.1:{router.port}"
            one.delay = 0.2
            hurried = client.ask(x_envoy_upstream_rq_timeout_ms="20")
            assert (hurried.status, hurried.body["from"]) == (200, "one")
            checked = one.headers["/v2/models/penguins/ready"]
            assert checked[EXPECT_HEADER] == OURS
            assert "x-api-key" not in checked


@BOTH
def test_a_failure_is_tried_elsewhere_and_a_refusal_is_not(proxy: Proxy, tmp_path: Path) -> None:
    with pair(proxy, tmp_path) as (one, two_, client):
        one.status = 401
        assert client.ask().status == 401
        assert two_.predictions == 0
        for status in (500, 502, 503, 504):
            one.status = status
            before = one.predictions
            reply = client.ask()
            assert (reply.status, reply.body["from"]) == (200, "two")
            assert one.predictions - before <= 1


@BOTH
def test_an_answer_of_another_model_is_never_passed_on(proxy: Proxy, tmp_path: Path) -> None:
    with pair(proxy, tmp_path) as (one, two_, client):
        one.digest = OTHER  # and says so: 503, which is tried elsewhere
        assert client.ask().body["from"] == "two"
        one.obeys = two_.obeys = False
        reply = client.ask()
        assert reply.status == 200 or (proxy == "haproxy" and reply.status == 502)
        assert reply.headers.get(DIGEST_HEADER, OURS) == OURS
        one.digest = two_.digest = ""
        reply = client.ask()
        assert reply.status == 502
        assert "error" in reply.body
        one.digest = two_.digest = OTHER
        reply = client.ask()
        assert reply.status in {502, 503}
        assert DIGEST_HEADER not in reply.headers
        wait_for(lambda: client.ask().status == 503, "none is used any more")


@BOTH
def test_large_requests_pass_and_small_ones_are_kept_for_retries(
    proxy: Proxy, tmp_path: Path
) -> None:
    with pair(proxy, tmp_path) as (one, _, client):
        assert client.ask(body=b"x" * (5 * 1024 * 1024)).body["bytes"] == 5 * 1024 * 1024
        one.status = 500
        kept = {"envoy": 900_000, "haproxy": 60_000}[proxy]
        reply = client.ask(body=b"x" * kept)
        assert (reply.body["from"], reply.body["bytes"]) == ("two", kept)


@pytest.mark.slow
@pytest.mark.alone
@BOTH
def test_all_down_is_said_at_once_and_recovery_is_quick(proxy: Proxy, tmp_path: Path) -> None:
    with pair(proxy, tmp_path) as (one, two_, client):
        one.ready = two_.ready = False
        wait_for(lambda: client.ask().status == 503, "both are seen to be not ready")
        reply = client.ask()
        assert reply.status == 503
        assert reply.seconds < 0.3
        assert "error" in reply.body
        one.ready = two_.ready = True
        wait_for(client.answers, "it answers again")


@pytest.mark.slow
@pytest.mark.alone
@BOTH
def test_while_all_fail_the_load_does_not_multiply(proxy: Proxy, tmp_path: Path) -> None:
    # 100 requests/s for 4 s: readiness goes on passing, so nothing but ejection and the retry
    # budget stands between the endpoints and four times the load.
    with pair(proxy, tmp_path) as (one, two_, client):
        one.status = two_.status = 500
        before = one.predictions + two_.predictions
        began = time.monotonic()
        statuses: Counter[int] = Counter()
        for number in range(400):
            wait_for(lambda n=number: time.monotonic() >= began + n / 100, "the next")  # type: ignore[misc]
            statuses[client.ask().status] += 1
        sent = one.predictions + two_.predictions - before
        assert set(statuses) <= {500, 503}
        assert sent <= 1.3 * 400


@BOTH
def test_every_request_is_one_line_of_json(proxy: Proxy, tmp_path: Path) -> None:
    hostile = 'a"b\\c'
    with stand_ins("one", "two", digest=OURS) as (one, two_):
        router = router_of(one, two_)
        with proxied(proxy, router, tmp_path):
            plain = http.client.HTTPConnection("127.0.0.1", router.port, timeout=10)
            plain.request("GET", f"/v2/{hostile}'", headers={"x-request-id": hostile})
            assert plain.getresponse().status == 200
            plain.close()
            if proxy == "haproxy":  # it writes at once, and nothing more at its end; Envoy then
                wait_for(lambda: _line_of(tmp_path, hostile), "it is written")
    line = _line_of(tmp_path, hostile)
    assert line["status"] == 200
    assert line["path"] in {f"/v2/{hostile}'", "/v2/a%22b/c'", "/v2/a%22b%5Cc'"}
    assert {"time", "client", "method", "endpoint", "milliseconds", "digest"} <= set(line)


@BOTH
def test_requests_are_split_by_weights(proxy: Proxy, tmp_path: Path) -> None:
    with stand_ins("one", "two", digest=OURS) as (one, two_):
        router = weighted(router_of(one, two_, mode="weighted"), 90, 10)
        with proxied(proxy, router, tmp_path) as client:
            wait_for(lambda: client.answers() and two_.predictions, "both get requests")
            before = two_.predictions
            for _ in range(200):
                assert client.ask().status == 200
            assert 15 <= two_.predictions - before <= 25
            one.status = 500  # the heavy one fails: the light one takes over within the request
            failed = one.predictions
            while one.predictions == failed:
                assert client.ask().body["from"] == "two"
            assert one.predictions == failed + 1
            assert [client.ask().body["from"] for _ in range(10)] == ["two"] * 10
