"""Servers whose clock is wrong, and refusals in each cloud's words."""

import json
import time
from collections.abc import Iterator
from email.utils import formatdate, parsedate_to_datetime
from xml.etree import ElementTree as ET

import pytest

from deployer.drills.proxy.client import FaultProxy
from deployer.drills.proxy.heads import request_head
from deployer.drills.proxy.rules import Rule
from deployer.drills.proxy.words import MAX_SKEW, skewed
from tests.deployer.drills.proxy.raw_http_kit import RawClient, RawServer, Seen, ok, serve_http

NAME = "clocked"
NOW = 1_790_000_000.0
BASIC = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(NOW))
RFC = formatdate(NOW, usegmt=True)
SIGNED = {
    "s3 header": ("s3", f"GET / HTTP/1.1\r\nAuthorization: AWS4-x\r\nX-Amz-Date: {BASIC}"),
    "s3 date": ("s3", f"GET / HTTP/1.1\r\nAuthorization: AWS4-x\r\nDate: {RFC}"),
    "s3 query": ("s3", f"GET /?X-Amz-Signature=a&X-Amz-Date={BASIC} HTTP/1.1"),
    "azure header": (
        "azure",
        f"GET / HTTP/1.1\r\nAuthorization: SharedKey a:b\r\nx-ms-date: {RFC}",
    ),
    "azure date": ("azure", f"GET / HTTP/1.1\r\nAuthorization: SharedKeyLite a:b\r\nDate: {RFC}"),
}
UNSIGNED = {
    "s3 anonymous": ("s3", f"GET / HTTP/1.1\r\nDate: {RFC}"),
    "s3 junk": ("s3", "GET / HTTP/1.1\r\nAuthorization: AWS4-x\r\nX-Amz-Date: yesterday"),
    "azure token": ("azure", f"GET / HTTP/1.1\r\nAuthorization: Bearer a\r\nx-ms-date: {RFC}"),
    "gcs": ("gcs", f"GET / HTTP/1.1\r\nAuthorization: Bearer a\r\nDate: {RFC}"),
}


@pytest.mark.parametrize("name", SIGNED)
def test_what_is_signed_too_far_away_is_refused(name: str) -> None:
    dialect, text = SIGNED[name]
    head = request_head(f"{text}\r\n\r\n".encode())
    for sign in (-1, 1):
        assert skewed(dialect, head, NOW + sign * (MAX_SKEW - 1)) is None
        refused = skewed(dialect, head, NOW + sign * (MAX_SKEW + 1))
        assert refused is not None
        status, headers, body = refused
        code = {"s3": "RequestTimeTooSkewed", "azure": "AuthenticationFailed"}[dialect]
        assert status == 403
        assert ET.fromstring(body.removeprefix("\ufeff").encode()).findtext("Code") == code
        assert headers.get("x-ms-error-code", code) == code


@pytest.mark.parametrize("name", UNSIGNED)
def test_what_signs_no_time_is_never_refused(name: str) -> None:
    dialect, text = UNSIGNED[name]
    assert skewed(dialect, request_head(f"{text}\r\n\r\n".encode()), NOW + 1e6) is None


@pytest.fixture(scope="module")
def served(proxy: FaultProxy) -> Iterator[tuple[int, Seen]]:
    seen = Seen()
    server = RawServer(
        serve_http(lambda *_: ok(b"x", b"Date: " + formatdate(usegmt=True).encode()), seen)
    )
    with server:
        yield proxy.listen(NAME, server.url), seen


@pytest.fixture(autouse=True)
def no_rules(proxy: FaultProxy) -> Iterator[None]:
    yield
    proxy.clear()


def date_of(head: bytes) -> float:
    return parsedate_to_datetime(head.decode().split("Date: ")[1].split("\r\n")[0]).timestamp()


@pytest.mark.parametrize("seconds", [-600.0, 840.0])
def test_answers_tell_the_servers_time(
    proxy: FaultProxy, served: tuple[int, Seen], seconds: float
) -> None:
    number = proxy.add(NAME, Rule("clock", seconds=seconds, dialect="s3"))
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    with RawClient(served[0]) as client:
        client.ask(more=f"Authorization: AWS4-x\r\nX-Amz-Date: {now}\r\n")
        answer = client.answer()
    assert answer.status == 200
    assert abs(date_of(answer.head) - time.time() - seconds) < 60
    assert answer.head.count(b"Date:") == 1
    assert proxy.hits(number) == 1


def test_a_refusal_tells_the_servers_time_and_the_server_gets_nothing(
    proxy: FaultProxy, served: tuple[int, Seen]
) -> None:
    proxy.add(NAME, Rule("clock", seconds=960, dialect="azure"))
    before = len(served[1].requests)
    with RawClient(served[0]) as client:
        now = formatdate(usegmt=True)
        client.ask("PUT", "/", b"x", more=f"Authorization: SharedKey a:b\r\nx-ms-date: {now}\r\n")
        answer = client.answer()
    assert answer.status == 403
    assert abs(date_of(answer.head) - time.time() - 960) < 60
    assert len(served[1].requests) == before


@pytest.mark.parametrize(
    ("dialect", "status", "code"),
    [("s3", 503, "SlowDown"), ("s3", 403, "AccessDenied"), ("azure", 503, "ServerBusy"),
     ("azure", 429, "TooManyRequests"), ("s3", 507, "InsufficientStorage")],
)  # fmt: skip
def test_a_bare_answer_in_xml(
    proxy: FaultProxy, served: tuple[int, Seen], dialect: str, status: int, code: str
) -> None:
    proxy.add(NAME, Rule("answer", status=status, dialect=dialect))  # type: ignore[arg-type]  # both are
    with RawClient(served[0]) as client:
        answer = client.get()
    assert answer.status == status
    assert ET.fromstring(answer.body.decode("utf-8-sig")).findtext("Code") == code
    assert (b"x-ms-error-code: %s" % code.encode() in answer.head) == (dialect == "azure")
    assert abs(date_of(answer.head) - time.time()) < 60


def test_a_bare_answer_in_json(proxy: FaultProxy, served: tuple[int, Seen]) -> None:
    proxy.add(NAME, Rule("answer", status=429, dialect="gcs"))
    with RawClient(served[0]) as client:
        error = json.loads(client.get().body)["error"]
    assert (error["code"], error["errors"][0]["reason"]) == (429, "rateLimitExceeded")


def test_without_a_dialect_there_is_no_body(proxy: FaultProxy, served: tuple[int, Seen]) -> None:
    proxy.add(NAME, Rule("answer", status=502))
    with RawClient(served[0]) as client:
        answer = client.get()
    assert (answer.status, answer.body) == (502, b"")
    assert answer.head.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
